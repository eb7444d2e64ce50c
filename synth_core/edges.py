"""Labels that were read off a small picture, laid over the large one so that their borders follow the edges that it shows. numpy alone.

The guided filter (He, Sun, Tang 2013), with the picture in its three colours as guide: around every pixel, how far a label is believed is the
nearest linear function of the colour. As in its fast form (He, Sun 2015, 1505.00996) the functions are found on a reduced picture, and meet the
picture at its full size, in bands of rows, so that a large photograph needs little memory.
"""
from __future__ import annotations

import numpy as np

from .reading import between, means, places, stretch

WORKING = 512  # pixels on the short side of the picture that the functions are found on, at the most
REACH = 1 / 64  # of the short side: half the width of the squares that they are fitted in
SMOOTH = 3e-4  # variance of colour (white is 1) below which a square counts as flat
SLIGHT = 0.02  # a label that is nowhere believed more is left out
_BAND = 1 << 20  # pixels met at a time


def snap(picture: np.ndarray, beliefs: np.ndarray) -> np.ndarray:
    """The most believed of L labels at each pixel of a picture (H, W, 3) uint8: indices (H, W) uint8.

    beliefs (L, h, w) float32: probabilities over the same picture, in cells of any size.
    """
    rows, columns = picture.shape[:2]
    share = min(1.0, WORKING / min(rows, columns))
    height, width = (max(1, round(side * share)) for side in (rows, columns))
    guide = means(means(picture.astype(np.float32), height, 0), width, 1) / 255
    chosen = np.flatnonzero(beliefs.max((1, 2)) > SLIGHT)
    reach = max(1, round(min(height, width) * REACH))
    fitted = np.stack([*_fit(guide, [stretch(beliefs[index], height, width) for index in chosen], reach)])  # (L, 4, height, width)
    ids = np.empty((rows, columns), np.uint8)
    step = max(1, _BAND // columns)
    for top in range(0, rows, step):
        ids[top : top + step] = chosen[_meet(picture[top : top + step], fitted, rows, top)]
    return ids


def lay(picture: np.ndarray, beliefs: np.ndarray) -> np.ndarray:
    """The same without regard to the picture's edges: what `snap` is compared with."""
    return np.stack([stretch(belief, *picture.shape[:2]) for belief in beliefs]).argmax(0).astype(np.uint8)


def _fit(guide: np.ndarray, beliefs: list[np.ndarray], reach: int):
    """For each belief (h, w) the mean linear function of the colour around each pixel: (4, h, w), the weights of red, green, blue and 1."""
    count = _box(np.ones(guide.shape[:2], np.float32), reach)
    colour = [_box(guide[..., k], reach) / count for k in range(3)]
    spread = np.empty((*guide.shape[:2], 3, 3), np.float32)
    for i in range(3):
        for j in range(i, 3):
            spread[..., i, j] = spread[..., j, i] = _box(guide[..., i] * guide[..., j], reach) / count - colour[i] * colour[j]
    inverse = np.linalg.inv(spread + SMOOTH * np.eye(3, dtype=np.float32))
    for belief in beliefs:
        mean = _box(belief, reach) / count
        together = np.stack([_box(guide[..., k] * belief, reach) / count - colour[k] * mean for k in range(3)], -1)
        slope = np.einsum("hwij,hwj->ihw", inverse, together)
        offset = mean - sum(slope[k] * colour[k] for k in range(3))
        yield np.stack([_box(plane, reach) / count for plane in (*slope, offset)])


def _box(plane: np.ndarray, reach: int) -> np.ndarray:
    """The sum of (h, w) over the square of 2 reach + 1 pixels around each pixel, as far as it lies inside."""
    for axis in (0, 1):
        size = plane.shape[axis]
        sums = np.cumsum(plane, axis, np.float64)
        sums = np.concatenate((np.zeros_like(sums.take([0], axis)), sums), axis)
        ends = np.minimum(np.arange(size) + reach + 1, size)
        starts = np.maximum(np.arange(size) - reach, 0)
        plane = (sums.take(ends, axis) - sums.take(starts, axis)).astype(np.float32)
    return plane


def _meet(band: np.ndarray, fitted: np.ndarray, rows: int, top: int) -> np.ndarray:
    """Which of the fitted beliefs is the highest at each pixel of the picture's band from row `top` on: places (h, W)."""
    colours = np.moveaxis(band, 2, 0).astype(np.float32) / 255
    before, share = places(fitted.shape[2], rows, top, top + len(band))
    across = places(fitted.shape[3], band.shape[1])
    best, highest = np.zeros(band.shape[:2], np.intp), np.full(band.shape[:2], -np.inf, np.float32)
    for place, function in enumerate(fitted):
        *slope, belief = between(between(function, before, share, -2), *across, -1)
        for weight, colour in zip(slope, colours):
            belief = belief + weight * colour
        better = belief > highest
        best[better], highest[better] = place, belief[better]
    return best
