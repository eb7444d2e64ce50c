"""The finished zip in a clean Blender: installed in a folder with spaces and non-ASCII letters, painting with its own runtime."""
from __future__ import annotations

import importlib
import os
import subprocess

import pytest

MODULE = "bl_ext.user_default.veduta"


def prepare(bpy) -> None:
    """The sample terrain in an empty file, to be painted at 256 x 160."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)
    bpy.ops.veduta.sample_terrain()
    settings = bpy.context.scene.veduta
    settings.use_render_size, settings.width, settings.height = False, 256, 160


def children() -> list[str]:
    """Command lines of this process's living children; by ps, so on POSIX systems alone."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True).stdout.splitlines()
    return [line for line in listed if "ps -o" not in line and "<defunct>" not in line]


def test_it_is_one_extension_in_its_folder(installed):
    assert importlib.import_module(MODULE).__file__ == str(installed.folder / "__init__.py")


def test_paints_the_sample_terrain_and_delivers_the_backdrop(installed):
    prepare(installed.bpy)
    assert installed.bpy.ops.veduta.paint() == {"FINISHED"}
    backdrop = importlib.import_module(MODULE + ".apply.backdrop")
    painting = backdrop.active_painting(installed.bpy.context.scene)
    assert tuple(painting.size) == (256, 160) and painting.packed_file
    shipped = importlib.import_module(MODULE + ".synth_core.weights").load(installed.folder / "weights")
    assert importlib.import_module(MODULE + ".recipe").load(painting).weights == shipped.sha256


def test_damaged_weights_are_named_in_one_sentence(installed):
    bpy = installed.bpy
    prepare(bpy)
    bpy.ops.preferences.addon_disable(module=MODULE)  # ends the painter that has the sound weights in memory
    tensors = installed.folder / "weights" / "painter.safetensors"
    sound = tensors.read_bytes()
    tensors.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    try:
        prepare(bpy)
        with pytest.raises(RuntimeError, match="painter.safetensors.*damaged"):
            bpy.ops.veduta.paint()
    finally:
        tensors.write_bytes(sound)
