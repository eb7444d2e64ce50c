"""A slow twin of capture for tests: rays against every triangle of the scene, in numpy, sharing no code with the add-on."""
from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np


@dataclass
class Seen:
    """Per pixel, row 0 at the top: label (0 for none), depth (infinite for none), normal and position (0 for none)."""

    labels: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    position: np.ndarray


def look(scene: bpy.types.Scene, label_of, width: int, height: int) -> Seen:
    """What the scene's camera sees. `label_of(object, material)` names each face's label; None leaves the face out."""
    camera = scene.camera
    matrix = np.array(camera.matrix_world.normalized(), np.float64)
    origins, rays = _rays(scene, width, height)
    shape = height, width
    seen = Seen(np.zeros(shape, np.uint8), np.full(shape, np.inf), np.zeros((*shape, 3)), np.zeros((*shape, 3)))
    for corners, label in _triangles(label_of):
        local = (corners - matrix[:3, 3]) @ matrix[:3, :3]
        depth = _meet(local, origins, rays, camera.data.clip_start, camera.data.clip_end)
        nearer = depth < seen.depth
        if not nearer.any():
            continue
        seen.depth[nearer], seen.labels[nearer] = depth[nearer], label
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        towards = np.sign(-rays[nearer] @ matrix[:3, :3].T @ normal)
        seen.normal[nearer] = towards[:, None] * normal / np.linalg.norm(normal)
        seen.position[nearer] = (origins[nearer] + rays[nearer] * depth[nearer, None]) @ matrix[:3, :3].T + matrix[:3, 3]
    return seen


def _rays(scene: bpy.types.Scene, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Origins and directions (of depth 1), (height, width, 3), of the pixels' centres in camera space, from the frame Blender draws."""
    frame = np.array(scene.camera.data.view_frame(scene=scene), np.float64)  # right top, right bottom, left bottom, left top
    across = ((np.arange(width) + 0.5) / width)[None, :, None]
    down = ((np.arange(height) + 0.5) / height)[:, None, None]
    points = frame[3] + across * (frame[0] - frame[3]) + down * (frame[2] - frame[3])
    if scene.camera.data.type == "ORTHO":
        return points * (1, 1, 0), np.broadcast_to((0.0, 0.0, -1.0), points.shape)
    return np.zeros_like(points), points / -points[..., 2:]


def _meet(corners: np.ndarray, origins: np.ndarray, rays: np.ndarray, near: float, far: float) -> np.ndarray:
    """The depth at which each ray meets a triangle between the clipping planes; infinite where it doesn't (Möller and Trumbore)."""
    first, second = corners[1] - corners[0], corners[2] - corners[0]
    across = np.cross(rays, second)
    volume = across @ first
    start = origins - corners[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        u = (start * across).sum(-1) / volume
        over = np.cross(start, first)
        v = (rays * over).sum(-1) / volume
        depth = over @ second / volume
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (depth >= near) & (depth <= far)
    return np.where(hit, depth, np.inf)


def _triangles(label_of):
    """World-space corners, (3, 3) float64, and label of every face of the evaluated scene."""
    for instance in bpy.context.evaluated_depsgraph_get().object_instances:
        obj = instance.object
        if obj.type != "MESH":
            continue
        matrix = np.array(instance.matrix_world, np.float64)
        mesh = obj.data
        mesh.calc_loop_triangles()
        corners = np.array([vertex.co for vertex in mesh.vertices], np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        for triangle in mesh.loop_triangles:
            label = label_of(obj, mesh.materials[triangle.material_index] if mesh.materials else None)
            if label is not None:
                yield corners[list(triangle.vertices)], label
