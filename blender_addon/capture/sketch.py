"""Captures in short steps on the graphics card, for pictures that follow the viewport: near enough, and never long at a time.

What `capture` gives exactly and in one go, this gives a piece at a time: the scene's geometry stays on the card from one drawing to the
next, a step draws a bounded number of triangles or reads a bounded number of pixels, and a pixel takes the triangle that the card finds at
its centre, where `surface` would ask its neighbours too.
"""
from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import bpy
import gpu
import numpy as np

from .. import compat
from . import batches, fill, gpu_route
from .batches import Batch
from .extract import HOLDOUT, Geometry, Memory, Part, check, extract
from .project import Lens
from .surface import NOTHING

_TRIANGLES = 10_000  # drawn in one step
_PIXELS = 1 << 17  # read in one step

Steps = Generator[None, None, "Sketch"]  # each `next` is one short step; the last returns the sketch


@dataclass(frozen=True, eq=False)
class Sketch:
    """What a lens sees, at W x H pixels, row 0 at the top.

    labels: (H, W) uint8, no pixel unlabelled; matte: (H, W) float32, 0 to 1. Both as in a View, exact but for single pixels on edges.
    """

    labels: np.ndarray
    matte: np.ndarray


class Scenery:
    """The geometry of one view layer, on the card. Needs a GPU context wherever it is used: see `compat.gpu_ready`."""

    def __init__(self):
        self._memory = Memory()
        self._geometry: Geometry | None = None
        self._uploads: dict[int, _Upload] = {}
        self._shaders: dict[bool, gpu.types.GPUShader] = {}

    def forget(self, uids: set[int]) -> None:
        """The geometry of the objects and meshes of these session_uids has changed; `gather` reads them again."""
        self._memory.forget(uids)

    def forget_all(self) -> None:
        """Anything may have changed."""
        self._memory.clear()

    def gather(self, scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, depsgraph: bpy.types.Depsgraph) -> bool:
        """Take the scene in as it stands now. Returns whether a picture of it would be another."""
        former = self._geometry
        self._geometry = geometry = extract(scene, view_layer, depsgraph, self._memory)
        self._uploads = {id(part.triangles): self._uploads.get(id(part.triangles)) or _Upload(part) for part in geometry.parts}
        return former is None or not _same(former, geometry)

    def steps(self, lens: Lens, width: int, height: int, samples: int) -> Steps:
        """Sketch what `lens` sees, in steps. samples: the matte's, across and along each pixel.

        Raises CaptureError where nothing is to be painted: without surfaces, and without any label.
        """
        geometry = self._geometry
        check(geometry)
        packed = self._pack(geometry.parts, lens)
        yield
        drawing = _Drawing(width, height)
        try:
            sketch = yield from self._sketch(drawing, packed, lens, samples)
        finally:
            drawing.free()
        return sketch

    def _sketch(self, drawing: _Drawing, packed: list[Batch], lens: Lens, samples: int) -> Steps:
        geometry = self._geometry
        yield from self._draw(drawing, packed, lens, keep=False)
        batch, triangle = yield from drawing.read()
        starts = np.cumsum([0] + [len(entry.labels) for entry in packed])
        table = np.concatenate([entry.labels for entry in packed] + [np.zeros(1, np.uint8)])  # the last is for what hits nothing
        labels = table[np.where(batch == NOTHING, len(table) - 1, starts[batch] + triangle)]
        labels[labels == HOLDOUT] = 0
        yield
        labels = fill.complete(labels, lens, geometry.suns)
        yield
        if samples > 1:
            matte = yield from self._matte(packed, lens, drawing.width, drawing.height, samples)
            return Sketch(labels, matte)
        yield from self._draw(drawing, packed, lens, keep=True)  # before what stands in the drawing already
        batch, _ = yield from drawing.read()
        return Sketch(labels, _kept(packed)[batch].astype(np.float32))

    def _pack(self, parts: list[Part], lens: Lens) -> list[Batch]:
        """The parts that can be in view, as instances: what is on the card stays there, whatever lens it is seen through."""
        packed = [batches.instanced(part, index, self._uploads[id(part.triangles)].box, lens) for index, part in enumerate(parts)]
        return [batch for batch in packed if len(batch.matrices)]

    def _draw(self, drawing: _Drawing, packed: list[Batch], lens: Lens, keep: bool) -> Iterator[None]:
        """Draw the kept batches, or the others."""
        for index, batch in enumerate(packed):
            if batch.keep == keep:
                yield from self._draw_batch(drawing, index, batch, lens)

    def _draw_batch(self, drawing: _Drawing, index: int, batch: Batch, lens: Lens) -> Iterator[None]:
        cut = batch.cutout is not None
        if cut not in self._shaders:
            self._shaders[cut] = gpu_route.make_shader(cut)
            yield
        upload = self._uploads[id(batch.triangles)]
        if upload.corners is None:
            upload.corners = gpu_route.upload_corners(batch)
            yield
        shader, matrices = self._shaders[cut], gpu_route.upload_matrices(batch)
        for first, draw in _portions(batch, upload, shader, lens):
            with drawing.target.bind(), gpu_route.drawing_state():
                gpu_route.bind(shader, lens, index, batch, matrices, first)
                draw()
            yield

    def _matte(self, packed: list[Batch], lens: Lens, width: int, height: int, samples: int) -> Generator[None, None, np.ndarray]:
        """(height, width) float32: how much of each pixel the kept objects cover, by a grid of samples in the box they can be in."""
        matte = np.zeros((height, width), np.float32)
        # Of each part the eight corners of its box stand for all its vertices: there may be a million.
        boxes = [replace(batch, vertices=self._uploads[id(batch.triangles)].box, triangles=np.arange(8)) for batch in packed if batch.keep]
        box = batches.kept_box(boxes, lens, width, height)
        if box is None:
            return matte
        left, right, top, bottom = box
        part = lens.crop((left / width, right / width), (top / height, bottom / height))
        drawing = _Drawing((right - left) * samples, (bottom - top) * samples)
        try:
            for keep in (False, True):
                yield from self._draw(drawing, packed, part, keep)
            batch, _ = yield from drawing.read()
        finally:
            drawing.free()
        matte[top:bottom, left:right] = _kept(packed)[batch].reshape(bottom - top, samples, right - left, samples).mean((1, 3))
        return matte


