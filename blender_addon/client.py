"""One painter's process seen from Blender: started, spoken to without blocking, and ended.

The parent listens on a loopback port of the system's choosing and hands port and token to the child on its standard input. It accepts
one connection, closes the listener, and takes nothing but a short hello from the other side before that has proved to know the token.
What the frames mean for a job is not here (`session.py`), and no Blender is.
"""
from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .synth_core import protocol
from .synth_core.protocol import Frame, ProtocolError

POLL_SECONDS = 0.01  # a poll stops reading after this, so that a large painting never holds the interface up
LOG_LINES = 20
_CHUNK = 1 << 20  # most bytes handed to the socket at once
_BOOTSTRAP = "import sys; sys.version_info < (3, 10) and sys.exit('Python 3.10 or later is needed'); sys.path.insert(0, sys.argv[1]); from synth_core.worker import main; main()"


class Lost(Exception):
    """The child is of no more use: the message says what happened in one sentence, `mend` what to do about it.

    retired: whether it ended by itself, having had nothing to do.
    """

    def __init__(self, message: str, mend: str, retired: bool = False):
        super().__init__(message)
        self.mend = mend
        self.retired = retired


class Client:
    """A child process from its start to its end.

    package: folder that holds synth_core/; weights: the folder of those to paint with; python: the interpreter;
    wheels: folders to import ONNX Runtime from;
    log: file for the child's output, written anew; environment: variables on top of this process's own;
    engine: one of the core's `engines.NAMES`; threads: processor threads to paint with, 0 for all; idle: seconds without a job after which
    the child ends by itself.

    Raises OSError when the child can't be started.
    """

    def __init__(self, package: Path, weights: Path, python: Path, wheels: Sequence[Path], log: Path, environment: Mapping[str, str],
                 engine: str, threads: int, idle: float):
        self._log = log
        self._token, self._nonce = secrets.token_hex(32), secrets.token_hex(32)
        self._connection: socket.socket | None = None
        self._trusted = False  # the other side has proved to be the child
        self._outbox: deque[memoryview] = deque()
        self._listener = socket.create_server((protocol.LOOPBACK, 0), backlog=1)
        self._listener.setblocking(False)
        try:
            self._process = self._spawn(package, python, environment)
            self._hand_over(weights, wheels, {"engine": engine, "threads": threads, "idle": idle})
        except OSError:
            self._listener.close()
            raise

    def send(self, frame: Frame) -> None:
        """Queue a frame; `poll` sends it. Raises ProtocolError when it is too large."""
        self._outbox.append(memoryview(protocol.encode(frame)))

    def poll(self) -> Iterator[Frame]:
        """Yield the frames that have arrived and send what the socket takes; never wait. Raises Lost when the child is of no more use."""
        deadline = time.perf_counter() + POLL_SECONDS
        try:
            yield from self._receive(deadline)
            self._flush(deadline)
        except ProtocolError as error:
            raise Lost(f"The painter's process can't be trusted: {error}", "Paint again.") from error
        except (EOFError, OSError) as error:
            raise self._ended() from error

    def log_tail(self) -> str:
        """The last lines that the child wrote."""
        try:
            lines = self._log.read_text("utf-8", "replace").splitlines()
        except OSError as error:
            return str(error)
        return "\n".join(lines[-LOG_LINES:])

    def close(self, patience: float) -> None:
        """End the child and wait until it is gone; it is killed when it has not gone by itself after `patience` seconds."""
        for end in (self._connection, self._listener):
            if end:
                end.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _spawn(self, package: Path, python: Path, environment: Mapping[str, str]) -> subprocess.Popen:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with open(self._log, "ab") as output:  # appending, so that a second Blender's child can't tear holes into the text
            output.truncate(0)
            return subprocess.Popen(
                [python, "-I", "-u", "-X", "utf8", "-c", _BOOTSTRAP, package],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # exists on Windows alone: no console flashes up
            )

    def _hand_over(self, weights: Path, wheels: Sequence[Path], options: dict) -> None:
        port = self._listener.getsockname()[1]
        folders = {"weights": str(weights), "wheels": [str(folder) for folder in wheels]}
        settings = {"port": port, "token": self._token, **options, **folders}
        try:
            with self._process.stdin as pipe:
                pipe.write(json.dumps(settings).encode() + b"\n")
        except OSError:
            pass  # the child has ended already; the next poll tells why

    def _receive(self, deadline: float) -> Iterator[Frame]:
        while time.perf_counter() < deadline:
            ended = self._process.poll() is not None  # asked first: what it sent before its end must still be read
            try:
                frame = self._reader.receive() if self._connection else self._accept()
            except BlockingIOError:
                if ended:
                    raise EOFError from None
                return
            if frame and self._trusted:
                yield frame
            elif frame:
                self._trust(frame)

    def _flush(self, deadline: float) -> None:
        try:
            while self._trusted and self._outbox and time.perf_counter() < deadline:
                sent = self._connection.send(self._outbox[0][:_CHUNK])
                self._outbox[0] = self._outbox[0][sent:]
                if not self._outbox[0]:
                    self._outbox.popleft()
        except BlockingIOError:
            pass  # the rest waits for the next poll

    def _accept(self) -> None:
        self._connection, _ = self._listener.accept()
        self._listener.close()
        self._connection.setblocking(False)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._reader = protocol.Reader(self._connection, protocol.HANDSHAKE_LIMIT)
        proof = protocol.proof(self._token, "parent", self._nonce)
        self._connection.send(protocol.encode(Frame("challenge", {"nonce": self._nonce, "proof": proof})))

    def _trust(self, hello: Frame) -> None:
        protocol.check_proof(hello, self._token, "worker", self._nonce)
        self._trusted = True
        self._reader.limit = protocol.LIMIT

    def _ended(self) -> Lost:
        try:
            code = self._process.wait(0.2)  # its sockets close a moment before it can be waited for
        except subprocess.TimeoutExpired:
            return Lost("The painter's process closed its connection.", "Paint again.")
        if code == 0 and self._trusted:
            return Lost("The painter's process has ended.", "Paint again.", retired=True)
        if code < 0:
            cause = signal.strsignal(-code)
            mend = "Paint again, at a smaller size if it happens again: the computer may be short of memory."
        elif not self._trusted:
            cause = (self.log_tail().splitlines() or [f"exit code {code}"])[-1]
            return Lost(f"The painter's process did not start ({cause}).", "Check the engine in Veduta's preferences, or reinstall Veduta.")
        else:
            cause = f"exit code {code:#x}" if code > 255 else f"exit code {code}"
            mend = "Paint again; if it happens again, restart Blender and report it with the log."
        return Lost(f"The painter's process ended unexpectedly ({cause}).", mend)
