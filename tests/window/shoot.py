"""Photographs Veduta in a real Blender window, and checks there what only a window shows: timers, undo, drawing, a live interface.

    blender --factory-startup --python tests/window/shoot.py -- OUT

Veduta must be installed. Leaves OUT/*.png, prints a line for each check, and ends Blender with status 1 when one fails. What can be tested
without a window is in tests/addon.
"""
from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from story import (  # noqa: E402  (the file beside this one, found by the line above)
    BLOCKED, MODULE, Step, check, child, empty_file, has_backdrop, idle, part, photograph, press, problem, run, show_tab, undo, viewport,
)


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    bpy.ops.preferences.addon_enable(module=MODULE)
    empty_file()
    yield from show_tab()
    yield from nothing_to_paint(out)
    yield from labels(out)
    yield from under_way(out)
    yield from painted(out)
    yield from undone()
    yield from killed(out)
    yield from changed_meanwhile()
    yield from without_camera(out)
    yield from menu(out)


def nothing_to_paint(out: Path) -> Iterator[Step]:
    try:
        press("veduta.paint")
    except RuntimeError as error:  # as a script sees the error; a click shows it in a pop-up
        print(f"     {str(error).strip()}", flush=True)
    check("an empty scene is refused with a sentence", "nothing to paint" in problem())
    check("and no camera is left behind", bpy.context.scene.camera is None)
    yield from photograph(out, "problem")
    press("veduta.dismiss")
    check("the message can be dismissed", not problem())


def labels(out: Path) -> Iterator[Step]:
    press("veduta.sample_terrain")
    terrain = next(obj for obj in bpy.context.scene.objects if len(obj.material_slots) > 1)
    bpy.context.view_layer.objects.active = terrain
    terrain.select_set(True)
    bpy.ops.ed.undo_push(message="Select")
    yield 1.0
    yield from photograph(out, "before")
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "window.blend"))
    press("veduta.show_labels")
    yield from photograph(out, "show_labels")
    check("Show labels leaves the file as it is", not bpy.data.is_dirty)
    press("veduta.show_labels")
    yield 0.3
    check("and so does hiding them", not bpy.data.is_dirty)
    yield from labels_follow()


def labels_follow() -> Iterator[Step]:
    """Labels that are shown change with the scene: by a menu's choice and by Undo."""
    show_labels = part("operators.show_labels")
    press("veduta.show_labels")

    def seas() -> int:
        shown = show_labels._shown[bpy.context.scene.session_uid].colours
        return int((shown[:, 2] > 1.8 * shown[:, 1]).sum())  # no other label is so much bluer than green

    before = seas()
    press("veduta.assign_label", label="SEA", target="OBJECT")
    yield lambda: seas() > before
    undo()
    yield lambda: seas() == before
    check("shown labels follow a change and Undo", True)
    press("veduta.show_labels")


def under_way(out: Path) -> Iterator[Step]:
    """A large painting, to see its progress, and to cancel it."""
    settings = bpy.context.scene.veduta
    settings.use_render_size, settings.width, settings.height = False, 4096, 2304
    press("veduta.paint")
    yield lambda: idle() or part("painting").current().job.progress > 0.2
    check("the painting is seen under way", not idle())
    yield from photograph(out, "during")
    press("veduta.cancel")
    check("Cancel ends the painting at once", idle())
    yield 1.0
    check("and puts nothing up", not has_backdrop() and not problem())
    settings.use_render_size = True


def painted(out: Path) -> Iterator[Step]:
    painting = part("painting")
    ticks, step = [], painting.step

    def timed() -> bool:
        began = time.perf_counter()
        goes_on = step()
        ticks.append((time.perf_counter() - began, goes_on))
        return goes_on

    painting.step = timed
    began = time.perf_counter()
    press("veduta.paint")
    print(f"     Paint returned after {time.perf_counter() - began:.2f} s", flush=True)
    yield idle
    painting.step = step
    delivery, longest = ticks[-1][0], max(seconds for seconds, goes_on in ticks if goes_on)
    print(f"     delivery took {delivery * 1000:.0f} ms, the longest other tick {longest * 1000:.0f} ms", flush=True)
    check("no tick but the delivery held the interface up", longest <= BLOCKED)
    check("the painting is put up", has_backdrop() and not problem())
    yield 0.5
    yield from photograph(out, "after")


def undone() -> Iterator[Step]:
    undo()
    yield 0.3
    check("Undo takes the backdrop away", not has_backdrop())
    with bpy.context.temp_override(**viewport()):
        bpy.ops.ed.redo()
    yield 0.3
    check("Redo brings it back", has_backdrop())


def killed(out: Path) -> Iterator[Step]:
    press("veduta.remove_backdrop")
    press("veduta.paint")
    os.kill(child(), signal.SIGKILL)
    yield idle
    check("a killed painter is explained", "ended unexpectedly" in problem())
    yield from photograph(out, "killed")
    press("veduta.paint")
    yield idle
    check("and the next painting starts another", has_backdrop())


def changed_meanwhile() -> Iterator[Step]:
    """What the user may do while the painter works."""
    press("veduta.remove_backdrop")
    bpy.ops.ed.undo_push(message="Removed")
    press("veduta.dice_seed")
    press("veduta.paint")
    undo()
    yield idle
    check("Undo while painting does no harm", has_backdrop() and not problem())

    press("veduta.paint")
    bpy.data.objects.remove(bpy.context.scene.camera)
    yield idle
    check("a camera deleted meanwhile is explained", "camera was deleted" in problem())


def without_camera(out: Path) -> Iterator[Step]:
    check("the scene has no camera", bpy.context.scene.camera is None)
    press("veduta.paint")
    yield idle
    check("Paint makes a camera from the view", bpy.context.scene.camera is not None and has_backdrop())
    yield from photograph(out, "from_view")

    press("veduta.paint")
    bpy.ops.wm.open_mainfile(filepath=str(out / "window.blend"))
    yield idle
    check("another file opened meanwhile is explained, and gets no painting", "is gone" in problem() and not has_backdrop())


def menu(out: Path) -> Iterator[Step]:
    """The menu of labels, last of all: nothing but a key or the mouse closes it again."""
    with bpy.context.temp_override(**viewport()):
        bpy.ops.wm.call_menu(name="VEDUTA_MT_material_label")
    yield from photograph(out, "menu")


run(story)
