"""What a capture takes in, leaves out, fills, refuses and says. Pixel exactness is tested in test_capture_routes."""
from __future__ import annotations

import math

import numpy as np
import pytest

from capturing import add, add_camera, route, shoot  # noqa: F401  (fixtures)

SKY, SUN, SAND, SEA, GRASS, TREE, BUILDING = 1, 4, 9, 12, 16, 20, 22


@pytest.fixture
def beach(part, scene):
    """A wide sand plane, seen from a camera 2 above it that looks level along +y: sand below the middle, sky above."""
    add(part, scene, "plane", "sand", size=4000)
    add_camera(scene, location=(0, 0, 2), rotation=(math.pi / 2, 0, 0))
    return scene


def labels_in(view) -> set[int]:
    return set(np.unique(view.labels).tolist())


# What is refused


def test_no_camera(part, beach):
    beach.camera = None
    with pytest.raises(part("capture").CaptureError, match="no active camera"):
        shoot(part, beach)


def test_panoramic_camera(part, beach):
    beach.camera.data.type = "PANO"
    with pytest.raises(part("capture").CaptureError, match="panoramic"):
        shoot(part, beach)


def test_camera_that_is_none(part, beach):
    beach.camera = next(obj for obj in beach.objects if obj.type == "MESH")
    with pytest.raises(part("capture").CaptureError, match="is no camera"):
        shoot(part, beach)


def test_empty_scene(part, scene):
    add_camera(scene)
    with pytest.raises(part("capture").CaptureError, match="nothing to paint"):
        shoot(part, scene)


def test_no_label_anywhere(part, scene):
    add(part, scene, "cube", "")
    add_camera(scene, location=(0, -9, 0), rotation=(math.pi / 2, 0, 0))
    with pytest.raises(part("capture").CaptureError, match="Nothing has a label"):
        shoot(part, scene)


def test_gpu_asked_for_where_it_can_not_draw(part, beach, monkeypatch):
    monkeypatch.setattr(part("compat"), "gpu_ready", lambda: False)
    with pytest.raises(part("capture").CaptureError, match="without a window"):
        shoot(part, beach, route="gpu")


# Holes


def test_sky_above_the_horizon_and_every_pixel_labelled(part, beach):
    view = shoot(part, beach)
    assert (view.labels[:24] == SKY).all() and (view.labels[24:] == SAND).all()
    assert np.isinf(view.depth[:24]).all() and view.unlabelled == 0 and view.camera_name == beach.camera.name


def test_unlabelled_surface_takes_its_neighbours_label_and_is_named(part, beach):
    add(part, beach, "cube", "", location=(0, 8, 0.4), size=1).name = "Crate"
    view = shoot(part, beach)
    assert labels_in(view) == {SKY, SAND}
    assert 0 < view.unlabelled < 0.5 and "Crate" in view.warnings[0]


def test_nothing_but_sky_in_view(part, beach):
    beach.camera.rotation_euler.x = math.pi
    assert labels_in(shoot(part, beach)) == {SKY}


# The sun


def add_sun(rise: float, turn: float = 0.0, angle: float = math.radians(10)):
    """A sun `rise` above the horizon over +y, `turn` to the right."""
    import bpy

    bpy.ops.object.light_add(type="SUN", rotation=(-math.pi / 2 + rise, 0, -turn))
    bpy.context.object.data.angle = angle
    return bpy.context.object


def test_sun_disc_where_the_camera_sees_it(part, beach):
    add_sun(rise=math.radians(9), turn=math.radians(6))
    disc = shoot(part, beach, 128, 96).labels == SUN
    focal = 128 * 50 / 36  # pixels
    row, column = 48 - focal * math.tan(math.radians(9)) / math.cos(math.radians(6)), 64 + focal * math.tan(math.radians(6))
    rows, columns = np.nonzero(disc)
    assert abs(rows.mean() + 0.5 - row) < 0.6 and abs(columns.mean() + 0.5 - column) < 0.6
    radius = focal * math.tan(math.radians(5))
    assert abs(disc.sum() / (math.pi * radius**2) - 1) < 0.15


def test_small_sun_is_one_pixel_and_terrain_hides_it(part, beach):
    lamp = add_sun(rise=math.radians(9), angle=0)
    assert (shoot(part, beach).labels == SUN).sum() == 1
    lamp.hide_render = True
    assert SUN not in labels_in(shoot(part, beach))
    lamp.hide_render = False
    add(part, beach, "cube", "rock", location=(0, 10, 2), size=9)
    assert SUN not in labels_in(shoot(part, beach))


