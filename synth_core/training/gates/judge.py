"""The judge of picture quality: a program of its own, given by its path, that compares folders of pictures and prints one JSON line.

    evaluate.py PHOTOS LABELS PAINTED [PAINTED_AGAIN]

Its networks are never read here, nor trained on: a painter that was taught by its judge would prove nothing.
"""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from . import GateError

FEWEST = 64  # pictures that it takes


def judge(evaluate: Path, *folders: Path) -> dict[str, float]:
    """The judge's figures of the folders, by name. Raises GateError when it gives none."""
    run = subprocess.run([sys.executable, evaluate, *folders], capture_output=True, text=True)
    try:
        return json.loads(run.stdout)
    except json.JSONDecodeError:
        said = (run.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise GateError(f"The judge {evaluate} gave no figures ({said}).") from None


def lay(folder: Path, pictures: dict[str, np.ndarray]) -> Path:
    """Write pictures or maps as same-named PNG files into a new folder, which is returned."""
    folder.mkdir(parents=True)
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}.png", compress_level=1)
    return folder
