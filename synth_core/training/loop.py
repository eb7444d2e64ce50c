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

from . import checkpoint, config
from .composition import CompositionTeacher
from .data import Batches, Photographs, to_tensor
from .sheet import save_sheet

CHECKPOINT_EVERY, SHEET_EVERY = 60.0, 600.0  # seconds
LOG_EVERY = 25  # steps
SHEET_PICTURES = 12


def average_decay(images_seen: int, batch: int, total: int) -> float:
    """Decay a step of the moving average: its half-life is 5 % of the images seen, 200 at least and 10,000 at most."""
    half_life = min(10_000, max(200, 0.05 * images_seen), max(200, 0.05 * total))
    return 0.5 ** (batch / half_life)


def rate_factor(run: config.Run, step: int, seen: int) -> float:
    """Share of the full learning rate: a linear warm-up, then 1, then a cosine to a tenth."""
    warm = min(1.0, (step + 1) / run.warm_up)
    start = run.decay_from * run.images
    if seen <= start or run.images <= start:
        return warm
    progress = min(1.0, (seen - start) / (run.images - start))
    return warm * (0.55 + 0.45 * math.cos(math.pi * progress))


class Loop:
    """One run in one folder: `checkpoint.pt`, `log.jsonl` and `sheets/` grow there."""

    def __init__(self, run: config.Run, data: Path, out: Path, device: str, limit: int | None = None, composition: Path | None = None):
        self.run, self.out, self.device = run, out, torch.device(device)
        self.path = out / "checkpoint.pt"
        random.seed(run.seed)
        torch.manual_seed(run.seed)
        self.batches, self.teacher = self._make(data, limit, composition)
        self.held_out = self._held_out(data)
        (out / "sheets").mkdir(parents=True, exist_ok=True)
        self.averaged = {name: copy.deepcopy(self.teacher.learners[name]).eval().requires_grad_(False) for name in self.teacher.averaged}
        self.seen, self.step, self.minutes = 0, 0, 0.0
        self.rates = {name: [group["lr"] for group in o.param_groups] for name, o in self.teacher.optimisers.items()}

    def _make(self, data, limit, composition):
        run = self.run
        photographs = Photographs(data, "train", run.size, limit)
        if run.stage == "detail":
            from .detail import DetailBatches, DetailTeacher

            batches = DetailBatches(photographs, run.batch)
            return batches, DetailTeacher(run, batches, self.device, composition)
        batches = Batches(photographs, run.batch, run.smallest_crop, run.blockouts)
        return batches, CompositionTeacher(run, batches, self.device)

    def _held_out(self, data: Path) -> Photographs:
        """The photographs of the sample sheets."""
        return Photographs(data, "val", 512 if self.run.stage == "detail" else self.run.size, SHEET_PICTURES)

    def resume(self, start: Path | None) -> None:
        """Go on from this folder's checkpoint, or begin from the networks of `start`: another run's checkpoint or a weights folder."""
        path = self.path if self.path.is_file() else start
        if path is None:
            return
        state = checkpoint.read(path, self.run.stage, self.device)
        for name, network in self.teacher.learners.items():
            missing = checkpoint.load_matching(network, state["learners"].get(name, {}))
            if missing:
                tqdm.write(f"{name}: {len(missing)} of {len(network.state_dict())} tensors start anew")
        for name, network in self.averaged.items():
            # What the other run's average lacks begins as the learner does.
            network.load_state_dict(self.teacher.learners[name].state_dict())
            checkpoint.load_matching(network, state["averaged"].get(name, {}))
        self.teacher.restore(state["extras"])
        if path == self.path:
            self.seen, self.step, self.minutes = state["seen"], state["step"], state["minutes"]
            for name, optimiser in self.teacher.optimisers.items():
                optimiser.load_state_dict(state["optimisers"][name])
            self.teacher.steps = self.teacher.judges.steps = self.step
            random.seed(self.step)
            torch.manual_seed(self.step)

    def save(self) -> None:
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
        """Learn until the run's images are seen, or for so many minutes."""
        begun = checkpointed = sheeted = clock = time.monotonic()
        told: dict[str, float] = {}
        bar = tqdm(total=self.run.images, initial=self.seen, unit="img", smoothing=0.05, dynamic_ncols=True)
        while self.seen < self.run.images and (minutes is None or time.monotonic() - begun < 60 * minutes):
            self._set_rates()
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                losses = self.teacher.step(self.batches.draw(random).to(self.device))
            self._average()
            self.step += 1
            self.seen += self.run.batch
            bar.update(self.run.batch)
            for name, value in losses.items():
                value = float(value.detach())
                told[name] = 0.95 * told.get(name, value) + 0.05 * value
            now = time.monotonic()
            self.minutes, clock = self.minutes + (now - clock) / 60, now
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

    def _set_rates(self):
        factor = rate_factor(self.run, self.step, self.seen)
        for name, optimiser in self.teacher.optimisers.items():
            for group, rate in zip(optimiser.param_groups, self.rates[name]):
                group["lr"] = rate * factor

    @torch.no_grad()
    def _average(self):
        weight = 1 - average_decay(self.seen, self.run.batch, self.run.images)
        for name, network in self.averaged.items():
            for mean, new in zip(network.state_dict().values(), self.teacher.learners[name].state_dict().values()):
                mean.lerp_(new, weight)

    def _log(self, told, bar):
        line = {"step": self.step, "seen": self.seen, "minutes": round(self.minutes, 2), **{k: round(v, 4) for k, v in told.items()}}
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        bar.set_postfix({k: f"{v:.2f}" for k, v in told.items() if k in ("g_pixel", "d_pixel", "d_heads", "statistics")})

    def sheet(self) -> None:
        """A sheet of held-out maps that nobody chose: photograph, map, a drawn style, the photograph's own style."""
        cuts = [self.held_out.centre(i) for i in range(len(self.held_out))]
        small = [self.held_out.centre(i, 128) for i in range(len(self.held_out))]
        images, maps = to_tensor([c[0] for c in cuts]), torch.from_numpy(np.stack([c[1] for c in cuts]).astype(np.int64))
        rows = [images, maps, *self.teacher.show(self.averaged, images, maps, to_tensor([s[0] for s in small]), [s[1] for s in small])]
        save_sheet(rows, self.out / "sheets" / f"{self.seen:07d}.png", side=256)
