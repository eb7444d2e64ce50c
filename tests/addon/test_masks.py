"""Masks and height map: what is written is read back and held against rays and labels, and what can't be written is said."""
from __future__ import annotations

import json
import sys

import bpy
import numpy as np
import pytest
from mathutils import Vector

SIZE = 96
SAND, GRASS, LAKE = "sand", "grass", "lake"


@pytest.fixture
def terrain(scene, part, tmp_path):
    """A hilly grid, 40 x 20 around (100, 50), of two labels; scaled, turned by a quarter and lifted, as users' terrains are."""
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=40, y_subdivisions=40, size=2)
    thing = bpy.context.object
    thing.name = "Terrain"
    for vertex in thing.data.vertices:
        x, y, _ = vertex.co
        vertex.co.z = 0.3 * np.sin(3 * x + 1) * np.cos(4 * y) + 0.1 * x
    for name in (SAND, GRASS):
        material = bpy.data.materials.new(name)
        part("assignment").set_label(scene, material, part("synth_core.labels").BY_NAME[name].id)
        thing.data.materials.append(material)
    for polygon in thing.data.polygons:
        polygon.material_index = int(polygon.center.x > 0.17)
    thing.scale, thing.location, thing.rotation_euler.z = (10, 20, 12), (100, 50, 7), np.pi / 2
    bpy.context.view_layer.update()
    scene.veduta.textures.mask_size = SIZE
    scene.veduta.textures.folder = str(tmp_path / "out")
    return thing


def export(tmp_path) -> tuple[dict, np.ndarray, dict[str, np.ndarray]]:
    """Press the button and read everything back: the JSON, heights in scene units, and each label's mask, 0 to 255."""
    assert bpy.ops.veduta.export_masks() == {"FINISHED"}
    folder = tmp_path / "out"
    about = json.loads((folder / "Terrain_masks.json").read_text())
    assert not list(folder.glob("*.part"))
    steps = read(folder / about["height"]["file"], 65535)[..., 0]
    heights = about["height"]["low"] + steps / 65535 * (about["height"]["high"] - about["height"]["low"])
    masks = {}
    for entry in about["masks"]:
        pixels = read(folder / entry["file"], 255)
        masks |= {label: pixels[..., "RGBA".index(channel)] for channel, label in entry["channels"].items()}
    return about, heights, masks


def read(path, steps: int) -> np.ndarray:
    """(H, W, 4): a PNG file's stored numbers, by Blender's reader."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name, image.alpha_mode = "Non-Color", "CHANNEL_PACKED"
    pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(image.size[1], image.size[0], 4)[::-1]
    bpy.data.images.remove(image)
    return np.rint(pixels.astype(np.float64) * steps)


def rays(about, terrain) -> tuple[np.ndarray, np.ndarray]:
    """(S, S) heights and material indices below every pixel's centre: the slow twin."""
    (left, right), (bottom, top) = about["world"]["x"], about["world"]["y"]
    back = terrain.matrix_world.inverted()
    heights, indices = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE), int)
    for row in range(SIZE):
        for column in range(SIZE):
            x, y = left + (column + 0.5) / SIZE * (right - left), top - (row + 0.5) / SIZE * (top - bottom)
            hit, where, _, face = terrain.ray_cast(back @ Vector((x, y, 100)), back.to_3x3() @ Vector((0, 0, -1)))
            assert hit
            heights[row, column], indices[row, column] = (terrain.matrix_world @ where).z, terrain.data.polygons[face].material_index
    return heights, indices


def test_heights_and_masks_read_back(terrain, tmp_path):
    about, heights, masks = export(tmp_path)
    assert about["layout"] == "TOP" and about["size"] == [SIZE, SIZE]
    assert np.allclose(about["world"]["x"], [80, 120], atol=1e-4) and np.allclose(about["world"]["y"], [40, 60], atol=1e-4)
    expected, indices = rays(about, terrain)
    off = np.abs(heights - expected).max() / (about["height"]["high"] - about["height"]["low"])
    print(f"heights: at most {off * 65535:.2f}/65535 of their range off")
    assert off <= 1 / 65535
    assert np.array_equal(masks[SAND] == 255, indices == 0) and np.array_equal(masks[GRASS] == 255, indices == 1)
    assert np.array_equal(sum(masks.values()), np.full((SIZE, SIZE), 255))


def test_every_label_has_a_channel_and_all_add_up(terrain, part, scene, tmp_path):
    names = ["rock", "snow", "dirt", "tree", "road"]  # seven in all: two files
    for number, name in enumerate(names):
        bpy.ops.mesh.primitive_plane_add(size=4, location=(90 + 4 * number, 50, 30))
        part("assignment").set_label(scene, bpy.context.object, part("synth_core.labels").BY_NAME[name].id)
    bpy.ops.object.select_all(action="SELECT")
    bpy.context.view_layer.objects.active = terrain
    about, heights, masks = export(tmp_path)
    assert len(about["masks"]) == 2 and set(masks) == {SAND, GRASS, *names}
    assert np.array_equal(sum(masks.values()), np.full((SIZE, SIZE), 255)) and masks["road"].any()
    assert heights.max() < 29  # the terrain's own, not those of what lies above it
    for obj in scene.objects:
        obj.select_set(obj == terrain)
    assert set(export(tmp_path)[2]) == {SAND, GRASS}


def test_masks_on_the_uv_map(terrain, scene, tmp_path):
    scene.veduta.textures.mask_layout = "UV"  # a grid's own UV map: its square
    about, heights, masks = export(tmp_path)
    assert np.array_equal(sum(masks.values()), np.full((SIZE, SIZE), 255))
    u = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    assert (masks[GRASS][:, u > 0.25] == 255).all() and (masks[SAND][:, u < 0.1] == 255).all()
    expected = 12 * (0.3 * np.sin(3 * u[None] + 1) * np.cos(4 * -u[:, None]) + 0.1 * u[None]) + 7
    assert np.abs(heights - expected).max() < 0.05  # the grid's facets
    while terrain.data.uv_layers:
        terrain.data.uv_layers.remove(terrain.data.uv_layers[0])
    with pytest.raises(RuntimeError, match="no UV map without overlaps"):
        bpy.ops.veduta.export_masks()


def test_exporting_changes_nothing(terrain, tmp_path):
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "materials", "images", "scenes", "cameras")}
    export(tmp_path)
    assert {kind: len(getattr(bpy.data, kind)) for kind in before} == before and terrain.data.uv_layers.keys() == ["UVMap"]


@pytest.mark.parametrize("change, sentence", [
    ("kept", "has no surface that is painted"), ("unlabelled", "no label that can be seen"), ("unsaved", "has not been saved yet"),
    ("nowhere", "No folder is chosen")])
def test_what_cannot_be_exported_is_said(terrain, scene, change, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    terrain.veduta.keep = change == "kept"
    if change == "unlabelled":
        for material in terrain.data.materials:
            material.veduta.label = "NONE"
    if change == "unsaved":
        scene.veduta.textures.folder = "//veduta/"
    if change == "nowhere":
        scene.veduta.textures.folder = ""
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.veduta.export_masks()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows names the error otherwise")
def test_a_folder_that_cannot_be_written_is_said(terrain, scene, tmp_path):
    (tmp_path / "file").write_text("in the way")
    scene.veduta.textures.folder = str(tmp_path / "file" / "out")
    with pytest.raises(RuntimeError, match="can't be written"):
        bpy.ops.veduta.export_masks()
