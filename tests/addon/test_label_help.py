"""Label help: names, shapes, painted labels, proposals that change nothing, and advice."""
from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Color
from capturing import add, add_camera, shoot  # noqa: F401  (fixtures)


@pytest.mark.parametrize("name, label", [
    ("SM_Rock_Large_01", "rock"), ("pineTree.003", "tree"), ("Beach", "sand"), ("M_SnowyPeak", "mountain"), ("forest road", "road"),
    ("Treetrunk2", "tree"), ("Grasses", "grass"), ("season pass", ""), ("Cube.001", ""), ("Atlas_4k", ""), ("LOD0_Farmhouse", "building"),
    ("sandy", "sand"), ("WATER", "sea"), ("MI_Rock_Mossy", "rock"), ("SM_Wall_Stone_01", "building"), ("SM_Bridge_Wood_01", "building"),
    ("Stone_Path", "road"), ("Tree_Stone", "stone"),
])
def test_names_speak(part, name, label):
    found = part("words").label_of(name)
    assert part("synth_core.labels").LABELS[found].name == (label or "unlabelled")


def ids(part, *names):
    return [part("synth_core.labels").BY_NAME[name].id for name in names]


def test_shapes_are_told_by_slope_and_height(part):
    guess = part("guess")
    normal = np.array([(0, 0, 1), (0, 0, 1), (0, 0, 1), (1, 0, 0), (0, 0.1, 0.995)], np.float32)
    found = guess.by_shape(normal, np.array([0, 1, 400, 50, 20]), guess.Thresholds())
    assert found.tolist() == ids(part, "sea", "sand", "snow", "rock", "grass")


def test_guesses_change_nothing_until_they_are_applied(part, scene):
    atlas = bpy.data.materials.new("Atlas")
    for name in ("SM_Tree_01", "SM_Rock_01"):
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.object.name = name
        bpy.context.object.data.materials.append(atlas)
    spoken = add(part, scene, "plane", "")
    spoken.data.materials[0].name = "Sand Dune"
    bpy.ops.veduta.guess_labels()
    lines = bpy.context.window_manager.veduta.proposals
    assert {(line.name, line.label) for line in lines} == {("SM_Tree_01", "Tree"), ("SM_Rock_01", "Rock"), ("Sand Dune", "Sand")}
    assignment, show_labels = part("assignment"), part("operators.show_labels")
    assert not any(assignment.object_label(scene, obj) for obj in scene.objects)
    assert len({tuple(colour) for colour in np.round(show_labels._shown[scene.session_uid].colours[:, :3] / show_labels._shown[
        scene.session_uid].colours[:, :3].max(1, keepdims=True), 2)}) == 3
    next(line for line in lines if line.name == "SM_Rock_01").use = False
    assert bpy.ops.veduta.apply_guess() == {"FINISHED"}
    assert [assignment.object_label(scene, bpy.data.objects[name]) for name in ("SM_Tree_01", "SM_Rock_01")] == [*ids(part, "tree"), 0]
    assert assignment.material_label(scene, spoken.data.materials[0]) == ids(part, "sand")[0]
    assert not bpy.context.window_manager.veduta.proposals
    show_labels.hide_all()


def test_a_terrain_without_a_name_gets_labels_by_face(part, scene):
    bpy.ops.mesh.primitive_cube_add(location=(0, 0, 5))
    bpy.ops.veduta.guess_labels()
    bpy.ops.veduta.apply_guess()
    faces = part("painted").read(bpy.context.object.data)
    assert sorted(faces.tolist()) == sorted(ids(part, "rock") * 4 + ids(part, "grass") * 2)
    part("operators.show_labels").hide_all()


@pytest.mark.parametrize("name, guessed", [("Thing", "rock"), ("Big Tree", "tree")])
def test_guesses_leave_labelled_faces_alone(part, scene, name, guessed):
    cube = add(part, scene, "cube", "snow", location=(0, 0, 5))
    cube.name = name
    for plain in ("Beta", "Sand Dune"):
        cube.data.materials.append(bpy.data.materials.new(plain))
    side, top = ([face.index for face in cube.data.polygons if abs(face.normal.z) == level] for level in (0, 1))
    cube.data.polygons[side[0]].material_index, cube.data.polygons[top[0]].material_index = 1, 2
    bpy.ops.veduta.guess_labels()
    lines = {line.name: line.label for line in bpy.context.window_manager.veduta.proposals}
    assert lines == {name: "By face", "Sand Dune": "Sand"}
    bpy.ops.veduta.apply_guess()
    faces = part("painted").read(cube.data)
    assert [faces[side[0]], *sorted(faces)[:-1]] == [*ids(part, guessed), 0, 0, 0, 0, 0]
    assert part("assignment").object_label(scene, cube) == 0
    part("operators.show_labels").hide_all()


