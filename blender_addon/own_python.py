"""A Python of the user's own, looked at by running it: whether it can paint with torch, and on what device. No Blender here.

The check is a process that is polled, never waited for: importing torch takes seconds.
"""
from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

OLDEST_PYTHON, OLDEST_TORCH = (3, 10), (2, 0)
PATIENCE = 60.0  # seconds

# Runs in any Python, even an old one.
_PROGRAM = """
import json, sys
found = {"python": list(sys.version_info[:3])}
try:
    import numpy
    found["numpy"] = numpy.__version__
    import torch
    found["torch"] = str(torch.__version__)
    found["device"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
except Exception as error:
    found["error"] = "%s: %s" % (type(error).__name__, error)
print("VEDUTA" + json.dumps(found))
"""


class PythonError(RuntimeError):
    """A Python that can't paint; the message says in one sentence why, and in another what to do."""


@dataclass(frozen=True)
class Found:
    """python, torch: versions; device: its name."""

    python: str
    torch: str
    device: str

    def __str__(self) -> str:
        return f"Python {self.python} with torch {self.torch} paints on {self.device}"


class Check:
    """One look at a Python, from its start to its answer."""

    def __init__(self, path: str):
        """Raises PythonError when there is nothing to run."""
        self._path = path
        if not path:
            raise PythonError("No Python is chosen. Choose the python program of an environment that has torch.")
        if not Path(path).is_file():
            raise PythonError(f"There is no file {path}. Choose the python program itself, for example venv/bin/python.")
        self._deadline = time.monotonic() + PATIENCE
        try:
            self._process = subprocess.Popen(
                [path, "-I", "-c", _PROGRAM], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))
        except OSError as error:
            raise PythonError(f"{path} can't be run ({error.strerror}). Choose the python program of an environment that has torch.") from error

    def poll(self) -> Found | None:
        """What was found, or None while it is still looking. Raises PythonError for a Python that can't paint."""
        if self._process.poll() is None:
            if time.monotonic() < self._deadline:
                return None
            self.end()
            raise PythonError(f"{self._path} gave no answer in {PATIENCE:.0f} seconds. Choose another Python.")
        with self._process.stdout as pipe:  # a few hundred bytes, which no pipe is too small for
            return _judged(self._path, pipe.read().decode("utf-8", "replace"))

    def wait(self) -> Found:
        """What was found. Raises PythonError for a Python that can't paint."""
        while (found := self.poll()) is None:
            time.sleep(0.02)
        return found

    def end(self) -> None:
        """Stop looking."""
        self._process.kill()
        self._process.wait()


def _judged(path: str, output: str) -> Found:
    line = next((line for line in output.splitlines() if line.startswith("VEDUTA{")), "")
    try:
        found = json.loads(line.removeprefix("VEDUTA"))
        python = tuple(found["python"])
    except (ValueError, LookupError, TypeError):
        raise PythonError(f"{path} is no Python. Choose the python program of an environment that has torch.") from None
    version = ".".join(str(part) for part in python)
    if python < OLDEST_PYTHON:
        raise PythonError(f"Python {version} is too old; {_dotted(OLDEST_PYTHON)} or later is needed. Choose a newer Python.")
    if "error" in found:
        missing = "torch" if "numpy" in found else "numpy"
        raise PythonError(f"Python {version} can't load {missing} ({found['error']}). Run `{path} -m pip install torch numpy`.")
    if tuple(int(part) for part in found["torch"].split(".")[:2]) < OLDEST_TORCH:
        raise PythonError(f"torch {found['torch']} is too old; {_dotted(OLDEST_TORCH)} or later is needed. Update torch in that Python.")
    return Found(version, found["torch"], found["device"])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
