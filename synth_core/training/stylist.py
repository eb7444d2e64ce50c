"""How the stylist learns: to answer every training photograph as the trained encoder does. A few minutes on a processor."""
from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from .. import labels as label_set
from ..export import add_network
from ..models.stylist import Stylist
from .data import Photographs, one_hot, to_tensor
from .teacher import SIZE, encode

BATCH, RATE = 32, 2e-3
READING = 0.3  # weight of telling what the photograph shows


def distil(data: Path, weights: Path, images: int) -> None:
    """Teach a stylist on the `train` photographs on so many images and put it into the weights folder.

    Raises DataError, ConfigError and WeightsError with one sentence each.
    """
    photographs = Photographs(data, "train", SIZE)
    codes, whole, present = encode(photographs, weights)
    cuts = [photographs.centre(index) for index in range(len(photographs))]
    pictures, maps = (np.stack(part) for part in zip(*cuts))
    network = learn(pictures, maps, codes, whole, present, images)
    add_network(weights, "stylist", network, example(), ["style", "shown"])


def example() -> dict[str, torch.Tensor]:
    """Inputs of any size to trace the network with, by the graph's names."""
    return {"picture": torch.rand(1, 3, 128, 192), "labels": torch.rand(1, label_set.COUNT, 128, 192).softmax(1)}


def learn(pictures: np.ndarray, maps: np.ndarray, codes: np.ndarray, whole: np.ndarray, present: np.ndarray, images: int) -> Stylist:
    """A stylist taught on pictures (N, S, S, 3) and maps (N, S, S) in bytes with their codes as `teacher.encode` returns them."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = Stylist().to(memory_format=torch.channels_last).train()
    with torch.no_grad():  # begin near the mean style
        network.code.bias.copy_(torch.from_numpy(whole.mean(0)))
        network.code.weight.mul_(0.3)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    for seen in (bar := tqdm(range(0, images, BATCH), unit_scale=BATCH, unit="img")):
        optimiser.param_groups[0]["lr"] = RATE * min(1, seen / 2000 + 0.05) * (0.51 + 0.49 * math.cos(math.pi * seen / images))
        chosen = rng.integers(len(pictures), size=BATCH)
        loss, near = _loss(network, *_batch(pictures[chosen], maps[chosen], rng), *(torch.from_numpy(a[chosen]) for a in (codes, whole, present)))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        bar.set_postfix(cosine=f"{near:.3f}", refresh=False)
    return network.eval()


def _batch(pictures, maps, rng):
    if rng.random() < 0.5:
        pictures, maps = pictures[:, :, ::-1], maps[:, :, ::-1]
    return to_tensor(list(pictures)), torch.from_numpy(maps.astype(np.int64))


def _loss(network, images, maps, codes, whole, present):
    mine, all_mine, shown = network.codes(images, one_hot(maps))
    near = (mine * codes).mean(2)[present].mean()
    near_whole = (all_mine * whole).mean(1).mean()
    truth = F.interpolate(maps[:, None].float(), size=shown.shape[2:], mode="nearest")[:, 0].long()
    reading = F.cross_entropy(shown, truth, ignore_index=label_set.UNLABELLED)
    return 2 - near - near_whole + READING * reading, float(near.detach())
