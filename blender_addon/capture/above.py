"""Some of the scene from straight above: an orthographic view that takes in just those objects, and the label map that they show there.

Only the objects asked for are seen, not what stands on them: a tree's crown or a roof would lie painted flat on the ground.
"""
from __future__ import annotations

import numpy as np

from ..synth_core import labels as label_set
from ..synth_core.holes import nearest_labels
from . import look_at
from .extract import Part
from .project import Lens

_HEADROOM = 1.0  # scene units between the highest point and the eye
_CAPTURED = 1024  # longest side of the drawing; the borders between labels are then enlarged smoothly: drawing 4096 pixels takes far longer


def lens(low: np.ndarray, high: np.ndarray, top: float) -> Lens:
    """The view straight down on a box with these corners (3,), world space: x to the right, y up; all that reaches up to `top` lies below it."""
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-3)
    view = np.eye(4)
    view[:3, 3] = -middle[0], -middle[1], -(top + _HEADROOM)
    far = float(top - low[2]) + 2 * _HEADROOM
    return Lens(view, -half[0], half[0], -half[1], half[1], near=0.0, far=far, orthographic=True)


def label_map(parts: list[Part], lens: Lens, width: int, height: int) -> tuple[np.ndarray, float]:
    """The labels (height, width) uint8 of `parts` through a `lens` of this module, holes filled with the nearest label, and the share 0..1 of the surface
    in view that had none. Sides beyond 1024 pixels are multiples of the smallest power of two that brings them below."""
    factor = 1
    while max(width, height) > _CAPTURED * factor:
        factor *= 2
    seen = look_at(parts, lens, width // factor, height // factor)
    missing = seen.covered & (seen.labels == label_set.UNLABELLED)
    share = np.count_nonzero(missing) / max(1, np.count_nonzero(seen.covered))
    return enlarged(nearest_labels(seen.labels), factor), float(share)


def enlarged(labels: np.ndarray, factor: int) -> np.ndarray:
    """A label map (H, W) uint8, `factor` times as large: every pixel takes the label that bilinear interpolation gives the largest part."""
    large = np.repeat(np.repeat(labels, factor, 0), factor, 1)
    if factor == 1:
        return large
    padded = np.pad(labels, 1, mode="edge")
    around = np.stack([padded[row : row + labels.shape[0], column : column + labels.shape[1]] for row in range(3) for column in range(3)])
    rows, columns = np.nonzero((around != labels).any(0))  # elsewhere nothing but the pixel's own label is near
    around = around[:, rows, columns].reshape(3, 3, -1)
    for down in range(factor):
        for across in range(factor):
            large[rows * factor + down, columns * factor + across] = _largest(around, (down + 0.5) / factor, (across + 0.5) / factor)
    return large


def _largest(around: np.ndarray, down: float, across: float) -> np.ndarray:
    """(P,) labels of points that lie `down` and `across` (0..1) in the middle pixel of neighbourhoods (3, 3, P)."""
    row, column = (0 if share < 0.5 else 1 for share in (down, across))
    low, right = down + 0.5 - row, across + 0.5 - column
    near = [(around[row + j, column + i], (low if j else 1 - low) * (right if i else 1 - right)) for j in (0, 1) for i in (0, 1)]
    parts = np.stack([sum(weight * (other == label) for other, weight in near) for label, _ in near])
    return np.choose(parts.argmax(0), [label for label, _ in near])
