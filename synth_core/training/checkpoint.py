"""Where a run begins: the networks of a checkpoint or of a weights folder, and how tensors get into networks of another size."""
from __future__ import annotations

from pathlib import Path

import torch

from .. import weights as files
from .config import ConfigError

PAINTERS = {"composition": ("composition", "encoder"), "detail": ("detail",)}  # networks with a moving average, by stage
JUDGES = ("discriminator", "pixel_head")


def read(path: Path, stage: str, device: torch.device | str = "cpu") -> dict:
    """The state that a run of `stage` begins from: learners, averaged and extras (a checkpoint holds more).

    path: a checkpoint.pt, or a weights folder (float16, no optimisers). Raises ConfigError for a path that is neither.
    """
    if path.is_dir():
        return _from_weights(path, stage)
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        raise ConfigError(f"{path} is neither a checkpoint nor a weights folder ({type(error).__name__}).") from error


def _from_weights(folder: Path, stage: str) -> dict:
    try:
        painters = {name: _tensors(folder / files.TENSORS, f"{name}.") for name in PAINTERS[stage]}
        judges = {name: _tensors(folder / files.JUDGES, f"{stage}.{name}.") for name in JUDGES}
        extras = _tensors(folder / files.JUDGES, f"{stage}.deviation", keep="deviation")
        extras["bank"] = _tensors(folder / files.TENSORS, "styles.")["bank"]
    except (files.WeightsError, OSError, KeyError) as error:
        raise ConfigError(f"{folder} holds no weights to train on from: {error}") from error
    return {"learners": painters | judges, "averaged": painters, "extras": extras}


def _tensors(path: Path, prefix: str, keep: str = "") -> dict[str, torch.Tensor]:
    return {keep + name.removeprefix(prefix): torch.tensor(array, dtype=torch.float32) for name, array in files.read(path, prefix).items()}


def load_matching(network: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> list[str]:
    """Copy every tensor whose name and shape fit; returns the names that stayed as they were. Lets a run start from smaller networks."""
    own = network.state_dict()
    fitting = {k: v.to(own[k]) for k, v in tensors.items() if k in own and own[k].shape == v.shape}
    network.load_state_dict(fitting, strict=False)
    return sorted(set(own) - set(fitting))
