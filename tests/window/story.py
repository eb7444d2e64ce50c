"""What the stories of this folder share: steps taken from a timer in a real window, checks, photographs. No story is here.

A story is a generator of steps; run(story) starts it. It ends Blender with status 1 when a check fails.
"""
from __future__ import annotations

import importlib
import os
import shutil
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
shown_anew = 0  # times that panels were registered anew


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


def open_panels(*names: str, sub_panels: bool = True) -> None:
    """Let these panels, and unless told otherwise their sub-panels, start open, all others closed. They get ids of their own, for by the id of a panel that has been
    shown Blender remembers whether the user folded it."""
    global shown_anew
    shown_anew += 1
    panels = [cls for cls in part("panels").CLASSES if issubclass(cls, bpy.types.Panel) and hasattr(cls, "bl_category")]
    for cls in reversed(panels):
        bpy.utils.unregister_class(cls)
    for cls in panels:
        parent = getattr(cls, "bl_parent_id", "").split("_again")[0]
        shown = cls.__name__ in names or sub_panels and parent in names
        cls.bl_options = set(getattr(cls, "bl_options", ())) - {"DEFAULT_CLOSED"} | (set() if shown else {"DEFAULT_CLOSED"})
        cls.bl_idname = f"{cls.__name__}_again{shown_anew}"
        if parent:
            cls.bl_parent_id = f"{parent}_again{shown_anew}"
        bpy.utils.register_class(cls)


def show_tab() -> Iterator[Step]:
    """Open the sidebar at Veduta's tab, and show shapes by their materials' colours."""
    area = viewport()["area"]
    area.spaces.active.show_region_ui = True
    yield 1.0  # the region knows its tabs only after it has been drawn
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Veduta"
    yield 0.5


def unfold(*names: str) -> None:
    """Show panels open that are folded at first; before the sidebar has been drawn, for Blender then keeps what the user chose."""
    for name in names:
        panel = getattr(bpy.types, name)
        bpy.utils.unregister_class(panel)
        panel.bl_options = panel.bl_options - {"DEFAULT_CLOSED"}
        bpy.utils.register_class(panel)


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


def run(story: Callable[[Path], Iterator[Step]]) -> None:
    """Begin `story` with the folder that the command line names, once the window stands."""
    out = Path(sys.argv[sys.argv.index("--") + 1]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    bpy.context.preferences.view.show_splash = False
    bpy.app.timers.register(Story(story(out)).tick, first_interval=STEP_SECONDS, persistent=True)
