"""Both capture routes against a slow numpy twin, pixel for pixel."""
from __future__ import annotations

import numpy as np

import oracle
from capturing import material, route  # noqa: F401  (fixtures)

WIDTH, HEIGHT = 120, 80


def labelled_scene(part, scene) -> None:
    """Occlusion, modifiers, instances, two materials on one mesh, an unlabelled mesh, one behind the camera; an odd lens."""
    import bpy

    bpy.ops.mesh.primitive_grid_add(x_subdivisions=6, y_subdivisions=6, size=30)
    ground = bpy.context.object
    for label in ("grass", "sand"):
        ground.data.materials.append(material(part, scene, label, label))
    for polygon in ground.data.polygons:
        polygon.material_index = polygon.index % 2
    bpy.ops.mesh.primitive_monkey_add(location=(1, 0, 1.2), rotation=(0.3, 0.2, 0.4))
    bpy.context.object.data.materials.append(material(part, scene, "rock", "rock"))
    bpy.context.object.modifiers.new("array", "ARRAY").count = 2
    bpy.context.object.modifiers.new("mirror", "MIRROR").use_axis = (False, True, False)
    bpy.ops.mesh.primitive_cube_add(location=(-2.1, 1.3, 0.8), rotation=(0.1, 0.2, 0.9))
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=2, location=(0, -30, 2), radius=3)
    bpy.context.object.data.materials.append(material(part, scene, "building", "building"))
    trees(part, scene)
    bpy.ops.object.camera_add(location=(0.4, -9, 3.3), rotation=(1.31, 0.07, 0.05))
    scene.camera = bpy.context.object
    scene.camera.data.shift_x, scene.camera.data.shift_y = 0.11, -0.07
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = 1.0, 1.7
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 300, 170, 50
    bpy.context.view_layer.update()


def trees(part, scene) -> None:
    """A collection with a cone, instanced by empties, mirrored and stretched."""
    import bpy
    import mathutils

    bpy.ops.mesh.primitive_cone_add(vertices=9, radius1=0.7, depth=2)
    cone = bpy.context.object
    cone.data.materials.append(material(part, scene, "tree", "tree"))
    wood = bpy.data.collections.new("wood")
    wood.objects.link(cone)
    scene.collection.objects.unlink(cone)
    for index in range(6):
        empty = bpy.data.objects.new("tree", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", wood
        place = mathutils.Matrix.Translation((index * 1.3 - 3.7, 3 + index % 3, 0.9))
        mirror, stretch = (-1 if index % 2 else 1), 1 + index / 7
        empty.matrix_world = place @ mathutils.Matrix.Diagonal((mirror, 1, stretch, 1))
        scene.collection.objects.link(empty)


def label_of(obj, material) -> int:
    """What the scene's labels are, by the names of its materials."""
    ids = {"grass": 16, "sand": 9, "rock": 7, "tree": 20, "building": 22}
    return ids[material.name] if material else 0


def assert_agrees(view, seen) -> None:
    """A view equals the twin's, but for labels where the twin has none: those are filled."""
    assert np.array_equal(np.isfinite(view.depth), np.isfinite(seen.depth))
    there = np.isfinite(seen.depth)
    assert np.array_equal(view.labels[seen.labels > 0], seen.labels[seen.labels > 0])
    assert np.allclose(view.depth[there], seen.depth[there], atol=1e-4)
    assert np.allclose(view.normal, seen.normal, atol=1e-4)
    assert np.allclose(view.position, seen.position, atol=1e-4)


def test_route_agrees_with_the_slow_twin(part, scene, route):
    import bpy

    labelled_scene(part, scene)
    seen = oracle.look(scene, label_of, WIDTH, HEIGHT)
    assert len(np.unique(seen.labels)) == 5  # the oracle itself sees nothing behind the camera, and all that stands before it
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, WIDTH, HEIGHT, route=route)
    assert_agrees(view, seen)


def test_orthographic_and_portrait(part, scene, route):
    import bpy

    labelled_scene(part, scene)
    scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 9.3
    scene.render.resolution_y = 500
    bpy.context.view_layer.update()
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, 50, 90, route=route)
    assert_agrees(view, oracle.look(scene, label_of, 50, 90))


def test_instances_too_many_to_write_out(part, scene, route, monkeypatch):
    import bpy

    labelled_scene(part, scene)
    monkeypatch.setattr(part("capture.batches"), "_BAKED_TRIANGLES", 0)
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, WIDTH, HEIGHT, route=route)
    assert_agrees(view, oracle.look(scene, label_of, WIDTH, HEIGHT))
