"""Photographs projected and baked textures in a real window, and checks that each is one step of undo.

    blender --factory-startup --python tests/window/textures.py -- OUT
"""
from __future__ import annotations

import sys
from collections.abc import Iterator
from math import radians
from pathlib import Path

import bpy
from mathutils import Euler

sys.path.insert(0, str(Path(__file__).parent))

from story import (  # noqa: E402  (the file beside this one, found by the line above)
    MODULE, Step, check, empty_file, idle, open_panels, part, photograph, press, problem, run, show_tab, undo, viewport,
)

RENDERED = 25.0  # seconds that a slow machine needs for the viewport's few samples


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    bpy.ops.preferences.addon_enable(module=MODULE)
    empty_file()
    open_panels("VEDUTA_PT_textures")
    yield from show_tab()
    yield from sample()
    yield from projected(out)
    yield from baked(out)
    yield from handed_over(out)
    yield from removed()


def sample() -> Iterator[Step]:
    press("veduta.sample_terrain")
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 896, 504
    scene.render.engine, scene.cycles.preview_samples = "CYCLES", 4
    scene.view_settings.view_transform = "Standard"
    terrain = scene.objects["Terrain"]
    bpy.context.view_layer.objects.active = terrain
    terrain.select_set(True)
    bpy.ops.ed.undo_push(message="Set Up")
    yield 0.5


def projected(out: Path) -> Iterator[Step]:
    textures = part("apply.textures")
    press("veduta.project_texture")
    yield idle
    check("the painting is projected", textures.is_on(bpy.context.scene) and not problem())
    undo()
    check("one Undo gives the objects their materials back", not textures.is_on(bpy.context.scene)
          and all(slot.link == "DATA" for slot in bpy.context.scene.objects["Terrain"].material_slots))
    press("veduta.project_texture")
    yield idle
    yield from look(out, "textures_front", None)
    yield from look(out, "textures_side", aside)


def look(out: Path, name: str, turn) -> Iterator[Step]:
    """Photograph the rendered viewport, through the camera or as `turn` turns it."""
    space = viewport()["area"].spaces.active
    if turn is not None:
        turn(space.region_3d)
    space.overlay.show_overlays = False
    space.shading.type = "RENDERED"
    yield RENDERED
    yield from photograph(out, name)
    space.shading.type = "SOLID"
    space.overlay.show_overlays = True


def aside(view: bpy.types.RegionView3D) -> None:
    """From the left and above, over the house."""
    view.view_perspective = "PERSP"
    view.view_location = bpy.context.scene.objects["House"].location
    view.view_rotation = Euler((radians(68), 0, radians(24))).to_quaternion()
    view.view_distance = 62


def baked(out: Path) -> Iterator[Step]:
    scene = bpy.context.scene
    scene.veduta.textures.bake_size = "1024"
    press("veduta.bake_texture")
    terrain = scene.objects["Terrain"]
    check("the terrain has a baked texture", terrain.data.uv_layers.keys() == ["Veduta Bake"]
          and terrain.material_slots[0].material.name.startswith("Terrain Baked"))
    space = viewport()["area"].spaces.active
    space.shading.color_type = "TEXTURE"  # shows plain image textures alone
    yield from photograph(out, "textures_baked")
    space.shading.color_type = "MATERIAL"


def handed_over(out: Path) -> Iterator[Step]:
    settings = bpy.context.scene.veduta.textures
    settings.mask_size, settings.folder = 256, str(out / "masks")
    press("veduta.export_masks")
    check("masks and height map are written", (out / "masks" / "Terrain_height.png").stat().st_size > 1000)
    yield 0.1


def removed() -> Iterator[Step]:
    press("veduta.remove_textures")
    scene = bpy.context.scene
    check("Remove gives everything back", not part("apply.textures").is_on(scene) and not scene.objects["Terrain"].data.uv_layers)
    undo()
    check("and is one step of undo", part("apply.textures").is_on(scene := bpy.context.scene)
          and scene.objects["Terrain"].data.uv_layers.keys() == ["Veduta Bake"])
    yield 0.1


run(story)
