"""A painting's layers as an OpenEXR file, read back by Blender's own OpenEXR library: exact sums, exact mattes, and what stops a write."""
from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

SHAPE = (64, 96)


@pytest.fixture
def parts(part) -> SimpleNamespace:
    """The extension's modules that are tested here."""
    names = {"exr": "synth_core.exr", "layers": "apply.layers", "recipe": "recipe", "request": "synth_core.request", "capture": "capture",
             "backdrop": "apply.backdrop", "png": "synth_core.png"}
    return SimpleNamespace(**{key: part(name) for key, name in names.items()})


@pytest.fixture
def painting(parts, scene) -> bpy.types.Image:
    """A delivered painting of every shade with three labels, in a scene with two kept objects, one before the other."""
    for name, place in (("Near.001", (0, 4, 0)), ("Far", (2.0, 8, 1.0))):
        bpy.ops.mesh.primitive_uv_sphere_add(radius=1, location=place)
        bpy.context.object.name, bpy.context.object.veduta.keep = name, True
    bpy.ops.object.camera_add(rotation=(np.pi / 2, 0, 0))
    scene.camera = bpy.context.object
    bpy.context.view_layer.update()
    random = np.random.RandomState(5)
    picture = random.randint(0, 256, (*SHAPE, 3)).astype(np.uint8)
    labels = random.choice(np.array((1, 5, 12), np.uint8), SHAPE)
    recipe = dataclasses.replace(parts.recipe.make(parts.request.Request(labels), scene, scene.camera), weights="ab" * 32)
    result = SimpleNamespace(picture=picture, png=parts.png.encode(picture))
    return parts.backdrop.deliver(bpy.context, scene=scene, camera=scene.camera, matte=np.zeros(SHAPE, np.float32), result=result, recipe=recipe)


def read_back(path: Path, folder: Path, shape: tuple[int, int] = SHAPE) -> dict[str, np.ndarray]:
    """Every pass that Blender finds in an OpenEXR file, (H, W, 4) float32, row 0 at the top; by its own compositor."""
    scene = bpy.data.scenes.new("Read")
    image = bpy.data.images.load(str(path))
    tree = compositor(scene, shape)
    source = tree.nodes.new("CompositorNodeImage")
    source.image = image
    found = {socket.name: render(scene, tree, socket, folder / "pass.exr") for socket in source.outputs if socket.name != "Alpha"}
    bpy.data.scenes.remove(scene)
    return found


def compositor(scene, shape: tuple[int, int]) -> bpy.types.NodeTree:
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = shape[1], shape[0], 100
    if bpy.app.version < (5, 0):
        scene.use_nodes = True
        scene.node_tree.nodes.clear()
        return scene.node_tree
    scene.compositing_node_group = tree = bpy.data.node_groups.new("Read", "CompositorNodeTree")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    return tree


def render(scene, tree, socket, path: Path) -> np.ndarray:
    output = tree.nodes.new("CompositorNodeComposite" if bpy.app.version < (5, 0) else "NodeGroupOutput")
    tree.links.new(socket, output.inputs[0])
    scene.render.filepath, settings = str(path), scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGBA", "32"
    bpy.ops.render.render(scene=scene.name, write_still=True)
    tree.nodes.remove(output)
    image = bpy.data.images.load(str(path))
    pixels = np.array(image.pixels[:], np.float32).reshape(*reversed(image.size), 4)[::-1]
    bpy.data.images.remove(image)
    return pixels


def to_bytes(linear: np.ndarray) -> np.ndarray:
    """sRGB bytes of scene-linear colours."""
    curve = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.rint(curve * 255).astype(np.uint8)


