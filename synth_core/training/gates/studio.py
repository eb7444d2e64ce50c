"""What the gates share: the painter, its discriminator and encoder, and photographs, each opened when it is first asked for. Nothing is
measured here."""
from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from tqdm import tqdm

from ...painter import Painter
from ...request import Request
from ...styles import Styles
from .. import checkpoint, critic, teacher
from ..data import Photographs, to_tensor
from ..split import fill

SIDE, SMALL = 256, 128  # pixels of the squares that are painted, and of those whose features are compared
COUNT = 64  # `val` photographs that most gates look at, spread evenly over the split


class Studio:
    """One folder of weights and one of photographs."""

    def __init__(self, data: Path, weights: Path, evaluate: Path | None = None):
        """evaluate: the judge's program, where there is one. Raises WeightsError for missing or damaged weights."""
        self.data, self.weights, self.evaluate = data, weights, evaluate
        self.painter, self.styles = Painter(weights), Styles(weights)

    @cached_property
    def val(self) -> Photographs:
        return Photographs(self.data, "val", SIDE, COUNT)

    @cached_property
    def train(self) -> Photographs:
        return Photographs(self.data, "train", SMALL)

    @cached_property
    def cuts(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The `val` photographs' middle squares with their maps, `SIDE` pixels wide."""
        return [self.val.centre(index) for index in range(len(self.val))]

    @cached_property
    def codes(self) -> np.ndarray:
        """(N, 23, 64): the `val` photographs' styles by the encoder."""
        return teacher.encode(self.val, self.weights)[0]

    @cached_property
    def drawn(self) -> list[np.ndarray]:
        """Paintings of the `val` maps in styles drawn by their seeds, which are their numbers."""
        return [self.paint(ids, index) for index, (_, ids) in enumerate(self.cuts)]

    @cached_property
    def backbone(self):
        return teacher.open_backbone(checkpoint.read(self.weights, "composition")["extras"])

    def paint(self, ids: np.ndarray, seed: int, style: np.ndarray | None = None) -> np.ndarray:
        """The painting (H, W, 3) of a map (H, W), whose holes are filled."""
        return self.painter.paint(Request(fill(ids), seed, style)).picture

    def readings(self, pictures: list[np.ndarray], maps: list[np.ndarray]) -> np.ndarray:
        """(N, S/4, S/4) labels that the discriminator reads in pictures of one size, *fake* left out."""
        logits = critic.answers(np.stack(pictures), np.stack(maps), self.weights)[0]
        return logits[:, 1:-1].argmax(1) + 1

    def native(self, size: int, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Middle squares of `size` pixels, with their maps, of at most `most` `val` photographs that are no smaller, spread evenly."""
        photographs = Photographs(self.data, "val", size)
        large = [index for index, (image, _) in enumerate(photographs.pairs) if min(image.size) >= size]
        return [photographs.centre(index) for index in large[:: max(1, len(large) // most)][:most]]


@torch.inference_mode()
def features(pictures: list[np.ndarray], backbone: torch.nn.Module, strides: tuple[int, ...] = (8, 16), cells: int = 0) -> np.ndarray:
    """(N, C) features of pictures (H, W, 3) at `SMALL` pixels, at some of the strides 2, 4, 8, 16, 32: each place's are scaled to the
    length 1, then the whole by 1 / sqrt(places). cells: average over so many cells a side first, 0 not at all.

    The painter was taught by this very backbone: what it says of paintings tells one state of the painter from another, and proves nothing.
    """
    found = []
    for start in tqdm(range(0, len(pictures), 32), unit_scale=32, unit="img", leave=False):
        levels = backbone(to_tensor([shrunk(picture, SMALL) for picture in pictures[start : start + 32]]))
        rows = []
        for stride in strides:
            level = levels[stride.bit_length() - 2]
            level = F.normalize(F.adaptive_avg_pool2d(level, cells) if cells else level, dim=1)
            rows.append(level.flatten(1) / (level.shape[2] * level.shape[3]) ** 0.5)
        found.append(torch.cat(rows, 1).numpy())
    return np.concatenate(found)


def shrunk(picture: np.ndarray, size: int) -> np.ndarray:
    """A square picture at another size."""
    return picture if len(picture) == size else np.asarray(Image.fromarray(picture).resize((size, size), Image.LANCZOS))
