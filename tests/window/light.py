"""Photographs relief, Match Light and the painted world in a real Blender window, and checks that the interface stays live meanwhile.

    blender --factory-startup --python tests/window/light.py -- OUT
"""
from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from story import (  # noqa: E402  (the file beside this one, found by the line above)
    MODULE, Step, check, empty_file, has_backdrop, idle, part, photograph, press, problem, run, show_tab, undo, viewport,
)


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    bpy.ops.preferences.addon_enable(module=MODULE)
    empty_file()
    press("veduta.sample_terrain")
    bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = 1024, 576
    open_panels({"VEDUTA_PT_paint", "VEDUTA_PT_relief", "VEDUTA_PT_world"})
    yield from show_tab()
    viewport()["area"].spaces.active.region_3d.view_perspective = "CAMERA"
    yield from relief(out)
    yield from world(out)


def relief(out: Path) -> Iterator[Step]:
    press("veduta.paint")
    yield idle
    check("the painting is lit and put up", has_backdrop() and not problem() and shown() != unlit())
    yield 0.5
    yield from photograph(out, "relief")
    settings = bpy.context.scene.veduta.relief
    settings.shading, settings.haze, settings.reflection = 1.0, 0.6, 1.0
    began = time.perf_counter()
    before = shown().name
    press("veduta.relight")
    yield idle
    print(f"     Light Again took {time.perf_counter() - began:.2f} s, steps of 0.1 s", flush=True)
    check("Light Again shows another picture of the same painting", shown().name != before and not problem())
    yield from photograph(out, "relief_full")
    undo()
    yield 0.3
    check("and is one step of undo", shown().name == before)
    press("veduta.match_light")
    yield from photograph(out, "match_light")
    undo()


def world(out: Path) -> Iterator[Step]:
    press("veduta.remove_backdrop")
    bpy.context.scene.veduta.world.size = "2048"
    press("veduta.paint_world")
    yield idle
    check("the world is painted", part("apply.world").find(bpy.context.scene) is not None and not problem())
    space = viewport()["area"].spaces.active
    space.shading.type = "MATERIAL"
    space.shading.use_scene_world = True
    for obj in bpy.context.scene.objects:  # the world alone, with the kept house in it
        obj.hide_set(obj.type == "MESH" and "House" not in obj.name)
    yield 3.0
    yield from photograph(out, "world")
    press("veduta.remove_world")
    check("and the former one comes back", part("apply.world").find(bpy.context.scene) is None)


def shown() -> bpy.types.Image:
    return part("apply.backdrop").active_painting(bpy.context.scene)


def unlit() -> bpy.types.Image:
    return part("relief").unlit(shown())


def open_panels(names: set[str]) -> None:
    """Open these panels of the sidebar and close the others, so that they are in view. Before the sidebar is first drawn: it remembers."""
    panels = [cls for cls in part("panels").CLASSES if issubclass(cls, bpy.types.Panel)]
    for cls in reversed(panels):
        bpy.utils.unregister_class(cls)
    for cls in panels:
        cls.bl_options = set() if cls.__name__ in names else {"DEFAULT_CLOSED"}
        bpy.utils.register_class(cls)


run(story)
