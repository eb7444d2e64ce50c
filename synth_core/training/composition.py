"""How composition learns: generator and encoder against the discriminator, one step a batch. Files, clocks and logs are in loop.py."""
from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .. import labels as label_set
from ..models.composition import WATER, Composition
from ..models.encoder import Encoder
from ..models.layers import pixel_norm, set_wrap
from ..request import NOISE_CHANNELS, STYLE_SIZE
from . import checkpoint, losses, parallel
from .backbone import Backbone
from .config import Run
from .data import Batch, Batches, one_hot
from .judges import Judges, adam, descend

CHANNELS, LABEL_CHANNELS = (256, 256, 256, 128, 64, 32, 24, 16), (64, 64, 64, 48, 32, 16, 12, 8)
BANK = 256  # styles that are remembered, and shipped
CALIBRATED = 16  # batches on which the usual is measured
TONE_CELL = 16  # pixels
SEEN_EVERY = 4  # steps after which the moving average's paintings are looked at
VARIETY_EVERY = 16
VARIETY_ENOUGH = 0.4  # mean feature distance between two noises that is asked for; unrelated features lie 1.1 apart


def build(levels: int) -> Composition:
    return Composition(CHANNELS[:levels], LABEL_CHANNELS[:levels], mirrors=True, soft=True)


@dataclass
class Roles:
    """Who paints in which style: each sample takes that of photograph `source` (N,) of the batch; those in `own` their own photograph's, those
    in `plain` one photograph's alone, and the others, which `mixed` (N, 1, 1) marks, one that is mixed with a remembered style."""

    source: torch.Tensor
    own: slice | torch.Tensor
    plain: slice | torch.Tensor
    mixed: torch.Tensor


