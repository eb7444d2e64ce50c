"""The loop around a teacher: moving averages, learning rate, checkpoints, log, sample sheets and the progress bar.

A run can be killed at any moment and goes on from its last checkpoint, at most a minute of work behind. What is learned, and how, is in
composition.py and detail.py.
"""
from __future__ import annotations

import copy
import json
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..models.layers import quickly
from . import checkpoint, config, parallel
from .composition import CompositionTeacher
from .data import CLOSE, Batches, Photographs, to_tensor
from .feed import feed
from .scenes import NAMES, label_map
from .sheet import save_sheet

CHECKPOINT_EVERY, SHEET_EVERY = 60.0, 600.0  # seconds
LOG_EVERY = 25  # steps
SHEET_PICTURES = 12
APART = 1_000_003  # between the seeds of two processes


def average_decay(run: config.Run, images: int) -> float:
    """Decay of the moving average at a step of so many images."""
    return 0.5 ** (images / run.half_life)


def rate_factor(run: config.Run, step: int, progress: float) -> float:
    """Share of the full learning rate, `progress` being the share of the run that is over: a linear warm-up, then 1, then a cosine to a tenth."""
    warm = min(1.0, (step + 1) / run.warm_up)
    if progress <= run.decay_from:
        return warm
    fallen = min(1.0, (progress - run.decay_from) / (1 - run.decay_from))
    return warm * (0.55 + 0.45 * math.cos(math.pi * fallen))


def seed(number: int) -> None:
    random.seed(number)
    torch.manual_seed(number)


