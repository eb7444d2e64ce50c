"""How detail learns: on crops of photographs at many scales, and on composition's own pictures. Files, clocks and logs are in loop.py."""
from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from ..models.composition import Composition
from ..models.detail import NOISE_CHANNELS, Detail
from ..models.layers import pixel_norm, set_wrap
from ..request import NOISE_CHANNELS as COMPOSITION_NOISE
from . import checkpoint, losses
from .config import ConfigError, Run
from .data import Photographs, cut, one_hot, random_box, send, to_picture
from .judges import Judges, adam, descend

CROP = 128  # side of a picture that comes out, pixels
LARGE = 500  # short side from which a photograph has detail to teach, pixels
OFTEN, SMALLEST_SHOWN = 0.85, 0.7  # share of crops from such photographs, and what of their size they are reduced to at the least
PAINTED_SIZES = 320, 384, 448, 512  # short side of composition's pictures: what views have by themselves that detail enlarges (canvas.py)
SOFTEST = 0.8  # share of its finest detail that a photograph may lose before it is restored: composition's pictures are soft too
POOL, REPAINTED = 64, 0.25  # composition's pictures at hand, and how often a batch brings maps for new ones


@dataclass
class Crops:
    """N crops: image (N, 3, 128, 128) of photographs, their map (N, 128, 128) and scale (N,), log2(short side / 512) of the picture cut from.
    `whole` (M, S, S) uint8 are maps of twice the size at which composition is to paint them, none or a quarter as many."""

    image: torch.Tensor
    truth: torch.Tensor
    scale: torch.Tensor
    whole: torch.Tensor


@dataclass
class DetailCuts:
    """What Crops are made of, as bytes (see data.Cuts)."""

    image: np.ndarray
    truth: np.ndarray
    scale: np.ndarray
    whole: np.ndarray

    def to(self, device: torch.device | str) -> Crops:
        image, truth, scale, whole = (send(part, device) for part in vars(self).values())
        return Crops(to_picture(image), truth.long(), scale, whole)