def _kept(packed: list[Batch]) -> np.ndarray:
    """(len(packed) + 1,) bool: whether a batch is kept; the last is for what hits nothing, NOTHING being -1."""
    return np.array([batch.keep for batch in packed] + [False])


class _Drawing:
    """An off-screen picture of which triangle is where; what is drawn later comes before or behind what stands there."""

    def __init__(self, width: int, height: int):
        self.width, self.height = width, height
        self.target = gpu.types.GPUOffScreen(width, height, format="RGBA32F")
        with self.target.bind():
            gpu.state.active_framebuffer_get().clear(color=(NOTHING, 0, 0, 0), depth=1.0)

    def read(self) -> Generator[None, None, tuple[np.ndarray, np.ndarray]]:
        """For each pixel the batch, NOTHING for none, and the triangle in it: two (height, width) int64, row 0 at the top."""
        found = np.empty((self.height, self.width, 4), np.float32)
        rows = max(1, _PIXELS // self.width)
        for start in range(0, self.height, rows):
            stop = min(self.height, start + rows)
            with self.target.bind():
                buffer = gpu.state.active_framebuffer_get().read_color(0, start, self.width, stop - start, 4, 0, "FLOAT")
            found[self.height - stop:self.height - start] = compat.buffer_array(buffer, (stop - start, self.width, 4))[::-1]
            yield
        return found[..., 0].astype(np.int64), found[..., 2].astype(np.int64)

    def free(self) -> None:
        self.target.free()


class _Upload:
    """A part's corners on the card, once drawn, and its boxes. It holds the part, so that no other array can take its place in memory."""

    def __init__(self, part: Part):
        self.part = part
        self.box = batches.box(part.vertices)
        self.corners: gpu.types.GPUBatch | None = None
        self._boxes: dict[int, np.ndarray] = {}

    def portion_box(self, start: int) -> np.ndarray:
        """The box around the _TRIANGLES from `start` on, (8, 3)."""
        if start not in self._boxes:
            self._boxes[start] = batches.box(self.part.vertices[self.part.triangles[start:start + _TRIANGLES].reshape(-1)])
        return self._boxes[start]


def _portions(batch: Batch, upload: _Upload, shader: gpu.types.GPUShader, lens: Lens) -> Iterator[tuple]:
    """(first place, function that draws) for parts of a batch of at most _TRIANGLES each, or one place, without those out of view."""
    count, places, corners = len(batch.triangles), len(batch.matrices), upload.corners
    if places == 1:
        for start in range(0, count, _TRIANGLES):
            if batches.in_view(upload.portion_box(start), batch.matrices.astype(np.float64), lens).any():
                size = min(_TRIANGLES, count - start)
                yield 0, lambda start=start, size=size: corners.draw_range(shader, elem_start=3 * start, elem_count=3 * size)
        return
    step = max(1, _TRIANGLES // count)
    for first in range(0, places, step):
        size = min(step, places - first)
        yield first, lambda size=size: corners.draw_instanced(shader, instance_start=0, instance_count=size)


def _same(one: Geometry, other: Geometry) -> bool:
    """Whether two extractions with one memory found the same."""
    if len(one.parts) != len(other.parts) or len(one.suns) != len(other.suns):
        return False
    suns = all(np.array_equal(a.direction, b.direction) and a.diameter == b.diameter for a, b in zip(one.suns, other.suns))
    return suns and all(a.triangles is b.triangles and np.array_equal(a.matrices, b.matrices) for a, b in zip(one.parts, other.parts))
