"""Batches cut ahead by worker processes: a graphics card learns faster than one processor core cuts."""
from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset

AHEAD = 4  # batches that each worker holds ready


class _Numbered(Dataset):
    """Every batch by its number: which worker cuts it makes no difference."""

    def __init__(self, batches, seed: str):
        self.batches, self.seed = batches, seed

    def __getitem__(self, number: int):
        return self.batches.cut(random.Random(f"{self.seed} {number}"))


def feed(batches, seed: str, first: int, workers: int) -> Iterator:
    """What `batches.cut` cuts for the steps `first`, `first` + 1 and so on without end, decided by `seed` and the step alone.

    The photographs are shared with the workers, not copied (they are forked). Arrays of bytes come back through pipes and not through shared
    memory, of which some machines have too little.
    """
    numbers = itertools.count(first)
    loader = DataLoader(
        _Numbered(batches, seed), batch_size=None, sampler=numbers, num_workers=workers, collate_fn=_as_it_is,
        prefetch_factor=AHEAD, multiprocessing_context="fork",
        pin_memory=torch.cuda.is_available(),  # a thread of its own receives them then, beside the steps (data.send pins)
    )  # fmt: skip
    return iter(loader)


def _as_it_is(cuts):
    return cuts
