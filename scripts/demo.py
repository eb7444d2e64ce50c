"""The demo, run by build.py in the Python of an environment that has Blender: sample terrain -> painting -> backdrop -> render.

    python scripts/demo.py FOLDER

Leaves in FOLDER: veduta_demo.blend, labels.png (the label map in the labels' colours, which the command line reads), painting.png
and render.png.
It uses the extension's operators alone, as any script can.
"""
from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import build  # noqa: E402  (the repository's build.py, found by the line above)

MODULE = "bl_ext.user_default.veduta"
WIDTH, HEIGHT = 1024, 576
SAMPLES = 32


@contextmanager
def step(name: str):
    """Print how long a step took."""
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:6.1f} s  {name}", flush=True)


@contextmanager
def quiet():
    """Keep Blender's progress lines, which C code writes, off the terminal."""
    sys.stdout.flush()
    terminal, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(terminal, 1)
        os.close(terminal)
        os.close(nowhere)


def part(name: str):
    """A module of the enabled extension."""
    return importlib.import_module(f"{MODULE}.{name}")


def start_blender(resources: Path):
    """Stage the extension into a fresh user folder and enable it; returns the bpy module."""
    os.environ["BLENDER_USER_RESOURCES"] = str(resources)  # read once, when bpy is imported
    build.stage(resources / "extensions" / "user_default" / "veduta")
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)
    return bpy


def write_label_map(labels: np.ndarray, folder: Path) -> None:
    """Write labels (H, W), ids, as labels.png in the labels' colours; print what share of the picture each has."""
    label_set, png = part("synth_core.labels"), part("synth_core.png")
    colours = np.array([label.colour for label in label_set.LABELS], np.uint8)
    (folder / "labels.png").write_bytes(png.encode(colours[labels]))
    shares = np.bincount(labels.ravel(), minlength=label_set.COUNT) / labels.size
    order = [index for index in np.argsort(-shares) if shares[index]]
    print("          " + ", ".join(f"{label_set.LABELS[index].name} {shares[index]:.1%}" for index in order))


def render(bpy, target: Path) -> None:
    """Render the scene through its camera with Cycles: the painting behind, the house before it."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = False
    scene.render.filepath = str(target)
    bpy.ops.render.render(write_still=True)


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="veduta-demo-") as resources:
        with step("start Blender with the extension"), quiet():
            bpy = start_blender(Path(resources))
        print(f"          Blender {bpy.app.version_string}")
        scene = bpy.context.scene
        scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
        with step("add the sample terrain"):
            bpy.ops.veduta.sample_terrain()
        with step("paint it and put the painting up as the camera's backdrop"), quiet():
            bpy.ops.veduta.paint()
        painting = part("apply.backdrop").active_painting(scene)
        (folder / "painting.png").write_bytes(painting.packed_file.data)
        write_label_map(part("recipe").load(painting).labels, folder)
        with step(f"render the house before it, {SAMPLES} samples"), quiet():
            render(bpy, folder / "render.png")
        with step("save"), quiet():
            bpy.ops.wm.save_as_mainfile(filepath=str(folder / "veduta_demo.blend"))
        bpy.ops.preferences.addon_disable(module=MODULE)
    for path in sorted(folder.iterdir()):
        print(f"{path.stat().st_size / 1e6:7.1f} MB  {path.relative_to(folder.parent)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
