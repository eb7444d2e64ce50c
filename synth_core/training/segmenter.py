"""How labels are learned from photographs: the large segmenter on the maps of the `train` photographs, then the small one on those maps and on
what the large one answers. Both runs go on where they were stopped.

The large one is a decoder of ours on the backbone, whose upper blocks learn with it; the first of all begins as the weights' discriminator, which
has learned to read photographs already. What the blocks learn is kept as the difference from the package's weights, which are never copied.
A run begins from the segmenter that the weights hold.
"""
from __future__ import annotations

import copy
import math
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image
from tqdm import tqdm

from .. import labels as label_set
from .. import segmenter
from .. import weights as files
from ..engines import memory_errors
from ..export import add_segmenter
from ..models.layers import quickly
from ..models.segmenter import Reader, Segmenter
from . import checkpoint, losses
from .backbone import TAPS, Backbone
from .config import ConfigError
from .data import Photographs, cut, to_tensor

SIZE = 192  # pixels of the squares that are learned from
SMALLEST = 0.7  # share of a photograph's short side that the smallest of them show: what a place is shows in what lies around it
BATCH = 16
HELD_BACK = 26  # every so many-th photograph of `train` is kept to choose settings on, and not learned from
FIRST = 7  # of the backbone's blocks that learn; those before see edges and colours, and stay
OFTEN = 3  # times that a large photograph is drawn for a small one's once: it has more to tell, and counts for more pixels
LARGE = 300  # pixels of its short side, as it is kept
AVERAGE = 0.998  # of the moving average, a step
DECODER_RATE, UPPER_RATE, SMALL_RATE = 3e-4, 1e-4, 2e-3
WARM = 1000  # images over which the rates rise
SOFTNESS = 0.05  # label smoothing: the maps' own names are sometimes a matter of taste
SAVE_EVERY = 100  # steps


class Large(nn.Module):
    """Backbone and decoder: (N, 3, H, W) in [-1, 1] -> logits (N, 23, H/2, W/2)."""

    def __init__(self):
        super().__init__()
        self.backbone, self.decoder = Backbone(), Reader()
        self.upper = nn.ModuleList(self.backbone.net._blocks[FIRST:]).requires_grad_(True)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        net, features = self.backbone.net, []
        with torch.no_grad():
            x = F.relu6(net._bn0(net._conv_stem(picture)))
            for index, block in enumerate(net._blocks[:FIRST]):
                x = block(x)
                features += [x] if index in TAPS else []
        for index, block in enumerate(self.upper, FIRST):
            x = block(x)
            features += [x] if index in TAPS else []
        return self.decoder(picture, [level / getattr(self.backbone, f"deviation{k}") for k, level in enumerate(features)])

    def learned(self) -> dict[str, np.ndarray]:
        """What a weights folder keeps of it, float16: the decoder, the upper blocks' difference from the package's, the measured deviations."""
        before = Large().upper.state_dict()
        found = {f"decoder.{key}": value for key, value in self.decoder.state_dict().items()}
        found |= {f"upper.{key}": value - before[key] for key, value in self.upper.state_dict().items()}
        found |= {key: value for key, value in self.backbone.state_dict().items() if key.startswith("deviation")}
        return {key: value.detach().half().numpy() for key, value in found.items()}

    def put(self, path: Path) -> None:
        """Take over what the file at `path` says was learned; the network is a new one. Raises WeightsError for a damaged or another's file."""
        tensors = {key: torch.tensor(value, dtype=torch.float32) for key, value in files.read(path).items()}
        try:
            self._put(tensors)
        except (RuntimeError, KeyError) as error:
            raise files.WeightsError(f"{path} is another version's segmenter; install the weights again.") from error

    def _put(self, tensors: dict[str, torch.Tensor]) -> None:
        self.decoder.load_state_dict({key.removeprefix("decoder."): value for key, value in tensors.items() if key.startswith("decoder.")})
        self.upper.load_state_dict({key: value + tensors[f"upper.{key}"] for key, value in self.upper.state_dict().items()})
        self.backbone.load_state_dict({key: value for key, value in tensors.items() if key.startswith("deviation")}, strict=False)


class LargeSegmenter(segmenter.Segmenter):
    """As `segmenter.Segmenter`, on torch and the backbone of the training extra."""

    name = "large"

    def __init__(self, weights: Path, threads: int = 0):
        """Raises WeightsError when the folder holds no large segmenter or a damaged one."""
        self._network = Large().to(memory_format=torch.channels_last).eval()
        self._network.put(weights / files.LARGE_SEGMENTER)
        if threads:
            torch.set_num_threads(threads)

    @memory_errors()
    @torch.inference_mode()
    def _read(self, picture: np.ndarray) -> np.ndarray:
        return self._network(torch.from_numpy(picture))[0].numpy()


