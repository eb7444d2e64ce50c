"""The job in flight: from a request to its delivery, whether a timer follows it or a script waits for it.

Whatever the painter's process does starts here: paintings, styles from photographs, verdicts, relief. How a scene becomes a request and
what a result is delivered as is the operators'; what a job is, `session`'s. Nothing here is kept in a file: one Blender has one job at a
time, and its state lives in this module's memory.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import bpy

from . import installed, service, viewports
from .session import Job, SessionError

TICK_SECONDS = 0.05
RENEW_SECONDS = 5.0
_HELD_SECONDS = 0.5  # until a delivery that is held is tried again


class PaintingError(RuntimeError):
    """A painting that came to nothing: one sentence for the user, and in `mend` (may be empty) how to put it right.

    `operator` names the operator that mends it, where one does; the panel draws it as a button.
    """

    def __init__(self, message: str, mend: str = "", operator: str = ""):
        super().__init__(message)
        self.mend = mend
        self.operator = operator

    def __str__(self) -> str:
        return f"{self.args[0]} {self.mend}".strip()

    @property
    def message(self) -> str:
        return self.args[0]


class Guard(Protocol):
    """What a `Painting` holds while it is under way."""

    def renew(self) -> None: ...

    def release(self) -> None: ...


@dataclass
class Painting:
    """A job and what becomes of its result. `deliver` raises PaintingError when the result can no longer be put where it belongs, and may
    start the next job of a chain, of which this is `part` (such as "frame") number `place` of `count`. `guard` is a right that is held
    for it, such as to a file: renewed while it goes on, released when it has ended, be it delivered, failed or cancelled. `held`: why the
    result waits for its delivery; empty while it doesn't."""

    job: Job
    deliver: Callable[[object], None]
    place: int = 1
    count: int = 1
    part: str = ""
    guard: Guard | None = None
    held: str = ""
    renewed: float = 0.0  # on the clock of time.monotonic

    def renew(self) -> None:
        """Keep the guard alive, at most once in RENEW_SECONDS."""
        if self.guard and time.monotonic() - self.renewed > RENEW_SECONDS:
            self.renewed = time.monotonic()
            self.guard.renew()

    def release(self) -> None:
        if self.guard:
            self.guard.release()

    @property
    def progress(self) -> float:
        """Of the whole chain, 0 to 1."""
        return (self.place - 1 + self.job.progress) / self.count

    @property
    def message(self) -> str:
        if self.count == 1:
            return self.job.message
        return f"{f'Painting {self.part}' if self.part else self.job.message} {self.place} of {self.count}"


_current: Painting | None = None
_problem: PaintingError | None = None


def current() -> Painting | None:
    """The painting in flight, or None."""
    return _current


def problem() -> PaintingError | None:
    """Why the last painting came to nothing; None when it did not, or when another has been started since."""
    return _problem


def start(request: object, deliver: Callable[[object], None], place: int = 1, count: int = 1, part: str = "",
          guard: Guard | None = None) -> None:
    """Begin the job of a request (any request class of `protocol.JOBS`), whose result `deliver` gets; `follow` or `wait` takes it to its end.

    The other arguments are `Painting`'s, and so is what `deliver` may do. Raises PaintingError while another is in flight.
    """
    global _current, _problem
    try:
        job = service.session().start(request)
    except SessionError as error:
        raise PaintingError(str(error)) from error
    _current, _problem = Painting(job, deliver, place, count, part, guard), None


def hold(reason: str, deliver: Callable[[object], None], result: object) -> None:
    """For a delivery that finds that it can't be made yet: the result waits, and `deliver` is tried with it at every further step.

    reason: one sentence on what is in the way and what the user can do.
    """
    global _current
    _current = Painting(Job(0, None, state="done", progress=1.0, message="Painted", result=result), deliver, held=reason)


def follow() -> None:
    """Take the painting to its end from a timer, and return at once."""
    # The timer of one that was cancelled may still be there. Persistent, so that opening another file doesn't leave the painting in flight
    # for ever: its delivery then says why it can't be.
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=TICK_SECONDS, persistent=True)
    viewports.redraw("UI")  # where the progress and the problem stand


def wait() -> None:
    """Take the painting, and those that follow in its chain, to their end before returning. Raises PaintingError when one came to nothing,
    and when a delivery is held: that one stays in flight."""
    while _current is not None:
        service.session().wait(_current.job, RENEW_SECONDS)
        if step() and _current.held:
            raise PaintingError(_current.held)
    if _problem is not None:
        raise _problem


def step() -> bool:
    """Move the painting on, and deliver it when it is done. Returns whether it, or the next of its chain, goes on. Never waits."""
    global _current
    if _current is None:
        return False
    service.session().tick()
    painting = _current
    if painting.job.is_running:
        painting.renew()
        return True
    _current = None
    try:
        if painting.job.state == "failed":
            fail(PaintingError(painting.job.problem.message, painting.job.problem.mend, installed.MEND if installed.is_broken() else ""))
        elif painting.job.state == "done":
            _deliver(painting)
    finally:
        painting.release()
    return _current is not None


def cancel() -> None:
    """Drop the painting in flight, if there is one."""
    global _current
    if _current is not None:
        service.session().cancel()
        painting, _current = _current, None
        painting.release()
    viewports.redraw("UI")


def fail(error: PaintingError) -> None:
    """Show `error` in the panel until the next painting starts."""
    global _problem
    _problem = error
    viewports.redraw("UI")


def dismiss() -> None:
    """Show no problem any more."""
    global _problem
    _problem = None
    viewports.redraw("UI")


def stop() -> None:
    """Forget everything and leave no timer behind."""
    global _current, _problem
    cancel()
    _current = _problem = None
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _tick() -> float | None:
    goes_on = step()
    viewports.redraw("UI")
    if not goes_on:
        return None
    return _HELD_SECONDS if _current.held else TICK_SECONDS


def _deliver(painting: Painting) -> None:
    try:
        painting.deliver(painting.job.result)
    except PaintingError as error:
        fail(error)