class DetailBatches:
    """Random crops, most of them from large photographs, a little reduced."""

    def __init__(self, photographs: Photographs, batch: int):
        self.photographs, self.batch = photographs, batch
        self.repainted = max(1, batch // 4)
        self.frequency = torch.tensor(photographs.histogram().mean(0), dtype=torch.float32)
        self.large = [i for i, (image, _) in enumerate(photographs.pairs) if min(image.size) >= LARGE] or list(range(len(photographs)))

    def draw(self, rng: random.Random) -> Crops:
        """One batch, wholly decided by the state of `rng`."""
        return self.cut(rng).to("cpu")

    def cut(self, rng: random.Random) -> DetailCuts:
        """One batch as bytes, wholly decided by the state of `rng`."""
        images, maps, scales = zip(*(self._sample(rng) for _ in range(self.batch)))
        whole = self.whole(self.repainted if rng.random() < REPAINTED else 0, rng)
        return DetailCuts(np.stack(images), np.stack(maps), np.float32(scales), whole)

    def whole(self, count: int, rng: random.Random) -> np.ndarray:
        """Maps (count, S, S), twice the size of one of PAINTED_SIZES, of squares as large as large photographs allow, anywhere in them."""
        side = 2 * rng.choice(PAINTED_SIZES)
        maps = np.zeros((count, side, side), np.uint8)
        for k in range(count):
            _, ids = self.photographs.pairs[rng.choice(self.large)]
            maps[k] = np.asarray(ids.resize(maps.shape[1:], Image.NEAREST, random_box(ids, 1, rng)))
        return maps

    def _sample(self, rng):
        index = rng.choice(self.large) if rng.random() < OFTEN else rng.randrange(len(self.photographs))
        image, ids = self.photographs.pairs[index]
        short = min(image.size)
        shown = short * rng.uniform(SMALLEST_SHOWN if short >= LARGE else 0.9, 1)
        side = min(int(CROP * short / shown), short)  # of the crop, in the photograph's own pixels
        left, top = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
        picture, truth = cut(image, ids, (left, top, left + side, top + side), CROP)
        if rng.random() < 0.5:
            picture, truth = picture[:, ::-1].copy(), truth[:, ::-1].copy()
        return picture, truth, math.log2(shown / 512)


class DetailTeacher:
    """The networks of the detail stage and one step of learning; composition is frozen and paints half of what detail enlarges."""

    averaged = ("detail",)

    def __init__(self, run: Run, batches: DetailBatches, device: torch.device, composition: Path | None):
        """composition: the checkpoint whose averaged composition and styles to learn beside. Raises ConfigError without one."""
        if composition is None:
            raise ConfigError("The detail stage learns beside a composition; name its checkpoint with --composition.")
        self.run, self.device, self.batches = run, device, batches
        self.judges = Judges(run, batches.frequency, device)
        self.backbone = self.judges.backbone
        detail = Detail().to(device, memory_format=torch.channels_last)
        self.learners = {"detail": detail, "discriminator": self.judges.discriminator, "pixel_head": self.judges.pixel_head}
        self.optimisers = {"generator": adam(detail.parameters(), run.rate), "discriminator": self.judges.optimiser}
        self.composition, self.bank = self._frozen(composition)
        self.pool: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        self.usual = losses.UsualDetail().to(device)
        self.steps = 0

    def _frozen(self, path) -> tuple[Composition, torch.Tensor]:
        """The averaged composition and its styles; the judges begin as composition's."""
        state = checkpoint.read(path, "composition", self.device)
        network = Composition.from_state(state["averaged"]["composition"])
        for name in checkpoint.JUDGES:
            checkpoint.load_matching(self.learners[name], state["learners"][name])
        self.judges.restore(state["extras"])
        return network.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False), state["extras"]["bank"].to(self.device)

    def extras(self) -> dict[str, torch.Tensor]:
        """Tensors beside the networks that a checkpoint keeps."""
        return self.judges.extras() | self.usual.state_dict(prefix="usual.")

    def restore(self, extras: dict[str, torch.Tensor]) -> None:
        self.judges.restore(extras)
        checkpoint.load_matching(self.usual, extras, "usual.")

    def go_on_from(self, step: int) -> None:
        """Count steps from `step` on."""
        self.steps = self.judges.steps = step

    def step(self, crops: Crops) -> dict[str, torch.Tensor]:
        """Teach all networks once from a batch: its first half is to be restored, the second to make composition's pictures look like photographs."""
        n = len(crops.image)
        own = n // 2
        if not self.pool:
            self._repaint(send(self.batches.whole(self.batches.repainted, random), self.device))
        if len(crops.whole):
            self._repaint(crops.whole)
        pictures, maps, styles, sides = zip(*(self._from_pool() for _ in range(n - own)))
        sharp = torch.cat([F.avg_pool2d(crops.image[:own], 2), *pictures]).contiguous(memory_format=torch.channels_last)
        share = SOFTEST * torch.rand(n, 1, 1, 1, device=self.device) * (torch.arange(n, device=self.device) < own)[:, None, None, None]
        drawn = torch.cat([crops.truth[:own], *maps])
        style = torch.cat([self._random_styles(own), *styles])
        scale = torch.cat([crops.scale[:own], torch.tensor(sides, device=self.device).div(512).log2()])
        noise = torch.randn(n, NOISE_CHANNELS, CROP, CROP, device=self.device)
        fine = self.learners["detail"](losses.softened(sharp, share), one_hot(drawn), style, noise, scale)

        window = losses.window(CROP)
        seen, drawn, image, truth = (x[..., *window] for x in (fine, drawn, crops.image, crops.truth))
        areas, real_areas = one_hot(drawn), one_hot(truth)
        real, fake = losses.jitter([image, seen])
        with torch.no_grad():
            real_features = self.backbone(real)
        fake_features = self.backbone(fake)
        told = self.judges.teach(real, real_features, truth, real_areas, fake, fake_features, areas)
        loss, parts = self.judges.loss(fake, fake_features, drawn, areas)
        parts["same"] = (F.avg_pool2d(fine, 2) - sharp).abs().mean()  # detail adds, it does not repaint
        parts["aligned"] = sum((fake_features[k][:own] - real_features[k][:own]).abs().mean() for k in (0, 1, 2)) / 3
        painted, wanted = ((picture, losses.finest_detail(picture), *found[:3]) for picture, found in ((fake, fake_features), (real, real_features)))
        looks = [f[:own] for f in painted], [f[:own] for f in wanted]
        parts["statistics"] = losses.statistics(looks[0], areas[:own], looks[1], real_areas[:own])
        parts["usual"] = self.usual(seen[own:], areas[own:], image, real_areas)
        loss = loss + 4 * parts["same"] + self.run.aligned * parts["aligned"] + self.run.statistics * (parts["statistics"] + parts["usual"])
        descend(self.optimisers["generator"], loss)
        self.steps += 1
        return told | parts

    def _random_styles(self, count):
        picks = self.bank[torch.randint(len(self.bank), (2, count), device=self.device)]
        share = torch.rand(count, 1, 1, device=self.device)
        return pixel_norm(share * picks[0] + (1 - share) * picks[1], -1)

    @torch.no_grad()
    def _repaint(self, maps):
        """Pictures of composition's own in the pool, of maps (M, S, S): each (1, 3, S/2, S/2), its map (1, S, S) and style (1, 23, 64)."""
        styles = self._random_styles(len(maps))
        noise = torch.randn(len(maps), COMPOSITION_NOISE, *(side // 2 for side in maps.shape[1:]), device=self.device)
        pictures = self._compose(maps.long(), styles, noise)
        self.pool += zip(pictures.split(1), maps.split(1), styles.split(1))
        del self.pool[: -max(POOL, 2 * self.run.batch)]

    def _compose(self, maps, style, noise):
        """Composition's pictures (N, 3, S/2, S/2) of maps (N, S, S) and noise (N, 8, S/2, S/2)."""
        rows = torch.linspace(1, -1, noise.shape[2], device=self.device)
        height = rows[None, None, :, None].expand(len(maps), 1, *noise.shape[2:])
        set_wrap(self.composition, "")
        return self.composition(F.avg_pool2d(one_hot(maps), 2), style, noise, height).float()

    def _from_pool(self):
        """A crop of one of composition's pictures, its map and style, and the side of the whole picture that comes out."""
        picture, maps, style = random.choice(self.pool)
        half = CROP // 2
        x, y = (random.randrange(picture.shape[2] - half + 1) for _ in range(2))
        return picture[:, :, y : y + half, x : x + half], maps[:, 2 * y : 2 * y + CROP, 2 * x : 2 * x + CROP].long(), style, maps.shape[1]

    @torch.no_grad()
    def show(self, averaged, images, maps, small_images, small_maps) -> list[torch.Tensor]:
        """Two rows of a sheet, at 512 px: the reduced photographs enlarged again, and composition's pictures enlarged."""
        return [self._enlarged(averaged, F.avg_pool2d(images.to(self.device), 2), maps.to(self.device)), self.drawn(averaged, maps)]

    @torch.no_grad()
    def drawn(self, averaged, maps) -> torch.Tensor:
        """A row of a sheet: composition's pictures of the maps enlarged, in styles of the bank."""
        maps, dice = maps.to(self.device), torch.Generator().manual_seed(5)
        noise = torch.randn(len(maps), COMPOSITION_NOISE, maps.shape[1] // 2, maps.shape[2] // 2, generator=dice).to(self.device)
        return self._enlarged(averaged, self._compose(maps, self._shown_styles(len(maps)), noise), maps)

    def _enlarged(self, averaged, pictures, maps) -> torch.Tensor:
        zero, styles = torch.zeros(1, device=self.device), self._shown_styles(len(maps))
        noise = torch.randn(len(maps), NOISE_CHANNELS, *maps.shape[1:], generator=torch.Generator().manual_seed(5)).to(self.device)
        shown = zip(pictures, maps, styles, noise)
        return torch.cat([averaged["detail"](p[None], one_hot(m[None]), s[None], e[None], zero) for p, m, s, e in shown])

    def _shown_styles(self, count: int) -> torch.Tensor:
        return pixel_norm(self.bank[:count], -1)
