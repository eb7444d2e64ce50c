"""Photographs Veduta in a real Blender window, and checks there what only a window shows: timers, undo, drawing, a live interface.

    blender --factory-startup --python tests/window/shoot.py -- OUT

Veduta must be installed. Leaves OUT/*.png, prints a line for each check, and ends Blender with status 1 when one fails. What can be tested
without a window is in tests/addon.
"""
from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.veduta"
STEP_SECONDS = 0.1
PATIENCE = 60.0  # seconds for a condition to come true
BLOCKED = 0.05  # the longest that a tick may hold the interface up, seconds

Step = float | Callable[[], bool]  # seconds to wait, or what to wait for


class Story:
    """Runs a generator of steps from a timer: Blender has to return to its event loop in between to draw."""

    def __init__(self, steps: Iterator[Step]):
        self._steps = steps
        self._until: Step = 1.0
        self._since = time.monotonic()

    def tick(self) -> float:
        try:
            self._advance()
        except StopIteration:
            end(failed)
        except Exception:
            traceback.print_exc()
            end(True)
        return STEP_SECONDS

    def _advance(self) -> None:
        waited = time.monotonic() - self._since
        ready = self._until() if callable(self._until) else waited >= self._until
        if not ready and waited > PATIENCE:
            raise TimeoutError("a condition did not come true in time")
        if ready:
            self._until, self._since = next(self._steps), time.monotonic()


failed = False


def check(what: str, holds: bool) -> None:
    """Print whether something that must hold does."""
    global failed
    failed = failed or not holds
    print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)


def end(broken: bool) -> None:
    """End Blender at once, without its question about unsaved changes; the painter's process is ended properly before."""
    bpy.ops.preferences.addon_disable(module=MODULE)
    sys.stdout.flush()
    os._exit(1 if broken else 0)


def part(name: str):
    """A module of the extension."""
    return importlib.import_module(f"{MODULE}.{name}")


def viewport() -> dict:
    """Context members of the first 3D viewport."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    return {"window": window, "area": area, "region": next(region for region in area.regions if region.type == "WINDOW")}


def press(operator: str, **properties) -> None:
    """Run an operator as its button in the sidebar does."""
    with bpy.context.temp_override(**viewport()):
        group, name = operator.split(".")
        getattr(getattr(bpy.ops, group), name)("INVOKE_DEFAULT", True, **properties)


def undo() -> None:
    with bpy.context.temp_override(**viewport()):
        bpy.ops.ed.undo()


def photograph(out: Path, name: str) -> Iterator[Step]:
    """Save the window as OUT/name.png once everything has been drawn."""
    for area in viewport()["window"].screen.areas:
        area.tag_redraw()
    yield 0.5
    path = str(out / f"{name}.png")
    if shutil.which("import"):  # ImageMagick photographs the screen, menus and all, also where Blender can't read its own window back
        subprocess.run(["import", "-window", "root", path], check=True)
        return
    with bpy.context.temp_override(window=viewport()["window"]):
        bpy.ops.screen.screenshot(filepath=path)


def show_tab() -> Iterator[Step]:
    """Open the sidebar at Veduta's tab, and show shapes by their materials' colours."""
    area = viewport()["area"]
    area.spaces.active.show_region_ui = True
    yield 1.0  # the region knows its tabs only after it has been drawn
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Veduta"
    yield 0.5


def empty_file() -> None:
    """A new file without an object."""
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)


def idle() -> bool:
    return part("painting").current() is None


def problem() -> str:
    return str(part("painting").problem() or "")


def has_backdrop() -> bool:
    return part("apply.backdrop").find(bpy.context.scene) is not None


def child() -> int:
    """The process id of the painter."""
    return part("service").session()._client._process.pid


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


def main() -> None:
    out = Path(sys.argv[sys.argv.index("--") + 1]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    bpy.context.preferences.view.show_splash = False
    bpy.app.timers.register(Story(story(out)).tick, first_interval=STEP_SECONDS, persistent=True)


main()
