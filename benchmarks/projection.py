"""Textures by projection in figures: how long they take, how exact they are, and what baking costs against Cycles' own bake.

    python benchmarks/projection.py [--size 1024]

Runs in the Python of an environment that has Blender (`pip install bpy`) and ONNX Runtime. Compared in one run on the sample terrain: the
texture rendered from the projecting camera with the painting; the add-on's bake with Cycles' emission bake of the same materials on the
same UV map; on a plane, projection at every pixel with UV maps of fewer and more cells. Times depend on the machine, ratios hardly.
"""
from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import build  # noqa: E402  (the repository's build.py, found by the line above)

MODULE = "bl_ext.user_default.veduta"
WIDTH, HEIGHT = 512, 288

_seconds: dict[str, float] = {}


@contextmanager
def timed(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    _seconds[name] = time.perf_counter() - started
    print(f"{_seconds[name]:8.2f} s  {name}", flush=True)


def part(name: str):
    """A module of the extension."""
    return importlib.import_module(f"{MODULE}.{name}")


def main(folder: Path, size: int) -> None:
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)
    bpy.ops.veduta.sample_terrain()
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.filter_width, scene.cycles.use_denoising = "CYCLES", 1, 0.01, False
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.view_settings.view_transform = "Standard"
    scene.veduta.textures.grazing = 0
    scene.veduta.textures.bake_size = str(size)
    compare_render(scene, folder)
    compare_bakes(scene, size)
    compare_maps(scene)
    with timed(f"masks and height map of {size} x {size}"):
        scene.veduta.textures.mask_size, scene.veduta.textures.folder = size, str(folder)
        bpy.context.view_layer.objects.active = scene.objects["Terrain"]
        bpy.ops.veduta.export_masks()


def compare_render(scene, folder: Path) -> None:
    """The textures as the projecting camera renders them, against the painting."""
    import bpy

    with timed(f"paint at {WIDTH} x {HEIGHT} and project onto {sum(obj.type == 'MESH' for obj in scene.objects)} objects"):
        bpy.ops.veduta.project_texture()
    with timed("project the same painting again"):
        bpy.ops.veduta.project_texture()
    scene.objects["House"].hide_render = True  # it is kept: it shows its own materials
    scene.render.filepath = str(folder / "frame.png")
    with timed("render it"):
        bpy.ops.render.render(write_still=True)
    projector = part("apply.projectors").found(scene)[0]
    frame = part("apply.projectors").pixels(bpy.data.images.load(scene.render.filepath))[..., :3]
    painted = part("apply.projectors").pixels(projector.painting)[..., :3]
    off = np.abs(frame - painted).max(-1)[part("apply.projectors").depth_of(projector) < part("apply.projectors").NOTHING] * 255
    print(f"          from the projecting camera: {off.mean():.3f}/255 off in the mean, {(off > 2.5).mean():.3%} of {len(off)} pixels "
          f"more than 2/255, at most {off.max():.0f}/255")


def compare_bakes(scene, size: int) -> None:
    """The add-on's bake of the terrain against Cycles'."""
    import bpy

    terrain = scene.objects["Terrain"]
    bpy.ops.object.select_all(action="DESELECT")
    terrain.select_set(True)
    bpy.context.view_layer.objects.active = terrain
    with timed("unwrap the terrain"):
        part("apply.unwrap").add_map(terrain.data)
    theirs = bpy.data.images.new("Cycles", size, size)
    for slot in terrain.material_slots:
        tree = slot.material.node_tree
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = theirs
        tree.nodes.active = node
    with timed(f"Cycles bakes emission at {size} x {size}, one sample"):
        bpy.ops.object.bake(type="EMIT", margin=8)
    with timed(f"Veduta bakes at {size} x {size}"):
        bpy.ops.veduta.bake_texture()
    shader = next(node for node in terrain.material_slots[0].material.node_tree.nodes if node.type == "TEX_IMAGE")
    pixels = part("apply.projectors").pixels
    surfaces = dict(part("apply.textures").labelled(bpy.context, scene))[terrain]
    known = part("apply.bake").existing_sheet(bpy.context, terrain, surfaces, size).hits >= 0
    known &= pixels(theirs)[..., :3].any(-1)  # along islands' edges Cycles leaves some texels black
    off = np.abs(pixels(theirs)[..., :3] - pixels(shader.image)[..., :3]).max(-1)[known] * 255
    ratio = _seconds[f"Cycles bakes emission at {size} x {size}, one sample"] / _seconds[f"Veduta bakes at {size} x {size}"]
    print(f"          Cycles takes {ratio:.2f} times as long; the two differ by {off.mean():.2f}/255 in the mean, "
          f"{(off > 2.5).mean():.2%} of texels by more than 2/255")


def compare_maps(scene) -> None:
    """How far UV maps of the view are off on a plane, by its cells; projection at every pixel is off by none."""
    import bpy

    projector = part("apply.projectors").found(scene)[0]
    eye = np.linalg.inv(projector.lens.view)[:3, 3]
    for cells in (1, 8, 64, 256):
        bpy.ops.mesh.primitive_grid_add(x_subdivisions=cells, y_subdivisions=cells, size=100, location=(eye[0], eye[1] + 60, eye[2] - 10))
        plane = bpy.context.object
        off = part("apply.uv_maps").add(plane, projector)
        print(f"          a UV map on a plane of {cells} x {cells} cells is off by up to {off:.2f} pixels")
        bpy.data.objects.remove(plane)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, choices=(512, 1024, 2048, 4096))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        os.environ["BLENDER_USER_RESOURCES"] = made  # read once, when bpy is imported
        build.stage(Path(made) / "extensions" / "user_default" / "veduta")
        main(Path(made), options.size)
