"""Training on a user's own photographs: finished weights go on for some hundred steps, and come out as a weights folder of the user's.

The photographs that the weights learned from are not there. Nothing is forgotten all the same, because the painter that the run began from
teaches too: half of what is painted at each step has a made-up or changed map and a style of the weights' own, and is to come out as before
(learning without forgetting, 1606.09282). The encoder, the detail network, the stylist and the critic stay as they are to the last bit, so
that every style, and every look in a user's files, keeps its meaning.

What comes out draws its styles from the photographs' and the former ones' together, and has one look more, which the photographs make.
"""
from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from .. import weights as files
from ..export import derive, present
from ..models.composition import Composition
from ..models.layers import pixel_norm
from ..styles import Styles
from . import checkpoint, config, looks, losses
from .blockouts import blockout
from .composition import TONE_CELL, Sampler
from .data import Batch, Batches, DataError, Photographs, one_hot
from .judges import descend
from .loop import SHEET_PICTURES, Loop
from .own_photographs import OwnPhotographs
from .teacher import encode, open_backbone, open_encoder

RUN = "own"  # of runs/
FOLDER = "training"  # in the weights folder that comes out: log, sheets, and while it lasts the checkpoint
OWN_SHARE = 0.25  # of the styles that seeds draw from
BANK = 256  # styles that ship
LEARNS = ("mapping.", "label_code", "lay.", "tint.", "start_style.", "rgb.")  # of the painter, besides the blocks' gains by style
STYLE_NOISE = 0.2  # added to the photographs' codes, as when the painter first learned
REMEMBERED = 2  # pictures a step that are to come out as before


def train(run: config.Run, source: Path, data: Path, out: Path, name: str, licence: str, device: str = "cpu") -> None:
    """Train the weights of the folder `source` on the photographs in `data`; the weights folder `out` comes out, called `name`.

    A run that was stopped goes on where it stood. Raises DataError, ConfigError, WeightsError and EngineError with one sentence each.
    """
    weights = files.load(source)
    if not (source / files.JUDGES).is_file():
        raise DataError(f"{source} lacks {files.JUDGES}, which training needs and the extension lacks; take a whole weights folder.")
    if out.resolve() == source.resolve():
        raise DataError(f"{out} holds the weights to begin from; name another folder for those that come out.")
    loop = OwnLoop(run, source, data, out / FOLDER, device)
    loop.claim(weights.sha256)
    loop.resume(source)
    loop.train()
    _finish(loop, weights, out, name)
    present(out, name, licence, Styles(out).look(name))
    loop.path.unlink()


