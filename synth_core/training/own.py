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

from .. import weights as files
from ..export import derive, present
from ..models.composition import Composition
from ..models.layers import pixel_norm
from ..request import NOISE_CHANNELS
from ..styles import Styles
from . import checkpoint, config, looks
from .blockouts import blockout
from .composition import CompositionTeacher
from .data import Batches, DataError, Photographs, one_hot
from .loop import SHEET_PICTURES, Loop
from .own_photographs import OwnPhotographs
from .teacher import encode

RUN = "own"  # of runs/
FOLDER = "training"  # in the weights folder that comes out: log, sheets, and while it lasts the checkpoint
OWN_SHARE = 0.5  # of the styles that seeds draw from
BANK = 256  # styles that ship
REMEMBERED = 2  # pictures a step that are to come out as before


def train(run: config.Run, source: Path, data: Path, out: Path, name: str, licence: str, device: str = "cpu") -> None:
    """Train the weights of the folder `source` on the photographs in `data`; the weights folder `out` comes out, called `name`.

    A run that was stopped goes on where it stood. Raises DataError, ConfigError, WeightsError and EngineError with one sentence each.
    """
    weights = files.load(source)
    if not (source / files.JUDGES).is_file():
        raise DataError(f"{source} lacks {files.JUDGES}, which training needs and the extension doesn't carry; take a whole weights folder.")
    if out.resolve() == source.resolve():
        raise DataError(f"{out} holds the weights to begin from; name another folder for those that come out.")
    loop = OwnLoop(run, source, data, out / FOLDER, device)
    loop.claim(weights.sha256)
    loop.resume(source)
    loop.train()
    _finish(loop, weights, out, name)
    present(out, name, licence)
    loop.path.unlink()


class OwnTeacher(CompositionTeacher):
    """Composition's teacher with the weights' own encoder, which stays, and with the painter as it was at the beginning beside it."""

    averaged = ("composition",)

    def __init__(self, run: config.Run, batches: Batches, device: torch.device, source: Path):
        self._begun = checkpoint.read(source, "composition", device)["averaged"]
        super().__init__(run, batches, device)
        self.before = copy.deepcopy(self.learners["composition"]).eval().requires_grad_(False)
        encoder = self.learners.pop("encoder")
        encoder.load_state_dict(self._begun["encoder"])
        self.encoder = encoder.eval().requires_grad_(False)

    def _painter(self) -> Composition:
        return Composition.from_state(self._begun["composition"])

    @torch.no_grad()
    def _styles(self, batch, roles):
        codes = self.encoder(batch.style_image, self.backbone(batch.style_image)[1:], one_hot(batch.style_map))
        return pixel_norm(codes + 0.2 * torch.randn_like(codes), -1)[roles.source], codes

    def _remember(self, codes):
        """The bank stays the weights' own, for what is to be remembered."""

    def _painter_loss(self, fake, features, drawn, *rest):
        loss, told = super()._painter_loss(fake, features, drawn, *rest)
        told["memory"] = self._memory(drawn)
        return loss + self.run.memory * told["memory"], told

    def _memory(self, drawn: torch.Tensor) -> torch.Tensor:
        """How far two pictures are from what the painter made of the same map, style and noise before: in colours and in features. The maps
        are a made-up one and a mirrored one of `drawn` (N, S, S); the styles are mixes of two of the weights' own."""
        size = drawn.shape[1]
        made = torch.from_numpy(blockout(size, random).astype(np.int64)).to(self.device)
        areas = one_hot(torch.stack([made, drawn[-1].flip(1)]))
        one, other = (self.bank[torch.randint(len(self.bank), (REMEMBERED,))] for _ in range(2))
        share = torch.rand(REMEMBERED, 1, 1, device=self.device)
        style = pixel_norm(share * one + (1 - share) * other, -1)
        noise = torch.randn(REMEMBERED, NOISE_CHANNELS, size, size, device=self.device).contiguous(memory_format=torch.channels_last)
        given = areas, style, noise, self._heights(REMEMBERED, (size, size))
        with torch.no_grad():
            wanted = self.before(*given)
            wanted_features = self.backbone(wanted)[:3]
        painted = self.learners["composition"](*given)
        apart = [(p - w).abs().mean() for p, w in zip(self.backbone(painted), wanted_features)]
        return 4 * (painted - wanted).abs().mean() + sum(apart) / len(apart)

    def encode(self, averaged, images, maps):
        return super().encode({"encoder": self.encoder}, images, maps)


class OwnLoop(Loop):
    """The loop over a folder of photographs without a manifest."""

    def __init__(self, run: config.Run, source: Path, data: Path, out: Path, device: str):
        self._source = source
        super().__init__(run, data, out, device)

    def _make(self, data, limit, composition):
        self.photographs = OwnPhotographs(data, self.run.size, self._source)
        batches = Batches(self.photographs, self.run.batch, self.run.smallest_crop)
        return batches, OwnTeacher(self.run, batches, self.device, self._source)

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
    """Write the weights folder that comes out of a run: the painter's moving average, its judges, the styles and the look of the photographs;
    all else is as it was."""
    former = weights.tensors("styles.")
    codes, whole, pictured = encode(loop.photographs, weights.folder)
    look = looks.style_of(codes, whole, pictured, Styles(weights).mean)
    kept = [index for index, known in enumerate(weights.looks) if known != name]
    names = [*(weights.looks[index] for index in kept), name]
    styles = {"bank": _bank(former["bank"], codes), "looks": np.stack([*(former["looks"][index] for index in kept), look])}
    painter = {f"composition.{key}": value for key, value in loop.averaged["composition"].state_dict().items()}
    judges = {f"composition.{judge}.{key}": value for judge in checkpoint.JUDGES for key, value in loop.teacher.learners[judge].state_dict().items()}
    version = f"{weights.version}; {loop.step} steps on {len(codes)} own photographs"
    derive(weights.folder, out, painter | {f"styles.{key}": torch.from_numpy(value) for key, value in styles.items()}, judges,
           {"version": version, "looks": names})


def _bank(former: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The styles (BANK, 23, 64) that seeds draw from: OWN_SHARE of them the photographs' codes (N, 23, 64), each about equally often, the
    others a choice of the former ones (M, 23, 64)."""
    count = round(OWN_SHARE * BANK)
    mine = own[np.arange(count) % len(own)]
    theirs = former[np.random.default_rng(0).permutation(len(former))[: BANK - count]]
    return np.concatenate([mine, theirs]).astype(np.float32)
