"""The painter: a Request becomes a Result. It draws what the request leaves open, runs the cascade over the canvas, and writes the PNG.

The networks run in an engine (`engines/`); sizes, label areas and tiles come from canvas.py.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import canvas, noise, png, relief
from . import weights as weights_folder
from .canvas import Cut, LabelAreas, Plan, Window
from .critic import Critic
from .engines import Engine, open_engine
from .request import NOISE_CHANNELS, Request, Result, licence_texts
from .styles import STREAM as STYLE_STREAM
from .styles import Styles

COMPOSITION_STREAM = STYLE_STREAM + 1  # of a seed's random numbers; detail's step n takes stream COMPOSITION_STREAM + n


class Cancelled(Exception):
    """The painting was called off."""


class Painter:
    """Paints requests, one after the other, with the weights of one folder."""

    def __init__(self, weights: Path | str, engine: str = "onnx", threads: int = 0):
        """weights: the folder; engine: one of `engines.NAMES`; threads: processor threads, 0 for all.

        Raises WeightsError for missing or damaged weights and EngineError when the engine's library is missing.
        """
        self._weights, self._threads = weights_folder.load(Path(weights)), threads
        self._styles = Styles(self._weights)
        self._engine = open_engine(engine, self._weights, threads)
        self._critic: Critic | None = None  # opened when it is first asked

    @property
    def weights(self) -> str:
        """The SHA-256 of the weights."""
        return self._weights.sha256

    @property
    def note(self) -> str:
        """One sentence for the user when the engine paints on something else than it was asked to; else empty."""
        return self._engine.note

    def paint(
        self, request: Request, progress: Callable[[float], None] | None = None, cancelled: Callable[[], bool] | None = None
    ) -> Result:
        """Paint one picture.

        After every run of a network, progress is called with the share that is done (0 to 1) and cancelled is asked.
        Raises Cancelled once cancelled() is true, RequestError for a size that can't wrap, and WeightsError when the best of several is asked
        for and the weights hold no critic.
        """
        started = time.perf_counter()
        height, width = request.labels.shape
        plan = canvas.plan(width, height, request.wrap, self._weights.cut)
        meter = _Meter(_work(plan, request.best_of), progress, cancelled)
        cascade, composed, score = self._composed(request, plan, meter)
        picture = _to_bytes(cascade.finish(composed), plan.width, plan.height, plan.steps)
        if request.relief is not None:
            picture = relief.apply(picture, request.relief)
        licence = self._weights.licence
        file = png.encode(picture, request.texts | licence_texts(licence))
        return Result(picture, file, self._engine.name, self._weights.sha256, time.perf_counter() - started, cascade.seed, score, licence)

    def _composed(self, request: Request, plan: Plan, meter: _Meter) -> tuple[_Cascade, np.ndarray, float | None]:
        """The cascade of the seed that is kept, what it composed, and the critic's score, None where there is no choice.

        The critic reads compositions: detail adds nothing at the size that it reads.
        """
        if request.best_of == 1:
            cascade = self._cascade(request, request.seed, plan, meter)
            return cascade, cascade.compose(), None
        self._critic = self._critic or Critic(self._weights, self._threads)
        best = None
        for seed in range(request.seed, request.seed + request.best_of):
            cascade = self._cascade(request, seed, plan, meter)
            composed = cascade.compose()
            height, width = plan.needed(0) if plan.steps > 0 else (plan.height, plan.width)
            score = self._critic.judge(_to_bytes(composed, width, height, min(plan.steps, 0)), request.labels).score
            if best is None or score > best[2]:
                best = cascade, composed, score
        return best

    def _cascade(self, request: Request, seed: int, plan: Plan, meter: _Meter) -> _Cascade:
        style = self._styles.drawn(seed) if request.style is None else request.style
        return _Cascade(self._engine, plan, self._weights.cut, request, seed, style, meter)


class _Meter:
    """Counts painted pixels, tells the progress and stops a painting that was called off."""

    def __init__(self, total: int, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None):
        self._total, self._done = total, 0
        self._progress, self._cancelled = progress, cancelled

    def advance(self, pixels: int) -> None:
        """`pixels` more have come out of a network. Raises Cancelled."""
        self._done += pixels
        if self._progress:
            self._progress(min(1.0, self._done / self._total))
        if self._cancelled and self._cancelled():
            raise Cancelled


def _work(plan: Plan, compositions: int) -> int:
    """Pixels that the networks will put out, tiles' overlaps left out; both networks take about as long for one."""
    pictures = compositions * [(plan.grid_height, plan.grid_width)]
    pictures += [tuple(2 * side for side in _incoming(plan, step)) for step in range(1, plan.steps + 1)]
    return sum(height * width for height, width in pictures)


