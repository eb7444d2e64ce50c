"""Jobs under way: a Session holds the painter's process, starts it when first needed, and moves one Job at a time to its end.

Everything is done by `tick`, which never waits: a timer calls it in Blender's window, `Session.wait` calls it in scripts and tests.
Bytes and sockets are not here (`client.py`), and no Blender is.
"""
from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .client import Client, Lost
from .synth_core import protocol
from .synth_core.protocol import Frame, ProtocolError

IDLE_SECONDS = 300.0  # without a job, after which the child ends and gives its memory back
PATIENCE = 60.0  # seconds; loading the painter, one tile and the largest PNG each take a fraction of it
CLOSE_SECONDS = 2.0
_WAIT_SECONDS = 0.005


class SessionError(RuntimeError):
    """A painting that can't be started now; the message is one sentence for the user."""


@dataclass(frozen=True)
class Problem:
    """Why a job failed. message: one sentence; mend: what to do about it; log: the last lines of the child's log."""

    message: str
    mend: str
    log: str


@dataclass(eq=False)
class Job:
    """One request (of any class of `protocol.JOBS`) on its way to its result.

    state: "starting" (the process loads), "painting", "done" (result is set), "failed" (problem is set) or "cancelled".
    """

    number: int
    request: object
    gives_way: bool = False  # cancelled when another is to start
    state: str = "starting"
    progress: float = 0.0  # 0 to 1
    message: str = "Starting the painter"
    result: object = None
    problem: Problem | None = None

    @property
    def is_running(self) -> bool:
        return self.state in ("starting", "painting")

    def end(self, state: str, message: str) -> None:
        self.state, self.message = state, message


class Session:
    """Meets requests one at a time in a child process that is kept for the next one.

    package: folder of the staged add-on, which holds synth_core/. weights: the folder of those to paint with; the package's own unless given.
    python: interpreter to run. wheels: folders to import ONNX Runtime from, if not the interpreter's own.
    log: file for the child's output, written anew for each child. environment: variables to add to this process's own.
    engine: one of the core's `engines.NAMES`. threads: processor threads to paint with, 0 for all. idle: seconds without a job after which the
    child ends by itself; the next job starts another. patience: seconds of silence from a working child before it counts as hung.
    """

    def __init__(
        self,
        package: Path,
        python: Path | str = sys.executable,
        wheels: Sequence[Path] = (),
        *,
        weights: Path | None = None,
        log: Path,
        environment: Mapping[str, str] | None = None,
        engine: str = "onnx",
        threads: int = 0,
        idle: float = IDLE_SECONDS,
        patience: float = PATIENCE,
    ):
        self.note = ""  # one sentence when the child's engine is another than was asked for, after its last job
        folder = weights or Path(package) / "weights"
        self._start_client = partial(Client, Path(package), folder, Path(python), wheels, Path(log), environment or {}, engine, threads, idle)
        self._client: Client | None = None
        self._job: Job | None = None
        self._started = 0  # jobs so far; the last one's number
        self._patience = patience
        self._silence = 0.0  # seconds without a frame
        self._ticked = 0.0

    def start(self, request: object, gives_way: bool = False) -> Job:
        """Begin a job for a request of any class of `protocol.JOBS`. A child that can't be started fails the job.

        gives_way: for what nobody waits for: the next job that is started cancels it. It never starts while any other is under way.

        Raises SessionError while another job is under way.
        """
        self.tick()  # a child that died idle is noticed here, and replaced
        if self._job and self._job.gives_way and not gives_way:
            self.cancel()
        if self._job and self._job.is_running:
            raise SessionError("A painting is already under way; cancel it or wait for it.")
        self._started += 1
        self._job = job = Job(self._started, request, gives_way)
        self._silence, self._ticked = 0.0, time.monotonic()
        self._hand_over(job)
        return job

    def tick(self) -> None:
        """Move the job on by whatever has arrived; notice a dead or hung child. Takes milliseconds, never waits."""
        if not self._client:
            return
        now = time.monotonic()
        self._silence += min(now - self._ticked, 1.0)  # at most a second, or a computer back from sleep would look like a hung child
        self._ticked = now
        try:
            for frame in self._client.poll():
                self._silence = 0.0
                self._take(frame)
            self._check_hung()
        except Lost as lost:
            if lost.retired and self._job.state == "starting":  # it ended just when this job came
                self._drop_client(0.0)
                self._hand_over(self._job)
            else:
                self._lose(str(lost), lost.mend)
        except ProtocolError as error:
            self._lose(f"The painter's process sent a wrong answer: {error}", "Paint again.")

    def cancel(self) -> None:
        """Give the running job up at once; the child stops after the network step it is in, and is kept. Does nothing without a job."""
        job = self._job
        if not (job and job.is_running):
            return
        job.end("cancelled", "Cancelled")
        self._client.send(Frame("cancel", {"job": job.number}))
        self.tick()

    def wait(self, job: Job, timeout: float | None = None) -> None:
        """Tick until the job has ended or `timeout` seconds are over; the job's state says which."""
        deadline = None if timeout is None else time.monotonic() + timeout
        self.tick()
        while job.is_running and (deadline is None or time.monotonic() < deadline):
            time.sleep(_WAIT_SECONDS)
            self.tick()

    def close(self) -> None:
        """Cancel what is running, end the child and wait until it is gone, two seconds at most before it is killed."""
        if self._job and self._job.is_running:
            self._job.end("cancelled", "Cancelled")
        self._drop_client(CLOSE_SECONDS)

    def _hand_over(self, job: Job) -> None:
        """Give the job to the child, started when there is none."""
        try:
            self._client = self._client or self._start_client()
            self._client.send(protocol.request_frame(job.number, job.request))
        except OSError as error:
            mend = "Check the engine and the user folder in Veduta's preferences, or reinstall Veduta."
            self._fail(f"The painter's process can't be started ({error}).", mend)
        except ProtocolError as error:
            self._fail(f"The request can't be sent: {error}", "Paint a smaller size.")

    def _take(self, frame: Frame) -> None:
        job = self._job
        if frame.take("job", int) != job.number or not job.is_running:
            return  # about a job that was cancelled
        if frame.kind == "progress":
            job.state, job.progress, job.message = "painting", frame.take("fraction", float), "Painting"
        elif frame.kind == "done":
            job.result, job.progress = protocol.result_of(frame, job.request), 1.0
            job.end("done", "Done")
        elif frame.kind == "note":
            self.note = frame.take("message", str)
        elif frame.kind == "failed":
            self._fail(frame.take("message", str), frame.take("mend", str))
        else:
            raise ProtocolError(f"A {frame.kind} frame is not an answer.")

    def _check_hung(self) -> None:
        if self._job.is_running and self._silence > self._patience:
            raise Lost(f"The painter has given no sign of life for {self._silence:.0f} seconds.", "Paint again, at a smaller size.")

    def _lose(self, message: str, mend: str) -> None:
        if self._job.is_running:
            self._fail(message, mend)
        self._drop_client(0.0)

    def _fail(self, message: str, mend: str) -> None:
        log = self._client.log_tail() if self._client else ""
        self._job.problem = Problem(message, mend, log)
        self._job.end("failed", message)

    def _drop_client(self, patience: float) -> None:
        if self._client:
            self._client.close(patience)
            self._client = None
