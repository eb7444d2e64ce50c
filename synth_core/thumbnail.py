"""The small map that thumbnails are painted on: of looks, and of weights folders. Where thumbnails are kept is not known here."""
from __future__ import annotations

import numpy as np

from . import labels
from .request import Request

SIZE = 192  # pixels
SEED = 5


def scenery() -> np.ndarray:
    """(SIZE, SIZE) uint8: sky, mountains, trees, a lake, grass."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE), np.linspace(0, 1, SIZE))
    ids = {label.name: label.id for label in labels.LABELS}
    scene = np.full((SIZE, SIZE), ids["sky"], np.uint8)
    scene[y > 0.42 - 0.16 * np.abs(np.sin(4.2 * x + 0.6)) - 0.03 * np.sin(23 * x)] = ids["mountain"]
    scene[y > 0.50 - 0.03 * np.sin(31 * x) * np.sin(7 * x)] = ids["tree"]
    scene[y > 0.56] = ids["lake"]
    scene[y > 0.86 - 0.22 * x - 0.02 * np.sin(9 * x)] = ids["grass"]
    return scene


def request(style: np.ndarray | None = None) -> Request:
    """What a thumbnail in a style (23, 64) is painted by; in one that is drawn where none is given."""
    return Request(scenery(), SEED, style)
