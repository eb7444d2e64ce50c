"""The painter's networks on torch, for those who have it. Only this engine and the trainer import torch."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..weights import Weights, WeightsError
from . import EngineError, memory_errors


class TorchEngine:
    """See `engines.Engine`; on a CUDA (or ROCm) or Apple device where there is one, else on the processor."""

    note = ""

    def __init__(self, weights: Weights, threads: int = 0):
        try:
            import torch
        except ImportError as error:
            raise EngineError("torch is not installed in this Python; paint with the onnx engine, or `pip install torch`.") from error
        from ..models.composition import Composition
        from ..models.detail import Detail
        from ..models.layers import set_wrap
        from ..models.spade import SpadeComposition

        if threads:
            torch.set_num_threads(threads)
        self._torch, self._set_wrap = torch, set_wrap
        self._device, named = _device(torch)
        self._composition = self._load({"": Composition, "spade": SpadeComposition}, "composition", weights)
        self._detail = self._load({"": Detail}, "detail", weights)
        self.name = f"torch {torch.__version__} {named}, {torch.get_num_threads()} threads"

    def composition(self, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, height: np.ndarray, wrap: str = "") -> np.ndarray:
        self._set_wrap(self._composition, wrap)
        return self._run(self._composition, labels, style, noise, height)

    def detail(self, picture: np.ndarray, labels: np.ndarray, style: np.ndarray, noise: np.ndarray, scale: float) -> np.ndarray:
        return self._run(self._detail, picture, labels, style, noise, np.float32(scale))

    def _load(self, makers: dict[str, Callable], name: str, weights: Weights):
        """The network `name`, made by the maker of its architecture ("" where the weights name none)."""
        tensors = {key: self._torch.from_numpy(array) for key, array in weights.tensors(f"{name}.").items()}
        arguments = dict(weights.networks[name])
        try:
            network = makers[arguments.pop("architecture", "")](**arguments)
            network.load_state_dict(tensors)
        except (RuntimeError, KeyError, TypeError) as error:
            raise WeightsError(f"The weights in {weights.folder} are of another version than this program; install both again.") from error
        return network.to(self._device).eval()

    @memory_errors()
    def _run(self, network, *inputs: np.ndarray) -> np.ndarray:
        tensors = [self._torch.tensor(array)[None].to(self._device) for array in inputs]
        with self._torch.inference_mode():
            return network(*tensors)[0].cpu().numpy()


def _device(torch) -> tuple[object, str]:
    """The device to paint on, and its name."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.cuda.get_device_name(0)
    if torch.backends.mps.is_available():
        return torch.device("mps"), "mps"
    return torch.device("cpu"), "cpu"
