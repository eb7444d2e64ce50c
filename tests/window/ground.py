"""Photographs terrain textures and tiles in a real Blender window, and checks there that each is one step of undo.

    blender --factory-startup --python tests/window/ground.py -- OUT

Veduta must be installed. Leaves OUT/*.png and prints a line for each check.
"""
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

import story as shared  # noqa: E402  (the file beside this one, found by the line above)
from story import MODULE, Step, check, empty_file, idle, part, photograph, press, problem, run, show_tab, undo, viewport  # noqa: E402


def story(out: Path) -> Iterator[Step]:
    """A terrain from above, then a tile on a cube."""
    shared.PATIENCE = 150.0  # four jobs, on a machine that draws in software
    bpy.ops.preferences.addon_enable(module=MODULE)
    empty_file()
    yield from show_tab()
    press("veduta.sample_terrain")
    yield 0.5
    terrain = bpy.data.objects["Terrain"]
    for obj in bpy.context.scene.objects:
        obj.select_set(obj.name in ("Terrain", "Path", "Lake"))
    bpy.context.view_layer.objects.active = terrain
    bpy.ops.ed.undo_push(message="Select")
    scene = bpy.context.scene
    scene.veduta.ground.size = "512"
    former = [slot.material.name for slot in terrain.material_slots]
    press("veduta.paint_terrain")
    yield idle
    check("the terrain shows its texture", not problem() and terrain.material_slots[0].material.name not in former)
    if problem():
        print(problem())
    look_down()
    yield 3.0
    yield from photograph(out, "terrain")
    undo()
    yield 0.5
    check("one step of undo takes it off", [slot.material.name for slot in bpy.data.objects["Terrain"].material_slots] == former)
    yield from held(out, former)
    bpy.context.scene.veduta.ground.label = "ROCK"
    press("veduta.paint_tile")
    yield idle
    check("the tile is a material", not problem() and "Veduta rock tile" in bpy.data.materials)
    bpy.ops.mesh.primitive_plane_add(size=60, location=(0, 0, 120))
    bpy.context.object.data.materials.append(bpy.data.materials["Veduta rock tile"])
    for loop in bpy.context.object.data.uv_layers[0].uv:
        loop.vector *= 3
    with bpy.context.temp_override(**viewport()):
        bpy.ops.view3d.view_selected()
    yield 3.0
    yield from photograph(out, "tile")


def held(out: Path, former: list[str]) -> Iterator[Step]:
    """A texture that is done while the terrain is being edited waits, says so, and is put on afterwards."""
    press("veduta.paint_terrain")
    edit(True)
    yield lambda: bool(part("painting").current().held)
    yield 1.0
    yield from photograph(out, "held")
    check("it says what it waits for", "edit mode" in part("painting").current().held)
    edit(False)
    yield idle
    check("out of edit mode it is put on", bpy.data.objects["Terrain"].material_slots[0].material.name not in former)
    undo()
    yield 0.5


def edit(on: bool) -> None:
    with bpy.context.temp_override(**viewport()):
        bpy.ops.object.mode_set(mode="EDIT" if on else "OBJECT")


def look_down() -> None:
    """A view from above at a slant, with textures."""
    space = viewport()["area"].spaces.active
    space.shading.type = "MATERIAL"
    space.clip_end = 5000
    region = space.region_3d
    region.view_perspective = "PERSP"
    region.view_location, region.view_distance = (40, 80, 0), 260
    region.view_rotation = (0.87, 0.48, 0.05, 0.1)


run(story)
