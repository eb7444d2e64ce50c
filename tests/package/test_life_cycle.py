"""The extension's life from its zip: every operator there is, disabling, enabling again, and an upgrade while the painter runs.

An operator that is in neither list below fails this test: whoever adds one says how it is tried here, or why it can't be.
"""
from __future__ import annotations

import importlib
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import build
import numpy as np
import pytest
from test_zip import MODULE, children, prepare

# What needs more than a script has, or is tried inside another operator.
LEFT_OUT = {
    "live": "paints a viewport, and background Blender draws none",
    "keep_live": "keeps what Live shows",
    "deliver": "the undo step of what paints",
}
KINDS = ("objects", "meshes", "materials", "images", "cameras", "lights", "worlds", "collections", "scenes", "node_groups", "palettes",
         "texts", "actions", "curves")


def part(name: str):
    """A module of the installed extension."""
    return importlib.import_module(f"{MODULE}.{name}")


def small(bpy) -> None:
    """Let everything be painted, baked and written at the smallest sizes."""
    settings = bpy.context.scene.veduta
    settings.use_render_size, settings.width, settings.height = False, 96, 64
    settings.textures.bake_size, settings.textures.mask_size, settings.textures.folder = "512", 64, "//masks"
    settings.ground.size, settings.ground.tile_size = "512", "256"


# ---- what makes operators possible ----


def select(*names: str) -> Callable:
    """A function that selects these objects in object mode, the first as the active one."""
    def ready(bpy) -> None:
        if bpy.context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        for obj in bpy.context.scene.objects:
            obj.select_set(obj.name in names)
        bpy.context.view_layer.objects.active = bpy.data.objects[names[0]]
    return ready


def without_label(bpy) -> None:
    bpy.ops.mesh.primitive_plane_add(location=(0, 0, -50))
    bpy.context.object.name = bpy.context.object.data.name = "Old Rock"


def choose_shown(bpy) -> None:
    scene = bpy.context.scene
    scene.veduta.history.painting = part("apply.backdrop").active_painting(scene).name


def without_shadow(bpy) -> None:
    bpy.context.scene.veduta.relief.shadow = 0  # a capture less for each painting from here on


def photograph(bpy) -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    Path(bpy.path.abspath("//photo.png")).write_bytes(part("synth_core.png").encode(grey, {}))


def under_way(bpy) -> None:
    part("operators.paint").begin(bpy.context, 1)
    part("painting").follow()


def own_python(bpy) -> None:
    bpy.context.preferences.addons[MODULE].preferences.python = sys.executable


def newest_weights() -> dict:
    return {"key": part("installed").entries()[-1].key}


@dataclass(frozen=True)
class Step:
    """An operator that must be possible after `ready`, and finish with these properties, or with those that a function tells."""

    operator: str
    properties: dict | Callable[[], dict] = field(default_factory=dict)
    ready: Callable | None = None


STEPS = (
    Step("sample_terrain"), Step("guess_labels", ready=without_label), Step("dismiss_guess"), Step("guess_labels"), Step("apply_guess"),
    Step("assign_label", {"label": "ROCK", "target": "OBJECT"}, select("Old Rock")), Step("toggle_keep"),
    Step("toggle_keep", {"keep": False}), Step("paint_labels"), Step("brush_label", {"label": "ROCK"}),
    Step("lift_camera", ready=select("Old Rock")), Step("drop_specks"),
    Step("show_labels"), Step("show_labels"),
    Step("paint"), Step("relight"), Step("match_light"), Step("dice_seed"), Step("reproduce"),
    Step("export_layers", {"painting": "Veduta Painting", "filepath": "//layers.exr"}),
    Step("favourite_painting", {"painting": "Veduta Painting"}), Step("apply_painting", {"painting": "Veduta Painting"}),
    Step("delete_painting", {"painting": "Veduta Painting"}),
    Step("paint_variations", {"count": 2}, without_shadow), Step("pick_variation", {"seed": "2"}),
    Step("export_frames", {"start": 3, "end": 3, "folder": "//frames"}),
    Step("paint_frames", {"start": 3, "end": 3, "folder": "//frames"}), Step("show_frames", {"folder": "//frames"}), Step("paint_cameras"),
    Step("look_from_photo", {"filepath": "//photo.png"}, photograph), Step("add_label_look"), Step("remove_label_look"),
    Step("remove_look", {"look": "photo"}),
    Step("paint_tile"), Step("save_tile", {"directory": "//tile"}),
    Step("paint_terrain", ready=select("Terrain", "Lake")), Step("export_masks"), Step("remove_textures"),
    Step("remove_backdrop", ready=choose_shown), Step("delete_painting"),
    Step("project_texture"), Step("add_projection_uvs", ready=select("Lake")), Step("bake_texture", ready=select("Mountains")),
    Step("remove_textures"),
    Step("paint_world"), Step("save_world", {"filepath": "//world.exr"}), Step("remove_world"),
    Step("labels_from_photo", {"filepath": "//photo.png"}), Step("paint_photo_map"),
    Step("export_weights", {"filepath": "//weights.zip"}), Step("install_weights", {"filepath": "//weights.zip"}),
    Step("choose_weights", newest_weights), Step("remove_weights", newest_weights), Step("choose_weights"),
    Step("cancel", ready=under_way), Step("dismiss_advice"), Step("dismiss"), Step("check_python", ready=own_python),
)
# What they leave: in the file what a user has asked for, and beside it.
ASKED_FOR = {
    ("objects", "Old Rock"), ("meshes", "Old Rock"), ("palettes", "Veduta Labels"), ("materials", "Veduta rock tile"),
    *(("images", f"Veduta {name}") for name in ("Painting", "Unlit", "Terrain", "Panorama")),
    ("images", "photo labels"), ("images", "photo labels painted"),
    *(("images", f"Veduta rock tile {name}") for name in ("colour", "height", "normal", "roughness")),
}
WRITTEN = {"file.blend", "photo.png", "layers.exr", "world.exr", "weights.zip", "masks", "tile", "frames", "temporary"}


