"""A bar on standard error for work of many steps, written by hand: tqdm belongs to the training extra alone."""
from __future__ import annotations

import sys
import time

_WIDTH = 24  # characters of the bar
_PAUSE = 0.1  # seconds between drawings


class Bar:
    """How far `total` steps are. On a terminal one line that is drawn again; elsewhere (a log file) nothing but what is said."""

    def __init__(self, total: int, what: str):
        self._total, self._what, self._done, self._drawn = total, what, 0, 0.0
        self._started = time.monotonic()

    def __enter__(self) -> Bar:
        self._draw()
        return self

    def __exit__(self, *_) -> None:
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def advance(self) -> None:
        """One step more is done."""
        self._done += 1
        if self._done == self._total or time.monotonic() - self._drawn > _PAUSE:
            self._draw()

    def say(self, sentence: str) -> None:
        """A line of its own, above the bar."""
        print(("\r\033[K" if sys.stderr.isatty() else "") + sentence, file=sys.stderr, flush=True)
        self._draw()

    def _draw(self) -> None:
        if not sys.stderr.isatty():
            return
        self._drawn = time.monotonic()
        full = _WIDTH * self._done // self._total
        left = f", {_clock((self._total - self._done) * (self._drawn - self._started) / self._done)} left" if self._done else ""
        line = f"[{'#' * full}{'.' * (_WIDTH - full)}] {self._done}/{self._total} {self._what}{left}"
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
