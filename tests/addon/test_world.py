"""The world painted around a camera: where things lie in it, its seam, its poles, what light it gives, and the way back."""
from __future__ import annotations

from math import pi, radians

import bpy
import numpy as np
import pytest
from capturing import add, add_camera  # noqa: F401  (a fixture)

WIDTH = 256


@pytest.fixture
def island(scene, part, monkeypatch):  # noqa: F811
    """A grass plane with a mountain to +x and a rock to -y of the camera, under a Sun in the west; a world of WIDTH pixels."""
    add(part, scene, "plane", "grass", size=200)
    add(part, scene, "cube", "mountain", size=20, location=(40, 0, 10))
    add(part, scene, "cube", "rock", size=8, location=(0, -20, 4))
    bpy.ops.object.light_add(type="SUN", rotation=(0, radians(-50), 0))
    bpy.context.object.data.energy = 4
    add_camera(scene, location=(0, 0, 2), rotation=(1.5, 0, 0))
    scene.world = bpy.data.worlds.new("Before")
    monkeypatch.setattr(part("operators.world"), "_width", lambda scene: WIDTH)
    return scene


def around(scene, part, width: int = WIDTH):
    return part("capture").capture_surround(scene, bpy.context.view_layer, np.array((0.0, 0, 2)), width, 0.1, 1000, 0.1)


def lamp(scene) -> bpy.types.SunLight:
    return scene.objects["Sun"].data