def test_half_set_sun(part, beach):
    add_sun(rise=0)
    view = shoot(part, beach)
    assert (view.labels[:24] == SUN).any() and (view.labels[24:] == SAND).all()


# Kept objects


def test_kept_object_is_left_out_of_the_labels_and_is_the_matte(part, beach, route):
    house = add(part, beach, "cube", "building", location=(0.13, 10.5, 2), rotation=(0, 0.3, 0), size=1)
    house.veduta.keep = True
    view = shoot(part, beach, route=route)
    assert labels_in(view) == {SKY, SAND}
    assert set(np.unique(view.matte)) > {0, 1} and len(np.unique(view.matte)) > 5
    side = 64 * 50 / 36 / 10  # of the front face in pixels
    assert abs(view.matte.sum() - side**2) < 0.05 * side**2


def test_scenery_before_a_kept_object_hides_it(part, beach, route):
    house = add(part, beach, "cube", "building", location=(0, 10.5, 2), size=1)
    house.veduta.keep = True
    add(part, beach, "cube", "rock", location=(0, 5, 2), size=2)
    assert shoot(part, beach, route=route).matte.sum() == 0


def test_glass_of_a_kept_object_shows_the_painting(part, beach):
    house = add(part, beach, "cube", "building", location=(0, 10.5, 2), size=1)
    house.veduta.keep = True
    glass = house.data.materials[0]
    part("compat").enable_nodes(glass)
    glass.node_tree.nodes["Principled BSDF"].inputs["Transmission Weight"].default_value = 1
    assert shoot(part, beach).matte.sum() == 0


# What is taken in


@pytest.mark.parametrize("kind", ["text", "curve", "metaball", "surface"])
def test_objects_that_become_meshes(part, beach, kind):
    import bpy

    at = {"location": (0, 6, 2), "rotation": (math.pi / 2, 0, 0)}
    if kind == "text":
        bpy.ops.object.text_add(**at)
    elif kind == "curve":
        bpy.ops.curve.primitive_bezier_circle_add(**at)
        bpy.context.object.data.bevel_depth = 0.2
    elif kind == "metaball":
        bpy.ops.object.metaball_add(**at)
    else:
        bpy.ops.surface.primitive_nurbs_surface_sphere_add(location=at["location"])
    bpy.context.object.veduta.label = "BUILDING"
    assert BUILDING in labels_in(shoot(part, beach))


def test_label_of_an_object_and_of_a_collection(part, beach):
    import bpy

    add(part, beach, "cube", "building", location=(-1, 6, 2), size=1).veduta.label = "GRASS"
    hedge = add(part, beach, "cube", "building", location=(1, 6, 2), size=1)
    garden = bpy.data.collections.new("garden")
    beach.collection.children.link(garden)
    garden.objects.link(hedge)
    beach.collection.objects.unlink(hedge)
    garden.veduta.label = "TREE"
    assert labels_in(shoot(part, beach)) == {SKY, SAND, GRASS, TREE}


def test_mesh_in_edit_mode(part, beach):
    import bpy

    add(part, beach, "cube", "building", location=(0, 6, 2), size=1)
    bpy.ops.object.mode_set(mode="EDIT")
    assert BUILDING in labels_in(shoot(part, beach))
    bpy.ops.object.mode_set(mode="OBJECT")


@pytest.mark.parametrize("points, edges", [([], []), ([(0, 0, 0)], []), ([(0, 0, 0), (1, 0, 0)], [(0, 1)])], ids=["empty", "point", "edge"])
def test_a_mesh_without_faces_is_passed_over(part, beach, points, edges):
    import bpy

    mesh = bpy.data.meshes.new("Bare")
    if points:
        mesh.from_pydata(points, edges, [])
    beach.collection.objects.link(bpy.data.objects.new("Bare", mesh))
    assert labels_in(shoot(part, beach)) == {SKY, SAND}


def test_what_veduta_hid_from_the_camera_is_still_captured(part, beach):
    tower = add(part, beach, "cube", "building", location=(0, 6, 2), size=1)
    tower.visible_camera = False
    assert BUILDING not in labels_in(shoot(part, beach))
    tower[part("capture.extract").HIDDEN_MARK] = True
    assert BUILDING in labels_in(shoot(part, beach))


