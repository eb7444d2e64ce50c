"""Stages, tests, demonstrates and packages Veduta. Only the standard library is needed to start it.

No painting, no Blender and no training lives here: this file makes environments and folders, and runs programs in them.
"""
from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent

# What painting inside Blender never needs.
UNSTAGED = shutil.ignore_patterns("__pycache__", "*.pyc", "training", "export.py", "discriminator.*")


def stage(destination: Path, weights: Path = ROOT / "weights") -> Path:
    """Make the extension's tree at `destination`, replacing what is there: add-on, `synth_core` and `weights`. Returns it.

    A missing `weights` folder leaves an empty one, so that the add-on can say what is wrong.
    """
    if destination.exists():
        shutil.rmtree(destination)
    shutil.copytree(ROOT / "blender_addon", destination, ignore=UNSTAGED)
    shutil.copytree(ROOT / "synth_core", destination / "synth_core", ignore=UNSTAGED)
    if weights.is_dir():
        shutil.copytree(weights, destination / "weights", ignore=UNSTAGED)
    else:
        (destination / "weights").mkdir()
    shutil.copy(ROOT / "LICENSE", destination / "LICENSE")
    return destination
