"""Pixels of a label map that have no label take the nearest one. What else may fill them is for who knows the view."""
from __future__ import annotations

import numpy as np

from . import labels as label_set


def nearest_labels(labels: np.ndarray) -> np.ndarray:
    """For each pixel of an (H, W) uint8 map the label nearest to it (city-block distance; of equals, the lowest id). Some pixel has one."""
    height, width = labels.shape
    far = (height + width) * 256
    # Distance and label in one number, so that a running minimum carries the label along: one step adds 256.
    keys = np.where(labels == label_set.UNLABELLED, np.int64(far), labels)
    for axis, count in ((1, width), (0, height)):
        steps = np.arange(count, dtype=np.int64) * 256
        steps = steps if axis == 1 else steps[:, None]
        forward = np.minimum.accumulate(keys - steps, axis=axis) + steps
        backward = np.flip(np.minimum.accumulate(np.flip(keys + steps, axis), axis=axis), axis) - steps
        keys = np.minimum(forward, backward)
    return (keys % 256).astype(np.uint8)
