"""Anchors: where in the world each pixel of a view looks, so that noise can stay with the place instead of the picture.

How places become random numbers is noise.py's; how a scene becomes anchors, the add-on's.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from . import fields
from .fields import Array, RequestError


@dataclass(frozen=True, eq=False)
class Anchors:
    """The places that a view's pixels show, at h x w pixels, row 0 at the top; any size of the view's aspect.

    point:     (h, w, 3) float32, the world position of the surface at the pixel's centre; of the sky, the unit direction.
    footprint: (h, w) float32 > 0, the world's size of a pixel of this array there; of the sky, in radians.
    sky:       (h, w) bool, whether no surface is there.

    Raises RequestError when any of that does not hold.
    """

    point: Annotated[np.ndarray, Array("float32", "h w 3")]
    footprint: Annotated[np.ndarray, Array("float32", "h w")]
    sky: Annotated[np.ndarray, Array("bool", "h w")]

    def __post_init__(self):
        fields.check(self)
        if not self.footprint.size or not self.footprint.min() > 0:
            raise RequestError("Anchors hold no place, or one whose footprint is not above 0.")

    def places(self, height: int, width: int, view_height: float, view_width: float) -> Places:
        """The places of height x width pixels of a picture that the view fills from the top left corner with view_height x view_width of
        them. Between the array's pixels, and beyond its edges, places go on along the surface."""
        rows, row_off, row_step = _spread(height, view_height, len(self.footprint))
        columns, column_off, column_step = _spread(width, view_width, self.footprint.shape[1])
        index = rows[:, None], columns[None, :]
        down, right = (slope[index] for slope in self._slopes)
        point = self.point[index] + row_off[:, None, None] * down + column_off[None, :, None] * right
        return Places(point, self.footprint[index] * np.float32(np.sqrt(row_step * column_step)), self.sky[index])

    @cached_property
    def _slopes(self) -> tuple[np.ndarray, np.ndarray]:
        """How `point` changes from row to row and from column to column, (h, w, 3) each: the lesser of the changes to both sides, which
        at an outline is the one along the pixel's own surface."""
        return _slope(self.point), _slope(self.point.transpose(1, 0, 2)).transpose(1, 0, 2)


@dataclass(frozen=True, eq=False)
class Places:
    """Where h x w pixels look. point, footprint, sky: as in Anchors."""

    point: np.ndarray
    footprint: np.ndarray
    sky: np.ndarray


def _spread(count: int, size: float, samples: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Of `count` pixels along a side that `samples` cover where `size` pixels do: each one's nearest sample, its distance from that
    (float32, in samples), and the samples a pixel spans."""
    step = samples / size
    centre = (np.arange(count) + 0.5) * step
    nearest = np.clip(np.floor(centre), 0, samples - 1).astype(np.intp)
    return nearest, (centre - nearest - 0.5).astype(np.float32), step


def _slope(points: np.ndarray) -> np.ndarray:
    """The change from row to row: of those to the row before and after, the lesser. (h, w, 3) -> (h, w, 3)."""
    if len(points) == 1:
        return np.zeros_like(points)
    step = np.diff(points, axis=0)
    before, after = np.concatenate((step[:1], step)), np.concatenate((step, step[-1:]))
    lesser = np.square(before).sum(-1, keepdims=True) < np.square(after).sum(-1, keepdims=True)
    return np.where(lesser, before, after)
