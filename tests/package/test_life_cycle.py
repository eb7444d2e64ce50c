"""The extension's life from its zip: every operator there is, disabling, enabling again, and an upgrade while the painter runs.

An operator that is in none of the lists below fails this test: whoever adds one says how it is tried here, or why it isn't.
"""
from __future__ import annotations

import importlib
import zipfile
from pathlib import Path

import pytest
from test_zip import MODULE, build, children, installed, prepare  # noqa: F401  (a fixture among them)

# In the order in which they are tried on the painted sample terrain, with their properties.
TRIED = (
    ("paint", {}), ("relight", {}), ("reproduce", {}), ("match_light", {}), ("dice_seed", {}), ("guess_labels", {}), ("dismiss_guess", {}),
    ("project_texture", {}), ("add_projection_uvs", {}), ("bake_texture", {}), ("remove_textures", {}), ("paint_world", {}),
    ("remove_world", {}), ("show_labels", {}), ("show_labels", {}), ("drop_specks", {}), ("dismiss_advice", {}), ("remove_backdrop", {}),
)
# What other tests try, what needs a window, a file or a choice of the user's, and the inner steps of what is tried above.
LEFT_OUT = {
    "sample_terrain", "assign_label", "toggle_keep", "cancel", "dismiss", "live", "keep_live", "deliver_backdrop", "deliver_texture",
    "apply_painting", "delete_painting", "favourite_painting", "apply_guess", "paint_labels", "lift_camera", "export_layers",
    "export_frames", "export_masks", "save_world", "add_label_look", "remove_label_look", "look_from_photo", "remove_look", "paint_variations", "pick_variation",
    "deliver_ground", "paint_terrain", "paint_tile", "save_tile", "check_python",
}
KINDS = ("objects", "meshes", "materials", "images", "cameras", "lights", "worlds", "collections", "scenes", "node_groups", "palettes", "texts")


def operators(bpy) -> set[str]:
    return set(dir(bpy.ops.veduta))


def handlers(bpy) -> list:
    lists = [entry for name in dir(bpy.app.handlers) if isinstance(entry := getattr(bpy.app.handlers, name), list)]
    return [handler for entry in lists for handler in entry if handler.__module__.startswith(MODULE)]


def blocks(bpy) -> set[tuple[str, str]]:
    return {(kind, block.name) for kind in KINDS for block in getattr(bpy.data, kind)}


def small(bpy) -> None:
    prepare(bpy)
    settings = bpy.context.scene.veduta
    settings.width, settings.height = 96, 64


def test_every_operator_is_in_a_list(installed):
    prepare(installed.bpy)
    assert operators(installed.bpy) - {name for name, _ in TRIED} - LEFT_OUT == set()


def test_a_whole_life(installed, tmp_path):
    bpy = installed.bpy
    small(bpy)
    before = blocks(bpy)
    for name, properties in TRIED:
        operator = getattr(bpy.ops.veduta, name, None)
        if name in operators(bpy) and operator.poll():
            assert operator(**properties) <= {"FINISHED", "CANCELLED"}, name
    left = {(kind, name) for kind, name in blocks(bpy) - before if kind not in {"images", "meshes"}}
    assert left == set(), "besides paintings, nothing stays"
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert handlers(bpy) == [] and children() == [] and not [name for name in dir(bpy.types) if "veduta" in name.lower()]
    bpy.ops.preferences.addon_enable(module=MODULE)
    small(bpy)
    assert bpy.ops.veduta.paint() == {"FINISHED"} and children()
    bpy.ops.extensions.package_install_files(filepath=str(newer(tmp_path)), repo="user_default", enable_on_install=True)
    assert children() == [], "the painter that ran holds files that were replaced"
    assert 'version = "99.0.0"' in (installed.folder / "blender_manifest.toml").read_text("utf-8")
    small(bpy)
    assert bpy.ops.veduta.paint() == {"FINISHED"}


@pytest.mark.skipif("__import__('bpy').app.version < (5, 2, 0)", reason="the graphics card needs a window before 5.2")
def test_captures_on_the_graphics_card_without_a_window(installed):
    bpy = installed.bpy
    small(bpy)
    capture, compat = (importlib.import_module(f"{MODULE}.{name}") for name in ("capture", "compat"))
    if not compat.gpu_ready():
        pytest.skip("this machine has no driver")
    scene, layer = bpy.context.scene, bpy.context.view_layer
    one, other = (capture.capture(scene, layer, scene.camera, 96, 64, route=route).labels for route in ("gpu", "cycles"))
    assert (one == other).all()


def newer(folder: Path) -> Path:
    """The same zip with a higher version in its manifest."""
    source, target = build.zip_path(build.host_platform()), folder / "newer.zip"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("blender_manifest.toml"):
                lines = data.decode("utf-8").splitlines()
                data = "\n".join('version = "99.0.0"' if line.startswith("version =") else line for line in lines).encode()
            new.writestr(entry, data)
    return target