def test_cut_out_leaves(part, beach, route):
    import bpy

    leaf = add(part, beach, "plane", "tree", location=(0, 6, 2), rotation=(math.pi / 2, 0, 0), size=2)
    holed = bpy.data.images.new("leaf", 8, 8, alpha=True)
    pixels = np.ones((8, 8, 4), np.float32)
    pixels[:, 4:, 3] = 0.3  # the right half is air
    holed.pixels.foreach_set(pixels.reshape(-1))
    surface = leaf.data.materials[0]
    part("compat").enable_nodes(surface)
    tree = surface.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = holed
    tree.links.new(texture.outputs["Alpha"], tree.nodes["Principled BSDF"].inputs["Alpha"])
    view = shoot(part, beach, route=route)
    assert (view.labels[10:38, 25:31] == TREE).all()
    assert (view.labels[:24, 33:] == SKY).all() and (view.labels[24:, 33:] == SAND).all()


def test_collections_instanced_in_instanced_collections(part, beach):
    import bpy

    tower = add(part, beach, "cube", "building", size=1)
    hidden = add(part, beach, "cube", "rock", location=(2, 0, 0), size=1)
    hidden.hide_render = True
    town, country = bpy.data.collections.new("town"), bpy.data.collections.new("country")
    for obj in (tower, hidden):
        town.objects.link(obj)
        beach.collection.objects.unlink(obj)
    for name, inside, home, at in (("inner", town, country, (0, 2, 1)), ("outer", country, beach.collection, (0, 4, 1))):
        empty = bpy.data.objects.new(name, None)
        empty.instance_type, empty.instance_collection, empty.location = "COLLECTION", inside, at
        home.objects.link(empty)
    view = shoot(part, beach)
    assert labels_in(view) == {SKY, SAND, BUILDING}
    assert abs(view.depth[23, 32] - 5.5) < 1e-4  # the front of the tower: both empties' places add up


def test_scene_that_is_not_the_active_one(part, beach, towered):
    import bpy

    other = bpy.data.scenes.new("other")
    bpy.context.window.scene = other
    view = part("capture").capture(beach, beach.view_layers[0], beach.camera, 64, 48)
    assert BUILDING in labels_in(view)


def test_drawn_in_strips(part, beach, towered, monkeypatch):
    towered[0].veduta.keep = True
    whole = shoot(part, beach)
    monkeypatch.setattr(part("capture"), "_MOST_PIXELS", 1000)
    view = shoot(part, beach)
    assert all(np.array_equal(getattr(view, name), getattr(whole, name)) for name in ("labels", "depth", "matte"))


# What is left out


def hidden_ways():
    """Ways to take an object out of renders: a name and what does it to (object, its collection, the view layer's part of that)."""
    return {
        "object": lambda obj, home, layer: setattr(obj, "hide_render", True),
        "camera": lambda obj, home, layer: setattr(obj, "visible_camera", False),
        "own": lambda obj, home, layer: obj.__setitem__("veduta_own", True),
        "own collection": lambda obj, home, layer: home.__setitem__("veduta_own", True),
        "collection": lambda obj, home, layer: setattr(home, "hide_render", True),
        "excluded": lambda obj, home, layer: setattr(layer, "exclude", True),
        "indirect": lambda obj, home, layer: setattr(layer, "indirect_only", True),
    }


@pytest.fixture
def towered(part, beach):
    """The beach with a tower in a collection of its own: (tower, collection, layer collection)."""
    import bpy

    tower = add(part, beach, "cube", "building", location=(0, 6, 2), size=1)
    home = bpy.data.collections.new("town")
    beach.collection.children.link(home)
    home.objects.link(tower)
    beach.collection.objects.unlink(tower)
    return tower, home, bpy.context.view_layer.layer_collection.children["town"]


@pytest.mark.parametrize("way", hidden_ways())
def test_what_does_not_render_is_left_out(part, beach, towered, way):
    hidden_ways()[way](*towered)
    view = shoot(part, beach)
    assert labels_in(view) == {SKY, SAND} and view.warnings == []


@pytest.mark.parametrize("way", ["object", "collection"])
def test_holdout_hides_and_has_no_label(part, beach, towered, way):
    tower, _home, layer = towered
    add(part, beach, "cube", "grass", location=(0, 9, 2), size=1)
    (tower if way == "object" else layer).__setattr__("is_holdout" if way == "object" else "holdout", True)
    view = shoot(part, beach)
    assert labels_in(view) == {SKY, SAND} and view.unlabelled == 0


@pytest.mark.parametrize("way", ["eye", "monitor"])
def test_hidden_in_the_viewport_is_left_out_and_named(part, beach, towered, way):
    tower, _home, _layer = towered
    tower.hide_set(True) if way == "eye" else setattr(tower, "hide_viewport", True)
    view = shoot(part, beach)
    assert BUILDING not in labels_in(view) and [tower.name in warning for warning in view.warnings] == [True]


def test_volumes_are_named(part, beach):
    import bpy

    bpy.ops.object.volume_add()
    assert [bpy.context.object.name in warning for warning in shoot(part, beach).warnings] == [True]