class OwnTeacher(Sampler):
    """The weights' painter and one step of its learning. No discriminator teaches: it would know some dozens of photographs by heart.

    The encoder and the backbone are the weights' own and stay, and so does the painter as it was at the beginning, which teaches too.
    """

    averaged = ("composition",)

    def __init__(self, run: config.Run, device: torch.device, source: Path):
        """Raises ConfigError for weights that hold nothing to train on from."""
        begun = checkpoint.read(source, "composition", device)
        self.run, self.device = run, device
        self.backbone = open_backbone(begun["extras"]).to(device)
        self.bank = begun["extras"]["bank"].to(device)
        self.encoder = open_encoder(begun["averaged"]["encoder"]).to(device)
        painter = Composition.from_state(begun["averaged"]["composition"])
        self.before = copy.deepcopy(painter).to(device).eval().requires_grad_(False)
        for name, parameter in painter.named_parameters():
            parameter.requires_grad_(name.startswith(LEARNS) or ".style." in name)
        self.learners = {"composition": painter.to(device, memory_format=torch.channels_last)}
        learns = [parameter for parameter in painter.parameters() if parameter.requires_grad]
        self.optimisers = {"generator": torch.optim.Adam(learns, lr=run.style_rate, betas=(0.9, 0.99))}

    def extras(self) -> dict[str, torch.Tensor]:
        """Nothing beside the networks is learned."""
        return {}

    def restore(self, extras: dict[str, torch.Tensor]) -> None:
        """What is beside the networks comes from the weights."""

    def go_on_from(self, step: int) -> None:
        """No term of the losses depends on the step."""

    def step(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Teach the painter once from a batch: half of its pictures carry their own photograph's style, half a neighbour's."""
        run, n = self.run, len(batch.image)
        own = n // 2
        source = torch.tensor([*range(own), *((index + 1) % n for index in range(own, n))])
        areas, size = one_hot(batch.drawn), batch.drawn.shape[1:]
        with torch.no_grad():
            codes = self.encoder(batch.style_image, self.backbone(batch.style_image)[1:], one_hot(batch.style_map))
            style = pixel_norm(codes + STYLE_NOISE * torch.randn_like(codes), -1)[source]
            wanted = self.backbone(batch.image)
        painted = self.learners["composition"](areas, style, self._noise(n, size), batch.height)
        features = self.backbone(painted)
        look = [painted, losses.finest_detail(painted), *features[:3]], areas
        photograph = [part[source] for part in (batch.image, losses.finest_detail(batch.image), *wanted[:3])], areas[source]
        told = {
            "statistics": losses.statistics(*look, *photograph),
            "aligned": sum((features[k][:own] - wanted[k][:own]).abs().mean() for k in (3, 4)) / 2,
            "tone": (F.avg_pool2d(painted[:own], TONE_CELL) - F.avg_pool2d(batch.image[:own], TONE_CELL)).abs().mean(),
            "memory": self._memory(batch.drawn),
        }
        descend(self.optimisers["generator"], sum(getattr(run, name) * value for name, value in told.items()))
        return told

    def _memory(self, drawn: torch.Tensor) -> torch.Tensor:
        """How far two pictures are from what the painter made of the same map, style and noise before: in colours and in features. The maps
        are a made-up one and a mirrored one of `drawn` (N, S, S); the styles are mixes of two of the weights' own."""
        size = drawn.shape[1:]
        made = torch.from_numpy(blockout(size[0], random).astype(np.int64)).to(self.device)
        areas = one_hot(torch.stack([made, drawn[-1].flip(1)]))
        one, other = (self.bank[torch.randint(len(self.bank), (REMEMBERED,))] for _ in range(2))
        share = torch.rand(REMEMBERED, 1, 1, device=self.device)
        given = areas, pixel_norm(share * one + (1 - share) * other, -1), self._noise(REMEMBERED, size), self._heights(REMEMBERED, size)
        with torch.no_grad():
            wanted = self.before(*given)
            wanted_features = self.backbone(wanted)[:3]
        painted = self.learners["composition"](*given)
        apart = [(p - w).abs().mean() for p, w in zip(self.backbone(painted), wanted_features)]
        return 4 * (painted - wanted).abs().mean() + sum(apart) / len(apart)

    def encode(self, averaged: dict, images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        return super().encode({"encoder": self.encoder}, images, maps)


class OwnLoop(Loop):
    """The loop over a folder of photographs without a manifest."""

    def __init__(self, run: config.Run, source: Path, data: Path, out: Path, device: str):
        self._source = source
        super().__init__(run, data, out, device)

    def _make(self, data, limit, composition):
        self.photographs = OwnPhotographs(data, self.run.size, self._source)
        return Batches(self.photographs, self.run.batch, self.run.smallest_crop), OwnTeacher(self.run, self.device, self._source)

    def _held_out(self, data: Path) -> Photographs:
        some = copy.copy(self.photographs)
        some.pairs = some.pairs[:SHEET_PICTURES]
        return some

    def claim(self, sha256: str) -> None:
        """Note what the run is of. Raises DataError where a run of other photographs or weights has begun in its folder."""
        note, mine = self.out / "of.json", {"weights": sha256, "photographs": self.photographs.names}
        if self.path.is_file() and json.loads(note.read_text("utf-8")) != mine:
            raise DataError(f"{self.out} holds an unfinished run of other photographs or weights; name another folder, or delete that one.")
        note.write_text(json.dumps(mine), "utf-8")


def _finish(loop: OwnLoop, weights: files.Weights, out: Path, name: str) -> None:
    """Write the weights folder that comes out of a run: the painter's moving average, the photographs' styles and their look; all else is as
    it was."""
    former = weights.tensors("styles.")
    codes, whole, pictured = encode(loop.photographs, weights.folder)
    look = looks.style_of(codes, whole, pictured, Styles(weights).mean)
    kept = [index for index, known in enumerate(weights.looks) if known != name]
    names = [*(weights.looks[index] for index in kept), name]
    styles = {"bank": _bank(former["bank"], codes), "looks": np.stack([*(former["looks"][index] for index in kept), look])}
    painter = {f"composition.{key}": value for key, value in loop.averaged["composition"].state_dict().items()}
    version = f"{weights.version}; {loop.step} steps on {len(codes)} own photographs"
    derive(weights.folder, out, painter | {f"styles.{key}": torch.from_numpy(value) for key, value in styles.items()},
           {"version": version, "looks": names})


def _bank(former: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The styles (BANK, 23, 64) that seeds draw from: OWN_SHARE of them the photographs' codes (N, 23, 64), each about equally often, the
    others a choice of the former ones (M, 23, 64)."""
    count = round(OWN_SHARE * BANK)
    mine = own[np.arange(count) % len(own)]
    theirs = former[np.random.default_rng(0).permutation(len(former))[: BANK - count]]
    return np.concatenate([mine, theirs]).astype(np.float32)
