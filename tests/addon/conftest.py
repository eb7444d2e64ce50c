"""Runs the add-on's tests against the real extension: staged into a fresh user folder and enabled by Blender itself.

Fixtures only. The user folder is chosen before anything imports bpy, which reads it once.
"""
from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = "bl_ext.user_default.veduta"

_resources = Path(tempfile.mkdtemp(prefix="veduta-tests-"))
atexit.register(shutil.rmtree, _resources, ignore_errors=True)
os.environ["BLENDER_USER_RESOURCES"] = str(_resources)
sys.path.insert(0, str(ROOT))

import build  # noqa: E402  (the repository's build.py, found by the line above)


@pytest.fixture(scope="session")
def package() -> Path:
    """The staged extension's folder: add-on, `synth_core` and `weights`."""
    return build.stage(_resources / "extensions" / "user_default" / "veduta")


def enable() -> ModuleType:
    """Start from factory settings with an empty scene, enable the extension and return its root module."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    if bpy.ops.preferences.addon_enable(module=MODULE) != {"FINISHED"}:
        raise RuntimeError(f"Blender could not enable {MODULE}; its message stands above")
    return importlib.import_module(MODULE)


@pytest.fixture(scope="session")
def veduta(package: Path) -> ModuleType:
    """The enabled extension's root module; its parts are `importlib.import_module(veduta.__name__ + ".capture")` and so on."""
    return enable()


@pytest.fixture
def scene(veduta: ModuleType):
    """An empty scene in a fresh file, with the extension enabled."""
    import bpy

    enable()
    return bpy.context.scene


@pytest.fixture
def part(scene, veduta: ModuleType) -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of the enabled extension by its name below the root; what it still paints is stopped afterwards."""
    yield lambda name: importlib.import_module(f"{veduta.__name__}.{name}")
    importlib.import_module(f"{veduta.__name__}.painting").stop()


@pytest.fixture
def shelf(part) -> Iterator[Path]:
    """The folder of installed weights, empty again afterwards, with Veduta's own chosen."""
    service = part("service")
    yield service.shelf()
    service.preferences().weights = ""
    part("painting").stop()
    shutil.rmtree(service.shelf(), ignore_errors=True)
    part("installed").forget()


@pytest.fixture
def switch_cycles_off() -> Iterator[Callable[[], None]]:
    """Switches the Cycles add-on off; it is on again afterwards."""
    import bpy

    yield lambda: bpy.ops.preferences.addon_disable(module="cycles")
    bpy.ops.preferences.addon_enable(module="cycles")


@pytest.fixture
def beach(scene):
    """A labelled plane before a camera, to be painted at 96 x 64."""
    import bpy

    bpy.ops.mesh.primitive_plane_add(size=20)
    bpy.ops.veduta.assign_label(label="SAND", target="MATERIAL")
    bpy.ops.object.camera_add(location=(0, -12, 3), rotation=(1.4, 0, 0))
    scene.camera = bpy.context.object
    scene.veduta.use_render_size, scene.veduta.width, scene.veduta.height = False, 96, 64
    bpy.context.view_layer.update()
    return scene
