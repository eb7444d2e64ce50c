"""The sample terrain as Blender's objects: meshes, labelled materials, camera and Sun in one collection.

What lies where is `landscape.py`'s; which labels exist is `synth_core/labels.py`'s.
"""
from __future__ import annotations

from math import radians

import bpy
import numpy as np
from mathutils import Euler, Matrix

from .. import assignment, compat
from ..synth_core import labels
from . import landscape
from .house import house

NAME = "Veduta Sample Terrain"

# Base colour (linear) and roughness of the house.
HOUSE_MATERIALS = {
    "plaster": ((0.72, 0.69, 0.63), 0.8),
    "roof": ((0.035, 0.03, 0.032), 0.9),
    "wood": ((0.23, 0.11, 0.045), 0.6),
    "stone": ((0.22, 0.21, 0.2), 0.9),
    "glass": ((0.75, 0.85, 0.9), 0.0),
}


def build(scene: bpy.types.Scene) -> bpy.types.Collection:
    """Add the sample terrain to `scene`, make its camera the active one, and return the new collection.

    A scene without a world gets a plain sky to light it; nothing else that was there changes.
    """
    collection = bpy.data.collections.new(NAME)
    scene.collection.children.link(collection)
    ground = {name: _labelled_material(scene, name) for name in (*landscape.GROUND, "sea", "lake", "mountain", "dirt", "bush", "stone")}

    points, faces, index = landscape.terrain()
    _mesh_object(collection, "Terrain", points, faces, [ground[name] for name in landscape.GROUND], index, smooth=True)
    _mesh_object(collection, "Sea", *_disc(30_000), [ground["sea"]])
    outline = landscape.lake_outline()
    _mesh_object(collection, "Lake", outline, [tuple(range(len(outline)))], [ground["lake"]])
    _mesh_object(collection, "Mountains", *landscape.far_range(), [ground["mountain"]], smooth=True)
    _mesh_object(collection, "Path", *landscape.path(), [ground["dirt"]], smooth=True)
    _instances(collection, "Trees", _conifer(ground["tree"]), landscape.tree_spots())
    _instances(collection, "Bushes", _blob("Bush", ground["bush"], 0.25), landscape.bush_spots())
    _instances(collection, "Boulders", _blob("Boulder", ground["stone"], 0.45), landscape.boulder_spots())
    _add_house(scene, collection)
    _add_sun(collection)
    scene.camera = _add_camera(collection)
    if scene.world is None:
        scene.world = bpy.data.worlds.new("Veduta Sample Sky")
        scene.world.color = (0.55, 0.7, 0.9)
    return collection


def _linear(colour: tuple[int, int, int]) -> tuple[float, ...]:
    """8-bit sRGB -> Blender's linear RGBA."""
    value = np.array(colour) / 255
    return (*np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).tolist(), 1.0)


def _labelled_material(scene: bpy.types.Scene, name: str) -> bpy.types.Material:
    """A plain material in the label's colour, labelled `name`."""
    label = labels.find(name)
    material = bpy.data.materials.new(f"Sample {name.capitalize()}")
    colour = _linear(label.colour)
    material.diffuse_color = colour
    _principled(material, colour, 0.15 if name in ("sea", "lake") else 0.9)
    assignment.set_label(scene, material, label.id)
    return material


def _principled(material: bpy.types.Material, colour: tuple[float, ...], roughness: float) -> None:
    compat.enable_nodes(material)
    inputs = material.node_tree.nodes["Principled BSDF"].inputs
    inputs["Base Color"].default_value = colour
    inputs["Roughness"].default_value = roughness
    material.roughness = roughness


