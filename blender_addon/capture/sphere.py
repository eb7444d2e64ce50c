"""Directions on a sphere as pixels: Blender's equirectangular projection, the faces of a cube, and the caps at the poles. No Blender here.

An equirectangular picture of W x W/2 pixels looks up in row 0 and along -x in column 0; its columns run over +y, +x and -y back to -x
(Cycles: u = 1/2 - atan2(y, x) / 2 pi, v = 1/2 + asin(z) / pi).
"""
from __future__ import annotations

import numpy as np

from .project import Lens

# Views along +x, -x, +y, -y, +z, -z: the rows of each are right, up and back in world space.
_FACES = np.array((
    ((0, -1, 0), (0, 0, 1), (-1, 0, 0)), ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    ((1, 0, 0), (0, 0, 1), (0, -1, 0)), ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
    ((1, 0, 0), (0, -1, 0), (0, 0, -1)), ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
), np.float64)
FACES = len(_FACES)
UP, DOWN = 4, 5  # among the faces


def face_lens(face: int, origin: np.ndarray, near: float, far: float) -> Lens:
    """The lens of a cube's face seen from a (3,) place in world space."""
    view = np.eye(4)
    view[:3, :3] = _FACES[face]
    view[:3, 3] = -_FACES[face] @ origin
    return Lens(view=view, left=-1.0, right=1.0, bottom=-1.0, top=1.0, near=near, far=far, orthographic=False)


def directions(width: int, rows: slice = slice(None)) -> np.ndarray:
    """(h, width, 3) float32: the unit directions of the pixels of an equirectangular picture, or of some of its rows."""
    row = np.arange(width // 2)[rows]
    turn = np.pi - (np.arange(width) + 0.5) * (2 * np.pi / width)
    rise = (np.pi / 2 - (row + 0.5) * (2 * np.pi / width))[:, None]
    parts = np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.broadcast_to(np.sin(rise), (len(row), width))
    return np.stack(parts, -1).astype(np.float32)


def solid_angles(width: int) -> np.ndarray:
    """(width / 2, 1) float32: what part of the sphere, in steradians, a pixel of each row covers."""
    edges = np.sin(np.pi / 2 - np.arange(width // 2 + 1) * (2 * np.pi / width))
    return ((edges[:-1] - edges[1:]) * (2 * np.pi / width)).astype(np.float32)[:, None]


def places(direction: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, as fractions of pixels (centres at whole numbers), of (..., 3) unit directions in an equirectangular picture."""
    column = (0.5 - np.arctan2(direction[..., 1], direction[..., 0]) / (2 * np.pi)) * width - 0.5
    return (0.5 - np.arcsin(np.clip(direction[..., 2], -1, 1)) / np.pi) * (width // 2) - 0.5, column


def on_face(face: int, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right and up, -1 to 1 on the face, of (..., 3) directions that pass through a cube's face."""
    right, up, back = np.moveaxis(direction @ _FACES[face].T, -1, 0)
    return right / -back, up / -back


def face_directions(face: int, side: int, reach: float) -> np.ndarray:
    """(side, side, 3) unit directions of the pixels of a flat picture around a face's middle; it goes `reach` of the face to each side."""
    across = ((np.arange(side) + 0.5) * 2 / side - 1) * reach
    right, up = np.meshgrid(across, -across)
    rays = np.stack((right, up, -np.ones_like(right)), -1)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True) @ _FACES[face]


def unfold(faces: np.ndarray, width: int) -> np.ndarray:
    """The equirectangular picture (width / 2, width) of six square faces (6, S, S), each pixel the nearest one of its face."""
    side = faces.shape[1]
    picture = np.empty((width // 2, width), faces.dtype)
    for row in range(width // 2):
        direction = directions(width, slice(row, row + 1))[0]
        axis = np.abs(direction).argmax(-1)
        chosen = 2 * axis + (direction[np.arange(width), axis] < 0)
        for face in np.unique(chosen):
            here = np.flatnonzero(chosen == face)
            right, up = on_face(face, direction[here])
            column, line = ((np.clip((at + 1) / 2 * side, 0, side - 1)).astype(int) for at in (right, -up))
            picture[row, here] = faces[face][line, column]
    return picture