def take(bpy, step: Step) -> None:
    if step.ready is not None:
        step.ready(bpy)
    operator = getattr(bpy.ops.veduta, step.operator)
    assert operator.poll(), f"{step.operator} is not possible"
    properties = step.properties() if callable(step.properties) else step.properties
    assert operator(**properties) == {"FINISHED"}, step.operator


# ---- what must not be left ----


def blocks(bpy) -> set[tuple[str, str]]:
    return {(kind, block.name) for kind in KINDS for block in getattr(bpy.data, kind)}


def functions() -> list[Callable]:
    """Every function of the extension's modules: a handler or a timer of its is one of them."""
    modules = [module for name, module in sys.modules.items() if name.startswith(MODULE)]
    return [value for module in modules for value in vars(module).values() if callable(value) and hasattr(value, "__code__")]


def left_running(bpy, known: list[Callable]) -> list[str]:
    """What of the extension is still registered with Blender, or still runs. known: `functions`, taken while it was enabled."""
    lists = [entry for name in dir(bpy.app.handlers) if isinstance(entry := getattr(bpy.app.handlers, name), list)]
    left = [f"handler {handler.__module__}" for entry in lists for handler in entry if handler.__module__.startswith(MODULE)]
    left += [f"timer of {function.__module__}" for function in known if bpy.app.timers.is_registered(function)]
    left += [f"class {name}" for name in dir(bpy.types) if "veduta" in name.lower()]
    left += [f"operator {name}" for name in dir(bpy.ops.veduta)]
    left += [f"property of {owner}" for owner in ("Scene", "Object", "Material", "Collection", "WindowManager")
             if hasattr(getattr(bpy.types, owner), "veduta")]
    left += [f"drawing of {name}" for name, module in sys.modules.items()
             if name.startswith(MODULE) and getattr(module, "_draw_handle", None) is not None]
    return left + [f"process {line}" for line in children()]


def test_every_operator_is_in_a_list(installed):
    prepare(installed.bpy)
    assert set(dir(installed.bpy.ops.veduta)) - {step.operator for step in STEPS} == set(LEFT_OUT)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_whole_life(installed, tmp_path, monkeypatch, capfd):
    bpy = installed.bpy
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    Path(tempfile.tempdir).mkdir()
    monkeypatch.setattr(part("operators.world"), "_width", lambda scene: 256)  # less than the settings offer
    small(bpy)
    take(bpy, STEPS[0])
    before = blocks(bpy)
    for step in STEPS[1:]:
        take(bpy, step)
    left = blocks(bpy) - before
    assert {(kind, name.split(".")[0]) for kind, name in left} == ASKED_FOR
    assert [name for kind, name in left if not getattr(bpy.data, kind)[name].users] == [], "what nothing uses should have been removed"
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN and list(Path(tempfile.tempdir).iterdir()) == []

    disable_at_work(bpy)
    bpy.ops.preferences.addon_enable(module=MODULE)
    prepare(bpy)
    small(bpy)
    assert bpy.ops.veduta.paint() == {"FINISHED"} and children()
    bpy.ops.extensions.package_install_files(filepath=str(newer(tmp_path)), repo="user_default", enable_on_install=True)
    assert children() == [], "the painter that ran holds files that were replaced"
    assert 'version = "99.0.0"' in (installed.folder / "blender_manifest.toml").read_text("utf-8")
    prepare(bpy)
    small(bpy)
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    assert "Traceback" not in "".join(capfd.readouterr()), "an error was printed, and nobody was told"


def disable_at_work(bpy) -> None:
    """Disable the extension while it paints, draws labels and waits for a decision: nothing of it may stay, nothing of the file's go."""
    for step in (Step("guess_labels", ready=without_label), Step("paint_variations", {"count": 1}), Step("show_labels"),
                 Step("dice_seed", ready=under_way)):
        take(bpy, step)
    known, held = functions(), blocks(bpy)
    assert left_running(bpy, known), "what is to be found afterwards must be found now"
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert left_running(bpy, known) == []
    assert blocks(bpy) == held


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
