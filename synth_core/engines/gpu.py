"""The bundled runtime on the graphics card (DirectML on Windows, CoreML on macOS), trusted only while it paints what the processor paints.

Drivers differ: a card may paint wrongly, or fail in the middle of a painting. A probe picture comes before the first one; what fails or
differs is replaced by the processor, and the engine's `note` says so. How either one runs a network is `onnx.py`'s.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import canvas, noise
from .. import labels as label_set
from ..request import NOISE_CHANNELS, STYLE_SIZE
from ..weights import Weights
from . import Engine, EngineError
from .onnx import OnnxEngine, providers

CARDS = {"DmlExecutionProvider": "DirectML", "CoreMLExecutionProvider": "CoreML"}  # ONNX Runtime's names and everyone's
TOLERANCE = 2 / 255  # of a colour's range, by which a probe picture may differ


class GpuEngine:
    """See `engines.Engine`. `note` is empty while the card paints, else one sentence on why the processor does."""

    def __init__(self, weights: Weights, threads: int = 0):
        """Raises EngineError when ONNX Runtime is missing."""
        self._processor: Engine = OnnxEngine(weights, threads)
        self._card, self.note = _trusted(weights, threads, self._processor)

    @property
    def name(self) -> str:
        return (self._card or self._processor).name

    def composition(self, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, height: np.ndarray, wrap: str = "") -> np.ndarray:
        return self._run(lambda engine: engine.composition(labels, style, noise, height, wrap))

    def detail(self, picture: np.ndarray, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, scale: float) -> np.ndarray:
        return self._run(lambda engine: engine.detail(picture, labels, style, noise, scale))

    def _run(self, work: Callable[[Engine], np.ndarray]) -> np.ndarray:
        if self._card:
            try:
                return work(self._card)
            except EngineError:
                raise
            except Exception as error:  # each provider raises kinds of its own
                self._card, self.note = None, f"The graphics card failed ({_brief(error)}); Veduta went on with the processor."
        return work(self._processor)


def _trusted(weights: Weights, threads: int, processor: Engine) -> tuple[Engine | None, str]:
    """The card's engine, or None and one sentence on what is wrong with it."""
    card = next((name for name in CARDS if name in providers()), None)
    if card is None:
        return None, "The bundled runtime has no graphics card support on this computer; Veduta paints with the processor."
    try:
        engine = OnnxEngine(weights, threads, card)
        apart = _apart(engine, processor, weights.cut.stride)
    except Exception as error:  # each provider raises kinds of its own
        return None, f"The graphics card can't paint ({CARDS[card]}: {_brief(error)}); Veduta paints with the processor."
    if not apart <= TOLERANCE:  # nor for NaN
        return None, (f"The graphics card paints another picture than the processor ({CARDS[card]}, {apart * 255:.0f} of 255 apart); "
                      "Veduta paints with the processor.")
    return engine, ""


def _apart(one: Engine, other: Engine, height: int) -> float:
    """The largest difference, as a share of a colour's range, of a probe picture that both engines paint: composition's is `height` pixels
    high and twice as wide, detail's twice that."""
    width = 2 * height
    ids = np.repeat(np.array([1, 5, 20, 12], np.uint8), height // 2)[:, None].repeat(2 * width, 1)
    style = noise.normal(0, 0, 1, label_set.COUNT, STYLE_SIZE)[0]
    field = noise.normal(0, 1, NOISE_CHANNELS, height, width)
    rows = np.broadcast_to(np.linspace(1, -1, height, dtype=np.float32)[None, :, None], (1, height, width))
    grain = noise.normal(0, 2, canvas.DETAIL_NOISE, *ids.shape)
    composed = [engine.composition(canvas.areas(ids, 2), style, field, rows) for engine in (one, other)]
    detailed = [engine.detail(composed[1], canvas.areas(ids, 1), style, grain, 0.0) for engine in (one, other)]
    return max(float(np.abs(a - b).max()) / 2 for a, b in (composed, detailed))


def _brief(error: Exception) -> str:
    """The beginning of an error's first line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
