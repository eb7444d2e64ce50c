"""Show labels: draws the viewport by label, over what the capture would see. Nothing in the file changes.

What is shown is remembered by scene in this module, for as long as Blender runs; no property and no data-block is written.
"""
from __future__ import annotations

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent
from gpu_extras.batch import batch_for_shader
from mathutils import Matrix

from .. import capture, guess, viewports
from ..synth_core import labels

SETTLE_SECONDS = 0.15  # the triangles are gathered anew when the scene has been still this long
_BIAS = 3e-6  # of the depth range, towards the viewer: labels win over the surfaces that they lie on, and over nothing else
_NEARER = Matrix(((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, -_BIAS), (0, 0, 0, 1)))
# Puts whatever is drawn a hair before the far end of the depth range: a sky behind everything, near as its corners may be.
_FARTHEST = 1 - 1e-6
_UNLABELLED = (0.25, 0.25, 0.25)  # sRGB; plain black would hide the shape
_SHADE = 0.3  # the share of its colour that a face turned away from the light loses
_LIGHT = np.array((0.37, -0.56, 0.74), np.float32)

_SKY_CORNERS = ((1, 1, 0), (-1, 1, 0), (-1, -1, 0), (1, -1, 0), (0, 0, 1))
_SKY_FACES = ((0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4))
_COLOURS = np.array([label.colour for label in labels.LABELS], np.float32) / 255
_COLOURS[labels.UNLABELLED] = _UNLABELLED

_shown: dict[int, Triangles] = {}  # session_uid of a scene -> what is drawn for it
_proposed: dict[int, guess.Guess] = {}  # session_uid of a scene -> proposals that are shown as if they were set
_draw_handle = None


class Triangles:
    """Corners and colours to draw, and their batch once a viewport has made it. corners: (3T, 3) float32 world; ids: (3T,) uint8."""

    def __init__(self, corners: np.ndarray, ids: np.ndarray):
        self.corners, self.colours = corners, _shaded(corners, ids)
        self._batch = None

    def draw(self) -> None:
        """Draw into the viewport that is being drawn; a graphics context is only certain there."""
        shader = gpu.shader.from_builtin("FLAT_COLOR")
        if self._batch is None:
            self._batch = batch_for_shader(shader, "TRIS", {"pos": self.corners, "color": self.colours})
        self._batch.draw(shader)


class VEDUTA_OT_show_labels(bpy.types.Operator):
    """Draw the viewport by label, as the painter will see it; nothing in the file changes"""

    bl_idname = "veduta.show_labels"
    bl_label = "Show Labels"

    def execute(self, context):
        if is_shown(context.scene):
            hide(context.scene)
        else:
            show(context)
        viewports.redraw("WINDOW")
        return {"FINISHED"}


def is_shown(scene: bpy.types.Scene) -> bool:
    """Whether viewports draw the scene by label."""
    return scene.session_uid in _shown


def show(context: bpy.types.Context) -> None:
    """Draw the context's scene by label from now on."""
    global _draw_handle
    _gather(context.scene, context.view_layer, context.evaluated_depsgraph_get())
    if _draw_handle is None:
        _draw_handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")
        for handlers, handler in _handlers():
            handlers.append(handler)


def propose(scene: bpy.types.Scene, proposed: guess.Guess | None) -> None:
    """Show these proposals among the scene's labels from the next drawing on; None for none."""
    if proposed is None:
        _proposed.pop(scene.session_uid, None)
    else:
        _proposed[scene.session_uid] = proposed


def hide(scene: bpy.types.Scene) -> None:
    """Draw the scene as it is again."""
    _shown.pop(scene.session_uid, None)
    if not _shown:
        hide_all()


def hide_all() -> None:
    """Draw every scene as it is again, and leave no handler and no timer behind."""
    global _draw_handle
    _shown.clear()
    _proposed.clear()
    if _draw_handle is None:
        return
    bpy.types.SpaceView3D.draw_handler_remove(_draw_handle, "WINDOW")
    _draw_handle = None
    for handlers, handler in _handlers():
        handlers.remove(handler)
    if bpy.app.timers.is_registered(_gather_shown):
        bpy.app.timers.unregister(_gather_shown)


def _handlers():
    on = bpy.app.handlers
    changes = (on.depsgraph_update_post, on.frame_change_post, on.undo_post, on.redo_post)
    return [*((handlers, _note_change) for handlers in changes), (on.load_pre, _note_load)]


@persistent
def _note_change(*_) -> None:
    """Gather the triangles again once changes have stopped coming."""
    if bpy.app.timers.is_registered(_gather_shown):
        bpy.app.timers.unregister(_gather_shown)
    bpy.app.timers.register(_gather_shown, first_interval=SETTLE_SECONDS)


@persistent
def _note_load(*_) -> None:
    hide_all()


def _gather_shown() -> None:
    for window in bpy.context.window_manager.windows:
        if is_shown(window.scene):
            _gather(window.scene, window.view_layer, window.view_layer.depsgraph)
    viewports.redraw("WINDOW")


def _gather(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, depsgraph: bpy.types.Depsgraph) -> None:
    _shown[scene.session_uid] = Triangles(*capture.triangles(scene, view_layer, depsgraph, proposed=_proposed.get(scene.session_uid)))


def _shaded(corners: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(3T, 4) float32 sRGB colours: the labels', a little darker on faces turned from the light, so that shapes can be read."""
    faces = corners.reshape(-1, 3, 3)
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    facing = np.abs(normals @ _LIGHT) / np.maximum(lengths, 1e-12)
    light = np.repeat(1 - _SHADE * (1 - facing), 3)
    colours = np.ones((len(corners), 4), np.float32)
    colours[:, :3] = _COLOURS[ids] * light[:, None]
    return colours


def _draw() -> None:
    context = bpy.context
    triangles = _shown.get(context.scene.session_uid)
    if triangles is None:
        return
    projection = gpu.matrix.get_projection_matrix()
    gpu.state.depth_test_set("LESS_EQUAL")
    with gpu.matrix.push_pop_projection():
        if context.region_data.is_perspective:
            gpu.matrix.load_projection_matrix(_far(projection))
            _draw_sky(context.region_data.view_matrix)
        gpu.matrix.load_projection_matrix(_NEARER @ projection)
        gpu.state.depth_mask_set(True)
        triangles.draw()
        gpu.state.depth_mask_set(False)
    gpu.state.depth_test_set("NONE")


def _far(projection: Matrix) -> Matrix:
    """The perspective projection with all depths at the far end."""
    far = projection.copy()
    far[2] = far[3] * _FARTHEST
    return far


def _draw_sky(view: Matrix) -> None:
    """Everything above the horizon that nothing stands in, seen from the eye: a pyramid over the horizon, around the eye."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.uniform_float("color", (*_COLOURS[labels.BY_NAME["sky"].id], 1.0))
    with gpu.matrix.push_pop():
        gpu.matrix.load_matrix(view.to_3x3().to_4x4())
        batch_for_shader(shader, "TRIS", {"pos": _SKY_CORNERS}, indices=_SKY_FACES).draw(shader)


CLASSES = (VEDUTA_OT_show_labels,)