def test_everything_lies_where_blenders_projection_has_it(island, part):
    names = part("synth_core.labels").BY_NAME
    labels = around(island, part).labels
    horizon = labels[WIDTH // 4 - 2]
    assert horizon[WIDTH // 2] == names["mountain"].id  # +x in the middle, -y a quarter to the right, +y to the left
    assert horizon[WIDTH * 3 // 4] == names["rock"].id
    assert horizon[WIDTH // 4] == horizon[0] == names["sky"].id
    assert (labels[:10] == names["sky"].id).all() and (labels[-10:] == names["grass"].id).all()
    rows, columns = np.nonzero(labels == names["sun"].id)
    assert abs(columns.mean() % WIDTH - 0) < 2 or columns.max() == WIDTH - 1  # the Sun stands at -x
    assert abs((0.5 - (rows.mean() + 0.5) / (WIDTH // 2)) * 180 - 40) < 2


def test_each_pixel_sees_what_a_ray_meets(island, part):
    labels, sphere = around(island, part, 128).labels, part("capture.sphere")
    depsgraph = bpy.context.evaluated_depsgraph_get()
    names = {obj.name: obj.active_material.veduta.label.lower() for obj in island.objects if obj.type == "MESH"}
    wrong = 0
    for row, column in np.ndindex(64, 128):
        if (row * 128 + column) % 7:
            continue
        direction = sphere.directions(128, slice(row, row + 1))[0, column]
        hit, *_, obj, _ = island.ray_cast(depsgraph, (0, 0, 2), direction.tolist())
        name = part("synth_core.labels").LABELS[labels[row, column]].name
        wrong += name not in ((names[obj.name],) if hit else ("sky", "sun", "grass"))
    assert wrong <= 12  # of 1170, at edges: a face's pixels and the panorama's don't coincide


def test_directions_and_places_are_inverse(part):
    sphere = part("capture.sphere")
    row, column = sphere.places(sphere.directions(64), 64)
    assert np.allclose(row, np.arange(32)[:, None], atol=1e-3) and np.allclose(column, np.arange(64), atol=1e-3)
    assert (sphere.solid_angles(64) * np.ones((1, 64))).sum() == pytest.approx(4 * pi, rel=1e-5)


def test_the_panorama_has_no_seam(island, part):
    bpy.ops.veduta.paint_world()
    lit = part("operators.world")._light_of(part("apply.world").panorama(island))
    lit = np.minimum(lit, 1)
    steps = np.abs(np.diff(lit, axis=1, append=lit[:, :1])).mean((0, 2))
    assert steps[-1] < 1.6 * np.median(steps)  # from the last column to the first as from any to the next


def test_a_flat_cap_keeps_the_pole_from_pinching_and_takes_the_panoramas_brightness(part):
    panorama, sphere = part("panorama"), part("capture.sphere")
    height = 128
    picture = np.full((height, 2 * height, 3), 100, np.uint8)
    cap = np.random.default_rng(2).integers(60, 140, (70, 70, 3)).astype(np.uint8)
    for face, pole, equator in ((sphere.UP, 0, height - 1), (sphere.DOWN, height - 1, 0)):
        blended = panorama.blend_cap(picture, cap, face)
        assert np.abs(np.diff(blended[pole].astype(int), axis=0)).max() < 12  # its grain doesn't run together to a star
        assert (blended[equator] == 100).all() and (blended[height // 2] == 100).all()
        assert abs(blended.mean() - 100) < 3  # the cap took the panorama's brightness


def test_cap_labels_are_the_panoramas(island, part):
    panorama, sphere, names = part("panorama"), part("capture.sphere"), part("synth_core.labels").BY_NAME
    labels = around(island, part).labels
    assert (panorama.cap_labels(labels, sphere.UP, 64) == names["sky"].id).mean() > 0.98
    assert (panorama.cap_labels(labels, sphere.DOWN, 64) == names["grass"].id).all()


def irradiance(part, lit: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """(3,) watts per square metre that a panorama (W/2, W, 3) of linear light throws on a surface with this (3,) unit normal."""
    sphere, width = part("capture.sphere"), lit.shape[1]
    weight = np.maximum(sphere.directions(width) @ np.asarray(normal, np.float32), 0) * sphere.solid_angles(width)
    return np.einsum("hw,hwc->c", weight, lit)


def test_the_suns_light_in_the_panorama_is_the_lamps(part):
    panorama = part("panorama")
    sun, direction = np.array((4.0, 3.5, 3.0)), np.array((0.6, 0, 0.8))
    dark = np.zeros((128, 256, 3), np.uint8)
    lit = panorama.light(dark, direction, radians(0.53), sun)
    assert np.allclose(irradiance(part, lit, direction), sun, rtol=0.01)
    assert np.allclose(irradiance(part, lit, -direction), 0)
    assert lit.max() <= 65504  # a half float


@pytest.mark.skipif("exposure" not in bpy.types.Light.bl_rna.properties, reason="lamps have no exposure in this Blender")
def test_a_lamps_light_counts_its_exposure_temperature_and_size(island, part):
    sun = lamp(island)
    sun.exposure, sun.use_temperature, sun.temperature = 3, True, 3000
    light = around(island, part).suns[0].light
    assert np.allclose(light, 4 * 8 * np.array(sun.temperature_color)) and light[0] > 2 * light[2]
    sun.normalize, sun.angle = False, 0.1
    assert np.allclose(around(island, part).suns[0].light, light * pi * np.sin(0.05) ** 2)
    sun.exposure, sun.use_temperature, sun.normalize = -2, False, True
    island.collection.objects.link(bpy.data.objects.new("Moon", bpy.data.lights.new("Moon", "SUN")))
    island.objects["Moon"].data.energy = 2
    assert part("apply.world").strongest_sun(island).name == "Moon"


def test_a_white_ball_has_a_shadow_side(island, part):
    bpy.ops.veduta.paint_world()
    lit = part("operators.world")._light_of(part("apply.world").panorama(island))
    direction = np.array(island.objects["Sun"].matrix_world.to_3x3().col[2])
    sunny, shady = irradiance(part, lit, direction).mean(), irradiance(part, lit, -direction).mean()
    assert 2 < sunny / shady < 40


def test_numpys_irradiance_is_cycles(island, part, tmp_path):
    """A white floor under the painted world alone, rendered: radiance is irradiance / pi."""
    bpy.ops.veduta.paint_world()
    lit = part("operators.world")._light_of(part("apply.world").panorama(island))
    for obj in list(island.objects):
        bpy.data.objects.remove(obj)
    bpy.ops.mesh.primitive_plane_add(size=2)
    white = bpy.data.materials.new("White")
    part("compat").enable_nodes(white)
    shader = white.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value, shader.inputs["Roughness"].default_value = (1, 1, 1, 1), 1
    shader.inputs["Specular IOR Level"].default_value = 0
    bpy.context.object.data.materials.append(white)
    add_camera(island, location=(0, 0, 1))
    island.camera.data.type, island.camera.data.ortho_scale = "ORTHO", 0.5
    assert np.allclose(render(island, tmp_path).mean((0, 1)), irradiance(part, lit, np.array((0, 0, 1.0))) / pi, rtol=0.08)


def test_a_mirror_ball_reflects_it(island, part, tmp_path):
    bpy.ops.veduta.paint_world()
    lit = part("operators.world")._light_of(part("apply.world").panorama(island))
    for obj in list(island.objects):
        bpy.data.objects.remove(obj)
    bpy.ops.mesh.primitive_uv_sphere_add(radius=1)
    bpy.ops.object.shade_smooth()
    mirror = bpy.data.materials.new("Mirror")
    part("compat").enable_nodes(mirror)
    shader = mirror.node_tree.nodes["Principled BSDF"]
    shader.inputs["Metallic"].default_value, shader.inputs["Roughness"].default_value = 1, 0
    shader.inputs["Base Color"].default_value = (1, 1, 1, 1)
    bpy.context.object.data.materials.append(mirror)
    add_camera(island, location=(0, -5, 0), rotation=(pi / 2, 0, 0))
    island.camera.data.type, island.camera.data.ortho_scale = "ORTHO", 0.1  # its middle mirrors what lies behind the camera
    behind = lit[WIDTH // 4 - 4:WIDTH // 4 + 4, WIDTH * 3 // 4 - 4:WIDTH * 3 // 4 + 4].mean((0, 1))
    assert np.allclose(render(island, tmp_path).mean((0, 1)), behind, atol=0.06)


def render(scene, folder) -> np.ndarray:
    """(16, 16, 3) linear light of the scene's camera, by Cycles."""
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 64, False
    scene.render.resolution_x = scene.render.resolution_y = 16
    scene.render.resolution_percentage = 100
    output = scene.render.image_settings
    output.file_format, output.color_depth = "OPEN_EXR", "32"
    scene.render.filepath = str(folder / "ball.exr")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    pixels = np.empty(16 * 16 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(16, 16, 4)[..., :3]


def test_the_former_world_and_the_lamp_come_back(island, part):
    bpy.ops.veduta.paint_world()
    world = part("apply.world")
    image = world.panorama(island)
    assert island.world.name != "Before" and lamp(island).energy == 0 and image.use_fake_user
    assert around(island, part).suns[0].light.sum() == pytest.approx(12)  # capture still knows the lamp's light
    bpy.ops.veduta.paint_world()
    assert lamp(island).energy == 0 and world.panorama(island) != image
    bpy.ops.veduta.remove_world()
    assert island.world.name == "Before" and lamp(island).energy == 4 and not lamp(island).keys()
    assert len(bpy.data.worlds) == 1 and not bpy.ops.veduta.remove_world.poll()


def put_up(part, scene) -> None:
    part("apply.world").put_up(scene, np.ones((8, 16, 3), np.float32), 1.0)


def test_another_scenes_world_and_lamp_stay_as_they_are(island, part):
    other = bpy.data.scenes.new("Other")
    other.collection.objects.link(bpy.data.objects.new("Moon", bpy.data.lights.new("Moon", "SUN")))
    moon = other.objects["Moon"].data
    moon.energy = 3
    put_up(part, island)
    put_up(part, other)
    put_up(part, island)
    assert (lamp(island).energy, moon.energy) == (0, 0)
    part("apply.world").remove(island)
    assert (lamp(island).energy, moon.energy) == (4, 0)
    part("apply.world").remove(other)
    assert (lamp(island).energy, moon.energy) == (4, 3)


def test_scenes_with_one_lamp_dim_it_until_the_last_world_goes(island, part):
    put_up(part, island)
    copy = island.copy()
    painted = island.world
    put_up(part, copy)
    assert island.world == painted != copy.world and lamp(island).energy == 0
    part("apply.world").remove(copy)
    assert (island.world, copy.world.name, lamp(island).energy) == (painted, "Before", 0)
    part("apply.world").remove(island)
    assert (island.world.name, lamp(island).energy, len(bpy.data.worlds)) == ("Before", 4, 1)


def test_a_copys_removal_leaves_the_shared_world(island, part):
    put_up(part, island)
    copy, painted = island.copy(), island.world
    part("apply.world").remove(copy)
    assert (island.world, copy.world.name, lamp(island).energy) == (painted, "Before", 0)
    bpy.ops.veduta.remove_world()
    assert (island.world.name, lamp(island).energy, len(bpy.data.worlds)) == ("Before", 4, 1)


def test_a_lamp_can_keep_its_light(island, part):
    island.veduta.world.sun = 0
    bpy.ops.veduta.paint_world()
    assert lamp(island).energy == 4
    assert part("operators.world")._light_of(part("apply.world").panorama(island)).max() <= 1


def test_undo_gives_world_and_lamp_back(island):
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.veduta.paint_world()
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert scene.world.name == "Before" and lamp(scene).energy == 4


def test_without_a_camera_there_is_no_place(island):
    bpy.data.objects.remove(island.camera)
    with pytest.raises(RuntimeError, match="no camera to paint the world around"):
        bpy.ops.veduta.paint_world()


def test_saved_as_exr_and_png(island, part, tmp_path):
    bpy.ops.veduta.paint_world()
    lit = part("operators.world")._light_of(part("apply.world").panorama(island))
    for name, tolerance in (("world.exr", 1e-3), ("world.png", None)):
        assert bpy.ops.veduta.save_world(filepath=str(tmp_path / name)) == {"FINISHED"}
        image = bpy.data.images.load(str(tmp_path / name))
        assert tuple(image.size) == (WIDTH, WIDTH // 2)
        if tolerance:
            assert np.allclose(part("operators.world")._light_of(image), lit, rtol=tolerance)


@pytest.mark.parametrize("path, sentence", [("{}/world.jpg", "saved as .exr or .png"), ("{}/missing/world.exr", "can't be written"),
                                            ("//world.png", "never saved")])
def test_a_path_that_leads_nowhere_is_explained(island, tmp_path, path, sentence):
    bpy.ops.veduta.paint_world()
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.veduta.save_world(filepath=path.format(tmp_path))
    assert not list(tmp_path.iterdir())
