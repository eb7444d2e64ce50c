"""Photographs for the manual: every panel of the tab, opened, with something in it to look at; and checks that each feature shows its work.

    blender --factory-startup --python tests/window/manual.py -- OUT
"""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import story as shared  # noqa: E402  (the file beside this one, found by the line above)
from story import (  # noqa: E402
    MODULE, Step, check, empty_file, has_backdrop, idle, open_panels, part, press, problem, run, show_tab, viewport,
)


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    shared.PATIENCE = 120.0  # a machine that draws in software
    bpy.ops.preferences.addon_enable(module=MODULE)
    empty_file()
    with bpy.context.temp_override(**viewport()):
        bpy.ops.screen.screen_full_area()
    yield 1.0
    yield from show_tab()
    yield from start(out)
    yield from looks(out)
    yield from history(out)
    yield from live(out)
    yield from painted_labels(out)
    yield from other_panels(out)
    yield from label_help(out)
    yield from preferences(out)


def start(out: Path) -> Iterator[Step]:
    """What a newcomer does: the sample, its labels, a painting."""
    open_panels("VEDUTA_PT_paint", "VEDUTA_PT_labels", sub_panels=False)
    yield from photograph(out, "empty")
    press("veduta.sample_terrain")
    settings = bpy.context.scene.veduta
    settings.use_render_size, settings.width, settings.height = False, 896, 504
    activate("Terrain")
    press("veduta.show_labels")
    yield from photograph(out, "labels")
    press("veduta.show_labels")
    open_panels("VEDUTA_PT_paint", "VEDUTA_PT_labels", sub_panels=False)
    press("veduta.paint")
    yield idle
    check("the sample is painted", has_backdrop() and not problem())
    yield from photograph(out, "paint")


def looks(out: Path) -> Iterator[Step]:
    settings, thumbnails = bpy.context.scene.veduta.look, part("thumbnails")
    settings.source = "BLEND"
    settings.look, settings.other = "sunset", "winter"
    open_panels("VEDUTA_PT_paint")
    names = part("looks").names(bpy.context.scene)
    yield lambda: all(thumbnails.icon(bpy.context.scene, name) for name in names)
    press("veduta.add_label_look")
    yield from photograph(out, "look")
    settings.source = "LOOK"
    press("veduta.paint")
    yield idle
    settings.labels.clear()
    settings.source = "SEED"
    press("veduta.paint_variations")
    yield idle
    check("four variations", len(part("variations").found(bpy.context.scene)) == 4 and not problem())
    yield from photograph(out, "variations")
    part("variations").forget()


def history(out: Path) -> Iterator[Step]:
    """With a painting chosen, that is not the one shown."""
    newest, first = part("history").paintings()
    press("veduta.favourite_painting", painting=first.name)
    bpy.context.scene.veduta.history.painting = first.name
    yield from photograph(out, "history")
    press("veduta.apply_painting", painting=first.name)
    check("the chosen painting is put up", part("apply.backdrop").active_painting(bpy.context.scene) == first)
    yield from photograph(out, "history_shown")


def live(out: Path) -> Iterator[Step]:
    press("veduta.remove_backdrop")
    open_panels("VEDUTA_PT_paint", "VEDUTA_PT_labels", sub_panels=False)
    viewport()["area"].spaces.active.region_3d.view_perspective = "CAMERA"
    press("veduta.live")
    yield up_to_date
    yield from photograph(out, "live")
    press("veduta.live")
    check("Live ends at a press", not part("live").is_on())


def up_to_date() -> bool:
    module = part("live")
    picture, place = module.picture(), module._live.place()
    return picture is not None and picture.full and module._live.is_up_to_date() and module._live.is_fresh(module.look(*place))


def painted_labels(out: Path) -> Iterator[Step]:
    activate("Terrain")
    open_panels("VEDUTA_PT_labels")
    press("veduta.paint_labels")
    yield from photograph(out, "paint_labels")
    check("the labels' palette is at hand", bpy.context.tool_settings.vertex_paint.palette is not None)
    with bpy.context.temp_override(**viewport()):
        bpy.ops.object.mode_set(mode="OBJECT")
    yield 0.5


