"""The painter's process: connects to the parent that started it, paints what it asks for, and ends when the parent does.

The parent writes one JSON line to stdin: {"port", "token", "engine", "threads", "idle", "weights", "wheels"}. The parent listens and this process connects, so
neither side has to read a pipe without blocking, which Windows can't. Both then prove that they know the token (`protocol.proof`).
Standard output and error are the log. How to paint is not here (`painter.py`), nor what a frame looks like (`protocol.py`).
"""
from __future__ import annotations

import faulthandler
import json
import logging
import os
import queue
import socket
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path

from . import bake, png, protocol, relief, tile
from .critic import Critic
from .engines import EngineError
from .painter import Cancelled, Painter
from .protocol import Frame, ProtocolError
from .request import (
    BakeRequest, JudgeRequest, JudgeResult, LabelRequest, LabelResult, ReliefRequest, Request, RequestError, Result, StyleRequest, StyleResult,
    TileRequest, TileResult,
)
from .segmenter import Segmenter, coloured
from .stylist import Stylist
from .weights import WeightsError

RUNTIME = "1.23"  # the line of ONNX Runtime that the weights' graphs are tested with
CONNECT_SECONDS = 10.0

log = logging.getLogger("veduta")


class Unpaintable(Exception):
    """A job failed: the message says what is wrong in one sentence, `mend` what to do about it."""

    def __init__(self, message: str, mend: str):
        super().__init__(message)
        self.mend = mend


def main() -> None:
    """Serve the parent until it goes away or wants nothing for a while."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = json.loads(sys.stdin.buffer.readline())
    _add_wheels(settings["wheels"])
    connection = _connect(settings["port"], settings["token"])
    log.info("Connected; Python %s", sys.version.split()[0])
    inbox = Inbox(connection)
    workshop = Workshop(settings)
    while frame := inbox.next_job(settings["idle"]):
        try:
            answer = _answer(frame, workshop, connection, inbox)
        except Exception as error:  # whatever it is, the parent is told and this process serves on
            log.exception("Job %s failed", frame.fields["job"])
            problem = _explain(error)
            answer = Frame("failed", {"job": frame.fields["job"], "message": str(problem), "mend": problem.mend})
        if answer:
            connection.sendall(protocol.encode(answer))
    log.info("Nothing to do; the process ends")


def _add_wheels(folders: list[str]) -> None:
    """Let `folders` come before the interpreter's own packages, but after the standard library: all extensions put their wheels there.
    NumPy, loaded by now, stays the interpreter's own."""
    packages = sysconfig.get_path("purelib")
    position = sys.path.index(packages) if packages in sys.path else len(sys.path)
    sys.path[position:position] = folders


def _connect(port: int, token: str) -> socket.socket:
    connection = socket.create_connection((protocol.LOOPBACK, port), CONNECT_SECONDS)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    challenge = _next_frame(protocol.Reader(connection, protocol.HANDSHAKE_LIMIT))
    nonce = challenge.take("nonce", str)
    protocol.check_proof(challenge, token, "parent", nonce)
    connection.sendall(protocol.encode(Frame("hello", {"proof": protocol.proof(token, "worker", nonce)})))
    return connection


def _next_frame(reader: protocol.Reader) -> Frame:
    while (frame := reader.receive()) is None:
        pass
    return frame


class Inbox:
    """Reads the connection on a thread of its own, so that a cancel or the parent's end is noticed while a network runs."""

    def __init__(self, connection: socket.socket):
        self.jobs: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._cancelled = 0  # jobs are numbered from 1 upwards; those up to here are no longer wanted
        self._reader = protocol.Reader(connection, protocol.LIMIT)
        threading.Thread(target=self._read, daemon=True).start()

    def next_job(self, patience: float) -> Frame | None:
        """The next request; None when none has come for `patience` seconds."""
        try:
            return self.jobs.get(timeout=patience)
        except queue.Empty:
            return None

    def is_cancelled(self, job: int) -> bool:
        return job <= self._cancelled

    def _read(self) -> None:
        try:
            while True:
                self._sort(_next_frame(self._reader))
        except (EOFError, OSError):
            log.info("The parent is gone")
            os._exit(0)  # a network may be running on the main thread; nothing here is worth waiting for it
        except Exception:  # a thread's exception would otherwise leave a process that nobody can reach
            log.exception("The parent can't be understood")
            os._exit(1)

    def _sort(self, frame: Frame) -> None:
        job = frame.take("job", int)
        if frame.kind == "cancel":
            self._cancelled = job
        else:
            self.jobs.put(frame)


