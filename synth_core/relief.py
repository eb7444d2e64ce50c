"""Relief: a finished painting follows the scene's geometry. Slopes catch the Sun, distance hazes, water mirrors what stands above it, and
kept objects cast their shadow.

Pure numpy, on the picture alone: no network, and no scene, which the add-on has turned into a `Relief` before. Light is reckoned in
linear sRGB. What needs a whole view (smoothing) is worked out at REDUCED pixels a side at most, the rest in strips, so that memory stays
bounded at any size.

Sources: Gastal and Oliveira 2011, "Domain transform for edge-aware image and video processing" (the recursive filter); Koschmieder 1924
(haze: what distance leaves of a thing's light is exp(-distance * extinction); 3.912 extinctions are the visibility); Schlick 1994
(reflectance by angle); Airlight's bluer tone follows Rayleigh, weakened as aerosols do.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from . import fields
from . import labels as label_set
from .fields import Array, RequestError
from .light import LUMINANCE, TO_LINEAR, to_bytes

AMOUNTS = ("shading", "haze", "reflection", "shadow", "visibility")  # the names of a Relief's numbers
REDUCED = 1024  # longest side at which smooth light is worked out, pixels
_STRIP = 1 << 18  # pixels worked on at once

_AIR = tuple(label_set.BY_NAME[name].id for name in ("sky", "cloud", "fog", "sun"))
_WATER = tuple(label_set.BY_NAME[name].id for name in ("sea", "lake", "river"))

_SKY_LIGHT = 0.3  # the sky's part of the light on level ground under a high Sun
_WARM, _COOL = np.array((1.07, 1.0, 0.88), np.float32), np.array((0.93, 1.0, 1.12), np.float32)  # sunlight and skylight; white between them
_DARKEST, _BRIGHTEST = 0.35, 2.2  # what slopes may do to the painted light
_SMOOTH = 0.004  # how far slopes are smoothed, as a share of the longer side: blockouts have facets
_OWN_SMOOTH = 0.02  # the same for the painting's own light and shade, which gives way to the scene's
_GIVES_WAY = 0.7  # how much of it does
_FULL = 1.5  # the power of the scene's own contrast that full shading takes: slopes under a high Sun differ little
_AIR_TONE = np.array((0.88, 1.0, 1.18), np.float32)  # extinction by colour
_CONTRAST = 3.912  # extinctions after which 2 % of a contrast is left: the visibility


@dataclass(frozen=True, eq=False)
class Relief:
    """What the scene's geometry does to a painting of H x W pixels, row 0 at the top.

    labels:     (H, W) uint8 label ids, as painted.
    depth:      (H, W) float32, metres along the view axis; infinite where no surface is.
    slopes:     (H, W, 2) uint8, -1 to 1 in 256 steps: the cosines between a surface's normal and the Sun, and between it and up.
    shade:      (H, W) uint8, 0 to 255: how much of the Sun kept objects take from a place.
    view:       (4, 4) float32, world to camera space (x right, y up, looking along -z), in metres.
    frame:      (4,) float32, the frame's left, right, bottom and top on the plane z = -1, or in metres when `orthographic`.
    visibility: metres at which full haze leaves 2 % of a contrast.
    shading, haze, reflection, shadow: how much of each effect, 0 (none) to 1.

    Raises RequestError when types or shapes differ or a strength lies outside 0 to 1.
    """

    labels: Annotated[np.ndarray, Array("uint8", "H W")]
    depth: Annotated[np.ndarray, Array("float32", "H W", infinite=True)]
    slopes: Annotated[np.ndarray, Array("uint8", "H W 2")]
    shade: Annotated[np.ndarray, Array("uint8", "H W")]
    view: Annotated[np.ndarray, Array("float32", "4 4")]
    frame: Annotated[np.ndarray, Array("float32", "4")]
    orthographic: bool = False
    visibility: float = 12_000.0
    shading: float = 0.0
    haze: float = 0.0
    reflection: float = 0.0
    shadow: float = 0.0

    def __post_init__(self):
        fields.check(self)
        if not all(0 <= strength <= 1 for strength in self.strengths):
            raise RequestError(f"Relief's strengths lie between 0 and 1; these are {self.strengths}.")
        if not self.visibility > 0:
            raise RequestError(f"The visibility is a distance above 0; this one is {self.visibility}.")

    @property
    def amounts(self) -> dict[str, float]:
        """All that is no map and no camera, by name."""
        return {name: getattr(self, name) for name in AMOUNTS}

    @property
    def strengths(self) -> tuple[float, float, float, float]:
        """Shading, haze, reflection and shadow."""
        return self.shading, self.haze, self.reflection, self.shadow


def apply(picture: np.ndarray, relief: Relief) -> np.ndarray:
    """The painting in the scene's light: (H, W, 3) uint8 sRGB -> the same. With every strength at 0 it is `picture` itself.

    Raises RequestError for a picture of another size than the relief.
    """
    if picture.shape != (*relief.labels.shape, 3):
        raise RequestError(f"The painting is {picture.shape[1]} x {picture.shape[0]} pixels and its relief {relief.labels.shape[::-1]}.")
    if not any(relief.strengths):
        return picture
    lit = _light(picture, relief) if relief.shading or relief.haze or relief.shadow else picture
    return _mirror(lit, relief) if relief.reflection else lit


# --- light, shadow and haze


def _light(picture: np.ndarray, relief: Relief) -> np.ndarray:
    """The picture with slopes shaded, kept objects' shadows cast and distance hazed."""
    lit = np.empty_like(picture)
    slopes = _Slopes(picture, relief) if relief.shading or relief.shadow else None
    air = _horizon_colour(picture, relief.labels)
    farthest = np.max(relief.depth, initial=0, where=np.isfinite(relief.depth))
    for rows in _strips(relief.labels.shape):
        light = TO_LINEAR[picture[rows]]
        if slopes:
            light *= slopes.gain(rows)
        if relief.haze:
            through = _transmission(relief, rows, farthest)
            light = light * through + air * (1 - through)
        lit[rows] = to_bytes(light)
    return lit