class Loop:
    """One run in one folder: `checkpoint.pt`, `log.jsonl` and `sheets/` grow there.

    Of many processes (parallel.py) each has a loop over batches of its own; the first writes the files, which all read when they resume.
    """

    def __init__(self, run: config.Run, data: Path, out: Path, device: torch.device | str, limit: int | None = None,
                 composition: Path | None = None, workers: int = 0):  # fmt: skip
        """workers: how many processes cut batches ahead. Raises ConfigError and DataError."""
        self.run, self.out, self.device, self.workers = run, out, torch.device(device), workers
        self.path = out / "checkpoint.pt"
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = True
        seed(run.seed)
        self.batches, self.teacher = self._make(data, limit, composition)
        self.held_out = self._held_out(data)
        (out / "sheets").mkdir(parents=True, exist_ok=True)
        self.averaged = {name: copy.deepcopy(self.teacher.learners[name]).eval().requires_grad_(False) for name in self.teacher.averaged}
        self.teacher.averages = self.averaged
        self.seen, self.step, self.minutes = 0, 0, 0.0
        self.rates = {name: [group["lr"] for group in o.param_groups] for name, o in self.teacher.optimisers.items()}
        self._behind: list[torch.Tensor] = []  # where all networks last looked ahead from
        self._pairs = [pair for name in self.averaged for pair in self._tensors(name)]
        if parallel.rank():  # the networks are alike now; noise and batches shall differ
            seed(run.seed + APART * parallel.rank())

    def _tensors(self, name: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Each tensor of a moving average beside the learner's."""
        return list(zip(self.averaged[name].state_dict().values(), self.teacher.learners[name].state_dict().values()))

    @property
    def progress(self) -> float:
        """Share of the run that is over, 0 to 1: by images, or by the clock where that is further."""
        return max(self.seen / self.run.images, self.minutes / self.run.minutes if self.run.minutes else 0.0)

    def _make(self, data, limit, composition):
        run = self.run
        if run.stage == "detail":
            from .detail import DetailBatches, DetailTeacher

            photographs = Photographs(data, "train", run.size, limit)
            batches = DetailBatches(photographs, run.batch)
            return batches, DetailTeacher(run, batches, self.device, composition)
        photographs = Photographs(data, "train", run.size, limit, CLOSE)
        batches = Batches(photographs, run.batch, run.smallest_crop, run.blockouts, large=run.large, whole=run.whole)
        return batches, CompositionTeacher(run, batches, self.device)

    def _held_out(self, data: Path) -> Photographs:
        """The photographs of the sample sheets."""
        return Photographs(data, "val", 512 if self.run.stage == "detail" else self.run.size, SHEET_PICTURES)

    def resume(self, *starts: Path) -> None:
        """Go on from this folder's checkpoint, or begin from the networks of `starts`: other runs' checkpoints or weights folders, of which later
        ones come over earlier ones where their tensors fit."""
        if self.path.is_file():
            state = checkpoint.read(self.path, self.run.stage, self.device)
            self._load(state)
            self.seen, self.step, self.minutes = state["seen"], state["step"], state["minutes"]
            for name, optimiser in self.teacher.optimisers.items():
                optimiser.load_state_dict(state["optimisers"][name])
            self.teacher.go_on_from(self.step)
            seed(self.step + APART * parallel.rank())
            return
        for start in starts:
            self._load(checkpoint.read(start, self.run.stage, self.device))

    def _load(self, state):
        """Networks and what belongs to them; what the state's averages lack begins as the learners do."""
        for name, network in self.teacher.learners.items():
            missing = checkpoint.load_matching(network, state["learners"].get(name, {}))
            if missing:
                tqdm.write(f"{name}: {len(missing)} of {len(network.state_dict())} tensors stay as they were")
        for name, network in self.averaged.items():
            network.load_state_dict(self.teacher.learners[name].state_dict())
            checkpoint.load_matching(network, state["averaged"].get(name, {}))
        self.teacher.restore(state["extras"])

    def save(self) -> None:
        if parallel.rank():
            return
        state = {
            "learners": {name: network.state_dict() for name, network in self.teacher.learners.items()},
            "averaged": {name: network.state_dict() for name, network in self.averaged.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.teacher.optimisers.items()},
            "extras": self.teacher.extras(),
            "run": config.as_dict(self.run), "seen": self.seen, "step": self.step, "minutes": self.minutes,
        }  # fmt: skip
        new = self.path.with_suffix(".new")
        torch.save(state, new)
        os.replace(new, self.path)

    def train(self, minutes: float | None = None) -> None:
        """Learn until the run is over, or for so many minutes."""
        begun = checkpointed = sheeted = clock = time.monotonic()
        together = self.run.batch * parallel.count()
        told: dict[str, torch.Tensor] = {}
        bar = tqdm(total=self.run.images, initial=self.seen, unit="img", smoothing=0.05, dynamic_ncols=True, disable=parallel.rank() > 0)
        supply = self._supply()
        while self.progress < 1 and parallel.told(minutes is None or clock - begun < 60 * minutes):
            self._set_rates()
            with quickly(self.device):
                losses = self.teacher.step(next(supply).to(self.device))
            self.step += 1
            self._look_ahead()
            self._average(together)
            self.seen += together
            bar.update(together)
            for name, value in losses.items():
                told[name] = told.get(name, value).detach().lerp(value.detach(), 0.05)  # read by the log alone: reading waits for the card
            now = time.monotonic()
            self.minutes, clock = parallel.told(self.minutes + (now - clock) / 60), now
            if self.step % LOG_EVERY == 0:
                self._log(told, bar)
            if now - checkpointed > CHECKPOINT_EVERY:
                self.save()
                checkpointed = now
            if now - sheeted > SHEET_EVERY:
                self.sheet()
                sheeted = now
        bar.close()
        self.save()
        self.sheet()

    def _supply(self):
        """Batches as bytes, without end."""
        if self.workers:
            return feed(self.batches, f"{self.run.seed} {parallel.rank()}", self.step, self.workers)
        return iter(lambda: self.batches.cut(random), None)

    def _set_rates(self):
        factor = rate_factor(self.run, self.step, self.progress)
        for name, optimiser in self.teacher.optimisers.items():
            for group, rate in zip(optimiser.param_groups, self.rates[name]):
                group["lr"] = rate * factor

    @torch.no_grad()
    def _look_ahead(self):
        """Every few steps go back half the way: two players who answer each other's last step circle around their balance."""
        every = self.run.look_ahead
        if not every:
            return
        now = [parameter for network in self.teacher.learners.values() for parameter in network.parameters()]
        if not self._behind:
            self._behind = [parameter.clone() for parameter in now]
        elif self.step % every == 0:
            torch._foreach_lerp_(self._behind, now, 0.5)
            torch._foreach_copy_(now, self._behind)

    @torch.no_grad()
    def _average(self, images: int):
        """Move the averages by a step of so many images."""
        means, news = zip(*self._pairs)
        torch._foreach_lerp_(means, news, 1 - average_decay(self.run, images))

    def _log(self, told, bar):
        if parallel.rank():
            return
        told = {name: float(value) for name, value in told.items()}
        line = {"step": self.step, "seen": self.seen, "minutes": round(self.minutes, 2), **{k: round(v, 4) for k, v in told.items()}}
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        bar.set_postfix({k: f"{v:.2f}" for k, v in told.items() if k in ("g_pixel", "d_pixel", "d_heads", "statistics")})

    def sheet(self) -> None:
        """A sheet of held-out maps that nobody chose, photograph, map, a drawn style and the photograph's own style; below, maps as Blender
        makes them, in a drawn style."""
        if parallel.rank():
            return
        cuts = [self.held_out.centre(i) for i in range(len(self.held_out))]
        small = [self.held_out.centre(i, 128) for i in range(len(self.held_out))]
        images, maps = to_tensor([c[0] for c in cuts]), torch.from_numpy(np.stack([c[1] for c in cuts]).astype(np.int64))
        rows = [images, maps, *self.teacher.show(self.averaged, images, maps, to_tensor([s[0] for s in small]), [s[1] for s in small])]
        scenes = torch.from_numpy(np.stack([label_map(name, images.shape[2]) for name in NAMES]).astype(np.int64))
        rows += [scenes, self.teacher.drawn(self.averaged, scenes)]
        save_sheet(rows, self.out / "sheets" / f"{self.seen:07d}.png", side=256)
