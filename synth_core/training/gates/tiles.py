"""Is a picture painted in tiles the picture painted at once, and how much memory does a large one take?"""
from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from ... import canvas
from .figures import Figure
from .studio import Studio

SHAPES = ((1024, 1024), (256, 2560))  # rows and columns: the first is cut by detail, the second by composition
LARGE = 2048  # pixels a side of the picture whose memory is measured
GIBIBYTE = 1 << 30


def gate(studio: Studio) -> list[Figure]:
    ids, figures = studio.cuts[0][1], []
    for rows, columns in SHAPES:
        stretched = np.repeat(np.repeat(ids, rows // len(ids), 0), columns // len(ids), 1)
        tiled = studio.paint(stretched, 0)
        with whole():
            figures.append(differing(f"{columns} x {rows} in tiles", tiled, studio.paint(stretched, 0)))
    return [*figures, Figure(f"memory for {LARGE}², GiB", peak(studio), most=1.0)]


def differing(name: str, tiled: np.ndarray, at_once: np.ndarray) -> Figure:
    """How many pixels of the two pictures differ by more than one of 255, which sums in another order may make."""
    apart = np.abs(tiled.astype(np.int16) - at_once).max(2)
    return Figure(f"{name}: differing pixels", int((apart > 1).sum()), most=0, note=f"{(apart == 1).sum()} of {apart.size:,} by 1 of 255")


@contextmanager
def whole() -> Iterator[None]:
    """Pictures of any size are painted at once."""
    names = "STRIP", "DETAIL_TILE"
    before = [getattr(canvas, name) for name in names]
    for name in names:
        setattr(canvas, name, 1 << 20)
    try:
        yield
    finally:
        for name, value in zip(names, before):
            setattr(canvas, name, value)


def peak(studio: Studio) -> float:
    """GiB that a process of its own takes at the most to paint a large picture."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "map.png"
        Image.fromarray(np.maximum(studio.cuts[0][1], 1)).resize((LARGE, LARGE), Image.NEAREST).save(place)
        paint = [sys.executable, "-m", "synth_core", "paint", place, "-o", place.with_name("out.png")]
        return peak_of([str(part) for part in (*paint, "--weights", studio.weights.resolve())])


def peak_of(command: list[str]) -> float:
    """GiB that a program takes at the most; nan when it fails. A small process starts it: on Linux its peak begins at its parent's size."""
    run = subprocess.run([sys.executable, "-c", _WATCH, *command], capture_output=True, text=True, cwd=Path(__file__).resolve().parents[3])
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return int(run.stdout) * unit / GIBIBYTE if run.returncode == 0 else float("nan")


_WATCH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
