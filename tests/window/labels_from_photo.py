"""Labels from Photo in a real window: a picture's map beside the viewport, its legend in the panel, and its painting.

    blender --factory-startup --python tests/window/labels_from_photo.py -- OUT

A painting of the sample terrain stands in for the photograph. The installed weights must hold a segmenter.
"""
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from story import (  # noqa: E402  (the file beside this one, found by the line above)
    MODULE, Step, check, empty_file, idle, open_panels, part, photograph, press, problem, run, show_tab, undo, viewport,
)


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    bpy.ops.preferences.addon_enable(module=MODULE)
    open_panels("VEDUTA_PT_labels")
    empty_file()
    press("veduta.sample_terrain")
    scene = bpy.context.scene
    scene.veduta.use_render_size, scene.veduta.width, scene.veduta.height = False, 512, 288
    yield from show_tab()
    press("veduta.paint")
    yield idle
    painted = part("apply.backdrop").active_painting(scene)
    press("veduta.labels_from_photo", image=painted.name)
    yield idle
    check(f"a map is made {problem()}", scene.veduta.label_help.photo_map is not None)
    if scene.veduta.label_help.photo_map is None:
        return
    yield 0.5
    made, editor = scene.veduta.label_help.photo_map, image_editor()
    check("it has the picture's size", tuple(made.size) == tuple(painted.size))
    check("it is shown beside the viewport", editor is not None and editor.spaces.active.image == made)
    yield from photograph(out, "labels_from_photo")
    press("veduta.paint_photo_map")
    yield idle
    yield 0.5
    check(f"the map is painted {problem()}", image_editor().spaces.active.image.name.endswith("painted"))
    yield from photograph(out, "paint_this_map")
    with bpy.context.temp_override(**viewport()):
        bpy.ops.veduta.labels_from_photo(filepath=str(saved(painted, out)))
    check("a file's map takes the same place", image_editor().spaces.active.image == scene.veduta.label_help.photo_map != made)
    undo()
    yield 0.3
    check("one step of undo brings the first map back", bpy.context.scene.veduta.label_help.photo_map.name == made.name)


def image_editor() -> bpy.types.Area | None:
    return next((area for area in viewport()["window"].screen.areas if area.type == "IMAGE_EDITOR"), None)


def saved(image: bpy.types.Image, out: Path) -> Path:
    """The picture as a file."""
    path = out / "picture.png"
    path.write_bytes(image.packed_file.data)
    return path


run(story)
