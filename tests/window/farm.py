"""Checks in a real Blender that frames are exported while the window lives, and that the command line of a farm's task paints the rest.

    blender --factory-startup --python tests/window/farm.py -- OUT

Veduta must be installed and enabled in the user's preferences, which the task's Blender reads. Leaves OUT/exporting.png, OUT/shown.png and
OUT/farm.blend with its frames.
"""
from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

import story as shared  # noqa: E402  (the file beside this one, found by the line above)
from story import MODULE, Step, check, empty_file, has_backdrop, open_panels, photograph, press, run, show_tab  # noqa: E402

LAST = 4


def story(out: Path) -> Iterator[Step]:
    """Four frames of the sample terrain are exported; two of them are painted by a task's command line."""
    shared.PATIENCE = 120.0
    bpy.ops.preferences.addon_enable(module=MODULE)
    shutil.rmtree(out / "veduta", ignore_errors=True)
    empty_file()
    open_panels("VEDUTA_PT_animation")
    yield from show_tab()
    press("veduta.sample_terrain")
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, LAST
    scene.frame_set(2)
    scene.veduta.use_render_size, scene.veduta.width, scene.veduta.height = False, 160, 96
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "farm.blend"))
    press("veduta.export_frames")
    check("the button returns before all frames are exported", len(names(out, "vframe")) < LAST)
    yield lambda: len(names(out, "vframe")) >= 1
    yield from photograph(out, "exporting")
    yield lambda: len(names(out, "vframe")) == LAST
    yield 0.5
    check("the scene stands where it stood", scene.frame_current == 2)
    check("nothing else is left", {path.suffix for path in (out / "veduta").rglob("*.*")} == {".vframe"})
    task = [bpy.app.binary_path, "-b", "-y", str(out / "farm.blend"), "--command", "veduta", "paint-frames", "2:3", "--skip-existing"]
    process = subprocess.Popen(task, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield lambda: process.poll() is not None
    print(process.stdout.read(), flush=True)
    check("the task ends well", process.returncode == 0)
    check("and has painted its frames", names(out, "png") == ["frame_0002.png", "frame_0003.png"])
    press("veduta.show_frames")
    check("which are shown", has_backdrop())
    yield 1.5
    yield from photograph(out, "shown")


def names(out: Path, ending: str) -> list[str]:
    return sorted(path.name for path in (out / "veduta").rglob(f"*.{ending}"))


run(story)
