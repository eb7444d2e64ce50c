"""A photograph's style, without torch and without the trainer's backbone. The network is models/stylist.py's, on ONNX Runtime."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from . import labels as label_set
from .engines import memory_errors
from .reading import open_part, planes, reading_size, shrink
from .styles import normalised
from .weights import Weights

SHORT, STRIDE = 128, 16  # the photograph's short side as it is read, and what both sides are multiples of, in pixels
SURE = 0.01  # share of the picture that a label must cover to be believed without a map


class Stylist:
    """Reads styles with the weights of one folder."""

    def __init__(self, weights: Weights | Path | str, threads: int = 0):
        """Raises WeightsError when the folder is damaged or holds no stylist, EngineError without ONNX Runtime."""
        self._session = open_part(weights, "stylist", threads)

    @memory_errors()
    def style(self, picture: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """The style (23, 64) float32 of a photograph (H, W, 3) uint8 sRGB.

        labels (H, W) uint8 tells what it shows; without, the network's own rough reading does. A label that the photograph lacks takes the
        whole picture's code.
        """
        height, width = reading_size(*picture.shape[:2], SHORT, STRIDE)
        small = shrink(picture[..., :3], height, width)
        areas = self._read(small) if labels is None else planes(labels, height, width)
        (style,) = self._session.run(["style"], {"picture": small, "labels": areas})
        return normalised(style[0])

    def _read(self, picture: np.ndarray) -> np.ndarray:
        """What the picture shows, as label planes; labels of a few scattered pixels are left out."""
        blank = np.zeros((1, label_set.COUNT, *picture.shape[2:]), np.float32)
        (shown,) = self._session.run(["shown"], {"picture": picture, "labels": blank})
        shown[:, 0] = -np.inf  # never unlabelled
        ids = shown[0].argmax(0).astype(np.uint8)
        areas = planes(ids, *picture.shape[2:])
        return areas * (areas.mean((2, 3), keepdims=True) >= SURE)
