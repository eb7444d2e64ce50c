"""What projected paintings show at points in the world, in numpy: the rules of `projection_nodes`, for baking. No Blender data is changed.

Colours are linear light here, as in the shader. Both blend by angle among the projectors that see a point, and compare its depth with the
four pixels around it.
"""
from __future__ import annotations

import numpy as np

from ..synth_core.light import TO_LINEAR
from . import projectors
from .projection_nodes import FRAME_SOFTNESS, GRAZING_SOFTNESS, SLOPE_PIXELS, pixel_size
from .projectors import Projector

_NEAREST = 1e-6


class Sampler:
    """All projectors of a scene, read once.

    palette: (23, 3) uint8 sRGB, each label's colour where no projector holds. grazing: radians.
    """

    def __init__(self, shown: list[Projector], palette: np.ndarray, grazing: float):
        self._eyes = [_Eye(projector, grazing) for projector in shown]
        self._palette = TO_LINEAR[palette]

    def colours(self, points: np.ndarray, normals: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """(N, 3) float32 linear colours of (N, 3) world points on surfaces with (N, 3) unit normals, either side, and (N,) label ids."""
        picture, total = np.zeros((len(points), 3), np.float32), np.zeros((len(points), 1), np.float32)
        missing = np.ones((len(points), 1), np.float32)
        for eye in self._eyes:
            colour, mask, rank = eye.look(points, normals)
            picture += colour * rank[:, None]
            total += rank[:, None]
            missing *= 1 - mask[:, None]
        return self._palette[labels] * missing + picture / np.maximum(total, 1e-9) * (1 - missing)


class _Eye:
    """One projector."""

    def __init__(self, projector: Projector, grazing: float):
        self._lens, self._pixel = projector.lens, pixel_size(projector)
        self._limit = max(np.sin(grazing), _NEAREST)
        self._picture = TO_LINEAR[np.rint(projectors.pixels(projector.painting)[..., :3] * 255).astype(np.uint8)]
        self._depth = projectors.depth_of(projector)

    def look(self, points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N, 3) colour, (N,) mask and (N,) rank, as a projector's node group gives them."""
        lens, count = self._lens, len(points)
        colour, mask, rank = np.zeros((count, 3), np.float32), np.zeros(count, np.float32), np.zeros(count, np.float32)
        x, y, z = _turned(lens.view, points)
        depth = -z - lens.view[2, 3]
        reach = np.ones(count) if lens.orthographic else np.maximum(depth, _NEAREST)
        u = ((x + lens.view[0, 3]) / reach - lens.left) / (lens.right - lens.left)
        v = ((y + lens.view[1, 3]) / reach - lens.bottom) / (lens.top - lens.bottom)
        framed = (1 - np.clip((np.maximum(np.abs(u - 0.5), np.abs(v - 0.5)) - 0.5) / FRAME_SOFTNESS, 0, 1)) * (depth > lens.near)
        wanted = np.flatnonzero(framed)  # often few, and what follows is what costs
        facing = self._facing(points[wanted], normals[wanted])
        steep = np.clip((facing - self._limit) / (self._limit * GRAZING_SOFTNESS), 0, 1)
        seen, colour[wanted] = self._gather(u[wanted], v[wanted], depth[wanted] - self._room(reach[wanted], facing))
        mask[wanted] = framed[wanted] * steep * seen
        rank[wanted] = mask[wanted] * facing**2
        return colour, mask, rank

    def _facing(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(N,) sine of the angle between surface and line of sight."""
        back = np.linalg.inv(self._lens.view)
        if self._lens.orthographic:
            return np.abs(normals @ back[:3, 2])
        sight = back[:3, 3] - points
        return np.abs((normals * sight).sum(-1)) / np.maximum(np.linalg.norm(sight, axis=-1), _NEAREST)

    def _room(self, reach: np.ndarray, facing: np.ndarray) -> np.ndarray:
        slope = np.sqrt(np.clip(1 - facing * facing, 0, 1)) / np.maximum(facing, 1e-3)
        return (slope * SLOPE_PIXELS + 1) * self._pixel * reach

    def _gather(self, u: np.ndarray, v: np.ndarray, least: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How much of the four pixels around each place lies deeper than `least`, and the picture's colour there."""
        height, width = self._depth.shape
        x, y = np.clip(u, -1, 2) * width - 0.5, (1 - np.clip(v, -1, 2)) * height - 0.5
        left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        across, along = (x - left).astype(np.float32), (y - top).astype(np.float32)
        seen, colour = np.zeros(len(u), np.float32), np.zeros((len(u), 3), np.float32)
        for column, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
            weight = (across if column else 1 - across) * (along if row else 1 - along)
            place = np.clip(top + row, 0, height - 1), np.clip(left + column, 0, width - 1)
            seen += weight * (least < self._depth[place])
            colour += weight[:, None] * self._picture[place]
        return seen, colour


def _turned(matrix: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
    """x, y and z of (N, 3) points turned by a (4, 4) matrix; much faster than a product of many rows by a small matrix."""
    return [points[:, 0] * row[0] + points[:, 1] * row[1] + points[:, 2] * row[2] for row in matrix[:3]]


def encoded(light: np.ndarray) -> np.ndarray:
    """uint8 sRGB of linear light, of any shape; exact, where `light.to_bytes` asks a table."""
    light = np.clip(light, 0, 1)
    return np.rint(np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255).astype(np.uint8)
