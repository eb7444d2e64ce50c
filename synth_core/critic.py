"""The critic: how far a picture looks like a photograph of its label map, and where it does not. The network is models/critic.py's, on
ONNX Runtime."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import labels as label_set
from .engines import memory_errors
from .reading import open_part, planes, reading_size, shrink
from .weights import Weights

SHORT, STRIDE = 256, 16  # the picture's short side as it is read, and what both sides are multiples of, in pixels
REALNESS = 0.5  # weight of the realness beside the label's logarithmic probability


@dataclass(frozen=True, eq=False)
class Judgement:
    """score: mean belief over the picture, higher is better, comparable between pictures of one map. heat: (h, w) float32 in 0 to 1 at a
    quarter of the size that was read, high where the critic disbelieves."""

    score: float
    heat: np.ndarray


class Critic:
    """Judges pictures with the weights of one folder."""

    def __init__(self, weights: Weights | Path | str, threads: int = 0):
        """Raises WeightsError when the folder is damaged or holds no critic, EngineError without ONNX Runtime."""
        self._session = open_part(weights, "critic", threads)

    @memory_errors()
    def judge(self, picture: np.ndarray, labels: np.ndarray) -> Judgement:
        """picture (H, W, 3) uint8 sRGB as a painting of labels (H, W) uint8."""
        height, width = reading_size(*labels.shape, SHORT, STRIDE)
        areas = planes(labels, height, width)
        inputs = {"picture": shrink(picture[..., :3], height, width), "labels": areas}
        logits, realness = (answer[0] for answer in self._session.run(["logits", "realness"], inputs))
        return judgement(logits, realness[0], areas[0, :, 2::4, 2::4].argmax(0))


def judgement(logits: np.ndarray, realness: np.ndarray, ids: np.ndarray) -> Judgement:
    """From logits (24, h, w), realness (h, w) and the map (h, w): each pixel's belief is the logarithm of the probability that it shows its
    label and is no fake, and the realness beside it."""
    top = logits.max(0)
    total = top + np.log(np.exp(logits - top).sum(0))
    right = np.take_along_axis(logits, ids[None], 0)[0] - total
    score = float((right + REALNESS * realness)[ids > 0].mean()) if (ids > 0).any() else float(realness.mean())
    disbelief = 0.5 * np.exp(logits[label_set.FAKE] - total) + 0.5 / (1 + np.exp(np.clip(realness, -30, 30)))
    return Judgement(score, disbelief.astype(np.float32))
