"""The painter's networks on ONNX Runtime, which the extension brings along."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..weights import GRAPHS, WRAPS, Weights
from . import EngineError, memory_errors

PROCESSOR = "CPUExecutionProvider"


class OnnxEngine:
    """See `engines.Engine`. The graphs read their numbers from the tensors' file beside them."""

    note = ""

    def __init__(self, weights: Weights, threads: int = 0, provider: str = PROCESSOR):
        """provider: ONNX Runtime's name of what it computes on. Raises EngineError when the library is missing."""
        self._open = lambda graph: open_session(weights.folder / graph, threads, provider)
        self._sessions = {graph: self._open(graph) for graph in GRAPHS.values()}
        self._wraps = weights.wraps
        device = provider.removesuffix("ExecutionProvider")
        self.name = f"onnxruntime {_library().__version__} {device}, {threads or _processors()} threads"

    def composition(self, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, height: np.ndarray, wrap: str = "") -> np.ndarray:
        if wrap and wrap not in self._wraps:
            raise EngineError("The weights hold no graphs for pictures that continue at their other side; choose newer weights.")
        return self._run(WRAPS[wrap] if wrap else GRAPHS["composition"], labels=labels, style=style, noise=noise, height=height)

    def detail(self, picture: np.ndarray, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, scale: float) -> np.ndarray:
        return self._run(GRAPHS["detail"], picture=picture, labels=labels, style=style, noise=noise, scale=np.float32(scale))

    @memory_errors()
    def _run(self, graph: str, **inputs: np.ndarray) -> np.ndarray:
        if graph not in self._sessions:
            self._sessions[graph] = self._open(graph)
        return self._sessions[graph].run(None, {key: array[None] for key, array in inputs.items()})[0][0]


def providers() -> list[str]:
    """What this build of ONNX Runtime can compute on, by its own names. Raises EngineError when the library is missing."""
    return _library().get_available_providers()


@memory_errors()
def open_session(graph: Path, threads: int, provider: str = PROCESSOR):
    """The graph ready to run on `threads` processor threads (0: all). Raises EngineError when the library is missing."""
    library = _library()
    options = library.SessionOptions()
    options.intra_op_num_threads = threads or _processors()
    # One level more turns arrays into a blocked layout and back, which costs these networks more than it gains.
    options.graph_optimization_level = library.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads leave the processor to Blender
    options.enable_mem_pattern = False  # it would reserve memory once more for every size of tile
    options.log_severity_level = 3  # errors; its warnings are about graph clean-up
    chosen = list(dict.fromkeys((provider, PROCESSOR)))  # what the first can't compute, the next does
    return library.InferenceSession(str(graph), options, providers=chosen)


def _library():
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError("ONNX Runtime is not installed in this Python; `pip install onnxruntime` brings it.") from error
    return onnxruntime


def _processors() -> int:
    """Processors that this process may use. ONNX Runtime's own default also binds each thread to one, which hurts beside a busy Blender."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
