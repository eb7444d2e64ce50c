"""Any size on networks of fixed strides: the plan of a painting, its label areas at every scale, its height channel and its tiles.

All of it depends on sizes alone, never on what the label map shows. Full-size maps stay bytes; only the window that a network is about to
read is turned into 23 float planes, which keeps large paintings small in memory. No network runs here.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from . import labels as label_set
from .fields import RequestError

# Pixels on the short side between which, and half an octave beyond, composition paints the whole view by itself: it has learned at the least, and
# what it paints of the most shows finer things than detail can add to a smaller picture.
LEAST, MOST = 256, 448
STRIDE = 64  # heights and widths that Veduta's own composition takes are multiples of it
REACH = 576  # its pixels to either side beyond which nothing touches a pixel: its receptive field (559) in whole strides
STRIP = 1024  # longest side composition paints at once, in pixels, besides REACH on either side

DETAIL_STRIDE = 4  # heights and widths of the picture that detail takes are multiples of it
DETAIL_NOISE = 2  # channels of detail's noise
DETAIL_REACH = 20  # the same for detail (its outgoing pixels reach 38), in incoming pixels
DETAIL_TILE = 288  # longest side of a tile, in incoming pixels
DETAIL_BASE = 512  # detail's `scale` is 0 for a picture of this many pixels on its short side
DETAIL_LARGEST = 1.0  # the largest scale it has learned from photographs; beyond, it paints as there


@dataclass(frozen=True)
class Cut:
    """At what size composition paints, how it may be cut into strips, and what its sides are multiples of; other networks than Veduta's have other
    numbers.

    least, most, stride, reach: as LEAST, MOST, STRIDE and REACH; stride divides reach. whole: directions in which it is never cut, because it
    looks beyond any reach: "y" for water that mirrors what stands above it, "xy" for a style that is stretched over the picture, or "".

    Raises ValueError when that does not hold.
    """

    stride: int = STRIDE
    reach: int = REACH
    whole: str = "y"
    least: int = LEAST
    most: int = MOST

    def __post_init__(self):
        sizes = 64 <= self.least <= self.most <= 1024 and self.stride in (STRIDE, 2 * STRIDE)
        if not sizes or self.reach % self.stride or self.reach < 0 or self.whole not in ("", "y", "xy"):
            raise ValueError(f"{self.least} to {self.most} pixels, a stride of {self.stride}, a reach of {self.reach}, and whole in {self.whole!r}")


@dataclass(frozen=True)
class Plan:
    """How a painting of `width` x `height` pixels is made.

    steps: how often detail doubles composition's picture; below 0, composition paints 2**-steps times larger, and is averaged down.
    grid_height, grid_width: what composition paints, in its pixels, padding at the right and at the bottom included.
    wrap: as in `Request`; there is no padding in a direction in which the picture wraps.
    """

    width: int
    height: int
    steps: int
    grid_height: int
    grid_width: int
    wrap: str = ""

    def scale(self, step: int) -> float:
        """Detail's `scale` input when it makes the picture of step 1 ... steps."""
        return min(DETAIL_LARGEST, math.log2(min(self.width, self.height) / 2 ** (self.steps - step) / DETAIL_BASE))

    def needed(self, step: int) -> tuple[int, int]:
        """Height and width of the picture after `step` doublings (0: composition's) that the painting needs, without padding."""
        height, width = self.shown(step)
        return math.ceil(height), math.ceil(width)

    def shown(self, step: int) -> tuple[float, float]:
        """Height and width of the painting in pixels of the picture after `step` doublings."""
        pixel = 2.0 ** (self.steps - step)  # pixels of the painting that one of them spans
        return self.height / pixel, self.width / pixel


def plan(width: int, height: int, wrap: str = "", cut: Cut = Cut()) -> Plan:
    """The plan of a painting of `width` x `height` pixels, 64 to 4096 each, by the composition of `cut`.

    Raises RequestError for a side that can't wrap: one that is no multiple of `unit`.
    """
    steps = _steps(width, height, cut)
    grid_height, grid_width = (round_up(side / 2.0**steps, cut.stride) for side in (height, width))
    for side, axis in ((width, "x"), (height, "y")):
        whole = unit(width, height, cut)
        if axis in wrap and side % whole:
            nearest = f"{side // whole * whole or whole} or {round_up(side, whole)}"
            raise RequestError(f"At this size a picture that wraps in {axis} has a multiple of {whole} pixels there: {nearest}, not {side}.")
    return Plan(width, height, steps, grid_height, grid_width, wrap)


def unit(width: int, height: int, cut: Cut = Cut()) -> int:
    """Pixels of which each side that wraps must be a multiple; a picture rolled by multiples of it is painted as the same picture, rolled."""
    return int(cut.stride * 2.0 ** _steps(width, height, cut))


def _steps(width, height, cut):
    octaves = lambda size: round(math.log2(min(width, height) / size))
    return min(0, octaves(cut.least)) + max(0, octaves(cut.most))


def round_up(value: float, multiple: int) -> int:
    """The smallest multiple of `multiple` that is not below `value`."""
    return math.ceil(value / multiple) * multiple


def heights(plan: Plan, view: tuple[float, float] = (1.0, -1.0)) -> np.ndarray:
    """Composition's height channel, (1, grid_height, grid_width) float32: the centres of rows between view[0] (the picture's upper edge) and
    view[1] (its lower edge), +1 and -1 for an ordinary view; rows of padding repeat the last one of the picture."""
    shown = plan.height / 2.0**plan.steps  # rows of composition's grid that show the picture
    rows = np.minimum(np.arange(plan.grid_height) + 0.5, math.ceil(shown) - 0.5)
    top, bottom = view
    column = (top + (bottom - top) * rows / shown).astype(np.float32)
    return np.broadcast_to(column[None, :, None], (1, plan.grid_height, plan.grid_width))


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array's last two axes."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def scaled(self, factor: int) -> Window:
        return Window(self.top * factor, self.left * factor, self.height * factor, self.width * factor)

    def within(self, outer: Window) -> Window:
        """The same rectangle counted from the corner of `outer`."""
        return Window(self.top - outer.top, self.left - outer.left, self.height, self.width)


