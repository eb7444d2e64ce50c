"""Terrain textures from above and tiles: where every face finds its colour, what is changed and given back, and what is refused."""
from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

SIZE = "512"


def ridge(scene, part, name: str = "Ridge", cliff: bool = False) -> bpy.types.Object:
    """A strip of ground 40 x 20 m, sand to the left and grass to the right; with a `cliff`, a step 6 m high of rock between them."""
    x = (-20, -6, -1, -0.9, 6, 20) if cliff else (-20, -6, -1, 0, 6, 20)
    z = (0, 0.5, 0, 6, 6.2, 6) if cliff else (0, 0.5, 0, 0.2, 0.6, 0)
    points = [(a, b, c) for b in (-10, 0, 10) for a, c in zip(x, z)]
    faces = [(6 * row + i, 6 * row + i + 1, 6 * row + i + 7, 6 * row + i + 6) for row in range(2) for i in range(5)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    for label in ("sand", "rock", "grass"):
        material = bpy.data.materials.new(f"{name} {label}")
        part("assignment").set_label(scene, material, part("synth_core.labels").BY_NAME[label].id)
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", np.array([0, 0, 1 if cliff else 0, 2, 2] * 2, np.int32))
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    thing.select_set(True)
    bpy.context.view_layer.objects.active = thing
    scene.veduta.ground.size = SIZE
    return thing


def unwrap(thing: bpy.types.Object) -> None:
    """A UV map of the user's own: the mesh from above, a quarter turn round and with a margin."""
    layer = thing.data.uv_layers.new(name="Mine")
    for loop in thing.data.loops:
        x, y, _ = thing.data.vertices[loop.vertex_index].co
        layer.uv[loop.index].vector = (0.05 + 0.9 * (y + 10) / 20, 0.05 + 0.9 * (20 - x) / 40)


def shown_image(thing: bpy.types.Object, slot: int = 0) -> bpy.types.Image:
    return next(node.image for node in thing.material_slots[slot].material.node_tree.nodes if node.type == "TEX_IMAGE")


def pixels(image: bpy.types.Image) -> np.ndarray:
    """(H, W, 3) 0 to 1, row 0 at the top."""
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(image.size[1], image.size[0], 4)[::-1, :, :3]


def colour_at(thing: bpy.types.Object, face: int) -> np.ndarray:
    """What the texture shows in the middle of a face, (3,)."""
    polygon = thing.data.polygons[face]
    material = thing.material_slots[polygon.material_index].material
    uv_map = next(node.uv_map for node in material.node_tree.nodes if node.type == "UVMAP")
    u, v = np.mean([thing.data.uv_layers[uv_map].uv[loop].vector for loop in polygon.loop_indices], 0)
    picture = pixels(shown_image(thing, polygon.material_index))
    return picture[int((1 - v) * len(picture)), int(u * len(picture[0]))]


@pytest.fixture
def flat_colours(part, monkeypatch):
    """Has paintings and tiles come out as the labels' flat colours, tiles darker, so that it can be seen what went where."""
    request, colours = part("synth_core.request"), np.array([label.colour for label in part("synth_core.labels").LABELS], np.uint8)
    png, painting = part("synth_core.png"), part("painting")
    asked = []

    def start(job, deliver, place=1, count=1):
        asked.append((type(job).__name__, place, count))
        if isinstance(job, request.BakeRequest):
            pictures = [job.picture, *(() if job.tiles is None else job.tiles)]
            picture = part("synth_core.bake").texture(pictures, job.chosen, job.places, job.corners, job.width, job.height)
            deliver(request.Result(picture, png.encode(picture), "double", "", 0.0, seed=0))
        elif isinstance(job, request.TileRequest):
            picture = np.broadcast_to(colours[job.label] // 2, (job.size, job.size, 3)).copy()
            file = png.encode(picture)
            deliver(request.TileResult(picture, file, file, file, file, "double", "", 0.0))
        else:
            deliver(request.Result(colours[job.labels], png.encode(colours[job.labels]), "double", "", 0.0, seed=0))

    monkeypatch.setattr(painting, "start", start)
    return asked


def is_colour(found: np.ndarray, part, name: str, share: float = 1.0) -> bool:
    wanted = np.array(part("synth_core.labels").BY_NAME[name].colour) * share / 255
    return np.abs(found - wanted).max() < 0.03


def test_every_face_finds_its_label_on_a_map_of_its_own(scene, part, flat_colours):
    thing = ridge(scene, part)
    assert bpy.ops.veduta.paint_terrain() == {"FINISHED"}
    assert flat_colours == [("Request", 1, 1)]
    for face, name in enumerate(("sand", "sand", "sand", "grass", "grass") * 2):
        assert is_colour(colour_at(thing, face), part, name), (face, name)
    assert [layer.name for layer in thing.data.uv_layers] == [part("apply.unwrap").ABOVE]
    assert tuple(shown_image(thing).size) == (512, 256)


def test_on_the_users_own_uvs(scene, part, flat_colours):
    thing = ridge(scene, part)
    unwrap(thing)
    bpy.ops.veduta.paint_terrain()
    assert flat_colours == [("Request", 1, 2), ("BakeRequest", 2, 2)]
    for face, name in enumerate(("sand", "sand", "sand", "grass", "grass") * 2):
        assert is_colour(colour_at(thing, face), part, name), (face, name)
    assert [layer.name for layer in thing.data.uv_layers] == ["Mine"]


def test_overlapping_uvs_are_not_baked_on(scene, part, flat_colours):
    thing = ridge(scene, part)
    layer = thing.data.uv_layers.new(name="Default")  # every face fills the square
    assert layer.uv[0].vector == layer.uv[4].vector
    bpy.ops.veduta.paint_terrain()
    assert is_colour(colour_at(thing, 0), part, "sand") and is_colour(colour_at(thing, 4), part, "grass")
    assert "Default" in thing.data.uv_layers


@pytest.mark.parametrize("own_uvs", [False, True])
def test_cliffs_show_a_tile_seen_from_their_side(scene, part, flat_colours, own_uvs):
    thing = ridge(scene, part, cliff=True)
    if own_uvs:
        unwrap(thing)
    bpy.ops.veduta.paint_terrain()
    assert [kind for kind, _, _ in flat_colours] == ["Request", "TileRequest", "BakeRequest"]
    for face, (name, share) in enumerate((("sand", 1), ("sand", 1), ("rock", 0.5), ("grass", 1), ("grass", 1)) * 2):
        if not (own_uvs and name == "rock"):  # on the map from above it is a sliver
            assert is_colour(colour_at(thing, face), part, name, share), (face, name)


def test_cliffs_are_not_stretched(scene, part, flat_colours):
    """On the map of its own a cliff gets about as many texels a metre up as across."""
    thing = ridge(scene, part, cliff=True)
    bpy.ops.veduta.paint_terrain()
    image = shown_image(thing, 1)
    uv = np.array([thing.data.uv_layers.active.uv[loop].vector for loop in thing.data.polygons[2].loop_indices]) * image.size
    assert np.ptp(uv, 0) == pytest.approx(np.array((10, 6)) * uv_scale(thing, image), rel=0.35)
    assert (uv > 0).all() and (uv < image.size).all()


def uv_scale(thing: bpy.types.Object, image: bpy.types.Image) -> float:
    """Texels a metre along the first face's long side."""
    uv = np.array([thing.data.uv_layers.active.uv[loop].vector for loop in thing.data.polygons[0].loop_indices]) * image.size
    return float(np.ptp(uv[:, 0]) / 14)


def test_ninety_degrees_asks_for_no_tile(scene, part, flat_colours):
    ridge(scene, part, cliff=True)
    scene.veduta.ground.steep = np.pi / 2
    bpy.ops.veduta.paint_terrain()
    assert [kind for kind, _, _ in flat_colours] == ["Request"]


def test_several_terrains_share_one_picture(scene, part, flat_colours):
    one, other = ridge(scene, part, "One"), ridge(scene, part, "Other")
    other.location.x = 60
    bpy.ops.veduta.paint_terrain()
    assert shown_image(one) == shown_image(other)
    for thing in (one, other):
        assert is_colour(colour_at(thing, 0), part, "sand") and is_colour(colour_at(thing, 4), part, "grass")


def test_remove_gives_everything_back_and_the_labels_stay(scene, part, flat_colours):
    thing = ridge(scene, part)
    unwrap(thing)
    other = ridge(scene, part, "Other")
    before = [(slot.link, slot.material) for obj in (thing, other) for slot in obj.material_slots]
    count = len(bpy.data.materials)
    bpy.ops.veduta.paint_terrain()
    labels = [part("assignment").material_label(scene, slot.material) for slot in thing.material_slots]
    assert labels == [part("synth_core.labels").BY_NAME[name].id for name in ("sand", "rock", "grass")]
    bpy.ops.veduta.paint_terrain()  # again: nothing piles up
    assert bpy.ops.veduta.remove_textures() == {"FINISHED"}
    assert [(slot.link, slot.material) for obj in (thing, other) for slot in obj.material_slots] == before
    assert [layer.name for layer in thing.data.uv_layers] == ["Mine"] and not other.data.uv_layers
    assert len(bpy.data.materials) == count
    assert sum(image.name.startswith("Veduta Terrain") for image in bpy.data.images) == 2, "paintings stay"
    assert not bpy.ops.veduta.remove_textures.poll()


def test_projections_leave_the_terrain_alone(scene, part, flat_colours):
    thing = ridge(scene, part)
    bpy.ops.veduta.paint_terrain()
    image = shown_image(thing)
    bpy.ops.object.camera_add(location=(0, -40, 20), rotation=(1.1, 0, 0))
    scene.camera = bpy.context.object
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    part("painting").stop()
    bpy.ops.veduta.project_texture()
    assert shown_image(thing) == image
    bpy.ops.veduta.remove_textures(camera=scene.camera.name)
    assert shown_image(thing) == image
    bpy.ops.veduta.remove_textures()
    assert thing.material_slots[0].material.name == "Ridge sand"


def test_what_modifiers_move_is_found_where_they_move_it(scene, part, flat_colours):
    thing = ridge(scene, part)
    displace = thing.modifiers.new("Shift", "DISPLACE")
    displace.direction, displace.strength, displace.mid_level = "X", 50.0, 0.0
    bpy.ops.veduta.paint_terrain()
    assert is_colour(colour_at(thing, 0), part, "sand") and is_colour(colour_at(thing, 9), part, "grass")


def test_a_real_painting_is_packed_with_its_facts(scene, part):
    thing = ridge(scene, part)
    assert bpy.ops.veduta.paint_terrain() == {"FINISHED"}
    image = shown_image(thing)
    assert image.packed_file and image.use_fake_user and image.packed_file.data[:4] == b"\x89PNG"
    assert json.loads(image["veduta_texture"])["seed"] == "1"
    assert pixels(image).std() > 0.02


@pytest.mark.parametrize("spoil, sentence", [
    (lambda thing: thing.select_set(False), "select the terrain"),
    (lambda thing: thing.data.materials.clear(), "labels"),
    (lambda thing: bpy.context.scene.collection.objects.link(bpy.data.objects.new("Twin", thing.data)), "shares its mesh"),
    (lambda thing: [thing.data.uv_layers.new() for _ in range(8)], "eight UV maps"),
    (lambda thing: bpy.ops.object.mode_set(mode="EDIT"), "being edited"),
])
def test_what_cannot_be_textured_is_told(scene, part, spoil, sentence):
    thing = ridge(scene, part)
    spoil(thing)
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.veduta.paint_terrain()
    assert not bpy.data.images and part("apply.unwrap").ABOVE not in thing.data.uv_layers


def test_a_terrain_edited_meanwhile_gets_its_texture_afterwards(scene, part):
    thing, painting = ridge(scene, part), part("painting")
    part("operators.ground").VEDUTA_OT_paint_terrain.begin(None, bpy.context)
    bpy.ops.object.mode_set(mode="EDIT")
    for _ in range(2):
        with pytest.raises(painting.PaintingError, match="leave edit mode"):
            painting.wait()
    assert painting.current().held and not bpy.data.images and thing.material_slots[0].material.name == "Ridge sand"
    bpy.ops.object.mode_set(mode="OBJECT")
    assert not thing.data.uv_layers
    painting.wait()
    assert painting.current() is None and painting.problem() is None and shown_image(thing).packed_file
    assert [layer.name for layer in thing.data.uv_layers] == [part("apply.unwrap").ABOVE]


def test_a_terrain_deleted_meanwhile_is_explained(scene, part):
    thing = ridge(scene, part)
    part("operators.ground").VEDUTA_OT_paint_terrain.begin(None, bpy.context)
    bpy.data.objects.remove(thing)
    with pytest.raises(part("painting").PaintingError, match="was deleted"):
        part("painting").wait()
    assert not bpy.data.images


def test_the_chosen_look_paints_terrain_and_tiles(scene, part, monkeypatch):
    """The view from above, the steep faces' tile and a tile of its own; by the seed, all three leave the style to it."""
    asked, start = [], part("painting").start

    def noting(job, *arguments):
        asked.append(job)
        start(job, *arguments)

    monkeypatch.setattr(part("painting"), "start", noting)
    thing = ridge(scene, part, cliff=True)
    scene.veduta.ground.label, scene.veduta.ground.tile_size = "ROCK", "256"
    scene.veduta.look.source = "LOOK"
    wanted = part("looks").wanted(scene, 1).style
    bpy.ops.veduta.paint_terrain()
    bpy.ops.veduta.paint_tile()
    paintings = [job for job in asked if hasattr(job, "style")]
    assert len(paintings) == 3 and all(np.array_equal(job.style, wanted) for job in paintings)
    assert json.loads(shown_image(thing)["veduta_texture"])["look"] == scene.veduta.look.look
    scene.veduta.look.source = "SEED"
    bpy.ops.veduta.paint_tile()
    assert asked[-1].style is None


@pytest.mark.parametrize("mapping", ["UV", "BOX"])
def test_a_tile_is_a_material_ready_to_use(scene, part, mapping):
    settings = scene.veduta.ground
    settings.label, settings.tile_size, settings.mapping = "ROCK", "256", mapping
    assert bpy.ops.veduta.paint_tile() == {"FINISHED"}
    material = bpy.data.materials["Veduta rock tile"]
    assert material.use_fake_user and part("assignment").material_label(scene, material) == part("synth_core.labels").BY_NAME["rock"].id
    shown = {node.name: node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"}
    assert set(shown) == {"Colour", "Normal", "Roughness", "Height"}
    assert all(image.packed_file and tuple(image.size) == (256, 256) for image in shown.values())
    assert {name: image.colorspace_settings.name == "sRGB" for name, image in shown.items()} == {
        "Colour": True, "Normal": False, "Roughness": False, "Height": False}
    kinds = {node.type for node in material.node_tree.nodes}
    assert ("NORMAL_MAP" in kinds, "BUMP" in kinds) == (mapping == "UV", mapping == "BOX")


def test_a_tile_is_saved_as_its_png_files(scene, part, tmp_path):
    assert not bpy.ops.veduta.save_tile.poll()
    scene.veduta.ground.label, scene.veduta.ground.tile_size = "SAND", "256"
    bpy.ops.veduta.paint_tile()
    assert bpy.ops.veduta.save_tile(directory=str(tmp_path / "new")) == {"FINISHED"}
    files = sorted((tmp_path / "new").iterdir())
    assert len(files) == 4 and all(file.read_bytes()[:4] == b"\x89PNG" for file in files)
    blocked = tmp_path / "file"
    blocked.write_text("")
    for arguments, sentence in (({"directory": str(blocked / "in")}, "choose another folder"), ({"directory": ""}, "not been saved"),
                                ({"directory": str(tmp_path), "material": "Other"}, "no tile")):
        with pytest.raises(RuntimeError, match=sentence):
            bpy.ops.veduta.save_tile(**arguments)


def test_a_mesh_without_faces_is_named(scene, part, flat_colours):
    thing = ridge(scene, part)
    thing.data.clear_geometry()
    with pytest.raises(RuntimeError, match="Ridge has no face of its own"):
        bpy.ops.veduta.paint_terrain()