# The frame


def test_painting_size(part, beach):
    size = part("capture").painting_size
    render = beach.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 1920, 1080, 100
    assert size(beach) == (1024, 576) and size(beach, cap=4096) == (1920, 1080)
    render.resolution_percentage = 25
    assert size(beach) == (480, 270)
    render.resolution_x, render.resolution_y, render.resolution_percentage = 4000, 100, 100
    assert size(beach) == (1024, 64)


def test_render_border_changes_nothing(part, beach, towered):
    whole = shoot(part, beach)
    beach.render.use_border = beach.render.use_crop_to_border = True
    beach.render.border_min_x, beach.render.border_max_y = 0.4, 0.7
    assert np.array_equal(shoot(part, beach).labels, whole.labels)


@pytest.mark.parametrize("way", ["monitor", "collection", "excluded"])
def test_a_hidden_camera_sees_from_where_it_stands_now(part, beach, towered, way):
    """Animated as it is, and what it hangs on, Blender moves it no more while it is hidden and another is the scene's."""
    import bpy

    tower, home, layer = towered
    capture, layers = part("capture"), bpy.context.view_layer
    tower.veduta.keep = True
    beach.collection.objects.link(tower)
    hidden, rig = beach.camera, bpy.data.objects.new("Rig", None)
    own = add_camera(beach, location=(0, 0, 50))
    beach.collection.objects.unlink(hidden)
    hidden.parent = rig
    for thing in (hidden, rig):
        home.objects.link(thing)
        for frame, x in ((1, 0), (9, 0.5)):
            thing.location.x = x
            thing.keyframe_insert("location", index=0, frame=frame)
    beach.frame_set(9)
    wanted = capture.capture(beach, layers, hidden, 64, 48)
    assert wanted.matte.any()
    beach.frame_set(1)
    for block, name in {"monitor": [(hidden, "hide_viewport"), (rig, "hide_viewport")], "collection": [(home, "hide_viewport")],
                        "excluded": [(layer, "exclude")]}[way]:
        setattr(block, name, True)
    request = part("synth_core.request").Request(np.full((64, 64), SAND, np.uint8), seed=1)
    seen = [
        (lambda: capture.capture(beach, layers, hidden, 64, 48).matte, wanted.matte),
        (lambda: capture.kept_matte(beach, layers, hidden, 64, 48), wanted.matte),
        (lambda: capture.kept_mattes(beach, layers, hidden, 64, 48).get(tower.name), wanted.matte),
        (lambda: part("recipe").make(request, beach, hidden).matrix, wanted.lens.view)]
    for look, expected in seen:
        beach.frame_set(1)
        look()  # which leaves the camera where it stands in this frame
        beach.frame_set(9)
        assert np.array_equal(look(), expected) and beach.camera == own


def test_viewport_matrices_in_place_of_a_camera(part, beach, towered):
    import bpy

    capture = part("capture")
    through_camera = shoot(part, beach)
    lens = part("capture.project").camera_lens(beach, bpy.context.view_layer.depsgraph, beach.camera)
    beach.camera = None
    view = shoot(part, beach, viewport=capture.matrix_lens(lens.view, lens.window().astype(np.float32)))
    assert np.array_equal(view.labels, through_camera.labels) and view.camera_name == ""


# The user's file


def data_blocks() -> dict[str, list[tuple[str, int]]]:
    """Names and users of all data-blocks, by collection."""
    import bpy

    return {name: sorted((block.name, block.users) for block in getattr(bpy.data, name))
            for name in dir(bpy.data) if isinstance(getattr(bpy.data, name), bpy.types.bpy_prop_collection)}


def test_nothing_of_the_users_changes(part, beach, towered, route, tmp_path):
    import bpy

    towered[0].veduta.keep = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    before, dirty = data_blocks(), bpy.data.is_dirty  # in background it is always set before 5.2
    for _ in range(2):
        shoot(part, beach, route=route)
    assert data_blocks() == before and bpy.data.is_dirty == dirty
    assert bpy.context.scene == beach


def test_a_failed_capture_leaves_nothing_behind(part, beach, monkeypatch):
    before = data_blocks()
    monkeypatch.setattr(part("capture.cycles_route").CyclesRoute, "_render", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shoot(part, beach, route="cycles")
    assert data_blocks() == before


def test_cycles_switched_off_is_said(part, beach, switch_cycles_off):
    before = data_blocks()
    switch_cycles_off()
    with pytest.raises(part("capture").CaptureError, match="enable Cycles in the preferences"):
        shoot(part, beach, route="cycles")
    assert data_blocks() == before
