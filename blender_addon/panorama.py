"""Pictures all around: the flat caps that keep the poles of a painted panorama from pinching, and the Sun's light in it. No Blender here.

An equirectangular picture stretches one point over its whole first row and one over its last. A painter's grain, even over the picture,
would run together there to a star: so the caps are painted flat, as seen straight up and straight down, and blended in.
"""
from __future__ import annotations

import numpy as np

from .capture import sphere
from .synth_core.light import TO_LINEAR

REACH = 0.84  # how far a cap's flat picture goes, of a cube's face: down to 50 degrees of height
_BLEND = np.radians((52.0, 66.0))  # heights between which a cap takes over
CAP_SIZE = 0.27  # of the panorama's width: pixels of the same angle
_BRIGHTEST = 6e4  # of an OpenEXR file's half floats
_ROWS = 64  # worked on at once


def cap_labels(labels: np.ndarray, face: int, side: int) -> np.ndarray:
    """The labels (side, side) of the cap around a pole (`sphere.UP`, `sphere.DOWN`), read off the panorama's labels (W/2, W)."""
    height, width = labels.shape
    row, column = sphere.places(sphere.face_directions(face, side, REACH), width)
    return labels[np.clip(np.rint(row), 0, height - 1).astype(int), np.rint(column).astype(int) % width]


def blend_cap(panorama: np.ndarray, cap: np.ndarray, face: int) -> np.ndarray:
    """The panorama (W/2, W, 3) uint8 with the flat painting (S, S, 3) uint8 of a pole blended in, in its own colours."""
    height, width = panorama.shape[:2]
    blended = panorama.copy()
    rise = np.pi / 2 - (np.arange(height) + 0.5) * (np.pi / height)
    rise = rise if face == sphere.UP else -rise
    share = _smoothstep((rise - _BLEND[0]) / (_BLEND[1] - _BLEND[0]))
    rows = np.flatnonzero(share > 0)
    shift = _shift(panorama, cap, face, np.flatnonzero((share > 0) & (share < 1)))
    for start in range(rows[0], rows[-1] + 1, _ROWS):
        part = slice(start, min(rows[-1] + 1, start + _ROWS))
        flat = np.clip(_on_sphere(cap, face, width, part) + shift, 0, 255)
        weight = share[part, None, None].astype(np.float32)
        blended[part] = np.rint(panorama[part] * (1 - weight) + flat * weight).astype(np.uint8)
    return blended


def _shift(panorama: np.ndarray, cap: np.ndarray, face: int, ring: np.ndarray) -> np.ndarray:
    """(3,): by how much the panorama is brighter than the cap in the ring of rows where they meet."""
    rows = slice(ring[0], ring[-1] + 1)
    return (panorama[rows].astype(np.float32) - _on_sphere(cap, face, panorama.shape[1], rows)).mean((0, 1))


def _on_sphere(cap: np.ndarray, face: int, width: int, rows: slice) -> np.ndarray:
    """(h, width, 3) float32: the flat cap as seen in some rows of the panorama, bilinear."""
    side = len(cap)
    right, up = sphere.on_face(face, sphere.directions(width, rows))
    column, row = (np.clip((at / REACH + 1) / 2 * side - 0.5, 0, side - 1) for at in (right, -up))
    left, top = column.astype(int), row.astype(int)
    across, down = (column - left)[..., None], (row - top)[..., None]
    beside, below = np.minimum(left + 1, side - 1), np.minimum(top + 1, side - 1)
    upper = cap[top, left] * (1 - across) + cap[top, beside] * across
    lower = cap[below, left] * (1 - across) + cap[below, beside] * across
    return (upper * (1 - down) + lower * down).astype(np.float32)


def _smoothstep(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def to_linear(panorama: np.ndarray) -> np.ndarray:
    """The panorama (W/2, W, 3) uint8 sRGB as light, float32 linear."""
    return TO_LINEAR[panorama]


def light(panorama: np.ndarray, direction: np.ndarray, diameter: float, sun: np.ndarray) -> np.ndarray:
    """The panorama as light, (W/2, W, 3) float32 linear, with a Sun in it that throws as much on a surface facing it as the lamp does.

    panorama:  (W/2, W, 3) uint8 sRGB. direction: (3,) unit, to the Sun. diameter: of its disc, radians.
    sun:       (3,) linear RGB watts per square metre, as a Sun lamp's strength and colour; 0 for none.

    The disc is made as large as it must be to be a few pixels wide, and as its light must be spread to fit a half float.
    """
    lit = to_linear(panorama)
    if not np.any(sun > 0):
        return lit
    width = panorama.shape[1]
    cosine = sphere.directions(width) @ np.asarray(direction, np.float32)
    needed = 2 * np.arccos(np.clip(1 - np.max(sun) / _BRIGHTEST / (2 * np.pi), -1, 1))
    diameter = max(diameter, needed * 1.1, 3 * 2 * np.pi / width)
    disc = cosine >= np.cos(diameter / 2)
    covered = (disc * sphere.solid_angles(width)).sum()
    lit[disc] += np.asarray(sun, np.float32) / covered
    return np.minimum(lit, _BRIGHTEST)