class _Slopes:
    """The light on the scene's slopes, smooth, relative to each label's mean."""

    def __init__(self, picture: np.ndarray, relief: Relief):
        self._relief = relief
        self._step = max(1, -(-max(relief.labels.shape) // REDUCED))
        step = self._step
        labels, depth = relief.labels[step // 2::step, step // 2::step], relief.depth[step // 2::step, step // 2::step]
        surface = np.isfinite(depth)
        slopes = relief.slopes[step // 2::step, step // 2::step].astype(np.float32) / 127.5 - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.where(surface, np.log(depth), 99).astype(np.float32)
        smooth = _SMOOTH * max(labels.shape)
        edges = _Edges(apart, 0.08, smooth)
        sun, up = edges.smooth(slopes[..., 0]), edges.smooth(slopes[..., 1])
        self._sun, self._sky = np.maximum(sun, 0), _SKY_LIGHT * (0.5 + 0.5 * up)
        land = surface & ~np.isin(labels, _WATER)
        light = np.where(land, self._sky + (1 - _SKY_LIGHT) * self._sun, 1).astype(np.float32)
        self._light = light / _label_means(light, labels, land)[labels]
        if relief.shading:
            self._light /= _own_light(picture, labels, land, apart, step) ** _GIVES_WAY
        self._light = np.clip(self._light, _DARKEST, _BRIGHTEST)

    def gain(self, rows: slice) -> np.ndarray:
        """(h, W, 3) float32: by what the strip's linear light is multiplied."""
        relief = self._relief
        surface = np.isfinite(relief.depth[rows])
        sun, sky = self._enlarged(self._sun, rows), self._enlarged(self._sky, rows)
        gain = np.ones((*surface.shape, 3), np.float32)
        if relief.shading:
            light = self._enlarged(self._light, rows)
            sunny = np.clip(light - 0.5, 0, 1)[..., None]  # 1/2 where a label is lit as it is in the mean: no tint
            tint = _COOL + (_WARM - _COOL) * sunny
            gain *= (light[..., None] * tint) ** np.float32(_FULL * relief.shading)
        if relief.shadow:
            share = (1 - _SKY_LIGHT) * sun
            taken = relief.shade[rows].astype(np.float32) * (relief.shadow / 255 * share / (sky + share + 1e-6))
            gain *= 1 - taken[..., None] * _WARM / _WARM.max()
        gain[~surface] = 1
        return gain

    def _enlarged(self, field: np.ndarray, rows: slice) -> np.ndarray:
        """The strip of a reduced field at full size, bilinear."""
        if self._step == 1:
            return field[rows]
        height, width = self._relief.labels.shape
        return _bilinear(field, (np.arange(rows.start, rows.stop) - self._step // 2) / self._step,
                         (np.arange(width) - self._step // 2) / self._step)


def _own_light(picture: np.ndarray, labels: np.ndarray, surface: np.ndarray, apart: np.ndarray, step: int) -> np.ndarray:
    """The painting's own broad light and shade inside each label, relative to the label's mean; 1 where no surface is."""
    height, width = labels.shape
    luminance = np.empty(labels.shape, np.float32)
    for row in range(height):  # of block means
        block = TO_LINEAR[picture[row * step:(row + 1) * step]] @ LUMINANCE
        luminance[row] = np.add.reduceat(block.mean(0), np.arange(0, picture.shape[1], step))[:width] / step if step > 1 else block[0]
    edges = _Edges(apart + 3 * labels, 0.3, _OWN_SMOOTH * max(labels.shape))
    broad = edges.smooth(luminance)
    own = broad / np.maximum(_label_means(broad, labels, surface), 1e-4)[labels]
    return np.where(surface, np.clip(own, 0.25, 4), 1).astype(np.float32)


def _label_means(field: np.ndarray, labels: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """The field's mean over the surface pixels of each label, (COUNT,) float32; 1 for a label without any."""
    counts = np.bincount(labels[surface], minlength=label_set.COUNT)
    sums = np.bincount(labels[surface], field[surface], minlength=label_set.COUNT)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1).astype(np.float32)


class _Edges:
    """Smoothing that stops where a guide jumps: the domain transform's recursive filter, two passes each way."""

    def __init__(self, guide: np.ndarray, jump: float, radius: float):
        """guide: (h, w) float32; a difference of `jump` between neighbours counts as the radius; radius: standard deviation, pixels."""
        self._guide, self._jump, self._radius = guide, jump, radius

    def smooth(self, field: np.ndarray) -> np.ndarray:
        """(h, w) float32, smoothed."""
        field = field.astype(np.float32)
        for round_ in range(2):
            radius = self._radius * np.sqrt(3) * 2 ** (1 - round_) / np.sqrt(4**2 - 1)
            for axis in (1, 0):
                field = self._along(field, axis, float(radius))
        return field

    def _along(self, field: np.ndarray, axis: int, radius: float) -> np.ndarray:
        rows = np.ascontiguousarray(np.moveaxis(field, axis, 0))
        distance = 1 + np.abs(np.diff(np.moveaxis(self._guide, axis, 0), axis=0)) * np.float32(self._radius / self._jump)
        feedback = np.exp(-np.float32(np.sqrt(2) / radius) * distance)
        for index in range(1, len(rows)):
            rows[index] += feedback[index - 1] * (rows[index - 1] - rows[index])
        for index in range(len(rows) - 2, -1, -1):
            rows[index] += feedback[index] * (rows[index + 1] - rows[index])
        return np.moveaxis(rows, 0, axis)


def _transmission(relief: Relief, rows: slice, farthest: float) -> np.ndarray:
    """(h, W, 3) float32: how much of each colour's light the air between lets through."""
    depth = relief.depth[rows]
    # Ground that was filled in below the horizon lies where no surface is: as far as the farthest.
    distance = np.where(np.isfinite(depth), depth, np.where(np.isin(relief.labels[rows], _AIR), 0, farthest))
    if not relief.orthographic:
        x, y = _frame_points(relief, rows)
        distance = distance * np.sqrt(x * x + y * y + 1)
    extinction = _CONTRAST / relief.visibility * relief.haze * _AIR_TONE
    return np.exp(-distance[..., None] * extinction.astype(np.float32))


def _horizon_colour(picture: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(3,) float32, linear: the painted sky's colour just above what stands before it; a pale blue without sky."""
    air = np.isin(labels, _AIR[:3])
    rows = np.flatnonzero(air.any(1))
    if not len(rows):
        return np.float32(0.6) * _COOL
    lowest = rows[-1]
    band = slice(max(0, lowest - max(2, len(labels) // 10)), lowest + 1)
    return np.median(TO_LINEAR[picture[band][air[band]]], axis=0)


# --- what water mirrors


_STEPS, _HALVINGS = 32, 5  # of a mirrored ray's way over the picture, and of the step in which it meets something
_THICK = 0.35  # how far behind a surface, as a share of its depth, a ray still counts as meeting it
_WATER_F0 = 0.02  # reflectance of water seen from straight above
# Ripples: wavelength in metres, heading in radians, slope.
_RIPPLES = ((0.7, 0.4, 0.008), (1.3, 2.3, 0.008), (2.9, 1.4, 0.006), (6.1, 2.0, 0.004), (13.7, 1.1, 0.003))


def _mirror(picture: np.ndarray, relief: Relief) -> np.ndarray:
    """The picture with what stands above the water mirrored in it."""
    mirrored = picture.copy()
    water = np.isin(relief.labels, _WATER) & np.isfinite(relief.depth)
    for rows in _strips(relief.labels.shape):
        where = np.nonzero(water[rows])
        if not len(where[0]):
            continue
        where = where[0] + rows.start, where[1]
        rays = _Rays(relief, where)
        colour, found = rays.colours(picture)
        share = (relief.reflection * rays.reflectance * found)[:, None]
        own = TO_LINEAR[picture[where]]
        mirrored[where] = to_bytes(own + share * (colour - own))
    return mirrored


class _Rays:
    """The rays of water pixels after the water has thrown them up, in camera space."""

    def __init__(self, relief: Relief, where: tuple[np.ndarray, np.ndarray]):
        self._relief = relief
        self._height, self._width = relief.labels.shape
        left, right, bottom, top = relief.frame.tolist()
        depth = relief.depth[where]
        x = left + (where[1].astype(np.float32) + 0.5) * np.float32((right - left) / self._width)
        y = top - (where[0].astype(np.float32) + 0.5) * np.float32((top - bottom) / self._height)
        side = np.float32(1) if relief.orthographic else depth
        self._start = np.stack((x * side, y * side, -depth))
        coming = np.stack((x, y, -np.ones_like(x))) if not relief.orthographic else np.stack((0 * x, 0 * x, -np.ones_like(x)))
        coming /= np.sqrt(np.square(coming).sum(0))
        rotation = relief.view[:3, :3]
        up = rotation[:, 2]
        steepness = np.maximum(-(up @ coming), 1e-3)
        footprint = depth * np.float32((right - left) / self._width) / steepness
        normal = up[:, None] + rotation[:, :2] @ _ripples(rotation.T @ (self._start - relief.view[:3, 3:]), footprint)
        normal /= np.sqrt(np.square(normal).sum(0))
        self.reflectance = np.sqrt(_WATER_F0 + (1 - _WATER_F0) * (1 - steepness) ** 5)
        self._going = coming - 2 * (normal * coming).sum(0) * normal

    def colours(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(P, 3) float32 linear light that the rays see in the picture, and (P,) how far that is to be believed, 0 to 1."""
        share = self._meet()
        column, row, _ = self._at(share)
        # Past the frame the sky goes on mirrored at its edge, for as far as a frame.
        aside = np.maximum(-column, column - self._width + 1) / self._width
        outside = np.maximum(aside, np.maximum(-row, row - self._height + 1) / self._height)
        believed = np.clip(1.5 - 1.5 * outside, 0, 1) * (self._going[2] < -0.05)
        return _sampled(picture, _folded(row, self._height), _folded(column, self._width)), believed.astype(np.float32)

    def _at(self, share: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Column, row (pixel centres at whole numbers) and depth of the points a share 0..1 of their way over the picture on."""
        left, right, bottom, top = self._relief.frame.tolist()
        ahead = np.minimum(self._going[2], np.float32(-0.05))
        # Seen in perspective, equal shares are equal ways over the picture, and 1 is the point at infinity.
        share = np.minimum(share, np.float32(0.9999))
        far = share / (1 - share) * (self._start[2] / ahead)
        point = self._start + far * self._going
        depth = np.maximum(-point[2], 1e-4)
        x, y = (point[0], point[1]) if self._relief.orthographic else (point[0] / depth, point[1] / depth)
        return (x - left) * (self._width / (right - left)) - 0.5, (top - y) * (self._height / (top - bottom)) - 0.5, depth

    def _meet(self) -> np.ndarray:
        """(P,) the share of its way after which each ray meets something; 1 for those that reach the sky."""
        count = self._start.shape[1]
        met = np.ones(count, np.float32)
        flying = np.arange(count)
        for step in range(1, _STEPS + 1):
            share = np.float32(step / (_STEPS + 1))
            hit = self._picked(flying)._behind(np.full(len(flying), share, np.float32))
            met[flying[hit]] = share
            flying = flying[~hit]
        found = np.flatnonzero(met < 1)
        rays, high = self._picked(found), met[found]
        low = high - np.float32(1 / (_STEPS + 1))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            behind = rays._behind(middle)
            low, high = np.where(behind, low, middle), np.where(behind, middle, high)
        met[found] = high
        return met

    def _picked(self, index: np.ndarray) -> _Rays:
        picked = object.__new__(_Rays)
        picked._relief, picked._height, picked._width = self._relief, self._height, self._width
        picked._start, picked._going = self._start[:, index], self._going[:, index]
        return picked

    def _behind(self, share: np.ndarray) -> np.ndarray:
        """Whether the points lie just behind a surface of the picture."""
        column, row, depth = self._at(share)
        inside = (column > -0.5) & (column < self._width - 0.5) & (row > -0.5) & (row < self._height - 0.5)
        column, row = np.rint(np.where(inside, column, 0)).astype(np.int32), np.rint(np.where(inside, row, 0)).astype(np.int32)
        there = self._relief.depth[row, column]
        return inside & (depth > there * np.float32(1.002)) & (depth < there * np.float32(1 + _THICK))


def _ripples(place: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    """(2, P) slopes of the water at (3, P) world places; waves smaller than a pixel's footprint (P,), metres, level out."""
    slope = np.zeros((2, place.shape[1]), np.float32)
    for length, heading, steep in _RIPPLES:
        across = np.array((np.cos(heading), np.sin(heading)), np.float32)
        along, beside = across @ place[:2], across[::-1] @ place[:2]
        wave = np.cos((along + np.float32(0.6 * length) * np.sin(beside * np.float32(1.7 / length))) * np.float32(2 * np.pi / length))
        wave *= np.float32(steep)
        slope += across[:, None] * wave * np.clip(2 - 4 * footprint / length, 0, 1)
    return slope


def _folded(index: np.ndarray, count: int) -> np.ndarray:
    """Indices beyond 0 ... count - 1 folded back at the ends."""
    index = np.abs(index)
    return np.clip(np.where(index > count - 1, 2 * (count - 1) - index, index), 0, count - 1)


def _sampled(picture: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """(P, 3) float32 linear light of the picture at fractional rows and columns inside it, bilinear."""
    top, left = row.astype(np.int32), column.astype(np.int32)
    bottom, right = np.minimum(top + 1, picture.shape[0] - 1), np.minimum(left + 1, picture.shape[1] - 1)
    down, across = (row - top)[:, None].astype(np.float32), (column - left)[:, None].astype(np.float32)
    upper = TO_LINEAR[picture[top, left]] * (1 - across) + TO_LINEAR[picture[top, right]] * across
    lower = TO_LINEAR[picture[bottom, left]] * (1 - across) + TO_LINEAR[picture[bottom, right]] * across
    return upper * (1 - down) + lower * down


# --- pixels


def _strips(shape: tuple[int, int]) -> Iterator[slice]:
    step = max(1, _STRIP // shape[1])
    for start in range(0, shape[0], step):
        yield slice(start, min(shape[0], start + step))


def _frame_points(relief: Relief, rows: slice) -> tuple[np.ndarray, np.ndarray]:
    """x (W,) and y (h, 1) of the pixels' centres on the frame."""
    height, width = relief.labels.shape
    left, right, bottom, top = relief.frame.tolist()
    x = left + (np.arange(width, dtype=np.float32) + 0.5) * np.float32((right - left) / width)
    y = top - (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * np.float32((top - bottom) / height)
    return x, y[:, None]


def _bilinear(field: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A field at fractional rows and columns (of all their crossings), its edges repeated."""
    rows, columns = (np.clip(at, 0, count - 1).astype(np.float32) for at, count in zip((rows, columns), field.shape))
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    bottom, right = np.minimum(top + 1, field.shape[0] - 1), np.minimum(left + 1, field.shape[1] - 1)
    down, across = (rows - top)[:, None], columns - left
    part = field[top] * (1 - down) + field[bottom] * down
    return part[:, left] * (1 - across) + part[:, right] * across
