"""A painter that misbehaves on demand: the request's text "act" says how. It stands in for painter.py in the tests' own tree."""
from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from .request import RequestError, Result
from .weights import WeightsError


class Cancelled(Exception):
    pass


class Painter:
    note = ""

    def __init__(self, weights: Path, engine: str, threads: int):
        self._engine = engine

    def paint(self, request, progress, cancelled) -> Result:
        act = getattr(self, "_" + request.texts.get("act", "nothing"))
        act(request, progress, cancelled)
        progress(1.0)
        picture = np.repeat(request.labels[:, :, None], 3, axis=2)
        return Result(picture, str(os.getpid()).encode(), self._engine, "ab" * 32, 0.25, request.seed)

    def _nothing(self, request, progress, cancelled):
        pass

    def _die(self, request, progress, cancelled):
        print("These were my last words.", flush=True)
        os._exit(3)

    def _steps(self, request, progress, cancelled):
        """Forty steps of 50 ms, stopping when asked to."""
        for step in range(40):
            if cancelled():
                raise Cancelled
            progress(step / 40)
            time.sleep(0.05)

    def _sleep(self, request, progress, cancelled):
        """One endless step; it shows that it lives by a growing file."""
        while True:
            with open(request.texts["pulse"], "ab") as pulse:
                pulse.write(b".")
            time.sleep(0.01)

    def _seize(self, request, progress, cancelled):
        """One step that lets no other Python thread run."""
        sum(range(1 << 60))

    def _refuse(self, request, progress, cancelled):
        raise RequestError("This can't be painted.")

    def _spoil(self, request, progress, cancelled):
        raise WeightsError("The weights are damaged.")

    def _starve(self, request, progress, cancelled):
        raise MemoryError

    def _stumble(self, request, progress, cancelled):
        raise KeyError("stone")
