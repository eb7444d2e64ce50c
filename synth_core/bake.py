"""From pictures to a texture: every texel of a mesh's UV map takes the colour that its place has in a picture. No painting and no meshes here.

A mesh comes as triangles with their corners in the texture (`corners`) and in the pictures (`places`); both are affine over a triangle, so
that is all a texture needs. Texels outside every triangle are filled from those within, at every scale (push-pull: Gortler et al. 1996,
The Lumigraph), so that neither a filter at an island's edge nor a mipmap shows the background.
"""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

NONE = -1  # a texel that no triangle covers
_BAND = 256  # rows of the texture worked on together
_AT_ONCE = 1 << 21  # samples tried together
_EDGE = 1e-5  # how far outside its edge a triangle still counts, as a share of its size: no crack between neighbours


def texture(pictures: list[np.ndarray], chosen: np.ndarray, places: np.ndarray, corners: np.ndarray, width: int, height: int) -> np.ndarray:
    """The texture (height, width, 3) uint8.

    pictures: (H, W, 3) uint8 each. chosen: (T,) which of them each triangle shows.
    places:   (T, 3, 2) where a triangle's corners lie in its picture: (0, 0) its lower left, (1, 1) its upper right corner; beyond, the
              picture is repeated.
    corners:  (T, 3, 2) the same in the texture, where nothing is repeated.
    """
    made, covered = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), bool)
    for top, triangle, weights in _bands(corners, width, height):
        rows = slice(top, top + len(triangle))
        hit = triangle != NONE
        covered[rows] = hit
        found = triangle[hit]
        first, second = weights[0][hit][:, None], weights[1][hit][:, None]
        place = first * places[found, 0] + second * places[found, 1] + (1 - first - second) * places[found, 2]
        colours = np.zeros((len(found), 3), np.uint8)
        for index, picture in enumerate(pictures):
            of_it = chosen[found] == index
            if of_it.any():
                colours[of_it] = sampled(picture, place[of_it])
        made[rows][hit] = colours
    return filled(made, covered)


def overlap(corners: np.ndarray, side: int = 512) -> tuple[float, float]:
    """How much of a side x side texture the triangles (T, 3, 2) cover, 0 to 1, and which share of that more than one of them covers.

    Triangles that only touch at an edge do not count as covering it twice.
    """
    count = np.zeros((side, side), np.int32)
    for _, row, column, _, _, inside in _samples(corners, 0, side, side, side, -1e-3):
        np.add.at(count, (np.broadcast_to(row, inside.shape)[inside], np.broadcast_to(column, inside.shape)[inside]), 1)
    covered = np.count_nonzero(count)
    return covered / side**2, np.count_nonzero(count > 1) / max(1, covered)