def test_an_unknown_material_on_a_shared_mesh_changes_no_labelled_face(part, scene):
    cube = add(part, scene, "cube", "snow")
    cube.data.materials.append(bpy.data.materials.new("Beta"))
    cube.data.polygons[0].material_index = 1
    scene.collection.objects.link(cube.copy())
    assert part("guess").proposals(scene, part("guess").Thresholds()) == []


@pytest.mark.parametrize("domain", ["CORNER", "POINT"])
def test_painted_labels_stand_between_material_and_object(part, scene, domain):
    plane = add(part, scene, "plane", "sand", size=20)
    camera = add_camera(scene, location=(0, 0, 10))
    painted = part("painted")
    attribute = plane.data.color_attributes.new(painted.ATTRIBUTE, "BYTE_COLOR", domain)
    rock = [channel / 255 + 0.01 for channel in part("synth_core.labels").BY_NAME["rock"].colour]
    assert (shoot(part, scene, route="cycles").labels == ids(part, "sand")[0]).all(), "black is not painted"
    for corner in list(attribute.data)[:3]:
        corner.color_srgb = (*rock, 1)
    plane.data.update()
    assert (shoot(part, scene, route="cycles").labels == ids(part, "rock")[0]).all()
    part("assignment").set_label(scene, plane, ids(part, "snow")[0])
    assert (shoot(part, scene, route="cycles").labels == ids(part, "snow")[0]).all()
    assert camera is scene.camera


def test_paint_labels_begins_with_the_materials(part, scene):
    plane = add(part, scene, "plane", "lake")
    assert bpy.ops.veduta.paint_labels() == {"FINISHED"}
    assert part("painted").read(plane.data).tolist() == ids(part, "lake")
    assert bpy.context.mode == "PAINT_VERTEX"
    colours = bpy.context.tool_settings.vertex_paint.palette.colors
    swatches = np.array([shown(colour.color) for colour in colours], np.float32)
    assert part("painted").nearest(swatches).tolist() == list(range(1, 23))
    assert bpy.ops.veduta.brush_label(label="ROCK") == {"FINISHED"}
    settings = bpy.context.tool_settings
    holders = [part("compat").unified_paint(settings), settings.vertex_paint.brush]
    held = np.array([shown(holder.color) for holder in holders if holder is not None], np.float32)
    assert ids(part, "rock")[0] in part("painted").nearest(held)
    if bpy.app.version >= (5, 0):  # before, Blender crashes where there is no brush, as in background
        bpy.ops.paint.vertex_color_set()
        assert part("painted").read(plane.data).tolist() == ids(part, "rock"), "the mesh is filled with the brush's colour"
    bpy.ops.object.mode_set(mode="OBJECT")
    assert not bpy.ops.veduta.brush_label.poll()


def shown(colour) -> tuple[float, ...]:
    """A brush's or palette's colour as sRGB, which it is until 4.5; from 5.0 on it is scene-linear."""
    return tuple(colour if bpy.app.version < (5, 0) else Color(colour).from_scene_linear_to_srgb())


def test_advice_names_what_will_look_bad(part):
    advice = part("advice")
    sea, sky, tree = ids(part, "sea", "sky", "tree")
    far = np.full((40, 60), 50.0)
    half = np.full((40, 60), sea, np.uint8)
    half[:20] = sky
    assert advice.of(half, 0.0, far, 0.1) == []
    assert "Only sky" in advice.of(np.full((40, 60), sky, np.uint8), 0, far, 0.1)[0].sentence
    assert "one label" in advice.of(np.full((40, 60), sea, np.uint8), 0, far, 0.1)[0].sentence
    assert advice.of(half, 0.7, far, 0.1)[0].operator == "veduta.guess_labels"
    speckled = half.copy()
    speckled[22::4, ::4] = tree
    assert "specks" in advice.of(speckled, 0, far, 0.1)[0].sentence
    assert "inside" in advice.of(half, 0, np.full((40, 60), 0.2), 0.1)[0].sentence


def test_specks_are_dropped_where_asked(part, scene):
    paint = part("operators.paint")
    bpy.ops.veduta.drop_specks()
    add(part, scene, "plane", "sand", size=40)
    tiny = add(part, scene, "cube", "tree", size=0.3, location=(0, 0, 0.2))
    add_camera(scene, location=(0, 0, 10))
    scene.veduta.use_render_size, scene.veduta.width, scene.veduta.height = False, 64, 64
    view, _ = paint.captured(bpy.context, scene.camera, 1)
    assert tiny and (view.labels == ids(part, "sand")[0]).all()
