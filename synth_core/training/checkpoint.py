"""Where a run begins: the networks of a checkpoint or of a weights folder, how tensors get into networks of another size, and the mean of several
checkpoints."""
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
    return _from_weights(path, stage) if path.is_dir() else _load(path, device)


def _load(path: Path, device: torch.device | str) -> dict:
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


def average(states: list[Path], last: Path, out: Path) -> None:
    """Write the checkpoint whose painter is the mean of those of `states` and `last`, of one run or of runs that began alike (model soups,
    2203.05482); all else is as in `last`, but for the optimisers, which it lacks.

    Two players circle around their balance, and are elsewhere at each time; the mean of many places lies nearer to it.
    states: checkpoints or weights folders; last: a checkpoint. Raises ConfigError for others, and for networks of different shapes.
    """
    whole = _load(last, "cpu")
    del whole["optimisers"]
    others = [read(path, whole["run"]["stage"]) for path in states]
    for name, tensors in whole["averaged"].items():
        for path, other in zip(states, others):
            if _shapes(other["averaged"].get(name, {})) != _shapes(tensors):
                raise ConfigError(f"{path} holds another {name} than {last}; only states of one network have a mean.")
        alike = [*(other["averaged"][name] for other in others), tensors]
        mean = {key: torch.stack([each[key].float() for each in alike]).mean(0).to(value.dtype) for key, value in tensors.items()}
        whole["averaged"][name] = whole["learners"][name] = mean
    torch.save(whole, out)


def _shapes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def load_matching(network: torch.nn.Module, tensors: dict[str, torch.Tensor], prefix: str = "") -> list[str]:
    """Copy every tensor whose name, after `prefix`, and shape fit, so that a run can start from smaller networks; returns the names, without
    `prefix`, that stayed as they were."""
    own = network.state_dict()
    named = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    fitting = {k: v.to(own[k]) for k, v in named.items() if k in own and own[k].shape == v.shape}
    network.load_state_dict(fitting, strict=False)
    return sorted(set(own) - set(fitting))