class Workshop:
    """What the jobs are done with, each tool loaded when it is first needed. A method for every kind of job (`protocol.JOBS`) meets its request."""

    def __init__(self, settings: dict):
        self._settings = settings
        self._loaded: Painter | None = None

    def paint(self, request: Request, report: Callable[[float], None], is_cancelled: Callable[[], bool]) -> Result:
        return self._painter().paint(request, progress=report, cancelled=is_cancelled)

    def style(self, request: StyleRequest, report: Callable[[float], None], is_cancelled: Callable[[], bool]) -> StyleResult:
        return StyleResult(Stylist(Path(self._settings["weights"]), self._settings["threads"]).style(request.picture, request.labels))

    def judge(self, request: JudgeRequest, report: Callable[[float], None], is_cancelled: Callable[[], bool]) -> JudgeResult:
        judgement = Critic(Path(self._settings["weights"]), self._settings["threads"]).judge(request.picture, request.labels)
        return JudgeResult(judgement.score, judgement.heat)

    def label(self, request: LabelRequest, report: Callable[[float], None], is_cancelled: Callable[[], bool]) -> LabelResult:
        ids = Segmenter(Path(self._settings["weights"]), self._settings["threads"]).label(request.picture)
        return LabelResult(ids, png.encode(coloured(ids)))

    def relief(self, request: ReliefRequest, report: Callable[[float], None], is_cancelled: Callable[[], bool]) -> Result:
        started = time.perf_counter()
        picture = relief.apply(request.picture, request.relief)
        return Result(picture, png.encode(picture, request.texts), "relief", "", time.perf_counter() - started, seed=0)

    def tile(self, request: TileRequest, report: Callable[[float], None], is_cancelled: Callable[[], bool]) -> TileResult:
        return tile.paint(self._painter(), request, report, is_cancelled)

    def bake(self, request: BakeRequest, report: Callable[[float], None], is_cancelled: Callable[[], bool]) -> Result:
        started = time.perf_counter()
        pictures = [request.picture, *(() if request.tiles is None else request.tiles)]
        picture = bake.texture(pictures, request.chosen, request.places, request.corners, request.width, request.height)
        return Result(picture, png.encode(picture, request.texts), "bake", "", time.perf_counter() - started, seed=0)

    def _painter(self) -> Painter:
        if self._loaded is None:
            started = time.perf_counter()
            engine, threads = self._settings["engine"], self._settings["threads"]
            if engine != "torch":
                check_runtime(self._settings["wheels"])
            self._loaded = Painter(Path(self._settings["weights"]), engine, threads)
            log.info("Painter loaded in %.2f s; threads: %s", time.perf_counter() - started, threads or "all")
        return self._loaded

    @property
    def note(self) -> str:
        """One sentence for the user when the painter runs on something else than it was asked to; else empty."""
        return self._loaded.note if self._loaded else ""


def check_runtime(folders: list[str]) -> None:
    """Raises Unpaintable unless ONNX Runtime loads, from one of `folders` (from anywhere if there are none) and in the right version."""
    try:
        import onnxruntime
        version, home = onnxruntime.__version__, Path(onnxruntime.__file__).resolve().parents[1]
    except Exception as error:  # a broken library raises OSError, a leftover folder AttributeError
        raise Unpaintable(
            f"ONNX Runtime can't be loaded ({error}).",
            "Reinstall Veduta; on Windows, also install Microsoft's Visual C++ Redistributable.",
        ) from error
    if folders and home not in [Path(folder).resolve() for folder in folders]:
        raise Unpaintable(f"ONNX Runtime was found in {home} instead of Veduta's own folder.", "Reinstall Veduta to bring its copy back.")
    if not version.startswith(RUNTIME + "."):
        raise Unpaintable(
            f"ONNX Runtime {version} in {home} is not the {RUNTIME} that Veduta brings; another extension may have replaced it.",
            "Update or disable the other extension that brings ONNX Runtime, reinstall Veduta and restart Blender.",
        )


def _answer(frame: Frame, workshop: Workshop, connection: socket.socket, inbox: Inbox) -> Frame | None:
    """The frame that answers `frame`; None when it was cancelled meanwhile."""
    job = frame.fields["job"]
    request = protocol.request_of(frame)
    meet = getattr(workshop, frame.kind)

    def report(fraction: float) -> None:
        connection.sendall(protocol.encode(Frame("progress", {"job": job, "fraction": float(fraction)})))

    def is_cancelled() -> bool:
        return inbox.is_cancelled(job)

    if is_cancelled():
        return None
    report(0.0)
    started = time.perf_counter()
    try:
        result = meet(request, report, is_cancelled)
    except Cancelled:
        log.info("Job %d cancelled", job)
        return None
    log.info("Job %d: %s in %.2f s", job, frame.kind, time.perf_counter() - started)
    if workshop.note:
        log.info("%s", workshop.note)
    connection.sendall(protocol.encode(Frame("note", {"job": job, "message": workshop.note})))
    return protocol.done_frame(job, result)


def _explain(error: Exception) -> Unpaintable:
    """What to tell the user about `error`."""
    if isinstance(error, Unpaintable):
        return error
    if isinstance(error, WeightsError):
        return Unpaintable(str(error), "Reinstall Veduta to bring its own weights back, or choose others in its preferences.")
    if isinstance(error, EngineError):
        return Unpaintable(str(error), "Choose another engine in Veduta's preferences, or reinstall Veduta.")
    if isinstance(error, ProtocolError):
        return Unpaintable(str(error), "Restart Blender, so that both halves of Veduta are of one version.")
    if isinstance(error, RequestError):
        return Unpaintable(str(error), "Change the scene's labels or the painting's size and paint again.")
    if isinstance(error, MemoryError):
        return Unpaintable("The computer ran out of memory while painting.", "Paint a smaller size, or close other programs.")
    return Unpaintable(f"Painting failed: {type(error).__name__}: {error}", "Paint again; if it fails again, report it with the log.")