def sampled(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Colours (P, 3) uint8 of a repeated picture (H, W, 3) at places (P, 2), interpolated between its four nearest pixels."""
    height, width = picture.shape[:2]
    x, y = place[:, 0] * width - 0.5, (1 - place[:, 1]) * height - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    across, down = (x - column)[:, None].astype(np.float32), (y - row)[:, None].astype(np.float32)
    left, right, upper, lower = column % width, (column + 1) % width, row % height, (row + 1) % height
    above = picture[upper, left] * (1 - across) + picture[upper, right] * across
    below = picture[lower, left] * (1 - across) + picture[lower, right] * across
    return np.rint(above * (1 - down) + below * down).astype(np.uint8)


def filled(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) uint8 with the pixels that are not known (H, W) filled from those that are; all black when none is."""
    if known.all() or not known.any():
        return picture
    pulled = _pull(picture.astype(np.float32), known.astype(np.float32))
    return np.where(known[..., None], picture, np.rint(pulled).astype(np.uint8))


def _pull(colour: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 colours, those of weight 0 taken from the level of half the size."""
    if (weight > 0).all():
        return colour
    height, width = weight.shape
    even = (height % 2, width % 2)
    heavy = np.pad(colour * weight[..., None], ((0, even[0]), (0, even[1]), (0, 0)))
    weights = np.pad(weight, ((0, even[0]), (0, even[1])))
    total = weights[::2, ::2] + weights[1::2, ::2] + weights[::2, 1::2] + weights[1::2, 1::2]
    half = (heavy[::2, ::2] + heavy[1::2, ::2] + heavy[::2, 1::2] + heavy[1::2, 1::2]) / np.maximum(total, 1e-6)[..., None]
    coarse = _pull(half, np.minimum(total, 1))
    larger = np.repeat(np.repeat(coarse, 2, 0), 2, 1)[:height, :width]
    return np.where(weight[..., None] > 0, colour, larger)


def _bands(corners: np.ndarray, width: int, height: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Bands of the texture's rows: the first row, for every texel the triangle (h, W) int32 or NONE, and the weights (2, h, W) of its first
    and second corner.

    Where triangles overlap, any of them shows.
    """
    for top in range(0, height, _BAND):
        rows = min(_BAND, height - top)
        triangle, weights = np.full((rows, width), NONE, np.int32), np.zeros((2, rows, width), np.float32)
        for indices, row, column, first, second, inside in _samples(corners, top, rows, width, height, _EDGE):
            at = np.broadcast_to(row, inside.shape)[inside] - top, np.broadcast_to(column, inside.shape)[inside]
            triangle[at] = np.broadcast_to(indices[:, None, None], inside.shape)[inside]
            weights[0][at], weights[1][at] = first[inside], second[inside]
        yield top, triangle, weights


def _samples(corners: np.ndarray, top: int, rows: int, width: int, height: int, edge: float) -> Iterator[tuple]:
    """The texels near each triangle, in groups of triangles of alike size: their indices (G,), texels' rows (G, h, 1) and columns (G, 1, w),
    the weights of their first and second corners (G, h, w) float32, and which of the texels' centres lie inside, given room of `edge`
    beyond the triangle's edges."""
    x, y = corners[..., 0].astype(np.float64) * width - 0.5, (1 - corners[..., 1].astype(np.float64)) * height - 0.5  # texel centres whole
    low_x, low_y = np.maximum(np.ceil(x.min(1) - 0.01), 0), np.maximum(np.ceil(y.min(1) - 0.01), top)
    wide = np.minimum(np.floor(x.max(1) + 0.01), width - 1) - low_x + 1
    high = np.minimum(np.floor(y.max(1) + 0.01), top + rows - 1) - low_y + 1
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    seen = np.flatnonzero((wide > 0) & (high > 0) & (np.abs(area) > 1e-12))
    kinds = np.ceil(np.log2(wide[seen])).astype(int) * 64 + np.ceil(np.log2(high[seen])).astype(int)
    for kind in np.unique(kinds):
        across, down = np.arange(1 << (kind // 64), dtype=np.float32), np.arange(1 << (kind % 64), dtype=np.float32)[:, None]
        members = seen[kinds == kind]
        step = max(1, _AT_ONCE // (across.size * down.size))
        for start in range(0, len(members), step):
            of = members[start : start + step]
            local = x[of] - low_x[of, None], y[of] - low_y[of, None]  # small numbers, for single precision
            first, second = (_share(*local, area[of], corner, across, down) for corner in (0, 1))
            inside = (first >= -edge) & (second >= -edge) & (first + second <= 1 + edge)
            inside &= (across < wide[of, None, None]) & (down < high[of, None, None])
            yield of, (low_y[of, None, None] + down).astype(np.int64), (low_x[of, None, None] + across).astype(np.int64), first, second, inside


def _share(x: np.ndarray, y: np.ndarray, area: np.ndarray, corner: int, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The weight (G, h, w) float32 of one corner of triangles (G, 3) at texels: the barycentric coordinate, linear in both directions."""
    one, other = (corner + 1) % 3, (corner + 2) % 3
    start = (x[:, one] * y[:, other] - x[:, other] * y[:, one]) / area
    by_column, by_row = (y[:, one] - y[:, other]) / area, (x[:, other] - x[:, one]) / area
    start, by_column, by_row = (value.astype(np.float32)[:, None, None] for value in (start, by_column, by_row))
    return (start + by_row * down) + by_column * across
