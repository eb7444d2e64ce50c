"""Relief in Blender: the maps come from the scene's Sun and kept objects, Paint lights what it paints, and Light Again never adds up."""
from __future__ import annotations

from math import atan, radians, tan

import bpy
import numpy as np
import pytest
from capturing import add, add_camera  # noqa: F401  (a fixture)

SIZE = (96, 64)


@pytest.fixture
def part(part):
    """As everywhere; what is kept of a painting's relief is forgotten afterwards."""
    yield part
    part("relief").forget()


@pytest.fixture
def hillside(scene, part):  # noqa: F811
    """A kept box on a grass plane with a mountain behind, under a Sun in the west, before a camera; painted at SIZE."""
    add(part, scene, "plane", "grass", size=60)
    add(part, scene, "cone", "mountain", radius1=9, depth=12, location=(0, 20, 5))
    add(part, scene, "cube", "", size=2, location=(0, 0, 1))
    part("assignment").set_keep(scene, bpy.context.object, True)
    bpy.ops.object.light_add(type="SUN", rotation=(0, radians(-45), 0))
    add_camera(scene, location=(0, -14, 5), rotation=(1.4, 0, 0))
    scene.veduta.use_render_size = False
    scene.veduta.width, scene.veduta.height = SIZE
    return scene


def shown(part) -> bpy.types.Image:
    return part("apply.backdrop").active_painting(bpy.context.scene)


def pixels(part, image: bpy.types.Image) -> np.ndarray:
    return part("apply.viewport").picture(image)


def without_relief(scene) -> None:
    settings = scene.veduta.relief
    settings.shading = settings.haze = settings.reflection = settings.shadow = 0


def view_of(scene, part, width: int = 96, height: int = 64):
    return part("capture").capture(scene, bpy.context.view_layer, scene.camera, width, height)


def test_paint_lights_what_it_paints_and_keeps_the_unlit_picture(hillside, part):
    bpy.ops.veduta.paint()
    lit, reliefs = shown(part), part("relief")
    unlit = pixels(part, reliefs.unlit(lit))
    assert reliefs.unlit(lit) != lit and (unlit != pixels(part, lit)).any()
    assert part("recipe").load(lit).relief == pytest.approx(reliefs.amounts(hillside))
    without_relief(hillside)
    bpy.ops.veduta.paint()
    plain = shown(part)
    assert reliefs.unlit(plain) == plain and part("recipe").load(plain).relief is None
    assert np.array_equal(pixels(part, plain), unlit)


def test_lighting_again_is_of_the_unlit_picture_and_never_adds_up(hillside, part):
    bpy.ops.veduta.paint()
    first = shown(part)
    hillside.veduta.relief.shading = 1
    bpy.ops.veduta.relight()
    stronger = shown(part)
    assert stronger != first and (pixels(part, stronger) != pixels(part, first)).any()
    hillside.veduta.relief.shading = 0.6
    bpy.ops.veduta.relight()
    assert np.array_equal(pixels(part, shown(part)), pixels(part, first))
    without_relief(hillside)
    bpy.ops.veduta.relight()
    reliefs = part("relief")
    assert np.array_equal(pixels(part, shown(part)), pixels(part, reliefs.unlit(first)))
    assert reliefs.unlit(shown(part)) == reliefs.unlit(first)
    assert len([image for image in bpy.data.images if image.name.startswith(reliefs.NAME)]) == 1


def test_what_is_remembered_equals_what_is_captured_anew(hillside, part):
    bpy.ops.veduta.paint()
    hillside.veduta.relief.haze = 1
    assert part("relief").recall(hillside, shown(part), part("relief").amounts(hillside)) is not None
    bpy.ops.veduta.relight()
    remembered = pixels(part, shown(part))
    part("relief").forget()
    bpy.ops.veduta.relight()
    assert np.array_equal(pixels(part, shown(part)), remembered)


def test_a_moved_sun_and_a_moved_house_are_looked_at_anew(hillside, part):
    bpy.ops.veduta.paint()
    before = pixels(part, shown(part))
    hillside.objects["Sun"].rotation_euler = (0, radians(45), 0)
    bpy.context.view_layer.update()
    bpy.ops.veduta.relight()
    after = pixels(part, shown(part))
    assert (after != before).any()
    hillside.objects["Cube"].location.x += 3
    bpy.context.view_layer.update()
    bpy.ops.veduta.relight()
    assert (pixels(part, shown(part)) != after).any()


