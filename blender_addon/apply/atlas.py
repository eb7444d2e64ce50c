"""How a terrain's texture is laid out: the view from above, and beside it a block of tile for each label that has steep faces. No Blender here.

A view from above stretches a steep face. Such a face shows a seamless tile of its label instead, seen from its own side. Tiles repeat, but a
part of a texture can't: so a block holds a tile and as much again of its repetition as the widest face needs, and every face is moved by
whole tiles until it lies within.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_TILE_SHARE = 8  # of the texture's longest side is one tile
_LARGEST_BLOCK = 3  # tiles; wider faces get coarser texels
_ROOM = 2  # pixels of a block beyond what its faces need, for filters


@dataclass(frozen=True)
class Atlas:
    """A texture, pixels: `top_width` x `top_height` for the view from above in its lower left corner; the blocks in a strip above it, or
    at its right where it is higher than wide; each `block` x `block` for one label of `steep`, `tile` pixels a tile."""

    width: int
    height: int
    top_width: int
    top_height: int
    tile: int
    block: int
    steep: tuple[int, ...]

    @property
    def _across(self) -> bool:
        return self.height > self.top_height

    def top(self, place: np.ndarray) -> np.ndarray:
        """Where places (..., 2) in the view from above, 0 to 1, lie in the texture, 0 to 1."""
        return place * (self.top_width / self.width, self.top_height / self.height)

    def in_block(self, label: int, place: np.ndarray) -> np.ndarray:
        """Where places (..., 2) in a label's block, in tiles from its lower left corner, lie in the texture."""
        start = self.steep.index(label) * self.block
        corner = (start, self.top_height) if self._across else (self.top_width, start)
        return (place * self.tile + corner) / (self.width, self.height)

    def quads(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The triangles that fill the texture, for `bake.texture`: which picture each shows (0 the view from above, 1 ... the tiles), its
        places there and its corners here."""
        square = np.array((((0, 0), (1, 0), (1, 1)), ((0, 0), (1, 1), (0, 1))), np.float32)
        filled = square * self.block / self.tile
        places = [square, *(filled for _ in self.steep)]
        corners = [self.top(square), *(self.in_block(label, filled) for label in self.steep)]
        chosen = np.repeat(np.arange(len(places), dtype=np.uint8), 2)
        return chosen, np.concatenate(places).astype(np.float32), np.concatenate(corners).astype(np.float32)


    def tile_width(self, extent: tuple[float, float], span: float) -> float:
        """The width of a tile in world units: its texels are as large as the view's from above, or as the widest face needs to fit."""
        return max(extent[0] / self.top_width * self.tile, self.tile * span / (self.block - self.tile - _ROOM))


def plan(size: int, extent: tuple[float, float], steep: list[int], span: float) -> Atlas:
    """The layout of a texture of at most `size` pixels a side (512 to 4096) for a terrain.

    extent: the terrain's width along x and y, world units. steep: labels with steep faces, the most of them first; those for which there is
    no room are left out. span: how far the widest of these faces reaches, across or up, world units.
    """
    wide = extent[0] >= extent[1]
    aspect = max(min(extent) / max(extent), 64 / size)
    tile = size // _TILE_SHARE
    block = min(_LARGEST_BLOCK * tile, _even(tile * 1.25 + span / max(extent) * size))
    longest = min(size, _even((size - block if steep else size) / aspect))  # the strip makes the shorter side longer
    shortest = max(64, _even(longest * aspect))
    steep = steep[: longest // block]
    total = shortest + (block if steep else 0)
    width, height = (longest, total) if wide else (total, longest)
    top_width, top_height = (longest, shortest) if wide else (shortest, longest)
    return Atlas(width, height, top_width, top_height, tile, block, tuple(steep))


def _even(length: float) -> int:
    """`length` in whole multiples of 8, so that a label map a few times smaller fits."""
    return int(round(length / 8)) * 8


def steep(normals: np.ndarray, limit: float) -> np.ndarray:
    """(F,) bool for unit normals (F, 3): whether a face is steeper than `limit`, radians from the horizontal."""
    return np.abs(normals[:, 2]) < math.cos(limit)


def side_view(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Where corners (..., 3) of steep faces lie seen from the side, (..., 2): along the axis that a face runs along, and up; world units.

    normals: (..., 3), each corner's face's; the picture is not mirrored.
    """
    along_y = np.abs(normals[..., 0]) > np.abs(normals[..., 1])
    across = np.where(along_y, points[..., 1] * np.sign(normals[..., 0]), -points[..., 0] * np.sign(normals[..., 1]))
    return np.stack((across, points[..., 2]), -1)
