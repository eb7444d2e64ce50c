"""Counts the faults that Veduta survives, in one table: `python benchmarks/faults.py [COUNT]` (100,000 damaged inputs of each kind by default).

Damaged inputs are made here, one after the other, from a fixed seed; each must be taken for what it is or be refused by the one exception
that its reader promises. Faults of processes and files are tests of their own, which are run and counted here. Nothing is repaired here.
"""
from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth_core import labels, protocol, weights  # noqa: E402  (the repository's, found by the line above)
from synth_core.request import Request, RequestError  # noqa: E402

COUNT = 100_000
PROCESS_TESTS = {
    "child killed, hung, dying or lying": ("tests/process/test_session.py", "die or killed or hung or garbage or token or connection or speaks"),
    "disk full, folder that can't be written": ("tests/process/test_faults.py", "disk or folder"),
    "label ids of a newer version": ("tests/core/test_protocol.py", "newer_version or unknown_kinds"),
}


class Wire:
    """A connection that holds some bytes and then ends."""

    def __init__(self, data: bytes):
        self._data = memoryview(data)

    def recv_into(self, space: memoryview) -> int:
        count = min(len(space), len(self._data))
        space[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


def fuzz_frames(count: int, seed: int = 1) -> tuple[int, int]:
    """Damage a paint request's frame `count` times: how many were refused, how many taken. Any other end is an exception."""
    dice = random.Random(seed)
    request = Request(np.ones((64, 64), np.uint8), style=np.zeros((labels.COUNT, 64), np.float32), texts={"a": "b"})
    whole = protocol.encode(protocol.request_frame(1, request))
    head = 12 + int.from_bytes(whole[:4], "big")

    def attempt() -> None:
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(head)] = dice.randrange(256)
        length = len(data) if dice.random() < 0.5 else dice.randrange(len(data))
        reader = protocol.Reader(Wire(bytes(data[:length])), 1 << 20)
        try:
            while (frame := reader.receive()) is None:
                pass
        except EOFError as error:
            raise protocol.ProtocolError("ended") from error
        protocol.request_of(frame)

    return _count(count, attempt, (protocol.ProtocolError, RequestError))


def fuzz_maps(count: int, seed: int = 2) -> tuple[int, int]:
    """Offer `count` arrays of random shape, type and ids as label maps: how many were refused, how many taken."""
    dice, numbers = random.Random(seed), np.random.default_rng(seed)
    types = (np.uint8, np.uint8, np.uint8, np.int32, np.float32, np.bool_)

    def attempt() -> None:
        shape = [dice.choice((0, 1, 63, 64, 65, 100)) if dice.random() < 0.3 else 64 for _ in range(2 if dice.random() < 0.9 else dice.randint(0, 4))]
        highest = dice.choice((labels.COUNT, labels.COUNT, labels.COUNT + 1, 256))
        ids = numbers.integers(dice.randint(0, 1), highest, 1, np.int64)
        array = np.broadcast_to(ids.astype(dice.choice(types)), shape) if shape else ids.astype(np.uint8)[0]
        Request(np.asarray(array))

    return _count(count, attempt, (RequestError,))


def fuzz_weights(count: int, seed: int = 3) -> tuple[int, int]:
    """Damage a weights file `count` times, anywhere in its header: how many were refused, how many read."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tensors"
        weights.write(path, {"a.b": np.ones((3, 4), np.float16), "c": np.zeros(5, np.float32)})
        whole = path.read_bytes()
        head = 8 + int.from_bytes(whole[:8], "little")

        def attempt() -> None:
            data = bytearray(whole)
            for _ in range(dice.randint(1, 4)):
                data[dice.randrange(head)] = dice.randrange(256)
            path.write_bytes(data if dice.random() < 0.5 else data[: dice.randrange(len(data))])
            weights.read(path)

        return _count(count, attempt, (weights.WeightsError,))


def _count(count: int, attempt: Callable[[], None], refusals: tuple[type[Exception], ...]) -> tuple[int, int]:
    refused = 0
    for _ in range(count):
        try:
            attempt()
        except refusals as refusal:
            refused += 1
            if "\n" in str(refusal):
                raise AssertionError(f"a refusal of more than one line: {refusal}") from refusal
    return refused, count - refused


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    print(f"{'fault':46} {'cases':>8} {'refused or mended':>18} {'harmless':>9} {'seconds':>8}")
    for name, fuzz in (("damaged frames", fuzz_frames), ("label maps of all kinds", fuzz_maps), ("damaged weight files", fuzz_weights)):
        started = time.perf_counter()
        refused, harmless = fuzz(count)
        print(f"{name:46} {count:8} {refused:18} {harmless:9} {time.perf_counter() - started:8.1f}", flush=True)
    failed = 0
    for name, (path, words) in PROCESS_TESTS.items():
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path, "-k", words], cwd=ROOT, capture_output=True, text=True)
        said = done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""
        passed = said.split(" ")[0].count(".") if done.returncode == 0 else 0
        failed += done.returncode != 0
        print(f"{name:46} {passed:8} {passed:18} {0:9} {time.perf_counter() - started:8.1f}" if passed else f"{name:46} FAILED", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