class Cuts:
    """Random cuts of photographs, those of HELD_BACK left out; large photographs come more often."""

    def __init__(self, photographs: Photographs):
        chances = [(OFTEN if min(image.size) >= LARGE else 1) * bool(index % HELD_BACK) for index, (image, _) in enumerate(photographs.pairs)]
        self._pairs, self._chances = photographs.pairs, np.cumsum(chances).tolist()

    def frequency(self) -> torch.Tensor:
        """(23,) mean share of each label in the photographs."""
        maps = [np.asarray(ids) for _, ids in self._pairs]
        counts = [np.bincount(ids.ravel(), minlength=label_set.COUNT)[: label_set.COUNT] / ids.size for ids in maps]
        return torch.tensor(np.mean(counts, 0), dtype=torch.float32)

    def draw(self, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """BATCH cuts, turned over half the time, in other light and colours: pictures (N, 3, S, S) and maps (N, S, S). `seed` decides all."""
        rng = random.Random(seed)
        chosen = rng.choices(self._pairs, cum_weights=self._chances, k=BATCH)
        pictures, maps = zip(*(_cut(image, ids, rng) for image, ids in chosen))
        return to_tensor(list(pictures)), torch.from_numpy(np.stack(maps).astype(np.int64))


def _cut(image: Image.Image, ids: Image.Image, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """A part of SMALLEST to 1 of the short side, up to a quarter wider or narrower than a square."""
    side, stretch = min(image.size) * rng.uniform(SMALLEST, 1), math.exp(rng.uniform(-0.22, 0.22))
    width, height = min(int(side * stretch), image.width), min(int(side / stretch), image.height)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    picture, ids = cut(image, ids, (left, top, left + width, top + height), SIZE)
    if rng.random() < 0.5:
        picture, ids = picture[:, ::-1], ids[:, ::-1]
    return (_recolour(picture, rng) if rng.random() < 0.7 else picture), ids


def _recolour(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Another exposure, contrast, saturation and white, (S, S, 3) bytes."""
    x = picture.astype(np.float32)
    grey, mean = x.mean(2, keepdims=True), x.mean()
    x = grey + (x - grey) * rng.uniform(0.6, 1.4)
    x = mean + (x - mean) * rng.uniform(0.75, 1.3)
    x = x * np.array([rng.uniform(0.9, 1.1) for _ in range(3)], np.float32) * rng.uniform(0.75, 1.25)
    return x.clip(0, 255).astype(np.uint8)


def train_large(data: Path, weights: Path, out: Path, images: int, minutes: float | None) -> None:
    """Teach the large segmenter until it has seen so many images (or for so many minutes), and put it into the weights folder.

    The run's checkpoint lies in `out`. Raises DataError, ConfigError and WeightsError with one sentence each.
    """
    files.load(weights)
    cuts = Cuts(Photographs(data, "train", SIZE))
    network = Large().to(memory_format=torch.channels_last)
    _begin(network, weights, cuts)
    rates = [(network.decoder.parameters(), DECODER_RATE), (network.upper.parameters(), UPPER_RATE)]
    averaged = learn(network, rates, cuts, lambda pictures, maps: _misread(network(pictures), maps), images, out, minutes)
    new = weights / f"{files.LARGE_SEGMENTER}.new"
    files.write(new, averaged.learned())
    os.replace(new, weights / files.LARGE_SEGMENTER)


def _begin(network: Large, weights: Path, cuts: Cuts) -> None:
    """Go on from the weights' large segmenter. The first one takes the discriminator's decoder and feature deviations; without a discriminator
    the deviations are measured.

    The discriminator was taught with rare labels weighted up, which answers them too often: that is undone in the last layer's offsets.
    """
    if (weights / files.LARGE_SEGMENTER).is_file():
        network.put(weights / files.LARGE_SEGMENTER)
        return
    if not (weights / files.JUDGES).is_file():
        network.backbone.calibrate(torch.cat([cuts.draw(seed)[0] for seed in (-1, -2)]))
        return
    state = checkpoint.read(weights, "composition")
    judge = state["learners"]["discriminator"]
    answers = {"name.weight": judge["classify.weight"][: label_set.COUNT], "name.bias": judge["classify.bias"][: label_set.COUNT]}
    answers["name.bias"] = answers["name.bias"] - losses.class_weights(cuts.frequency())[: label_set.COUNT].log()
    checkpoint.load_matching(network.decoder, judge | answers)
    checkpoint.load_matching(network.backbone, state["extras"])


def distil_small(data: Path, weights: Path, out: Path, images: int, minutes: float | None) -> None:
    """Teach the small segmenter with the weights' large one until it has seen so many images (or for so many minutes), and put it into the
    weights folder. The run's checkpoint lies in `out`. Raises DataError, ConfigError and WeightsError with one sentence each."""
    teacher = Large().to(memory_format=torch.channels_last).eval()
    teacher.put(weights / files.LARGE_SEGMENTER)
    network = _small(weights).to(memory_format=torch.channels_last)
    cuts = Cuts(Photographs(data, "train", SIZE))

    def loss(pictures: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            told = teacher(pictures)
        return distilled(network(pictures), told, maps)

    add_segmenter(weights, learn(network, [(network.parameters(), SMALL_RATE)], cuts, loss, images, out, minutes), example())


def _small(weights: Path) -> Segmenter:
    """The small segmenter that the weights hold, or a new one. Raises WeightsError when its file is damaged."""
    path = weights / files.SEGMENTER[1]
    if not path.is_file():
        return Segmenter()
    state = {key.removeprefix("segmenter."): torch.tensor(value, dtype=torch.float32) for key, value in files.read(path).items()}
    network = Segmenter(**Segmenter.arguments_of(state))
    network.load_state_dict(state)
    return network


def example() -> dict[str, torch.Tensor]:
    """Inputs of any size to trace the small network with, by the graph's names."""
    return {"picture": torch.rand(1, 3, 128, 192)}


def distilled(logits: torch.Tensor, told: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """How far logits (N, 23, h, w) are from the large segmenter's (N, 23, 2h, 2w) and from the maps (N, 4h, 4w), half and half."""
    told = F.avg_pool2d(told, 2)
    nearness = F.kl_div(logits[:, 1:].log_softmax(1), told[:, 1:].log_softmax(1), log_target=True, reduction="none").sum(1).mean()
    return (nearness + _misread(logits, maps)) / 2


def _misread(logits: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Cross entropy to the maps (N, kh, kw), at the middles of the logits' cells. Label 0 is neither taught nor answered."""
    step = maps.shape[1] // logits.shape[2]
    truth = maps[:, step // 2 :: step, step // 2 :: step] - 1
    return F.cross_entropy(logits[:, 1:], truth, ignore_index=label_set.UNLABELLED - 1, label_smoothing=SOFTNESS)


def learn(network: nn.Module, rates: list[tuple], cuts: Cuts, loss_of: Callable, images: int, out: Path, minutes: float | None = None) -> nn.Module:
    """Lower `loss_of(pictures, maps)` until `images` are seen or the minutes are over; goes on from the checkpoint in `out` if there is one.

    rates: (parameters, rate of learning) of each part. Returns the network's moving average. Raises ConfigError for another run's checkpoint.
    """
    optimiser = torch.optim.AdamW([{"params": list(parameters), "rate": rate} for parameters, rate in rates], weight_decay=1e-4)
    averaged = copy.deepcopy(network).requires_grad_(False).eval()
    parts = {"network": network, "averaged": averaged, "optimiser": optimiser}
    seen = _resume(out, parts)
    end = math.inf if minutes is None else time.monotonic() + 60 * minutes
    with tqdm(total=images, initial=seen, unit="img", unit_scale=True) as bar:
        while seen < images and time.monotonic() < end:
            for group in optimiser.param_groups:
                group["lr"] = group["rate"] * min(1, seen / WARM + 0.02) * (0.505 + 0.495 * math.cos(math.pi * seen / images))
            with quickly(torch.device("cpu")):
                loss = loss_of(*cuts.draw(seen))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            seen += BATCH
            _follow(averaged, network, seen // BATCH)
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}", refresh=False)
            bar.update(BATCH)
            if seen // BATCH % SAVE_EVERY == 0:
                _save(out, parts, seen)
    _save(out, parts, seen)
    return averaged


@torch.no_grad()
def _follow(averaged: nn.Module, network: nn.Module, steps: int) -> None:
    keep = min(AVERAGE, (1 + steps) / (10 + steps))
    for mean, new in zip(averaged.parameters(), network.parameters()):
        mean.lerp_(new, 1 - keep)


def _save(out: Path, parts: dict, seen: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    new = out / "checkpoint.pt.new"
    torch.save({"seen": seen} | {name: part.state_dict() for name, part in parts.items()}, new)
    os.replace(new, out / "checkpoint.pt")


def _resume(out: Path, parts: dict) -> int:
    """Images seen by the run of `out`, whose state goes into the parts; 0 for a new one."""
    path = out / "checkpoint.pt"
    if not path.is_file():
        return 0
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return int(state["seen"])
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        raise ConfigError(f"{path} is no checkpoint of this segmenter's training ({type(error).__name__}); give another --out.") from error
