"""Cameras as numbers: the frame a camera or a viewport sees, its rays and its crops. No geometry and no drawing here.

Camera space is Blender's: x right, y up, the camera looks along -z. Pixel (column, row) of a width x height picture has its centre at
(column + 0.5, row + 0.5), row 0 at the top.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from .errors import CaptureError

CAPPED_SIDE = 1024  # longest side of a painting unless the user asks for more
_SMALLEST_SIDE = 64


@dataclass(frozen=True, eq=False)
class Lens:
    """A view: where it stands and what its frame takes in.

    view:  (4, 4) float64, world space to camera space, without scale.
    left, right, bottom, top: edges of the frame; on the plane z = -1 for a perspective view, on any z for an orthographic one.
    near, far: the depths between which things are seen.
    """

    view: np.ndarray
    left: float
    right: float
    bottom: float
    top: float
    near: float
    far: float
    orthographic: bool

    def window(self) -> np.ndarray:
        """(4, 4) float64, camera space to clip space (OpenGL's, x and y in -w..w)."""
        width, height, length = self.right - self.left, self.top - self.bottom, self.far - self.near
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = 2 / width, 2 / height
        across, up = (self.right + self.left) / width, (self.top + self.bottom) / height
        if self.orthographic:
            matrix[0, 3], matrix[1, 3], matrix[2, 3], matrix[3, 3] = -across, -up, -(self.far + self.near) / length, 1
            matrix[2, 2] = -2 / length
        else:
            matrix[0, 2], matrix[1, 2], matrix[2, 2], matrix[3, 2] = across, up, -(self.far + self.near) / length, -1
            matrix[2, 3] = -2 * self.far * self.near / length
        return matrix

    def crop(self, columns: tuple[float, float], rows: tuple[float, float]) -> Lens:
        """The part of the frame between two shares of its width (from the left) and of its height (from the top), each 0..1."""
        width, height = self.right - self.left, self.top - self.bottom
        return replace(
            self, left=self.left + columns[0] * width, right=self.left + columns[1] * width,
            bottom=self.top - rows[1] * height, top=self.top - rows[0] * height)

    def nudged(self, columns: float, rows: float, width: int, height: int) -> Lens:
        """The frame moved by parts of a pixel of a width x height picture, right and down."""
        across, down = columns * (self.right - self.left) / width, rows * (self.top - self.bottom) / height
        return replace(self, left=self.left + across, right=self.right + across, bottom=self.bottom - down, top=self.top - down)

    def pixel_columns(self, width: int) -> np.ndarray:
        """(width,) float64: x of each pixel column's centre on the frame."""
        return self.left + (np.arange(width) + 0.5) * ((self.right - self.left) / width)

    def pixel_rows(self, height: int) -> np.ndarray:
        """(height,) float64: y of each pixel row's centre on the frame, top row first."""
        return self.top - (np.arange(height) + 0.5) * ((self.top - self.bottom) / height)

    def horizon(self, width: int, height: int) -> np.ndarray:
        """(height, width, 3) float64: the unit direction in world space in which each pixel looks. An orthographic view looks in one
        direction everywhere: its pixels get their places on the plane through the camera."""
        x, y = np.meshgrid(self.pixel_columns(width), self.pixel_rows(height))
        if self.orthographic:
            return (np.stack((x, y, np.zeros_like(x)), -1) - self.view[:3, 3]) @ self.view[:3, :3]
        rays = np.stack((x, y, -np.ones_like(x)), -1)
        return rays / np.linalg.norm(rays, axis=-1, keepdims=True) @ self.view[:3, :3]

    def facing(self, direction: np.ndarray, width: int, height: int) -> np.ndarray:
        """(height, width) float64: the cosine of the angle between each pixel's ray and a (3,) unit direction in world space."""
        across, up, back = self.view[:3, :3] @ direction
        if self.orthographic:
            return np.full((height, width), -back)
        x, y = self.pixel_columns(width), self.pixel_rows(height)[:, None]
        return (x * across + y * up - back) / np.sqrt(x * x + y * y + 1)


def camera_lens(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph, camera: bpy.types.Object | None) -> Lens:
    """The lens of a camera, framed as the scene renders it (resolution, pixel aspect, sensor fit, shift).

    The whole frame, whatever render border is set: a border cuts the render out of that frame, not out of the view.
    Raises CaptureError without a camera and for a panoramic one.
    """
    if camera is None:
        raise CaptureError("The scene has no active camera; add one, or pick one in the scene's properties.")
    if camera.type != "CAMERA":
        raise CaptureError(f"The scene's active camera {camera.name!r} is no camera object; pick a camera in the scene's properties.")
    camera = camera.evaluated_get(depsgraph)
    if camera.data.type not in {"PERSP", "ORTHO"}:
        raise CaptureError(f"The camera {camera.name!r} is panoramic; Veduta paints perspective and orthographic views; change its type.")
    width, height = render_size(scene)
    render = scene.render
    window = camera.calc_matrix_camera(depsgraph, x=width, y=height, scale_x=render.pixel_aspect_x, scale_y=render.pixel_aspect_y)
    lens = matrix_lens(np.array(camera.matrix_world.normalized().inverted(), np.float64), np.array(window, np.float64))
    return replace(lens, near=camera.data.clip_start, far=camera.data.clip_end)  # exact, where the matrix is rounded


def current_lens(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, camera: bpy.types.Object | None) -> Lens:
    """`camera_lens` of a camera as it stands now, and the view layer brought up to date.

    Blender leaves cameras that are hidden in viewports where they stood when last shown, all but the scene's own: so it is that meanwhile.
    """
    view_layer.update()
    if camera is None or camera.evaluated_get(view_layer.depsgraph).is_evaluated:
        return camera_lens(scene, view_layer.depsgraph, camera)
    former, known = scene.camera, _evaluated(view_layer)
    try:
        scene.camera = camera
        view_layer.update()
        for block in _evaluated(view_layer) - known:  # it and what moves it: they have missed the changes of frame
            block.update_tag(refresh={"TIME"})
        view_layer.update()
        return camera_lens(scene, view_layer.depsgraph, camera)
    finally:
        scene.camera = former
        view_layer.update()


def _evaluated(view_layer: bpy.types.ViewLayer) -> set[bpy.types.ID]:
    """The data-blocks that Blender keeps up to date for a view layer."""
    return {block.original for block in view_layer.depsgraph.ids}


def matrix_lens(view: np.ndarray, window: np.ndarray) -> Lens:
    """The lens of a viewport, from its (4, 4) view matrix (world to camera) and window matrix (camera to clip space)."""
    orthographic = bool(window[3, 3] == 1)
    if orthographic:
        across, up, scale = window[0, 3], window[1, 3], window[2, 2]
        near, far = (window[2, 3] + 1) / scale, (window[2, 3] - 1) / scale
    else:
        across, up = -window[0, 2], -window[1, 2]
        near, far = window[2, 3] / (window[2, 2] - 1), window[2, 3] / (window[2, 2] + 1)
    return Lens(
        view=np.array(view, np.float64), orthographic=orthographic, near=float(near), far=float(far),
        left=float((-1 - across) / window[0, 0]), right=float((1 - across) / window[0, 0]),
        bottom=float((-1 - up) / window[1, 1]), top=float((1 - up) / window[1, 1]))


def render_size(scene: bpy.types.Scene) -> tuple[int, int]:
    """Width and height of the scene's full render frame in pixels, its percentage applied as Blender does (rounded down, at least 1)."""
    render = scene.render
    return tuple(max(1, side * render.resolution_percentage // 100) for side in (render.resolution_x, render.resolution_y))


def painting_size(scene: bpy.types.Scene, cap: int = CAPPED_SIDE) -> tuple[int, int]:
    """Width and height of a painting at render size, shrunk in proportion to at most `cap` pixels on the long side, at least 64 on each."""
    return fitted(*render_size(scene), cap)


def fitted(width: int, height: int, cap: int) -> tuple[int, int]:
    """The size shrunk in proportion to at most `cap` pixels on the long side, at least 64 on each."""
    share = min(1.0, cap / max(width, height))
    return max(_SMALLEST_SIDE, round(width * share)), max(_SMALLEST_SIDE, round(height * share))
