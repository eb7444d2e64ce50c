"""Match Light: what is read off paintings made by hand, and what becomes of the lamp and the world."""
from __future__ import annotations


import bpy
import numpy as np
import pytest
from capturing import add, add_camera  # noqa: F401  (a fixture)


@pytest.fixture
def meadow(scene, part):  # noqa: F811
    """A painted meadow with a Sun and a world."""
    add(part, scene, "plane", "grass", size=60)
    bpy.ops.object.light_add(type="SUN", rotation=(0.5, 0.2, 0))
    add_camera(scene, location=(0, -14, 3), rotation=(1.5, 0, 0))
    scene.veduta.use_render_size, scene.veduta.width, scene.veduta.height = False, 64, 64
    scene.world = bpy.data.worlds.new("Sky")
    bpy.ops.veduta.paint()
    return scene


def split(part, sky: tuple, ground: tuple):
    """The light of a picture whose upper half is sky and whose lower half is grass."""
    names = part("synth_core.labels").BY_NAME
    labels = np.full((64, 64), names["sky"].id, np.uint8)
    labels[32:] = names["grass"].id
    picture = np.where((labels == names["sky"].id)[..., None], sky, ground).astype(np.uint8)
    return part("matching").of_painting(picture, labels)


def test_a_blue_sky_leaves_more_to_the_sun_than_a_grey_one(part):
    clear, overcast = split(part, (90, 150, 240), (120, 140, 60)), split(part, (150, 152, 155), (90, 100, 60))
    assert clear.ratio > 5 and overcast.ratio < 1
    assert clear.sky[2] > 2 * clear.sky[0] and abs(overcast.sky[2] - overcast.sky[0]) < 0.05


def test_an_evening_is_warmer(part):
    evening, noon = split(part, (200, 140, 110), (220, 130, 60)), split(part, (90, 150, 240), (180, 180, 170))
    assert evening.sun[0] == noon.sun[0] == 1 and evening.sun[2] < 0.75 < 0.9 < noon.sun[2]


def test_a_picture_of_ground_alone_has_plain_skylight(part):
    names = part("synth_core.labels").BY_NAME
    light = part("matching").of_painting(np.full((64, 64, 3), 120, np.uint8), np.full((64, 64), names["sand"].id, np.uint8))
    assert light.sky[2] > light.sky[0] and np.allclose(light.sun, 1)


def test_lamp_and_world_take_the_paintings_light_in_one_step(meadow, part):
    bpy.ops.ed.undo_push(message="Before")
    lamp = meadow.objects["Sun"].data
    direction = tuple(meadow.objects["Sun"].rotation_euler)
    before = lamp.energy
    assert bpy.ops.veduta.match_light("EXEC_DEFAULT", True) == {"FINISHED"}
    image = part("apply.backdrop").active_painting(meadow)
    light = part("matching").of_painting(part("apply.viewport").picture(part("relief").unlit(image)), part("recipe").load(image).labels)
    background = next(node for node in meadow.world.node_tree.nodes if node.type == "BACKGROUND")
    sky = np.array(background.inputs["Color"].default_value[:3])
    assert np.allclose(sky / sky.mean(), light.sky / light.sky.mean(), atol=1e-5)
    assert np.allclose(lamp.color, light.sun, atol=1e-5) and tuple(meadow.objects["Sun"].rotation_euler) == direction
    assert lamp.energy * light.sun.mean() == pytest.approx(light.ratio * np.pi * sky.mean(), rel=1e-4)
    bpy.ops.ed.undo()
    assert bpy.data.lights["Sun"].energy == before


@pytest.mark.skipif("exposure" not in bpy.types.Light.bl_rna.properties, reason="lamps have no exposure in this Blender")
def test_exposure_and_temperature_change_nothing_of_the_light(meadow, part):
    lamp = meadow.objects["Sun"].data
    bpy.ops.veduta.match_light()
    light = part("capture.extract").sun_light(lamp)
    lamp.exposure, lamp.use_temperature, lamp.temperature = 3, True, 800
    bpy.ops.veduta.match_light()
    assert np.allclose(part("capture.extract").sun_light(lamp), light, rtol=1e-4) and lamp.exposure == 3


def test_a_scene_without_sun_and_world_gets_a_world(meadow):
    bpy.data.objects.remove(meadow.objects["Sun"])
    meadow.world = None
    bpy.ops.veduta.match_light()
    assert meadow.world is not None


def test_without_a_painting_there_is_nothing_to_match(scene):
    assert not bpy.ops.veduta.match_light.poll()


def test_a_painting_whose_file_is_gone_is_named_and_nothing_changes(meadow, part, tmp_path):
    image = part("relief").unlit(part("apply.backdrop").active_painting(meadow))
    image.unpack(method="REMOVE")
    image.filepath = str(tmp_path / "gone.png")
    image.reload()
    energy = meadow.objects["Sun"].data.energy
    with pytest.raises(RuntimeError, match="gone"):
        bpy.ops.veduta.match_light()
    assert meadow.objects["Sun"].data.energy == energy
