"""The shadow that kept objects cast: a map of them seen from the Sun, and how much of the Sun it leaves to any place. No Blender here.

The shadow map and its percentage-closer soft shadows: Williams 1978, "Casting Curved Shadows on Curved Surfaces"; Fernando 2005,
"Percentage-Closer Soft Shadows".
"""
from __future__ import annotations

import numpy as np

from .extract import Part, Sun
from .project import Lens

SIDE = 1024  # of the map, pixels
_TAPS = 16  # looks into the map a place
_AT_ONCE = 1 << 17  # places worked on together
_BIAS = 2.0  # map pixels by which a place must lie behind what shades it: a map's pixel has one depth for all of it
_SOFTEST = 64.0  # map pixels, the widest edge


def sun_lens(parts: list[Part], sun: Sun) -> Lens:
    """The view from the sun that takes in all of `parts`, with a margin. Parts are not empty."""
    corners = np.concatenate([_box(part) for part in parts])
    view = np.eye(4)
    view[:3, :3] = _facing(sun.direction)
    low, high = (corners @ view[:3, :3].T).min(0), (corners @ view[:3, :3].T).max(0)
    margin = 0.02 * float(np.linalg.norm(high - low)) + 1e-3
    middle, half = (low + high) / 2, max(high[0] - low[0], high[1] - low[1]) / 2 + margin
    view[:3, 3] = -middle[0], -middle[1], -high[2] - 2 * margin
    return Lens(view=view, left=-half, right=half, bottom=-half, top=half, near=margin, far=float(high[2] - low[2]) + 3 * margin,
                orthographic=True)


def cast(caster: np.ndarray, lens: Lens, sun: Sun, position: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """How much of the sun is taken from each place: (H, W) float32, 0 to 1, softer the farther what shades it is.

    caster:   (SIDE, SIDE) float32, depth through `lens`, a `sun_lens`, infinite where nothing is.
    position: (H, W, 3) float32, world space. covered: (H, W) bool, where a place is.
    """
    shade = np.zeros(covered.shape, np.float32)
    rows, columns = np.nonzero(covered)
    for start in range(0, len(rows), _AT_ONCE):
        where = rows[start:start + _AT_ONCE], columns[start:start + _AT_ONCE]
        shade[where] = _shaded(caster, lens, sun, position[where])
    return shade


def _shaded(caster: np.ndarray, lens: Lens, sun: Sun, places: np.ndarray) -> np.ndarray:
    """(P,) float32 for (P, 3) places."""
    shade = np.zeros(len(places), np.float32)
    pixel = (lens.right - lens.left) / SIDE
    seen = places @ lens.view[:3, :3].T + lens.view[:3, 3]
    column, row, depth = (seen[:, 0] - lens.left) / pixel, (lens.top - seen[:, 1]) / pixel, -seen[:, 2]
    near = np.flatnonzero((column > 0) & (column < SIDE) & (row > 0) & (row < SIDE) & (depth > lens.near))
    column, row, depth = column[near], row[near], depth[near]
    spread = np.tan(sun.diameter / 2) / pixel  # map pixels of half shadow for every unit of distance
    finite = caster[np.isfinite(caster)]
    nearest = finite.min() if len(finite) else np.inf
    wide = np.clip((depth - nearest) * spread, 1, _SOFTEST)
    blocked, distance = _look(caster, column, row, depth - _BIAS * pixel, wide)
    shadowed = np.flatnonzero(blocked > 0)
    narrow = np.clip((depth - distance)[shadowed] * spread, 1, _SOFTEST)
    shade[near[shadowed]] = _look(caster, column[shadowed], row[shadowed], (depth - _BIAS * pixel)[shadowed], narrow)[0]
    return shade


def _look(caster: np.ndarray, column: np.ndarray, row: np.ndarray, depth: np.ndarray, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the taps within `radius` map pixels that are blocked before `depth`, and the mean depth of what blocks them."""
    blocked, total = np.zeros(len(depth), np.float32), np.zeros(len(depth))
    for tap in range(_TAPS):  # Vogel's spiral spreads them evenly over a disc
        angle, reach = tap * 2.39996323, np.sqrt((tap + 0.5) / _TAPS)
        x, y = (column + np.cos(angle) * reach * radius).astype(int), (row + np.sin(angle) * reach * radius).astype(int)
        there = caster[np.clip(y, 0, SIDE - 1), np.clip(x, 0, SIDE - 1)]
        before = there < depth
        blocked += before
        total += np.where(before, there, 0)
    return blocked / _TAPS, total / np.maximum(blocked, 1)


def _box(part: Part) -> np.ndarray:
    """(8N, 3) corners, in world space, of the boxes around a part in all its places."""
    low, high = part.vertices.min(0), part.vertices.max(0)
    box = np.array([(x, y, z, 1) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return (part.matrices @ box.T).transpose(0, 2, 1)[..., :3].reshape(-1, 3)


def _facing(direction: np.ndarray) -> np.ndarray:
    """(3, 3) rotation from world space to that of a camera that stands in `direction` and looks back."""
    aside = np.cross((0.0, 1.0, 0.0) if abs(direction[2]) > 0.9 else (0.0, 0.0, 1.0), direction)
    aside /= np.linalg.norm(aside)
    return np.stack((aside, np.cross(direction, aside), direction))