def test_a_painting_made_without_relief_can_be_lit(hillside, part):
    without_relief(hillside)
    bpy.ops.veduta.paint()
    plain = shown(part)
    hillside.veduta.relief.shading = 1
    bpy.ops.veduta.relight()
    assert part("relief").unlit(shown(part)) == plain and plain.use_fake_user
    assert (pixels(part, shown(part)) != pixels(part, plain)).any()


def test_a_moved_camera_is_refused(hillside, part):
    bpy.ops.veduta.paint()
    hillside.camera.location.x += 1
    bpy.context.view_layer.update()
    with pytest.raises(RuntimeError, match="has changed since"):
        bpy.ops.veduta.relight()
    assert part("painting").problem().operator == "veduta.paint"


def test_without_a_painting_there_is_nothing_to_light(hillside):
    assert not bpy.ops.veduta.relight.poll()


def test_reproduce_lights_as_the_recipe_says(hillside, part):
    bpy.ops.veduta.paint()
    first = pixels(part, shown(part))
    without_relief(hillside)
    bpy.ops.veduta.reproduce()
    assert np.array_equal(pixels(part, shown(part)), first)


def test_without_a_sun_nothing_is_shaded(hillside, part):
    bpy.data.objects.remove(hillside.objects["Sun"])
    relief = part("relief").of_view(hillside, bpy.context.view_layer, view_of(hillside, part), part("relief").amounts(hillside))
    assert relief.shading == relief.shadow == 0 and relief.haze == pytest.approx(0.2)


def test_slopes_are_the_scenes(hillside, part):
    view = view_of(hillside, part)
    relief = part("relief").of_view(hillside, bpy.context.view_layer, view, part("relief").amounts(hillside))
    ground = view.labels == part("synth_core.labels").BY_NAME["grass"].id
    assert np.allclose(relief.slopes[ground & np.isfinite(view.depth)] / 127.5 - 1, (np.cos(radians(45)), 1), atol=0.005)


def test_the_scenes_unit_scale_makes_metres(hillside, part):
    view, reliefs = view_of(hillside, part), part("relief")
    hillside.unit_settings.scale_length = 0.01
    relief = reliefs.of_view(hillside, bpy.context.view_layer, view, reliefs.amounts(hillside))
    surface = np.isfinite(view.depth)
    assert np.allclose(relief.depth[surface], view.depth[surface] / 100)
    assert np.allclose(relief.view[:3, 3], view.lens.view[:3, 3] / 100)


def test_a_kept_boxs_shadow_lies_where_geometry_puts_it(hillside, part):
    view = view_of(hillside, part, 192, 128)
    shade = part("capture").kept_shade(hillside, bpy.context.view_layer, view, view.suns[0])
    ground = (view.labels == part("synth_core.labels").BY_NAME["grass"].id) & np.isfinite(view.depth)
    x, y = view.position[..., 0], view.position[..., 1]
    # The Sun stands at 45 degrees to -x: a box 2 high reaches 2 further to +x.
    inside = ground & (x > -0.9) & (x < 2.9) & (abs(y) < 0.9)
    outside = ground & ((x < -1.1) | (x > 3.1) | (abs(y) > 1.1))
    assert inside.sum() > 20 and (shade[inside] == 1).all() and (shade[outside] == 0).all()


def test_a_wider_sun_softens_the_shadows_edge(hillside, part):
    view = view_of(hillside, part, 192, 128)

    def soft() -> int:
        shade = part("capture").kept_shade(hillside, bpy.context.view_layer, view, part("capture").extract(
            hillside, bpy.context.view_layer, bpy.context.view_layer.depsgraph).suns[0])
        return int(((shade > 0.05) & (shade < 0.95)).sum())

    hillside.objects["Sun"].data.angle = 2 * atan(0.001)
    sharp = soft()
    hillside.objects["Sun"].data.angle = 2 * atan(tan(radians(8)))
    bpy.context.view_layer.update()
    assert soft() > 2 * sharp


def test_no_kept_object_no_shadow(hillside, part):
    bpy.data.objects.remove(hillside.objects["Cube"])
    view = view_of(hillside, part)
    assert not part("capture").kept_shade(hillside, bpy.context.view_layer, view, view.suns[0]).any()


def test_lighting_again_is_one_step_of_undo(hillside, part):
    bpy.ops.veduta.paint()
    before = shown(part).name
    bpy.ops.veduta.relight()
    assert shown(part).name != before
    bpy.ops.ed.undo()
    assert shown(part).name == before and shown(part).use_fake_user
