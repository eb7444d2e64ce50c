"""How the critic learns: to answer photographs and paintings of the training maps as the trained discriminator does. A few minutes on a processor.

The discriminator's own answers are taken once; the critic then learns on squares cut from them.
"""
from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from .. import labels as label_set
from ..export import add_network
from ..models.critic import Critic
from ..models.discriminator import Discriminator
from ..painter import Painter
from ..request import Request
from . import checkpoint
from .data import Photographs, one_hot, to_tensor
from .split import fill
from .teacher import open_backbone

SIZE, CROP = 256, 128  # pixels of the pictures that are judged, and of the squares that are learned from
BATCH, RATE = 16, 2e-3
COUNT = 400  # photographs, and as many paintings
FIRST_SEED = 5000  # of the paintings


def distil(data: Path, weights: Path, images: int, count: int = COUNT) -> None:
    """Teach a critic on `count` training photographs and as many paintings of their maps, on so many images, and put it into the weights folder.

    Raises DataError, ConfigError and WeightsError with one sentence each.
    """
    photographs = Photographs(data, "train", SIZE, count)
    painter = Painter(weights)
    cuts = [photographs.centre(index) for index in range(len(photographs))]
    maps = [fill(ids) for _, ids in cuts]
    painted = [painter.paint(Request(ids, FIRST_SEED + index)).picture for index, ids in enumerate(tqdm(maps, unit="painting"))]
    pictures, maps = np.stack([*(cut[0] for cut in cuts), *painted]), np.stack(maps + maps)
    logits, realness = answers(pictures, maps, weights)
    network = learn(pictures, maps, logits, realness, images)
    add_network(weights, "critic", network, example(), ["logits", "realness"])


def example() -> dict[str, torch.Tensor]:
    """Inputs of any size to trace the network with, by the graph's names."""
    return {"picture": torch.rand(1, 3, 128, 192), "labels": torch.rand(1, label_set.COUNT, 128, 192).softmax(1)}


@torch.inference_mode()
def answers(pictures: np.ndarray, maps: np.ndarray, weights: Path) -> tuple[np.ndarray, np.ndarray]:
    """What the discriminator says of pictures (N, S, S, 3) with maps (N, S, S), at a quarter of their size: logits (N, 24, S/4, S/4) of the
    labels and *fake*, and the heads' mean realness (N, 1, S/4, S/4), float16. Raises ConfigError."""
    state = checkpoint.read(weights, "composition")
    discriminator = Discriminator()
    discriminator.load_state_dict(state["learners"]["discriminator"])
    discriminator.eval()
    backbone = open_backbone(state["extras"])
    found = []
    for start in tqdm(range(0, len(pictures), 8), unit_scale=8, unit="img"):
        images = to_tensor(list(pictures[start : start + 8]))
        areas = one_hot(torch.from_numpy(maps[start : start + 8].astype(np.int64)))
        logits, heads = discriminator(images, backbone(images), areas)
        logits = F.avg_pool2d(logits, 2)
        realness = sum(F.interpolate(head, logits.shape[2:], mode="bilinear") for head in heads) / len(heads)
        found.append((logits.half().numpy(), realness.half().numpy()))
    return tuple(np.concatenate(part) for part in zip(*found))


def learn(pictures: np.ndarray, maps: np.ndarray, logits: np.ndarray, realness: np.ndarray, images: int) -> Critic:
    """A critic taught on what `answers` returned for the pictures and maps."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = Critic().to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    for seen in (bar := tqdm(range(0, images, BATCH), unit_scale=BATCH, unit="img")):
        optimiser.param_groups[0]["lr"] = RATE * min(1, seen / 1000 + 0.05) * (0.51 + 0.49 * math.cos(math.pi * seen / images))
        loss = _loss(network, *_cut(rng, pictures, maps, logits, realness))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        bar.set_postfix(loss=f"{float(loss.detach()):.3f}", refresh=False)
    return network.eval()


def _cut(rng, pictures, maps, logits, realness):
    """A batch of random squares, turned over half the time, and the answers to them."""
    place, step = [], 4
    crop = min(CROP, pictures.shape[1])
    for index in rng.integers(len(pictures), size=BATCH):
        top, left = (int(rng.integers(0, (pictures.shape[1] - crop) // step + 1)) for _ in range(2))
        narrow = slice(top, top + crop // step), slice(left, left + crop // step)
        wide = tuple(slice(part.start * step, part.stop * step) for part in narrow)
        place.append((pictures[index][wide], maps[index][wide], logits[index][:, *narrow], realness[index][:, *narrow]))
    images, ids, told, real = (np.stack(part) for part in zip(*place))
    if rng.random() < 0.5:
        images, ids, told, real = images[:, :, ::-1], ids[:, :, ::-1], told[..., ::-1], real[..., ::-1]
    return to_tensor(list(images)), torch.from_numpy(ids.astype(np.int64)), *(torch.from_numpy(part.astype(np.float32)) for part in (told, real))


def _loss(network, images, maps, logits, realness):
    mine, real = network(images, one_hot(maps))
    reading = F.kl_div(mine.log_softmax(1), logits.log_softmax(1), log_target=True, reduction="none").sum(1).mean()
    return reading + F.smooth_l1_loss(real, realness)