def _mesh(name: str, points, faces, materials, index=None, smooth: bool = False) -> bpy.types.Mesh:
    """A mesh of `points` and `faces` with `materials`; `index` gives every face's material."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(points).tolist(), [], np.asarray(faces).tolist() if isinstance(faces, np.ndarray) else faces)
    for material in materials:
        mesh.materials.append(material)
    if index is not None:
        mesh.polygons.foreach_set("material_index", np.asarray(index, np.int32))
    mesh.polygons.foreach_set("use_smooth", np.full(len(mesh.polygons), smooth))
    mesh.update()
    return mesh


def _mesh_object(collection: bpy.types.Collection, name: str, points, faces, materials, index=None,
                 smooth: bool = False) -> bpy.types.Object:
    thing = bpy.data.objects.new(name, _mesh(name, points, faces, materials, index, smooth))
    collection.objects.link(thing)
    return thing


def _disc(radius: float, sides: int = 64) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    return np.stack((np.cos(angle), np.sin(angle), 0 * angle), 1) * radius, [tuple(range(sides))]


def _conifer(material: bpy.types.Material, sides: int = 9, tiers: int = 3) -> bpy.types.Mesh:
    """A tree 1 m high: cones stacked on each other."""
    points, faces = [], []
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    for tier in range(tiers):
        low, high, radius = 0.08 + 0.27 * tier, 0.5 + 0.25 * tier, 0.24 * (1 - 0.25 * tier)
        first = len(points)
        points += [(radius * np.cos(a), radius * np.sin(a), low) for a in angle + tier] + [(0, 0, high)]
        faces += [(first + i, first + (i + 1) % sides, first + sides) for i in range(sides)]
        faces.append(tuple(first + i for i in reversed(range(sides))))
    first = len(points)
    points += [(0.025 * np.cos(a), 0.025 * np.sin(a), z) for z in (-0.1, 0.12) for a in angle]
    faces += [(first + i, first + (i + 1) % sides, first + sides + (i + 1) % sides, first + sides + i) for i in range(sides)]
    return _mesh("Conifer", points, faces, [material])


def _blob(name: str, material: bpy.types.Material, roughness: float, columns: int = 12, rows: int = 7) -> bpy.types.Mesh:
    """A lump 1 m high that sits in the ground, its surface off round by `roughness`."""
    turn, rise = np.meshgrid(np.linspace(0, 2 * np.pi, columns, endpoint=False), np.linspace(-0.5, np.pi / 2, rows))
    direction = np.stack((np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)), -1)
    bumps = 1 + roughness * landscape.noise(direction[..., 0] * 1.3 + direction[..., 2] + 5.5, direction[..., 1] * 1.3 + 2.5)
    points = (direction * bumps[..., None] * (0.85, 0.7, 1.0)).reshape(-1, 3)
    faces = [(row * columns + i, row * columns + (i + 1) % columns, (row + 1) * columns + (i + 1) % columns, (row + 1) * columns + i)
             for row in range(rows - 1) for i in range(columns)]
    return _mesh(name, points, faces, [material], smooth=True)


def _instances(parent: bpy.types.Collection, name: str, mesh: bpy.types.Mesh, spots: np.ndarray) -> None:
    """One object for every spot (x, y, z, size), all sharing `mesh`, turned at random, in a collection of their own."""
    collection = bpy.data.collections.new(name)
    parent.children.link(collection)
    for number, (x, y, z, size) in enumerate(spots.tolist()):
        thing = bpy.data.objects.new(mesh.name, mesh)
        thing.matrix_world = Matrix.LocRotScale((x, y, z), Euler((0, 0, 2.4 * number)), (size, size, size))
        collection.objects.link(thing)


def _add_house(scene: bpy.types.Scene, collection: bpy.types.Collection) -> None:
    """The house, marked *keep*: the painting goes around and behind it."""
    parts = house(landscape.PLINTH)
    names = list(HOUSE_MATERIALS)
    thing = _mesh_object(collection, "House", parts.points, parts.faces, [_house_material(name) for name in names],
                         [names.index(name) for name in parts.materials])
    thing.location = (*landscape.HOUSE, landscape.HOUSE_FLOOR)
    thing.rotation_euler.z = radians(-14)
    assignment.set_keep(scene, thing, True)


def _house_material(name: str) -> bpy.types.Material:
    colour, roughness = HOUSE_MATERIALS[name]
    material = bpy.data.materials.new(f"House {name.capitalize()}")
    material.diffuse_color = (*colour, 1.0)
    _principled(material, (*colour, 1.0), roughness)
    if name == "glass":
        _make_pane(material)
    return material


def _make_pane(material: bpy.types.Material) -> None:
    """Thin window glass: straight through, with a reflection. Refracting glass would keep the Sun out of the room behind it."""
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.remove(nodes["Principled BSDF"])
    through, mirror, mix = (nodes.new(f"ShaderNode{kind}") for kind in ("BsdfTransparent", "BsdfGlossy", "MixShader"))
    mirror.inputs["Roughness"].default_value = 0.0
    mix.inputs["Fac"].default_value = 0.12
    links.new(through.outputs["BSDF"], mix.inputs[1])
    links.new(mirror.outputs["BSDF"], mix.inputs[2])
    links.new(mix.outputs["Shader"], nodes["Material Output"].inputs["Surface"])


def _add_sun(collection: bpy.types.Collection) -> None:
    """A Sun behind the camera's left shoulder, out of its view."""
    light = bpy.data.lights.new("Sample Sun", "SUN")
    light.energy, light.angle, light.color = 4.5, radians(0.53), (1.0, 0.94, 0.84)
    sun = bpy.data.objects.new("Sample Sun", light)
    sun.location = (-30, -30, 60)
    sun.rotation_euler = (radians(52), 0, radians(-38))
    collection.objects.link(sun)


def _add_camera(collection: bpy.types.Collection) -> bpy.types.Object:
    data = bpy.data.cameras.new("Sample Camera")
    data.lens, data.clip_start, data.clip_end = 28.0, 0.5, 60_000.0
    camera = bpy.data.objects.new("Sample Camera", data)
    camera.location = landscape.EYE
    camera.rotation_euler = (radians(90 - 4.2), 0, 0)
    collection.objects.link(camera)
    return camera