def test_blender_reads_the_layers_back_and_they_add_up_to_the_painting(parts, scene, painting, tmp_path):
    path = tmp_path / "layers.exr"
    assert bpy.ops.veduta.export_layers(filepath=str(path)) == {"FINISHED"}
    found = read_back(path, tmp_path)
    assert set(found) == {"Combined", "sky", "mountain", "sea", "keep Near_001", "keep Far"}
    recipe = parts.recipe.load(painting)
    picture = np.rint(np.array(painting.pixels[:]).reshape(*SHAPE, 4)[::-1, :, :3] * 255).astype(np.uint8)
    assert np.array_equal(to_bytes(found["Combined"][..., :3]), picture)
    assert np.array_equal(found["sky"] + found["mountain"] + found["sea"], found["Combined"])
    for label, name in ((1, "sky"), (5, "mountain"), (12, "sea")):
        where = recipe.labels == label
        assert np.array_equal(found[name][..., 3], where) and not found[name][~where].any()
    mattes = parts.capture.kept_mattes(scene, bpy.context.view_layer, scene.camera, *SHAPE[::-1])
    for name, layer in (("Near.001", "keep Near_001"), ("Far", "keep Far")):
        assert np.abs(found[layer][..., 0] - mattes[name]).max() == 0


def test_mattes_by_object_are_anti_aliased_and_add_up_to_the_whole_matte(parts, scene, painting):
    arguments = scene, bpy.context.view_layer, scene.camera, *SHAPE[::-1]
    mattes, whole = parts.capture.kept_mattes(*arguments), parts.capture.kept_matte(*arguments)
    assert set(mattes) == {"Near.001", "Far"} and all(((0 < matte) & (matte < 1)).any() for matte in mattes.values())
    assert np.array_equal(mattes["Near.001"] + mattes["Far"], whole)
    assert mattes["Far"].sum() < mattes["Near.001"].sum() / 4  # most of it is behind the other


def test_nothing_kept_gives_no_matte(parts, scene, painting):
    for obj in scene.objects:
        obj.veduta.keep = False
    assert parts.capture.kept_mattes(scene, bpy.context.view_layer, scene.camera, *SHAPE[::-1]) == {}


def test_a_large_file_with_long_names_is_compressed_block_by_block(parts, tmp_path):
    shape = 50, 33  # three whole blocks and a part
    values = np.random.RandomState(1).rand(5, *shape).astype(np.float16)
    asked = []
    names = ("R", "G", "B", "A", "keep " + "A very long name " * 4 + ".A")
    channels = {name: lambda rows, layer=layer: asked.append(rows.stop - rows.start) or layer[rows] for name, layer in zip(names, values)}
    parts.exr.write(tmp_path / "long.exr", channels, shape[1], shape[0])
    assert asked == [16] * 15 + [2] * 5
    found = read_back(tmp_path / "long.exr", tmp_path, shape)
    assert np.array_equal(np.moveaxis(found.pop("Combined"), 2, 0), values[:4])
    (name, layer), = found.items()
    assert name.startswith("keep A very long") and np.array_equal(layer[..., 0], values[4])


def test_in_a_saved_file_layers_go_beside_it(painting, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert bpy.ops.veduta.export_layers() == {"FINISHED"}
    assert [path.name for path in (tmp_path / "veduta").iterdir()] == ["Veduta_Painting.exr"]


@pytest.mark.parametrize("filepath", ["", "//layers.exr"])
def test_in_an_unsaved_file_a_place_is_asked_for(painting, filepath, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="save it first"):
        bpy.ops.veduta.export_layers(filepath=filepath)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cant_be_made_is_named(painting, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RuntimeError, match="can't be written"):
        bpy.ops.veduta.export_layers(filepath=str(tmp_path / "file" / "layers.exr"))


def test_an_interrupted_write_leaves_nothing_and_keeps_what_was_there(painting, parts, tmp_path, monkeypatch):
    path = tmp_path / "layers.exr"
    bpy.ops.veduta.export_layers(filepath=str(path))
    former = path.read_bytes()
    monkeypatch.setattr(parts.exr, "_compressed", lambda raw: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(RuntimeError, match="No space left on device"):
        bpy.ops.veduta.export_layers(filepath=str(path))
    assert path.read_bytes() == former and os.listdir(tmp_path) == ["layers.exr"]
