"""A folder of captured frames becomes a folder of pictures: which frames are left, who paints them, and what became of each.

Several machines may paint one folder at once: a frame is painted by whoever holds its picture's lock. How one frame is painted is
painter.py's, how a Ray cluster is used cluster.py's.
"""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import files, frames
from .engines import EngineError
from .files import Lock
from .frames import FrameError
from .painter import Painter
from .request import RequestError
from .weights import WeightsError

POLL_SECONDS = 1.0  # between looks at frames that other machines paint
REFUSALS = (FrameError, RequestError, WeightsError, EngineError, MemoryError)  # of one frame; the others may still be painted


class BatchError(Exception):
    """Nothing can be painted, or nothing more; the message is one sentence for the user."""


@dataclass(eq=False)
class Task:
    """One frame's file and the picture to be made of it."""

    source: Path
    target: Path
    lock: Lock | None = None  # while it is being painted here
    met_elsewhere: bool = False  # another machine was painting it when it was first looked at
    attempts: int = 0


@dataclass
class Batch:
    """The frames of a folder and what becomes of them. `say` is told a line about each.

    waiting: those that nobody paints yet, as far as is known. painted, present: how many were painted here, and were there already or
    painted by another machine. failed: sentences on those that can't be painted, by the file's name.
    """

    folder: Path
    out: Path
    skip_existing: bool
    say: Callable[[str], None]
    painted: int = 0
    present: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        """Raises BatchError for a folder without frames, OSError for one that can't be read or made."""
        files_there = (path for path in self.folder.iterdir() if not path.name.startswith("."))  # macOS puts ._NAME beside NAME on some disks
        sources = sorted(path for path in files_there if path.suffix == frames.ENDING)
        if not sources:
            raise BatchError(f"{self.folder} holds no captured frames (*{frames.ENDING}); export some with Veduta's Export Frames.")
        self.out.mkdir(parents=True, exist_ok=True)
        self.count = len(sources)
        self.waiting = deque(Task(path, self.out / f"{path.stem}.png") for path in sources)

    def take(self) -> Task | None:
        """The next frame to paint here, locked; None while other machines paint all that are left.

        Raises OSError where no lock can be made.
        """
        for _ in range(len(self.waiting)):
            task = self.waiting.popleft()
            task.lock = files.claim(task.target)
            if task.lock is None:
                task.met_elsewhere = True
                self.waiting.append(task)
            elif task.target.exists() and (self.skip_existing or task.met_elsewhere):
                self.present += 1
                self._end(task, "is there already")
            else:
                return task
        return None

    def give_back(self, task: Task) -> None:
        """Whoever painted the frame was lost: it is the next to be painted again."""
        task.lock.release()
        self.waiting.appendleft(task)

    def finish(self, task: Task, picture: bytes, seconds: float) -> None:
        """The frame's picture, a PNG file, is done."""
        try:
            files.write_whole(task.target, picture)
        except OSError as error:
            self.fail(task, f"{error.filename} can't be written ({error.strerror})")
            return
        self.painted += 1
        self._end(task, f"painted in {seconds:.2f} s")

    def fail(self, task: Task, reason: str) -> None:
        """The frame can't be painted."""
        self.failed[task.source.name] = reason
        self._end(task, f"failed: {reason}")

    def summary(self) -> str:
        """What became of all frames, with the failed ones' names and reasons."""
        lines = [f"{self.count} frames: {self.painted} painted, {self.present} there already, {len(self.failed)} failed"]
        return "\n".join([*lines, *(f"  {why if why.startswith(name) else f'{name}: {why}'}" for name, why in self.failed.items())])

    def _end(self, task: Task, what: str) -> None:
        task.lock.release()
        done = self.painted + self.present + len(self.failed)
        self.say(f"{done}/{self.count} {task.target.name} {what}")


def paint_here(batch: Batch, painter: Painter) -> None:
    """Paint the batch's frames one after the other, and wait for those that other machines paint. What the painter notes is said once.

    Raises OSError where no lock can be made.
    """
    noted = ""
    while batch.waiting:
        task = batch.take()
        if task is not None:
            _paint(batch, task, painter)
        elif batch.waiting:
            time.sleep(POLL_SECONDS)
        if painter.note != noted:
            noted = painter.note
            batch.say(noted)


def _paint(batch: Batch, task: Task, painter: Painter) -> None:
    with task.lock:
        try:
            captured = frames.load(task.source)
            frames.check_weights(captured, task.source.name, painter.weights)
            result = painter.paint(captured.request, progress=lambda _: task.lock.renew())
        except REFUSALS as error:
            batch.fail(task, reason(error))
        except OSError as error:
            batch.fail(task, f"{task.source.name} can't be read ({error.strerror})")
        else:
            batch.finish(task, frames.picture_file(result, captured.alpha, captured.request.texts), result.seconds)


def reason(error: Exception) -> str:
    """What to tell the user about a frame that was refused."""
    return "the memory was not enough; paint smaller frames" if isinstance(error, MemoryError) else str(error)