class Sampler:
    """What a teacher of composition shows of itself on sample sheets; it has `device`, `backbone`, and `bank`, the styles (M, 23, 64)."""

    device: torch.device
    backbone: Backbone
    bank: torch.Tensor

    def _noise(self, count, size):
        return torch.randn(count, NOISE_CHANNELS, *size, device=self.device).contiguous(memory_format=torch.channels_last)

    def _heights(self, count, size):
        return torch.linspace(1, -1, size[0], device=self.device)[None, None, :, None].expand(count, 1, *size)

    @torch.no_grad()
    def paint(self, averaged: dict, maps: torch.Tensor, style: torch.Tensor, seed: int) -> torch.Tensor:
        """Pictures (N, 3, S, S) of maps (N, S, S) by the averaged network, for sample sheets."""
        painter = averaged["composition"]
        set_wrap(painter, "")
        size = maps.shape[1:]
        noise = torch.randn(len(maps), NOISE_CHANNELS, *size, generator=torch.Generator().manual_seed(seed)).to(self.device)
        height = self._heights(1, size)
        return torch.cat([painter(one_hot(m[None]), s[None], e[None], height) for m, s, e in zip(maps, style, noise)])

    @torch.no_grad()
    def encode(self, averaged: dict, images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        """The styles (N, 23, 64) of photographs (N, 3, 128, 128) by the averaged encoder."""
        encoder = averaged["encoder"].eval()
        return encoder(images, self.backbone(images)[1:], one_hot(maps))

    def show(self, averaged, images, maps, small_images, small_maps) -> list[torch.Tensor]:
        """Two rows of a sample sheet: the maps in drawn styles, and in their own photographs'."""
        ids = torch.from_numpy(np.stack(small_maps).astype(np.int64)).to(self.device)
        own = self.encode(averaged, small_images.to(self.device), ids)
        maps = maps.to(self.device)
        return [self.drawn(averaged, maps), self.paint(averaged, maps, own, 6)]

    def drawn(self, averaged, maps) -> torch.Tensor:
        """A row of a sample sheet: the maps in drawn styles."""
        return self.paint(averaged, maps.to(self.device), self.random_styles(len(maps), 5), 5)

    def random_styles(self, count: int, seed: int) -> torch.Tensor:
        """Mixes of two remembered styles each, (count, 23, 64)."""
        generator = torch.Generator().manual_seed(seed)
        first, second = (self.bank[torch.randint(len(self.bank), (count,), generator=generator)] for _ in range(2))
        share = torch.rand(count, 1, 1, generator=generator).to(self.device)
        return pixel_norm(share * first + (1 - share) * second, -1)


class CompositionTeacher(Sampler):
    """The networks of the composition stage, their optimisers and one step of learning.

    `learners` are the modules that are checkpointed; those in `averaged` also ship, as moving averages kept by the loop, which puts them
    into `averages`.
    """

    averaged = ("composition", "encoder")

    def __init__(self, run: Run, batches: Batches, device: torch.device):
        self.run, self.device = run, device
        self.judges = Judges(run, batches.frequency, device)
        self.backbone = self.judges.backbone
        self.learners = {
            "composition": build(run.levels).to(device, memory_format=torch.channels_last),
            "encoder": Encoder().to(device),
            "discriminator": self.judges.discriminator,
            "pixel_head": self.judges.pixel_head,
        }
        self.learners["encoder"].average = parallel.average
        self._calibrate(batches)
        self.bank = torch.randn(BANK, label_set.COUNT, STYLE_SIZE, device=device)
        self.usual = losses.UsualLook().to(device)
        self.averages: dict[str, torch.nn.Module] = {}
        self.optimisers = {"generator": self._optimiser(), "discriminator": self.judges.optimiser}
        self.steps = 0

    @torch.no_grad()
    def _calibrate(self, batches):
        """Measure what is usual in photographs, for the backbone and the encoder; a checkpoint's measures come over these."""
        rng = random.Random(1)
        drawn = [batches.cut(rng).to(self.device) for _ in range(CALIBRATED)]
        self.backbone.calibrate(drawn[0].image)
        self.learners["encoder"].calibrate([
            (batch.style_image, self.backbone(batch.style_image)[1:], one_hot(batch.style_map)) for batch in drawn
        ])  # fmt: skip

    def _optimiser(self) -> torch.optim.Optimizer:
        painter, encoder = self.learners["composition"], self.learners["encoder"]
        stylish = [*encoder.parameters(), painter.label_code]
        stylish += [p for part in (painter.mapping, painter.lay, painter.tint) for p in part.parameters()]
        fast = {id(p) for p in stylish}
        groups = [
            {"params": [p for p in painter.parameters() if id(p) not in fast], "lr": self.run.rate},
            {"params": stylish, "lr": self.run.style_rate},
        ]
        return adam(groups, self.run.rate)

    def extras(self) -> dict[str, torch.Tensor]:
        """Tensors beside the networks that a checkpoint keeps."""
        return {"bank": self.bank} | self.judges.extras() | self.usual.state_dict(prefix="usual.")

    def restore(self, extras: dict[str, torch.Tensor]) -> None:
        self.bank = extras["bank"].to(self.device)
        self.judges.restore(extras)
        checkpoint.load_matching(self.usual, extras, "usual.")

    def go_on_from(self, step: int) -> None:
        """Count steps from `step` on."""
        self.steps = self.judges.steps = step

    def step(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Teach all networks once from a batch; returns the losses as scalars."""
        n, run = len(batch.image), self.run
        drawn = batch.asked
        wrapping = random.random() < run.wrap
        if wrapping:  # the left half and its mirror: a map that continues at the other side
            half = drawn[:, :, : drawn.shape[2] // 2]
            drawn = torch.cat([half, half.flip(2)], 2)
        areas = one_hot(drawn)
        roles = self._roles(n)
        style, codes = self._styles(batch, roles)
        noise = self._noise(n, drawn.shape[1:])

        painter = self.learners["composition"].train()
        set_wrap(painter, "x" if wrapping else "")
        painted = painter(areas, style, noise, batch.height).float()
        if wrapping:  # bring the seam into the discriminator's sight
            shift = random.randrange(drawn.shape[2])
            painted, drawn = painted.roll(shift, 3), drawn.roll(shift, 2)

        window = losses.window(painted.shape[-1])
        painted, drawn, image, truth, real_drawn = (x[..., *window] for x in (painted, drawn, batch.image, batch.truth, batch.drawn))
        areas, real_areas = one_hot(drawn), one_hot(real_drawn)
        real, fake = losses.jitter([image, painted])
        with torch.no_grad():
            real_features = self.backbone(real)
        fake_features = self.backbone(fake)
        told = self.judges.teach(real, real_features, truth, real_areas, fake, fake_features, areas)
        loss, parts = self._painter_loss(
            fake, fake_features, drawn, areas, real, real_features, real_areas, roles, wrapping, asked=batch.asked[-1:])
        if run.usual:
            loss = loss + run.usual * self.usual(painted, areas, roles.mixed[:, 0, 0])
        if run.usual and self.steps % SEEN_EVERY == 0:  # wrapping or not: all processes average here together, and each wraps by itself
            parts["unusual"], parts["unusual_mixed"] = self._see_average(style.detach(), noise, batch, roles.mixed[:, 0, 0])
        descend(self.optimisers["generator"], loss)
        self._remember(parallel.gather(codes)[:BANK])
        self.steps += 1
        return told | parts

    @torch.no_grad()
    def _see_average(self, style, noise, batch, mixed) -> tuple[torch.Tensor, torch.Tensor]:
        """By what share the looks of labels in plain and mixed styles have been off of late where the moving average paints: it is flatter and softer
        than the learner."""
        painter = self.averages.get("composition", self.learners["composition"])
        set_wrap(painter, "")
        areas = one_hot(batch.asked)
        return self.usual.see(painter(areas, style, noise, batch.height).float(), areas, mixed, batch.image, one_hot(batch.drawn))

    def _roles(self, n: int) -> Roles:
        """The first half of a batch carries its own photographs' styles, the others their neighbours'; of those half are mixed."""
        source = torch.arange(n, device=self.device)
        source[n // 2 :] = (source[n // 2 :] + 1) % n
        plain = n - n // 4
        return Roles(source, slice(n // 2), slice(plain), (torch.arange(n, device=self.device) >= plain)[:, None, None])

    def _styles(self, batch, roles):
        with torch.no_grad():
            features = self.backbone(batch.style_image)
        encoder = self.learners["encoder"].train()
        codes = encoder(batch.style_image, features[1:], one_hot(batch.style_map), dropout=0.2)
        noisy = pixel_norm(codes + 0.2 * torch.randn_like(codes), -1)[roles.source]
        share = torch.rand(len(codes), 1, 1, device=self.device)
        other = self.bank[torch.randint(len(self.bank), (len(codes),), device=self.device)]
        style = torch.where(roles.mixed, pixel_norm(share * noisy.detach() + (1 - share) * other, -1), noisy)
        return style, codes.detach()

    def _painter_loss(self, fake, features, drawn, areas, real, real_features, real_areas, roles, wrapping, *, asked):
        run, plain, own = self.run, roles.plain, roles.own
        source = roles.source[plain]
        loss, told = self.judges.loss(fake, features, drawn, areas)
        look = [f[plain] for f in (fake, losses.finest_detail(fake), *features[:3])], areas[plain]
        wanted = [r[source] for r in (real, losses.finest_detail(real), *real_features[:3])], real_areas[source]
        told["statistics"] = losses.statistics(*look, *wanted)
        loss = loss + run.statistics * told["statistics"]
        if not wrapping:
            told["aligned"] = sum((features[k][own] - real_features[k][own]).abs().mean() for k in (3, 4)) / 2
            told["tone"] = self._tone(fake[own], real[own], areas[own])
            loss = loss + run.aligned * told["aligned"] + run.tone * told["tone"]
        if self.steps % VARIETY_EVERY == 0:
            told["variety"] = self._variety(asked)
            loss = loss + run.variety * VARIETY_EVERY * (VARIETY_ENOUGH - told["variety"]).clamp_min(0)
        return loss, told

    @staticmethod
    def _tone(fake, real, areas):
        """Mean distance of water's colours in cells: what water mirrors lies where it lies in the photograph, which nothing else tells as plainly.
        Elsewhere the photograph's own places are one of many that would do, and holding to them flattens."""
        distance = (F.avg_pool2d(fake, TONE_CELL) - F.avg_pool2d(real, TONE_CELL)).abs().mean(1)
        return (distance * F.avg_pool2d(areas[:, WATER].sum(1, keepdim=True), TONE_CELL)[:, 0]).mean()

    def _variety(self, maps):
        """Mean distance of features at strides 8 and 16 between two noises under one map (1, H, W) and style (mode seeking 1903.05628)."""
        style = self.bank[torch.randint(len(self.bank), (1,), device=self.device)].expand(2, -1, -1)
        noise, height = self._noise(2, maps.shape[1:]), self._heights(2, maps.shape[1:])
        features = self.backbone(self.learners["composition"](one_hot(maps.expand(2, -1, -1)), style, noise, height))
        return sum((f[0] - f[1]).abs().mean() for f in features[2:4]) / 2

    @torch.no_grad()
    def _remember(self, codes):
        start = self.steps * len(codes) % (BANK - len(codes) + 1)
        self.bank[start : start + len(codes)] = codes
