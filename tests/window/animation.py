"""Photographs painted frames in a real Blender window, and checks there that a run is followed by a timer, cancelled, gone on with, undone.

    blender --factory-startup --python tests/window/animation.py -- OUT

Veduta must be installed. Leaves OUT/*.png and OUT/animation.blend with its frames, and prints a line for each check.
"""
from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

import story as shared  # noqa: E402  (the file beside this one, found by the line above)
from story import (  # noqa: E402
    MODULE, Step, check, empty_file, has_backdrop, idle, open_panels, part, photograph, press, problem, run, show_tab, undo,
)

LAST = 4


def story(out: Path) -> Iterator[Step]:
    """A drive past the sample terrain, painted with a pause."""
    shared.PATIENCE = 100.0
    bpy.ops.preferences.addon_enable(module=MODULE)
    shutil.rmtree(out / "veduta", ignore_errors=True)
    empty_file()
    open_panels("VEDUTA_PT_animation")
    yield from show_tab()
    drive(out)
    yield 0.5
    looked_at = bpy.context.scene.frame_current
    began = time.perf_counter()
    press("veduta.paint_frames")
    print(f"     the button returned after {time.perf_counter() - began:.2f} s, one capture included", flush=True)
    yield lambda: len(files(out)) == 2
    yield lambda: part("painting").current().progress > 0.55
    check("frame 3 of 4 is told", part("painting").current().message.endswith("frame 3 of 4"))
    check("the timeline stands where it stood", bpy.context.scene.frame_current == looked_at)
    yield from photograph(out, "under_way")
    press("veduta.cancel")
    yield 0.3
    check("cancelled, whole frames stay and no lock does", all(path.suffix == ".png" for path in (out / "veduta").rglob("*.*")) and not has_backdrop())
    press("veduta.paint_frames")
    yield idle
    check("it goes on to the last frame", not problem() and len(files(out)) == LAST and has_backdrop())
    for frame in (1, LAST):
        bpy.context.scene.frame_set(frame)
        yield 1.5
        yield from photograph(out, f"frame_{frame}")
    undo()
    yield 0.5
    check("one step of undo takes them away", not has_backdrop() and not bpy.context.scene.camera.data.background_images)
    check("and leaves the files", len(files(out)) == LAST)
    press("veduta.show_frames")
    check("which can be shown again", has_backdrop())


def drive(out: Path) -> None:
    """The sample terrain with a camera on its way, saved."""
    press("veduta.sample_terrain")
    scene = bpy.context.scene
    for frame, shift in ((1, 0.0), (LAST, 12.0)):
        scene.camera.location.x += shift
        scene.camera.keyframe_insert("location", index=0, frame=frame)
    scene.frame_start, scene.frame_end = 1, LAST
    scene.frame_set(2)
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 640, 360, 100
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "animation.blend"))


def files(out: Path) -> list[Path]:
    return sorted((out / "veduta").rglob("frame_*.png"))


run(story)
