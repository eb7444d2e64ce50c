"""One step of composition on made-up photographs without any chance, alone or as one of two processes; run by torchrun in test_parallel.py."""
from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from synth_core.models.composition import Composition
from synth_core.training import composition, config, parallel
from synth_core.training.data import Batches, Cuts, Photographs

SHARE = 4  # pictures of each process


def taught(data: Path, place: int | None) -> dict[str, torch.Tensor]:
    """What one step leaves: every gradient, the encoder's running moments and the remembered styles.

    place: which part of eight pictures is learned from, 0 or 1; None for all of them at once, each half in the roles that it has by itself.
    Rates are 0, so that all gradients are those of the first networks. The variety term is left out: it looks at one map of each process.
    """
    run = replace(config.load("composition128"), batch=2 * SHARE, rate=0.0, style_rate=0.0, variety=0.0, blockouts=0.0, smooth=0.01, usual=4.0)
    torch.manual_seed(0)
    batches = Batches(Photographs(data, "train", 64), run.batch, 0.8)
    with mock.patch.object(composition, "build", lambda levels: Composition((32, 32, 16), (8, 8, 8), 2)):
        teacher = composition.CompositionTeacher(run, batches, torch.device("cpu"))
    cuts = batches.cut(random.Random(3))
    if place is None:
        alone = teacher._roles
        teacher._roles = lambda n: _beside(alone(n // 2))
    else:
        cuts = Cuts(**{name: np.split(part, 2)[place] for name, part in vars(cuts).items()})
    with _without_chance():
        teacher.step(cuts.to("cpu"))
    found = {f"{name}.{key}": p.grad for name, network in teacher.learners.items() for key, p in network.named_parameters()}
    encoder = teacher.learners["encoder"]
    return found | {"mean": encoder.mean, "deviation": encoder.deviation, "bank": teacher.bank[: 2 * SHARE]}


def _beside(roles: composition.Roles) -> composition.Roles:
    """The roles of one process's batch, for two such batches one after the other."""
    order = torch.arange(SHARE)
    twice = (torch.cat([part, part + SHARE]) for part in (roles.source, order[roles.own], order[roles.plain]))
    return composition.Roles(*twice, torch.cat([roles.mixed, roles.mixed]))


def _without_chance():
    """A context in which everything random is a constant, the same for every picture."""
    constant = {
        "randn": lambda *size, **_: torch.full(size, 0.3),
        "randn_like": lambda like: torch.full_like(like, 0.3),
        "rand": lambda *size, **_: torch.full(size[0] if isinstance(size[0], torch.Size) else size, 0.7),
        "randint": lambda high, size, **_: torch.zeros(size, dtype=torch.long),
    }
    return mock.patch.multiple(torch, **constant)


if __name__ == "__main__":
    parallel.join("cpu")
    random.random = lambda: 0.9
    result = taught(Path(sys.argv[1]), parallel.rank())
    torch.save(result, f"{sys.argv[2]}.{parallel.rank()}")
    parallel.leave()
