"""A UV map for baking, where a mesh has none that will do. Blender's own smart projection makes it, on a copy in a scene of its own.

The mesh gets one layer more and loses nothing; selection, mode and the user's scene stay as they are.
"""
from __future__ import annotations

from math import radians

import bpy
import numpy as np

NAME = "Veduta Bake"
ABOVE = "Veduta From Above"  # written by `terrain`
NAMES = (NAME, ABOVE)
_MOST = 8  # UV maps that Blender gives a mesh
_STEEPEST = radians(66)  # between a face and its island; Blender's default
_GAP = 0.004  # between islands, of the map's width


def add_map(mesh: bpy.types.Mesh) -> None:
    """Give a local mesh the UV map NAME: islands that do not overlap, within the unit square."""
    write_map(mesh, NAME, _unwrapped(mesh))


def has_room(mesh: bpy.types.Mesh, name: str) -> bool:
    """Whether a mesh has, or can be given, a UV map of that name."""
    return name in mesh.uv_layers or len(mesh.uv_layers) < _MOST


def write_map(mesh: bpy.types.Mesh, name: str, coordinates: np.ndarray) -> None:
    """Give a local mesh that has room and is not being edited a UV map of that name, one of NAMES: (2L,) float32, u and v of every corner."""
    layer = mesh.uv_layers.get(name) or mesh.uv_layers.new(name=name, do_init=False)
    layer.uv.foreach_set("vector", coordinates)


def remove_maps(mesh: bpy.types.Mesh) -> None:
    """Take these maps away again, where they are."""
    for layer in [layer for layer in mesh.uv_layers if layer.name in NAMES]:
        mesh.uv_layers.remove(layer)


def _unwrapped(mesh: bpy.types.Mesh) -> np.ndarray:
    """(2L,) float32: u and v of every corner of the mesh."""
    scene = bpy.data.scenes.new(NAME)
    copy = mesh.copy()
    thing = bpy.data.objects.new(NAME, copy)
    try:
        while copy.uv_layers:
            copy.uv_layers.remove(copy.uv_layers[0])
        copy.uv_layers.new(name=NAME)
        scene.collection.objects.link(thing)
        layer = scene.view_layers[0]
        layer.objects.active = thing
        thing.select_set(True, view_layer=layer)
        with bpy.context.temp_override(scene=scene, view_layer=layer, active_object=thing, object=thing, selected_objects=[thing]):
            bpy.ops.object.mode_set(mode="EDIT")
            with bpy.context.temp_override(edit_object=thing):
                bpy.ops.mesh.reveal(select=False)
                bpy.ops.mesh.select_all(action="SELECT")
                bpy.ops.uv.smart_project(angle_limit=_STEEPEST, island_margin=_GAP)
            bpy.ops.object.mode_set(mode="OBJECT")
        coordinates = np.empty(len(copy.loops) * 2, np.float32)
        copy.uv_layers[0].uv.foreach_get("vector", coordinates)
        return coordinates
    finally:
        bpy.data.objects.remove(thing)
        bpy.data.meshes.remove(copy)
        bpy.data.scenes.remove(scene)