@dataclass(frozen=True)
class Tile:
    """`core` is what this tile adds to the picture; `source`, the core and the reach around it, is what its network reads for that."""

    core: Window
    source: Window

    def scaled(self, factor: int) -> Tile:
        return Tile(self.core.scaled(factor), self.source.scaled(factor))


def tiles(height: int, width: int, longest: int, reach: int, stride: int, wrap: str = "", whole: str = "") -> Iterator[Tile]:
    """Cover a picture of height x width pixels (multiples of `stride`) by tiles whose cores are at most about `longest` a side.

    Windows begin and end on multiples of `stride` (which divides `reach`). They stop at the picture's edges, where the networks' own padding
    does what it would do for the whole picture: tiles agree with the picture painted at once.

    wrap:  directions in which windows go on beyond the picture's edges (`read`) instead, as far as the networks see: just as if the networks
           padded with the other side.
    whole: directions that are not cut.
    """
    for top, bottom in _spans(height, height if "y" in whole else longest, stride):
        for left, right in _spans(width, width if "x" in whole else longest, stride):
            first_row, last_row = _reached(top, bottom, height, reach, "y" in wrap)
            first_column, last_column = _reached(left, right, width, reach, "x" in wrap)
            source = Window(first_row, first_column, last_row - first_row, last_column - first_column)
            yield Tile(Window(top, left, bottom - top, right - left), source)


def _reached(start: int, stop: int, length: int, reach: int, wraps: bool) -> tuple[int, int]:
    if wraps:
        return start - reach, stop + reach
    return max(0, start - reach), min(length, stop + reach)


def read(array: np.ndarray, window: Window) -> np.ndarray:
    """A window (..., height, width) of an array (..., H, W); beyond its edges the array begins anew at its other side."""
    return gather(lambda part: array[(..., *part.slices)], window, *array.shape[-2:])


def gather(make: Callable[[Window], np.ndarray], window: Window, height: int, width: int) -> np.ndarray:
    """What `make` makes (arrays (..., h, w)) of the parts of a height x width picture that `window` shows, laid together: beyond its edges
    the picture begins anew at its other side."""
    rows = []
    for top, part_height in _runs(window.top, window.height, height):
        parts = [make(Window(top, left, part_height, part_width)) for left, part_width in _runs(window.left, window.width, width)]
        rows.append(parts[0] if len(parts) == 1 else np.concatenate(parts, -1))
    return rows[0] if len(rows) == 1 else np.concatenate(rows, -2)


def _runs(start: int, count: int, length: int) -> Iterator[tuple[int, int]]:
    """`count` places from `start` on, around a ring of `length`, as runs: (where each begins, how long it is)."""
    while count:
        start %= length
        run = min(count, length - start)
        yield start, run
        start, count = start + run, count - run


def _spans(length: int, longest: int, stride: int) -> Iterator[tuple[int, int]]:
    """Cut 0 ... length into pieces of nearly equal length, each but the last a multiple of `stride`."""
    piece = round_up(length / math.ceil(length / longest), stride)
    for start in range(0, length, piece):
        yield start, min(length, start + piece)


class LabelAreas:
    """A label map as the networks read it at any step: each label's share in every pixel; beyond the map's edges its border repeated, or its other side
    where it wraps."""

    def __init__(self, ids: np.ndarray, plan: Plan):
        """ids: (H, W) uint8, H x W the painting's size."""
        self._steps = plan.steps
        padded_height, padded_width = (int(side * 2.0**plan.steps) for side in (plan.grid_height, plan.grid_width))
        self._ids = np.pad(ids, ((0, padded_height - plan.height), (0, padded_width - plan.width)), mode="edge")

    def window(self, step: int, window: Window) -> np.ndarray:
        """(23, height, width) float32 that sum to 1 in every pixel, for a window of the picture after `step` doublings."""
        if step <= self._steps:
            block = 2 ** (self._steps - step)
            return areas(read(self._ids, window.scaled(block)), block)
        copies = 2 ** (step - self._steps)
        rows, columns = np.arange(window.height) + window.top, np.arange(window.width) + window.left
        return areas(self._ids[rows[:, None] // copies % len(self._ids), columns // copies % self._ids.shape[1]], 1)


def areas(ids: np.ndarray, block: int) -> np.ndarray:
    """The share of every label in each block of `block` x `block` pixels (a power of two, at most 128) of ids (H, W):
    (23, H/block, W/block) float32."""
    height, width = (side // block for side in ids.shape)
    shares = np.zeros((label_set.COUNT, height, width), np.float32)
    for label in np.flatnonzero(np.bincount(ids.ravel(), minlength=label_set.COUNT)):
        if block == 1:
            np.equal(ids, label, out=shares[label])  # most of a large painting's areas: no detour over counts
            continue
        count = (ids == label).astype(np.uint16)
        size = block
        while size > 1:
            count = count[::2] + count[1::2]
            count = count[:, ::2] + count[:, 1::2]
            size //= 2
        np.divide(count, np.float32(block * block), out=shares[label])
    return shares


def average_down(picture: np.ndarray, factor: int) -> np.ndarray:
    """(C, H, W) -> (C, H/factor, W/factor), the mean of each factor x factor block."""
    channels, height, width = picture.shape
    return picture.reshape(channels, height // factor, factor, width // factor, factor).mean((2, 4))
