"""The scene as a camera sees it: `capture` makes a View of label ids, depth, normals, positions and the kept objects' matte.

extract: scene -> triangles; project: cameras; batches: what is drawn; gpu_route, cycles_route: which triangle each pixel hits;
surface: what is there; fill: what stands where nothing is; shadow: what kept objects take from the Sun; sphere: all around a place;
places: a View's places for noise that stays with them. Nothing of the user's is ever written, but the scene's camera for a moment
(`project.current_lens`).
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np

from .. import compat
from ..synth_core import labels as label_set
from . import batches, fill, shadow, sphere
from .cycles_route import CyclesRoute
from .errors import CaptureError, UnlabelledError
from .extract import Geometry, Part, Sun, check, extract, listed, triangles
from .gpu_route import GpuRoute
from .places import anchors
from .project import Lens, camera_lens, current_lens, matrix_lens, painting_size, render_size
from .surface import NOTHING, Surface, batch_of, look_up, source_of

__all__ = ["CaptureError", "Geometry", "Lens", "Sun", "Surface", "Surround", "UnlabelledError", "View", "anchors", "camera_lens", "capture",
           "capture_surround", "extract", "hit_triangles", "kept_matte", "kept_mattes", "kept_shade", "look_at", "matrix_lens",
           "painting_size", "render_size", "triangles"]

_SAMPLES = 4  # the matte's, across and along each pixel
_MOST_PIXELS = 1 << 22  # of one drawing: bounds its memory


@dataclass(frozen=True, eq=False)
class View:
    """What a camera sees, at W x H pixels, row 0 at the top.

    labels:   (H, W) uint8, no pixel unlabelled; kept objects left out, so that the scenery is whole behind them.
    depth:    (H, W) float32, scene units along the view axis; infinite where no surface is.
    normal:   (H, W, 3) float32, unit, world space, of the flat faces, towards the camera; 0 where no surface is.
    position: (H, W, 3) float32, world space; 0 where no surface is.
    matte:    (H, W) float32 0..1: how much of each pixel kept objects cover that nothing stands before.
    lens: what it was seen through.
    suns: the scene's Sun lamps, the strongest first.
    camera_name: the camera's name, "" for a viewport.
    warnings: sentences on what was left out or guessed.
    unlabelled: share 0..1 of the pixels with a surface whose surface has no label.
    """

    labels: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    position: np.ndarray
    matte: np.ndarray
    lens: Lens
    suns: list[Sun]
    camera_name: str
    warnings: list[str]
    unlabelled: float


def capture(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, camera: bpy.types.Object | None, width: int, height: int, *,
            viewport: Lens | None = None, route: str | None = None) -> View:
    """Capture what `camera` sees of the scene at width x height pixels.

    The picture takes in exactly the frame that the camera renders, whatever its size: in another aspect its pixels are stretched to fit.
    viewport: the lens of a viewport (`matrix_lens`), used instead of the camera.
    route:    "gpu" or "cycles"; by itself the GPU in a window, Cycles in background, where a GPU is often missing or slow software.

    Raises CaptureError without a camera, for a panoramic one, for a scene without surfaces and for one without any label.
    """
    lens = viewport or current_lens(scene, view_layer, camera)
    view_layer.update()
    geometry = extract(scene, view_layer, view_layer.depsgraph)
    check(geometry)
    packed = batches.pack(geometry.parts, lens)
    with _open(route, packed) as drawing:
        hits = [_draw(drawing, lens.nudged(*nudge, width, height), width, height) for nudge in drawing.nudges]
        seen = look_up(packed, hits, lens)
        matte = _matte(packed, drawing, lens, width, height)
    unlabelled = seen.covered & (seen.labels == label_set.UNLABELLED)
    share = int(np.count_nonzero(unlabelled)) / max(1, int(np.count_nonzero(seen.covered)))
    return View(
        labels=fill.complete(seen.labels, lens, geometry.suns), depth=seen.depth, normal=seen.normal, position=seen.position, matte=matte,
        lens=lens, suns=geometry.suns, camera_name=camera.name if viewport is None else "", unlabelled=share,
        warnings=geometry.warnings + _missing(geometry.parts, seen.sources, unlabelled, share))


@dataclass(frozen=True, eq=False)
class Surround:
    """What is seen all around a place: labels (W/2, W) uint8 in equirectangular projection (see `sphere`), no pixel unlabelled, kept
    objects left out; the scene's suns, the strongest first; sentences on what was left out."""

    labels: np.ndarray
    suns: list[Sun]
    warnings: list[str]


