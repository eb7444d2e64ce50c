"""Files that several machines may write: whole or not at all, and each by one machine at a time. What is in them is not known here.

A file's lock is the file beside it with `.lock` added to its name; it names who holds it. The holder renews its time while it works. A lock
whose holder is dead (a process of this machine that is gone, or one that has not renewed it for STALE_SECONDS) counts no more.
"""
from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

STALE_SECONDS = 300.0  # a painter renews its lock every few seconds


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises OSError that names `path`."""
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.new")  # a name of its own: another machine may be writing the same file
    try:
        new.write_bytes(data)
        os.replace(new, path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def unwritable(place: Path | str, error: OSError) -> str:
    """One sentence for the user: what can't be written, why, and what to do. `place` is the file or folder that he chose."""
    return f"{place} can't be written ({error.strerror or error}); choose another folder, or make room."


class Lock:
    """The right to write a file, got by `claim`. As a context manager it is released at the block's end."""

    def __init__(self, path: Path, holder: str):
        self._path, self._holder = path, holder

    def renew(self) -> None:
        """Say that the holder is still at work."""
        try:
            os.utime(self._path)
        except OSError:  # taken over, or out of reach for a moment: the work goes on, and ends in the same file
            pass

    def release(self) -> None:
        """Give the right back, unless another has taken it over."""
        if _holder_of(self._path) == self._holder:
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_) -> None:
        self.release()


def claim(path: Path) -> Lock | None:
    """The right to write `path`, or None while another holds it. Raises OSError where no lock can be made."""
    lock = path.with_name(f"{path.name}.lock")
    holder = f"{machine()} {os.getpid()} {uuid.uuid4().hex}"
    if _created(lock, holder):
        return Lock(lock, holder)
    other = _holder_of(lock)
    if _has_died(other) or _age(lock) > STALE_SECONDS:
        _take_away(lock, other)
        if _created(lock, holder):
            return Lock(lock, holder)
    return None


def machine() -> str:
    """Where this process's number is its own. Machines and containers may share a host name: Linux tells them apart."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{socket.gethostname()}/{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return socket.gethostname()


def _created(lock: Path, holder: str) -> bool:
    """Make the lock file, unless there is one. Raises OSError that names it, and leaves none that says nothing."""
    try:
        file = lock.open("x", encoding="utf-8")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(holder)
    except OSError as error:
        lock.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(lock)) from error
    return True


def _holder_of(lock: Path) -> str:
    """What the lock file says; empty when it is gone."""
    try:
        return lock.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _has_died(holder: str) -> bool:
    """Whether the holder is a process of this machine that is there no more."""
    host, _, rest = holder.partition(" ")
    process = rest.partition(" ")[0]
    if os.name != "posix" or host != machine() or not process.isdigit():  # elsewhere signal 0 is no mere question
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return False


def _age(lock: Path) -> float:
    """Seconds since the lock was renewed, by the clock of the disk that it lies on: machines' own clocks differ."""
    probe = lock.with_name(f"{lock.name}.{uuid.uuid4().hex}")
    try:
        probe.touch()
        return probe.stat().st_mtime - lock.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # released a moment ago; whoever asks again finds it free
    finally:
        probe.unlink(missing_ok=True)


def _take_away(lock: Path, holder: str) -> None:
    """Remove the stale lock of `holder`. Of several machines that find it stale, the rename lets one through."""
    taken = lock.with_name(f"{lock.name}.{uuid.uuid4().hex}")
    try:
        lock.rename(taken)
        if _holder_of(taken) != holder:  # another has taken it over already: this is its lock, and goes back
            taken.rename(lock)
    except OSError:  # gone, or there again: whoever asks now decides
        pass
    taken.unlink(missing_ok=True)
