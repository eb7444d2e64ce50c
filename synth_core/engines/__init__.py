"""What runs the networks: one small interface, ONNX Runtime or torch behind it. Sizes, padding and tiles are not known here."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from ..weights import Weights

NAMES = ("onnx", "gpu", "torch")
_NO_MEMORY = ("allocate memory", "bad_alloc", "bad allocation", "out of memory")  # what the libraries say; MSVC's bad_alloc says the third


class EngineError(RuntimeError):
    """An engine that can't run here; the message is one sentence for the user."""


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise MemoryError for what the libraries raise when memory runs out: each a kind of its own, known by its text alone."""
    try:
        yield
    except Exception as error:
        if not any(words in str(error) for words in _NO_MEMORY):
            raise
        raise MemoryError(str(error)) from error


class Engine(Protocol):
    """Both networks over numpy arrays: float32 in and out, C x H x W with row 0 at the top; pictures in [-1, 1]."""

    name: str  # library, version, device and threads: what a painting must share with another to be equal to the last bit
    note: str  # one sentence for the user when it paints on something else than it was asked to; else empty

    def composition(self, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, height: np.ndarray, wrap: str = "") -> np.ndarray:
        """labels (23, h, w) area-averaged one-hot, style (23, 64), noise (8, h, w), height (1, h, w) from +1 at the view's top to -1
        -> picture (3, h, w), which continues at its other side in the directions of `wrap` ("", "x" or "xy"). h and w are multiples of
        the weights' `cut.stride`. Raises EngineError for a wrap that the weights have no graph for."""

    def detail(self, picture: np.ndarray, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, scale: float) -> np.ndarray:
        """picture (3, h, w), labels (23, 2h, 2w), style (23, 64), noise (2, 2h, 2w), scale = log2(short side of the whole picture that
        comes out / 512 px) -> picture (3, 2h, 2w). h and w are multiples of canvas.DETAIL_STRIDE."""


def open_engine(name: str, weights: Weights, threads: int = 0) -> Engine:
    """The engine `name` ("onnx": the processor, "gpu": the bundled runtime's graphics card, or "torch") with the networks of `weights`, on `threads` processor threads (0: all).

    Raises EngineError when its library is missing, ValueError for another name.
    """
    if name == "onnx":
        from .onnx import OnnxEngine

        return OnnxEngine(weights, threads)
    if name == "gpu":
        from .gpu import GpuEngine

        return GpuEngine(weights, threads)
    if name == "torch":
        from .torch import TorchEngine

        return TorchEngine(weights, threads)
    raise ValueError(f"there is no engine {name!r}; the engines are {', '.join(NAMES)}")
