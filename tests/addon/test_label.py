"""Labels and keep marks: who decides what a surface is painted as, and that the operators set it, on linked data too."""
from __future__ import annotations


import bpy
import pytest


@pytest.fixture
def assignment(part):
    return part("assignment")


@pytest.fixture
def ids(part):
    """Label ids by name."""
    return {label.name: label.id for label in part("synth_core.labels").LABELS}


@pytest.fixture
def cube(scene):
    bpy.ops.mesh.primitive_cube_add()
    return bpy.context.object


def test_a_label_is_stored_as_its_id(scene, assignment, ids):
    material = bpy.data.materials.new("Beach")
    for name, label in ids.items():
        assignment.set_label(scene, material, label)
        stored = bpy.types.Material.veduta.keywords["type"].bl_rna.properties["label"].enum_items[material.veduta.label].value
        assert stored == label == assignment.material_label(scene, material)
        assert material.veduta.label == ("NONE" if name == "unlabelled" else name.upper())


def test_an_object_goes_before_its_innermost_collection(scene, assignment, ids, cube):
    outer, inner = bpy.data.collections.new("Outer"), bpy.data.collections.new("Inner")
    scene.collection.children.link(outer)
    outer.children.link(inner)
    inner.objects.link(cube)
    assert assignment.overrides(scene) == {}
    for holder, name in ((outer, "hill"), (inner, "rock"), (cube, "snow")):
        assignment.set_label(scene, holder, ids[name])
        assert assignment.overrides(scene) == {cube: ids[name]}


def test_an_object_in_two_collections_goes_by_the_one_that_has_a_label(scene, assignment, ids, cube):
    shallow, deep, deeper = (bpy.data.collections.new(name) for name in ("Shallow", "Deep", "Deeper"))
    scene.collection.children.link(shallow)
    scene.collection.children.link(deep)
    deep.children.link(deeper)
    shallow.objects.link(cube)
    deeper.objects.link(cube)
    assignment.set_label(scene, shallow, ids["sand"])
    assert assignment.overrides(scene) == {cube: ids["sand"]}


def test_an_instanced_collection_hands_its_label_on(scene, assignment, ids, cube):
    forest = bpy.data.collections.new("Forest")
    forest.objects.link(cube)
    scene.collection.objects.unlink(cube)
    instance = bpy.data.objects.new("Instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", forest
    scene.collection.objects.link(instance)
    assignment.set_label(scene, forest, ids["tree"])
    assert assignment.overrides(scene)[cube] == ids["tree"]


def test_assign_label_to_material_object_and_collection(scene, assignment, ids, cube):
    cube.active_material = bpy.data.materials.new("Ground")
    targets = {"MATERIAL": cube.active_material, "OBJECT": cube, "COLLECTION": bpy.context.collection}
    for target, datablock in targets.items():
        assert bpy.ops.veduta.assign_label(label="GRASS", target=target) == {"FINISHED"}
        assert datablock.veduta.label == "GRASS"
        bpy.ops.veduta.assign_label(label="NONE", target=target)
        assert datablock.veduta.label == "NONE"


def test_an_object_without_a_material_gets_one_named_after_the_label(assignment, cube):
    bpy.ops.veduta.assign_label(label="SAND", target="MATERIAL")
    assert cube.active_material.name == "Sand"
    assert cube.active_material.veduta.label == "SAND"


def test_nothing_selected_is_a_clear_error(scene):
    with pytest.raises(RuntimeError, match="No object is active; select the one whose material to label"):
        bpy.ops.veduta.assign_label(label="SAND", target="MATERIAL")
    with pytest.raises(RuntimeError, match="No object is selected"):
        bpy.ops.veduta.toggle_keep()


def test_an_object_that_takes_no_material_is_a_clear_error(scene):
    bpy.ops.object.empty_add()
    with pytest.raises(RuntimeError, match="has no material and can't be given one"):
        bpy.ops.veduta.assign_label(label="SAND", target="MATERIAL")


def test_keep_is_set_on_all_selected(scene, assignment):
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.mesh.primitive_cube_add()
    for obj in scene.objects:
        obj.select_set(True)
    bpy.ops.veduta.toggle_keep(keep=True)
    assert all(assignment.is_keep(scene, obj) for obj in scene.objects)
    bpy.ops.veduta.toggle_keep(keep=False)
    assert not any(assignment.is_keep(scene, obj) for obj in scene.objects)


def test_linked_data_is_labelled_in_the_scene_and_survives_saving(scene, veduta, assignment, ids, cube, tmp_path):
    cube.name, cube.active_material = "House", bpy.data.materials.new("Wall")
    assignment.set_label(scene, cube.active_material, ids["building"])
    library, user = str(tmp_path / "library.blend"), str(tmp_path / "user.blend")
    bpy.data.libraries.write(library, {cube})

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=veduta.__name__)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects = ["House"]
    house = bpy.data.objects["House"]
    bpy.context.scene.collection.objects.link(house)
    bpy.context.view_layer.objects.active = house
    scene, wall = bpy.context.scene, house.active_material
    assert assignment.material_label(scene, wall) == ids["building"]  # what the library says

    bpy.ops.veduta.assign_label(label="ROCK", target="MATERIAL")
    bpy.ops.veduta.assign_label(label="STONE", target="OBJECT")
    house.select_set(True)
    bpy.ops.veduta.toggle_keep(keep=True)
    assert (wall.veduta.label, house.veduta.label, house.veduta.keep) == ("BUILDING", "NONE", False)  # the library is left alone
    bpy.ops.wm.save_as_mainfile(filepath=user)
    bpy.ops.wm.open_mainfile(filepath=user)

    scene, house = bpy.context.scene, bpy.data.objects["House"]
    assert assignment.material_label(scene, house.active_material) == ids["rock"]
    assert assignment.overrides(scene) == {house: ids["stone"]}
    assert assignment.is_keep(scene, house)
    assert len(scene.veduta.linked_marks) == 2


def test_overrides_of_a_library_that_never_met_veduta_keep_their_marks(scene, assignment, ids, cube, tmp_path):
    cube.name, cube.active_material = "House", bpy.data.materials.new("Wall")
    library, user = str(tmp_path / "library.blend"), str(tmp_path / "user.blend")
    bpy.data.libraries.write(library, {cube})
    bpy.data.objects.remove(cube)
    bpy.data.materials.remove(bpy.data.materials["Wall"])
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects, wanted.materials = ["House"], ["Wall"]
    scene.collection.objects.link(bpy.data.objects["House"])
    bpy.context.view_layer.update()
    house = bpy.data.objects["House"].override_create(remap_local_usages=True)
    wall = bpy.data.materials["Wall"].override_create(remap_local_usages=True)
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.active_material = wall  # without a user it isn't saved
    assignment.set_label(scene, wall, ids["rock"])
    assignment.set_label(scene, house, ids["stone"])
    assignment.set_keep(scene, house, True)

    def check():
        scene = bpy.context.scene
        house, wall = (next(block for block in blocks if block.override_library) for blocks in (scene.objects, bpy.data.materials))
        assert (assignment.object_label(scene, house), assignment.is_keep(scene, house)) == (ids["stone"], True)
        assert assignment.material_label(scene, wall) == ids["rock"]

    for _ in range(2):
        bpy.ops.ed.undo_push(message="Marked")
        bpy.data.libraries[0].reload()
        check()
        bpy.ops.wm.save_as_mainfile(filepath=user)
        bpy.ops.wm.open_mainfile(filepath=user)
        check()
