"""From which triangle each pixel shows to what is there: label, depth, normal, position. One function for every route.

Routes answer only which triangle a pixel's centre hits. Rasterisers snap corners to a fraction of a pixel and ray tracers round, so two
routes differ where an edge passes within a hundredth of a pixel of a centre. Here each pixel is asked again, in double precision, between
its own triangle, its neighbours' and those that drawings a hair off the centre show there, so all routes end with the same one.

Triangles are named by one number: those of the first batch in its first place from 0 on, then in its second place, then the next batch's.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .batches import Batch
from .extract import HOLDOUT
from .project import Lens

NOTHING = -1  # a pixel that hits no triangle
_AT_ONCE = 1 << 15  # pixels worked on together: few enough for the processor's cache
_EDGE = 1e-9  # how far beyond its edge a triangle still counts, as a share of its size: rounding must open no crack
_EVEN = 1e-7  # depths closer than this share are even; the triangle with the lower number wins


@dataclass(frozen=True, eq=False)
class Surface:
    """What a view shows.

    labels:   (H, W) uint8; 0 where unlabelled or nothing is. covered: (H, W) bool, whether a surface that wants a label is there.
    sources:  (H, W) int32, the part's index; NOTHING for none.
    depth:    (H, W) float32 along the view axis, infinite where nothing is.
    normal:   (H, W, 3) float32 unit, world space, of the flat triangle, turned towards the camera; 0 where nothing is.
    position: (H, W, 3) float32, world space; 0 where nothing is.
    """

    labels: np.ndarray
    covered: np.ndarray
    sources: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    position: np.ndarray


def first_numbers(batches: list[Batch]) -> np.ndarray:
    """(len(batches) + 1,) int64: the number of each batch's first triangle, and after the last the count of all."""
    return np.cumsum([0] + [len(batch.matrices) * len(batch.triangles) for batch in batches], dtype=np.int64)


