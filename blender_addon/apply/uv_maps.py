"""Projections as plain UV maps, for programs that know nothing else: with one, a mesh shows the painting itself, unbaked. Materials of
Veduta's own don't need these: they project at every pixel.

A UV map is even over each triangle and perspective is not, so it is exact at corners and off between them, the less the smaller the
triangles are in the view; `error` tells by how much.
"""
from __future__ import annotations

import bpy
import numpy as np

from ..capture import Lens
from .projectors import Projector


class UvError(ValueError):
    """A mesh that can't be given the map; the message is one sentence for the user."""


def name(projector: Projector) -> str:
    """The name of a projector's UV map."""
    return f"Veduta {projector.camera}"


def add(obj: bpy.types.Object, projector: Projector) -> float:
    """Give an object's mesh the projector's UV map, and return its `error` in pixels of the painting.

    Raises UvError for what is no mesh, for a linked or shared one, and for one that modifiers or shape keys bend.
    """
    mesh = obj.data
    if obj.type != "MESH" or mesh.library is not None:
        raise UvError(f"{obj.name} is no mesh of this file, and can't be given a UV map.")
    if mesh.users > 1:
        raise UvError(f"{obj.name} shares its mesh with others that stand elsewhere in the view; make it a single user first.")
    if obj.modifiers or mesh.shape_keys:
        raise UvError(f"{obj.name} has modifiers or shape keys that move its corners; apply them first.")
    if obj.mode == "EDIT":
        raise UvError(f"{obj.name} is being edited; leave edit mode first.")
    points = _world_points(obj)
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    layer = mesh.uv_layers.get(name(projector)) or mesh.uv_layers.new(name=name(projector), do_init=False)
    if layer is None:
        raise UvError(f"{obj.name} has eight UV maps already, which is all that Blender gives a mesh; delete one.")
    layer.uv.foreach_set("vector", coordinates(projector.lens, points)[corners].astype(np.float32).ravel())
    return error(mesh, points, projector)


def remove(mesh: bpy.types.Mesh, projector: Projector) -> None:
    """Take the projector's UV map away, where it is."""
    layer = mesh.uv_layers.get(name(projector))
    if layer is not None:
        mesh.uv_layers.remove(layer)


def coordinates(lens: Lens, points: np.ndarray) -> np.ndarray:
    """(N, 2) float64 u and v of (N, 3) world points, 0 to 1 inside the frame;

    Those behind the view's near plane count as if they lay on it.
    """
    local = points @ lens.view[:3, :3].T + lens.view[:3, 3]
    reach = 1.0 if lens.orthographic else np.maximum(-local[:, 2:], lens.near)
    return (local[:, :2] / reach - (lens.left, lens.bottom)) / (lens.right - lens.left, lens.top - lens.bottom)


def error(mesh: bpy.types.Mesh, points: np.ndarray, projector: Projector) -> float:
    """By how many pixels of the painting the map is off at the middles of the mesh's triangles within the frame, at most; 0 if none is.

    points: (V, 3) float64, the mesh's vertices in the world.
    """
    mesh.calc_loop_triangles()
    triangles = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles)
    triangles = triangles.reshape(-1, 3)
    lens, middles = projector.lens, points[triangles].mean(1)
    exact = coordinates(lens, middles)
    depth = -(middles @ lens.view[2, :3] + lens.view[2, 3])
    inside = (np.abs(exact - 0.5) <= 0.5).all(-1) & (depth > lens.near)
    even = coordinates(lens, points)[triangles].mean(1)
    off = np.linalg.norm((even - exact) * projector.depth.size[:], axis=-1)[inside]
    return float(off.max(initial=0))


def _world_points(obj: bpy.types.Object) -> np.ndarray:
    points = np.empty(len(obj.data.vertices) * 3, np.float32)
    obj.data.vertices.foreach_get("co", points)
    matrix = np.array(obj.matrix_world, np.float64)
    return points.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