def capture_surround(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, origin: np.ndarray, width: int, near: float, far: float,
                     widest_sun: float = 0.0) -> Surround:
    """Capture the whole scene around a (3,) place in world space, `width` (even) pixels around, between two distances.

    widest_sun: the least angle, in radians, that a sun's disc is labelled with. Raises CaptureError like `capture`.
    """
    view_layer.update()
    geometry = extract(scene, view_layer, view_layer.depsgraph)
    check(geometry)
    side = -(-width // 3)  # a face's middle is coarser than the picture's equator by pi / 4 for the same pixels
    painted = [part for part in geometry.parts if not part.keep]
    faces = [look_at(painted, sphere.face_lens(face, origin, near, far), side, side).labels for face in range(sphere.FACES)]
    labels = sphere.unfold(np.stack(faces), width)
    half = width // 2
    rise = np.broadcast_to(np.sin(np.pi / 2 - (np.arange(half) + 0.5) * (np.pi / half))[:, None], labels.shape)
    # The nearest label may lie past an edge.
    beside = [np.concatenate((field[:, half:], field, field[:, :half]), 1) for field in (labels, rise)]
    filled = np.ascontiguousarray(fill.fill_holes(*beside)[:, half:half + width])
    for sun in geometry.suns:
        fill.place_sun(filled, sphere.directions(width) @ sun.direction, max(sun.diameter, widest_sun))
    return Surround(filled, geometry.suns, geometry.warnings)


def kept_matte(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, camera: bpy.types.Object, width: int, height: int) -> np.ndarray:
    """The matte of a View alone, (height, width) float32, also where nothing has a label. Raises CaptureError for a panoramic camera."""
    lens = current_lens(scene, view_layer, camera)
    packed = batches.pack(extract(scene, view_layer, view_layer.depsgraph).parts, lens)
    with _open(None, packed) as drawing:
        return _matte(packed, drawing, lens, width, height)


def kept_mattes(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, camera: bpy.types.Object, width: int,
                height: int) -> dict[str, np.ndarray]:
    """`kept_matte` parted by object: name -> (height, width) float32, for those in view; together they are the matte. Raises as it does."""
    lens = current_lens(scene, view_layer, camera)
    parts = extract(scene, view_layer, view_layer.depsgraph).parts
    packed = batches.pack(parts, lens)
    mattes: dict[str, np.ndarray] = {}
    with _open(None, packed) as drawing:
        for place, hits in _kept_samples(packed, drawing, lens, width, height):
            sources = source_of(packed, hits)
            for source in np.unique(sources[sources != NOTHING]):
                if parts[source].keep:
                    matte = mattes.setdefault(parts[source].name, np.zeros((height, width), np.float32))
                    matte[place] += (sources == source).mean((1, 3))
    return mattes


def kept_shade(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, view: View, sun: Sun) -> np.ndarray:
    """How much of `sun` the kept objects take from each place of a view: (H, W) float32, 0 to 1."""
    view_layer.update()
    kept = [part for part in extract(scene, view_layer, view_layer.depsgraph).parts if part.keep]
    covered = np.isfinite(view.depth)
    if not kept or not covered.any():
        return np.zeros(view.depth.shape, np.float32)
    lens = shadow.sun_lens(kept, sun)
    packed = batches.pack(kept, lens)
    with _open(None, packed) as drawing:
        hits = drawing.draw(lens, shadow.SIDE, shadow.SIDE, keep=True)
    return shadow.cast(look_up(packed, [hits], lens).depth, lens, sun, view.position, covered)


def hit_triangles(packed: list[batches.Batch], lens: Lens, width: int, height: int) -> np.ndarray:
    """(height, width) int64, row 0 at the top: the number of the triangle at each pixel's centre (`surface` tells how they are numbered),
    or -1; kept objects left out."""
    with _open(None, packed) as drawing:
        return _draw(drawing, lens, width, height)


def look_at(parts: list[Part], lens: Lens, width: int, height: int) -> Surface:
    """What of `parts` is at each pixel of a view, without filling and guessing; kept objects left out."""
    packed = batches.pack(parts, lens)
    with _open(None, packed) as drawing:
        return look_up(packed, [_draw(drawing, lens.nudged(*nudge, width, height), width, height) for nudge in drawing.nudges], lens)


@contextmanager
def _open(route: str | None, packed: list[batches.Batch]) -> Iterator[GpuRoute | CyclesRoute]:
    if route == "gpu" or (route is None and not bpy.app.background):
        if not compat.gpu_ready():
            raise CaptureError("This Blender can't draw on the graphics card without a window; capture with the route 'cycles' instead.")
        yield GpuRoute(packed)
        return
    with CyclesRoute(packed) as drawing:
        yield drawing


def _draw(drawing: GpuRoute | CyclesRoute, lens: Lens, width: int, height: int) -> np.ndarray:
    """(height, width) int64 triangle numbers, without the kept objects, drawn in strips."""
    return np.concatenate([drawing.draw(lens.crop((0, 1), (start / height, stop / height)), width, stop - start, keep=False)
                           for start, stop in _strips(0, height, width)])


def _strips(start: int, stop: int, row: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows of `row` pixels each, from `start` to `stop`, none with more pixels than one drawing may have."""
    step = max(1, _MOST_PIXELS // row)
    for first in range(start, stop, step):
        yield first, min(stop, first + step)


def _matte(packed: list[batches.Batch], drawing: GpuRoute | CyclesRoute, lens: Lens, width: int, height: int) -> np.ndarray:
    """(height, width) float32: how much of each pixel the kept objects cover."""
    matte = np.zeros((height, width), np.float32)
    kept = np.array([batch.keep for batch in packed])
    for place, hits in _kept_samples(packed, drawing, lens, width, height):
        matte[place] = (kept[batch_of(packed, hits)] & (hits != NOTHING)).mean((1, 3))
    return matte


def _kept_samples(packed: list[batches.Batch], drawing: GpuRoute | CyclesRoute, lens: Lens, width: int,
                  height: int) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """A grid of samples in the box that the kept objects can be in, strip by strip: the rows and columns of a strip in the picture, and
    the (rows, samples, columns, samples) int64 triangle numbers there, kept objects among them."""
    box = batches.kept_box(packed, lens, width, height)
    if box is None:
        return
    left, right, top, bottom = box
    for start, stop in _strips(top, bottom, (right - left) * _SAMPLES**2):
        part = lens.crop((left / width, right / width), (start / height, stop / height))
        hits = drawing.draw(part, (right - left) * _SAMPLES, (stop - start) * _SAMPLES, keep=True)
        yield (slice(start, stop), slice(left, right)), hits.reshape(stop - start, _SAMPLES, right - left, _SAMPLES)


def _missing(parts: list[Part], sources: np.ndarray, unlabelled: np.ndarray, share: float) -> list[str]:
    """A sentence on the surfaces in view that have no label, if there are any."""
    if not unlabelled.any():
        return []
    names = {parts[index].name for index in np.unique(sources[unlabelled])}
    return [f"{max(share, 0.001):.1%} of the surface in view has no label and takes its neighbours': {listed(names)}."]