def triangle_numbers(batches: list[Batch], batch: np.ndarray, place: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Triangle numbers, int64, from equal arrays of batch (NOTHING for none), place and triangle in it."""
    if not batches:
        return np.full(batch.shape, NOTHING, np.int64)
    batch = batch.astype(np.int64)
    sizes = np.array([len(entry.triangles) for entry in batches])
    numbers = first_numbers(batches)[batch] + place.astype(np.int64) * sizes[batch] + triangle.astype(np.int64)
    return np.where(batch == NOTHING, NOTHING, numbers)


def batch_of(batches: list[Batch], hits: np.ndarray) -> np.ndarray:
    """The index of the batch each hit is in; of some batch where nothing is hit."""
    return np.searchsorted(first_numbers(batches)[1:], np.maximum(hits, 0), side="right")


def source_of(batches: list[Batch], hits: np.ndarray) -> np.ndarray:
    """The index of the part that each hit belongs to, int32 of the shape of `hits`; NOTHING where nothing is hit."""
    found = np.full(hits.shape, NOTHING, np.int32)
    owner, starts = batch_of(batches, hits), first_numbers(batches)
    for index, batch in enumerate(batches):
        chosen = (owner == index) & (hits != NOTHING)
        found[chosen] = batch.sources[(hits[chosen] - starts[index]) % len(batch.triangles)]
    return found


def look_up(batches: list[Batch], hits: list[np.ndarray], lens: Lens) -> Surface:
    """What is at each pixel.

    hits: (H, W) int64 arrays, row 0 at the top: the number of the triangle that each pixel shows through `lens`, or NOTHING; the first
    at its centre, the others a hair off it.
    """
    height, width = hits[0].shape
    surface = Surface(
        np.zeros((height, width), np.uint8), np.zeros((height, width), bool), np.full((height, width), NOTHING, np.int32),
        np.full((height, width), np.inf, np.float32), np.zeros((height, width, 3), np.float32), np.zeros((height, width, 3), np.float32))
    if all((shown == NOTHING).all() for shown in hits):
        return surface
    x, y = lens.pixel_columns(width), lens.pixel_rows(height)
    step = max(1, _AT_ONCE // width)
    for start in range(0, height, step):
        stop = min(height, start + step)
        low, high = max(0, start - 1), min(height, stop + 1)  # a row more on each side: every pixel has its neighbours
        planes = _Planes(batches, lens, hits[0][low:high], x, y[low:high])
        planes.settle([shown[low:high] for shown in hits[1:]])
        planes.write(surface, slice(start, stop), slice(start - low, stop - low))
    return surface


class _Planes:
    """Rows of hits with the equations of each pixel's triangle.

    For the ray (x, y, -1) of a pixel's centre the three `edges` are linear, and none is negative inside the triangle; `plane` is linear
    too and gives 1/depth for a perspective view, depth for an orthographic one. So what a neighbour's triangle does at this pixel costs a
    few products, and settling all pixels at once is cheap.
    """

    def __init__(self, batches: list[Batch], lens: Lens, hits: np.ndarray, x: np.ndarray, y: np.ndarray):
        self._batches, self._lens, self._hits = batches, lens, hits.copy()
        self._starts = first_numbers(batches)
        self._x, self._y = x[None, :], y[:, None]
        self._edges = np.zeros((3, 3, *hits.shape))  # edge, coefficient
        self._plane = np.zeros((3, *hits.shape))
        self._derive(hits != NOTHING)

    def settle(self, others: list[np.ndarray]) -> None:
        """Choose for every pixel the nearest triangle that covers its centre, of its own, its neighbours' and the `others`' there."""
        hits = self._hits
        # A cut-out's holes are known to the routes alone: such a triangle stays where they saw it and comes nowhere else.
        whole = np.array([batch.cutout is None for batch in self._batches])
        fixed = ~whole[batch_of(self._batches, hits)] & (hits != NOTHING)
        covers, depth = self._at(self._edges, self._plane, self._x, self._y)
        best = _Best(hits.copy(), np.where(covers | fixed, depth, np.inf))
        for rows, columns in ((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if r or c):
            (row, row_there), (column, column_there) = _overlap(rows), _overlap(columns)
            rivals = hits[row_there, column_there]
            covers, depth = self._at(self._edges[:, :, row_there, column_there], self._plane[:, row_there, column_there],
                                     self._x[:, column], self._y[row])
            best.challenge((row, column), rivals, depth, covers & ~fixed[row, column] & whole[batch_of(self._batches, rivals)])
        for other in others:
            where = np.nonzero((other != hits) & (other != NOTHING) & ~fixed & whole[batch_of(self._batches, other)])
            rivals = other[where]
            covers, depth = self._at(*self._equations(rivals), self._x[0, where[1]], self._y[where[0], 0])
            best.challenge(where, rivals, depth, covers)
        changed = best.hits != hits
        self._hits = best.hits
        self._derive(changed)

    def write(self, surface: Surface, to: slice, rows: slice) -> None:
        """Write rows of what was found into the surface's rows `to`."""
        hits = self._hits[rows]
        hit = hits != NOTHING
        owner = batch_of(self._batches, hits)
        labels, sources = surface.labels[to], surface.sources[to]
        for index, batch in enumerate(self._batches):
            chosen = hit & (owner == index)
            if chosen.any():
                triangle = (hits[chosen] - self._starts[index]) % len(batch.triangles)
                labels[chosen], sources[chosen] = batch.labels[triangle], batch.sources[triangle]
        surface.covered[to] = hit & (labels != HOLDOUT)
        labels[labels == HOLDOUT] = 0
        depth = self._at(self._edges[:, :, rows], self._plane[:, rows], self._x, self._y[rows])[1]
        surface.depth[to] = np.where(hit, depth, np.inf)
        if hit.any():
            self._write_places(surface, to, rows, hit, depth)

    def _write_places(self, surface: Surface, to: slice, rows: slice, hit: np.ndarray, depth: np.ndarray) -> None:
        """Write normals and positions in world space where something is hit."""
        rotation, origin = self._lens.view[:3, :3].T, -self._lens.view[:3, :3].T @ self._lens.view[:3, 3]
        normal = self._normals(rows)
        reach = np.where(hit, depth, 0)
        side = 1.0 if self._lens.orthographic else reach
        point = self._x * side, self._y[rows] * side, -reach
        for axis in range(3):
            across, up, towards = rotation[axis]
            surface.normal[to][..., axis] = np.where(hit, normal[0] * across + normal[1] * up + normal[2] * towards, 0)
            surface.position[to][..., axis] = np.where(hit, point[0] * across + point[1] * up + point[2] * towards + origin[axis], 0)

    def _normals(self, rows: slice) -> np.ndarray:
        """(3, h, W) unit normals in camera space, towards the camera."""
        # depth = plane . (x, y, 1) for an orthographic view; for a perspective one plane . (x, y, -z) = 1 on the triangle.
        x, y, z = self._plane[:, rows]
        normal = np.stack((x, y, np.ones_like(z)) if self._lens.orthographic else (-x, -y, z))
        with np.errstate(invalid="ignore"):  # where nothing is
            return normal / np.sqrt((normal * normal).sum(0))

    def _at(self, edges: np.ndarray, plane: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whether triangles, (3, 3, ...) edges and (3, ...) planes, cover the rays (x, y), and at which depth their planes meet them."""
        distance = edges[:, 0] * x + edges[:, 1] * y + edges[:, 2]
        depth = plane[0] * x + plane[1] * y + plane[2]
        if not self._lens.orthographic:
            with np.errstate(divide="ignore"):
                depth = 1 / depth
        inside = distance.min(0) >= -_EDGE * np.abs(distance).max(0)
        return inside & (depth >= self._lens.near) & (depth <= self._lens.far), depth

    def _derive(self, chosen: np.ndarray) -> None:
        """Compute the equations of the pixels in a mask; those that hit nothing are covered by nothing."""
        self._edges[:, :, chosen], self._plane[:, chosen] = 0, 0
        chosen = chosen & (self._hits != NOTHING)
        self._edges[:, :, chosen], self._plane[:, chosen] = self._equations(self._hits[chosen])

    def _equations(self, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(3, 3, P) edges and (3, P) planes of (P,) triangles."""
        corners = self._corners(hits)
        depths = -corners[:, 2]
        if self._lens.orthographic:
            corners[:, 2] = -1  # where an orthographic ray crosses a triangle does not depend on depth
        first, second, third = corners
        edges = np.stack((_cross(second, third), _cross(third, first), _cross(first, second)))
        volume = first[0] * edges[0, 0] + first[1] * edges[0, 1] + first[2] * edges[0, 2]
        edges *= np.sign(volume)
        edges[:, 2] *= -1  # the ray's z is -1
        with np.errstate(divide="ignore", invalid="ignore"):  # a triangle seen edge-on: not a number, so it covers nothing
            plane = (edges * depths[:, None] if self._lens.orthographic else edges).sum(0) / np.abs(volume)
        return edges, plane

    def _corners(self, hits: np.ndarray) -> np.ndarray:
        """(3, 3, P) float64: corner, axis in camera space, of (P,) triangles."""
        corners = np.empty((3, 3, len(hits)))
        owner = batch_of(self._batches, hits)
        for index, batch in enumerate(self._batches):
            chosen = np.flatnonzero(owner == index)
            if not len(chosen):
                continue
            place, triangle = np.divmod(hits[chosen] - self._starts[index], len(batch.triangles))
            own = batch.vertices[batch.triangles[triangle]].transpose(1, 2, 0).astype(np.float64)
            matrices = batch.matrices[place].transpose(1, 2, 0).astype(np.float64)
            for corner in range(3):
                x, y, z = own[corner]
                corners[corner][:, chosen] = matrices[:, 0] * x + matrices[:, 1] * y + matrices[:, 2] * z + matrices[:, 3]
        return corners


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cross product of (3, P) vectors."""
    return np.stack((one[1] * other[2] - one[2] * other[1], one[2] * other[0] - one[0] * other[2], one[0] * other[1] - one[1] * other[0]))


def _overlap(shift: int) -> tuple[slice, slice]:
    """Along one axis: the pixels that have a neighbour `shift` further on, and those neighbours."""
    here, there = slice(None), slice(None)
    if shift > 0:
        here, there = slice(None, -shift), slice(shift, None)
    if shift < 0:
        here, there = slice(-shift, None), slice(None, shift)
    return here, there


@dataclass(frozen=True, eq=False)
class _Best:
    """For each pixel the best triangle so far and its depth; both (H, W), changed in place."""

    hits: np.ndarray
    depth: np.ndarray

    def challenge(self, where: tuple, rivals: np.ndarray, depth: np.ndarray, allowed: np.ndarray) -> None:
        """Put rivals in at an index `where` they are allowed and nearer, or even and of a lower number."""
        hits, best = self.hits[where], self.depth[where]
        with np.errstate(invalid="ignore"):  # where neither is there, they are not even
            even = np.abs(depth - best) <= _EVEN * depth
        wins = allowed & np.where(even, rivals < hits, depth < best)
        self.hits[where], self.depth[where] = np.where(wins, rivals, hits), np.where(wins, depth, best)
