"""The triangles that can be in view, in camera space, packed for drawing: few large batches whatever the number of objects.

Both routes draw these same numbers, so they see the same geometry to the last bit, and a scene far from the world's origin loses nothing.
"""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from .extract import Part
from .materials import Cutout
from .project import Lens

_BAKED_TRIANGLES = 20_000  # parts up to this size in all their places are written out, larger ones drawn as instances


@dataclass(frozen=True, eq=False)
class Batch:
    """Triangles drawn in one go, in one or more places.

    vertices:  (V, 3) float32; triangles: (T, 3) int32.
    matrices:  (N, 3, 4) float32, from the vertices' space to camera space.
    labels:    (T,) uint8, as in a Part.
    sources:   (T,) int32, the part each triangle comes from.
    keep:      whether these are kept objects.
    cutout, uvs: as in a Part.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    matrices: np.ndarray
    labels: np.ndarray
    sources: np.ndarray
    keep: bool
    cutout: Cutout | None = None
    uvs: np.ndarray | None = None


def pack(parts: list[Part], lens: Lens) -> list[Batch]:
    """The batches that draw `parts` through `lens`, without what lies outside its frame."""
    baked: dict[tuple, list[Batch]] = defaultdict(list)
    batches = []
    for index, part in enumerate(parts):
        to_camera = lens.view @ part.matrices
        if len(to_camera) == 1 or len(to_camera) * len(part.triangles) <= _BAKED_TRIANGLES:
            baked[part.keep, part.cutout].extend(_bake(part, index, matrix, lens) for matrix in to_camera)
        else:
            batches.append(instanced(part, index, box(part.vertices), lens))
    batches += [_join(group) for group in baked.values()]
    return [batch for batch in batches if len(batch.triangles) and len(batch.matrices)]


def kept_box(batches: list[Batch], lens: Lens, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The pixels that kept objects can touch in a width x height picture: first and past-last column, then row. None without any."""
    boxes = [_box(batch, lens) for batch in batches if batch.keep]
    if not boxes:
        return None
    low, high = np.min([box[0] for box in boxes], axis=0), np.max([box[1] for box in boxes], axis=0)
    columns = (np.array((low[0], high[0])) - lens.left) / (lens.right - lens.left) * width
    rows = (lens.top - np.array((high[1], low[1]))) / (lens.top - lens.bottom) * height
    left, right = np.clip((np.floor(columns[0]), np.ceil(columns[1])), 0, width).astype(int).tolist()
    top, bottom = np.clip((np.floor(rows[0]), np.ceil(rows[1])), 0, height).astype(int).tolist()
    return (left, right, top, bottom) if left < right and top < bottom else None


def _box(batch: Batch, lens: Lens) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest x, y of a batch on the lens's frame; the whole frame's where it reaches behind the camera."""
    used = batch.vertices[np.unique(batch.triangles)]
    points = np.concatenate([used @ matrix[:, :3].T + matrix[:, 3] for matrix in batch.matrices.astype(np.float64)])
    depth = np.ones(len(points)) if lens.orthographic else -points[:, 2]
    if depth.min() <= 0:
        return np.array((lens.left, lens.bottom)), np.array((lens.right, lens.top))
    on_frame = points[:, :2] / depth[:, None]
    return on_frame.min(0), on_frame.max(0)


def _bake(part: Part, index: int, to_camera: np.ndarray, lens: Lens) -> Batch:
    """One place of a part as a batch of its own, in camera space, with the triangles outside the frame left out."""
    vertices = _transform(part.vertices, to_camera)
    beyond = _beyond(vertices, lens)
    inside = (beyond[part.triangles[:, 0]] & beyond[part.triangles[:, 1]] & beyond[part.triangles[:, 2]]) == 0
    return Batch(
        vertices.astype(np.float32), part.triangles[inside], np.eye(4, dtype=np.float32)[None, :3], part.labels[inside],
        np.full(np.count_nonzero(inside), index, np.int32), part.keep, part.cutout, None if part.uvs is None else part.uvs[inside])


def box(vertices: np.ndarray) -> np.ndarray:
    """(8, 3) float32: the corners of the box around (V, 3) vertices."""
    low, high = vertices.min(0), vertices.max(0)
    return np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])


def in_view(corners: np.ndarray, to_camera: np.ndarray, lens: Lens) -> np.ndarray:
    """(N,) bool: whether a box may be in the frame, in each of the places that (N, 3 or 4, 4) matrices to camera space give it."""
    return np.bitwise_and.reduce(_beyond(_transform(corners, to_camera), lens), axis=-1) == 0


def instanced(part: Part, index: int, corners: np.ndarray, lens: Lens) -> Batch:
    """A part as instances, with the places outside the frame left out. index: the part's; corners: its `box`."""
    to_camera = lens.view @ part.matrices
    seen = in_view(corners, to_camera, lens)
    return Batch(part.vertices, part.triangles, np.ascontiguousarray(to_camera[seen, :3], np.float32), part.labels,
                 np.full(len(part.triangles), index, np.int32), part.keep, part.cutout, part.uvs)


def _join(group: list[Batch]) -> Batch:
    """Baked batches as one."""
    starts = np.cumsum([0] + [len(batch.vertices) for batch in group[:-1]])
    first = group[0]
    return Batch(
        np.concatenate([batch.vertices for batch in group]),
        np.concatenate([batch.triangles + np.int32(start) for batch, start in zip(group, starts)]),
        first.matrices, np.concatenate([batch.labels for batch in group]), np.concatenate([batch.sources for batch in group]),
        first.keep, first.cutout, None if first.uvs is None else np.concatenate([batch.uvs for batch in group]))


def _transform(points: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """(V, 3) points by (..., 4, 4) matrices -> (..., V, 3) float64."""
    moved = np.empty((*matrices.shape[:-2], *points.shape))
    for axis in range(3):  # much faster than a product of many rows by a small matrix
        row = matrices[..., axis, :, None]
        moved[..., axis] = points[:, 0] * row[..., 0, :] + points[:, 1] * row[..., 1, :] + points[:, 2] * row[..., 2, :] + row[..., 3, :]
    return moved


def _beyond(points: np.ndarray, lens: Lens) -> np.ndarray:
    """(..., V) uint8 for (..., V, 3) points in camera space: one bit for each of the frame's six sides a point lies beyond.

    What lies beyond one same side with all its points can't be seen.
    """
    x, y, depth = points[..., 0], points[..., 1], -points[..., 2]
    reach = 1.0 if lens.orthographic else depth
    bits = (x < lens.left * reach) * np.uint8(1)
    bits |= (x > lens.right * reach) * np.uint8(2)
    bits |= (y < lens.bottom * reach) * np.uint8(4)
    bits |= (y > lens.top * reach) * np.uint8(8)
    bits |= (depth < lens.near) * np.uint8(16)
    bits |= (depth > lens.far) * np.uint8(32)
    return bits