def other_panels(out: Path) -> Iterator[Step]:
    open_panels("VEDUTA_PT_textures")
    yield from photograph(out, "textures")
    bpy.context.scene.veduta.ground.label = "ROCK"
    press("veduta.paint_tile")
    yield idle
    check("a tile is painted", "Veduta rock tile" in bpy.data.materials)
    yield from tile(out)
    open_panels("VEDUTA_PT_world", "VEDUTA_PT_animation", "VEDUTA_PT_export")
    bpy.context.scene.veduta.world.size = "1024"
    press("veduta.paint_world")
    yield idle
    check("a world is painted", part("apply.world").find(bpy.context.scene) is not None and not problem())
    yield from photograph(out, "world")


def tile(out: Path) -> Iterator[Step]:
    """The tile three times each way on a plane of its own, above the scene."""
    bpy.ops.mesh.primitive_plane_add(size=60, location=(0, 0, 600))
    plane = bpy.context.object
    plane.data.materials.append(bpy.data.materials["Veduta rock tile"])
    for corner in plane.data.uv_layers[0].uv:
        corner.vector *= 3
    open_panels("VEDUTA_PT_tile", "VEDUTA_PT_textures", sub_panels=False)
    space = viewport()["area"].spaces.active
    space.shading.type, space.clip_end = "MATERIAL", 5000
    view = space.region_3d
    view.view_perspective, view.view_location, view.view_distance = "PERSP", (12, 0, 600), 75
    view.view_rotation = (0.94, 0.34, 0, 0)
    yield 6.0
    yield from photograph(out, "tile")
    bpy.data.objects.remove(plane)
    activate("Terrain")
    space.shading.type, view.view_perspective = "SOLID", "CAMERA"


def label_help(out: Path) -> Iterator[Step]:
    """A level whose materials and names speak for themselves, without a label so far."""
    from scripts import scenes

    empty_file()
    for material in list(bpy.data.materials):
        bpy.data.materials.remove(material)
    scenes.game_level(out, labelled=False)
    viewport()["area"].spaces.active.region_3d.view_perspective = "CAMERA"
    open_panels("VEDUTA_PT_paint", "VEDUTA_PT_labels", sub_panels=False)
    try:
        press("veduta.paint")
    except RuntimeError as error:  # as a script sees the error; a click shows it in a pop-up
        print(f"     {str(error).strip()}", flush=True)
    check("a scene without a label is refused, and guessing is offered", part("painting").problem().operator == "veduta.guess_labels")
    yield from photograph(out, "unlabelled")
    open_panels("VEDUTA_PT_labels")
    press("veduta.guess_labels")
    proposals = bpy.context.window_manager.veduta.proposals
    check("labels are guessed", len(proposals) > 30)
    bpy.context.window_manager.veduta.active = 2
    yield from photograph(out, "label_help")
    press("veduta.apply_guess")
    check("and applied", not proposals and not problem())
    bpy.context.view_layer.objects.active = bpy.context.scene.objects["SM_House_Small_02"]
    open_panels("VEDUTA_PT_paint", "VEDUTA_PT_labels", sub_panels=False)
    camera = bpy.context.scene.camera
    camera.rotation_euler.x += 1.5
    press("veduta.paint")
    yield idle
    yield 1.0
    check("a view of the sky alone is told", bool(part("advice").kept()))
    yield from photograph(out, "advice")
    camera.rotation_euler.x -= 1.5
    press("veduta.paint")
    yield idle
    check("the labels make way for the painting", has_backdrop() and not part("operators.show_labels").is_shown(bpy.context.scene))
    yield from photograph(out, "level_painted")


def preferences(out: Path) -> Iterator[Step]:
    with bpy.context.temp_override(**viewport()):
        bpy.ops.preferences.addon_show(module=MODULE)
    yield 2.0
    move = "xdotool search --name Preferences windowmove 300 200"  # without a window manager it opens half outside the screen
    subprocess.Popen(["sh", "-c", move])
    yield 1.0
    yield from photograph(out, "preferences")
    bpy.context.preferences.addons[MODULE].preferences.engine = "torch"
    yield from photograph(out, "preferences_own_python")
    bpy.context.preferences.addons[MODULE].preferences.engine = "onnx"


def photograph(out: Path, name: str) -> Iterator[Step]:
    """As the stories' own, once panels that open or move have come to rest."""
    for _ in range(5):  # a slow machine moves them a step at each drawing
        viewport()["area"].tag_redraw()
        yield 0.4
    yield from shared.photograph(out, name)


def activate(name: str) -> None:
    """Make an object active and the only one selected."""
    for obj in bpy.context.scene.objects:
        obj.select_set(obj.name == name)
    bpy.context.view_layer.objects.active = bpy.context.scene.objects[name]
    bpy.ops.ed.undo_push(message="Select")


run(story)