def _incoming(plan: Plan, step: int) -> tuple[int, int]:
    """Height and width of the picture that detail's `step` enlarges."""
    height, width = plan.needed(step - 1)
    return canvas.round_up(height, canvas.DETAIL_STRIDE), canvas.round_up(width, canvas.DETAIL_STRIDE)


class _Cascade:
    """One painting under way: composition, then detail as often as planned."""

    def __init__(self, engine: Engine, plan: Plan, cut: Cut, request: Request, seed: int, style: np.ndarray, meter: _Meter):
        self._engine, self._plan, self._cut, self._style, self._meter = engine, plan, cut, style, meter
        self._request, self.seed = request, seed
        self._areas = LabelAreas(request.labels, plan)

    def finish(self, picture: np.ndarray) -> np.ndarray:
        """The picture (3, H, W) in [-1, 1] after the last step, padding included; from what `compose` returned."""
        for step in range(1, self._plan.steps + 1):
            height, width = _incoming(self._plan, step)
            picture = self._enlarge(picture[:, :height, :width], step)
        return picture

    def compose(self) -> np.ndarray:
        """Composition's picture (3, grid_height, grid_width) in [-1, 1]."""
        plan = self._plan
        height, width = plan.grid_height, plan.grid_width
        picture = np.empty((3, height, width), np.float32)
        field = self._noise(0, NOISE_CHANNELS, Window(0, 0, height, width), height, width)
        rows = canvas.heights(plan, self._request.view)
        for tile in canvas.tiles(height, width, canvas.STRIP, self._cut.reach, self._cut.stride, whole=self._cut.whole + plan.wrap):
            source = (slice(None), *tile.source.slices)
            painted = self._engine.composition(self._areas.window(0, tile.source), self._style, field[source], rows[source], plan.wrap)
            self._keep(picture, painted, tile)
        return picture

    def _enlarge(self, picture: np.ndarray, step: int) -> np.ndarray:
        """(3, h, w) -> (3, 2h, 2w), the picture after `step` doublings."""
        height, width = picture.shape[1:]
        larger = np.empty((3, 2 * height, 2 * width), np.float32)
        scale = self._plan.scale(step)
        for tile in canvas.tiles(height, width, canvas.DETAIL_TILE, canvas.DETAIL_REACH, canvas.DETAIL_STRIDE, self._plan.wrap):
            source = tile.source.scaled(2)
            labels, grain = self._areas.window(step, source), self._noise(step, canvas.DETAIL_NOISE, source, 2 * height, 2 * width)
            painted = self._engine.detail(canvas.read(picture, tile.source), labels, self._style, grain, scale)
            self._keep(larger, painted, tile.scaled(2))
        return larger

    def _noise(self, step: int, channels: int, window: Window, height: int, width: int) -> np.ndarray:
        """The noise (channels, ...) of a window of the height x width picture after `step` doublings; composition's is made whole.

        Detail's stays with the picture, anchors or not: it has no measurable part in flicker.
        """
        seed, stream, anchors = self.seed, COMPOSITION_STREAM + step, self._request.anchors
        view = self._plan.shown(step)

        def make(part: Window) -> np.ndarray:
            if anchors is None or step:
                return noise.normal(seed, stream, channels, part.height, part.width, part.top, part.left)
            return noise.anchored(anchors, seed, stream, channels, part.height, part.width, view)

        return canvas.gather(make, window, height, width)

    def _keep(self, picture: np.ndarray, painted: np.ndarray, tile: canvas.Tile) -> None:
        picture[(slice(None), *tile.core.slices)] = painted[(slice(None), *tile.core.within(tile.source).slices)]
        self._meter.advance(tile.core.height * tile.core.width)


def _to_bytes(picture: np.ndarray, width: int, height: int, steps: int) -> np.ndarray:
    """The picture (3, H, W) in [-1, 1], averaged down when `steps` is below 0, and cropped: (height, width, 3) uint8."""
    if steps < 0:
        picture = canvas.average_down(picture, 2**-steps)
    view = np.moveaxis(picture[:, :height, :width], 0, 2)
    return np.ascontiguousarray(np.clip(np.rint((view + 1) * 127.5), 0, 255).astype(np.uint8))
