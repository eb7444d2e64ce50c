"""Paint, its Cancel and the dice: from the scene to a request, and from the finished picture to its delivery.

What is under way is `painting`'s, how a scene is read `capture`'s, how a picture is put up `apply`'s.
"""
from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import bpy
import numpy as np

from .. import painting
from .. import recipe as recipes
from ..capture import CaptureError, capture, painting_size
from ..painting import PaintingError
from ..synth_core.request import Request, RequestError, Result
from . import apply

_VIEWPORT_ZOOM = 2.0  # a viewport shows twice what a camera of its focal length would
_SENSOR = 36.0  # millimetres, of viewports and new cameras


class VEDUTA_OT_paint(bpy.types.Operator):
    """Paint the labelled scene as the camera sees it, and put the painting up as its backdrop"""

    bl_idname = "veduta.paint"
    bl_label = "Paint"
    bl_options = {"REGISTER"}  # the delivery is the undo step; painting itself changes nothing

    @classmethod
    def poll(cls, context):
        if painting.current() is not None:
            cls.poll_message_set("A painting is already under way; cancel it or wait for it.")
            return False
        return True

    def invoke(self, context, event):
        return self._paint(context, painting.follow)

    def execute(self, context):
        return self._paint(context, painting.wait)

    def _paint(self, context, finish):
        try:
            for warning in begin(context):
                self.report({"WARNING"}, warning)
            finish()
        except PaintingError as error:
            painting.fail(error)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class VEDUTA_OT_cancel(bpy.types.Operator):
    """Stop the painting that is under way"""

    bl_idname = "veduta.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context):
        return painting.current() is not None

    def execute(self, context):
        painting.cancel()
        return {"FINISHED"}


class VEDUTA_OT_dice_seed(bpy.types.Operator):
    """Throw the dice for another seed, and so for another picture of the same labels"""

    bl_idname = "veduta.dice_seed"
    bl_label = "Throw the Dice"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        context.scene.veduta.seed = str(random.SystemRandom().randrange(1, 1_000_000))
        return {"FINISHED"}


def size(scene: bpy.types.Scene) -> tuple[int, int]:
    """Width and height of the scene's next painting, pixels."""
    settings = scene.veduta
    return painting_size(scene) if settings.use_render_size else (settings.width, settings.height)


def begin(context: bpy.types.Context) -> list[str]:
    """Start painting the context's scene; returns warnings for the user. Raises PaintingError."""
    scene = context.scene
    seed = _seed(scene)
    camera = scene.camera or _camera_from_view(context)
    width, height = size(scene)
    try:
        view = capture(scene, context.view_layer, camera, width, height)
        recipe = recipes.make(view, Request(view.labels, seed), None, scene, camera)
        request = recipe.request()
    except (CaptureError, RequestError) as error:
        raise PaintingError(str(error)) from error
    painting.start(request, delivery(scene, camera, view.matte, recipe))
    return view.warnings


def _seed(scene: bpy.types.Scene) -> int:
    try:
        return int(scene.veduta.seed)
    except ValueError:
        raise PaintingError(f"The seed {scene.veduta.seed!r} is not a whole number.", "Type digits, or throw the dice.",
                            "veduta.dice_seed") from None


def _camera_from_view(context: bpy.types.Context) -> bpy.types.Object | None:
    """A new scene camera that looks as the viewport does; None outside a viewport."""
    view, space = context.region_data, context.space_data
    if view is None:
        return None
    data = bpy.data.cameras.new("Veduta View")
    data.sensor_width = _SENSOR
    data.lens = space.lens / _VIEWPORT_ZOOM
    data.clip_start, data.clip_end = space.clip_start, space.clip_end
    if view.view_perspective == "ORTHO":
        data.type = "ORTHO"
        data.ortho_scale = view.view_distance * _SENSOR / data.lens
    camera = bpy.data.objects.new("Veduta View", data)
    camera.matrix_world = view.view_matrix.inverted()
    context.scene.collection.objects.link(camera)
    context.scene.camera = camera
    view.view_perspective = "CAMERA"
    context.view_layer.update()
    bpy.ops.ed.undo_push(message="Camera from View")
    return camera


def delivery(scene: bpy.types.Scene, camera: bpy.types.Object, matte: np.ndarray, recipe: recipes.Recipe) -> Callable[[Result], None]:
    """A function that puts the finished picture up, cut by the (H, W) `matte` of kept objects. It looks scene and camera up again: while the
    child paints, undo makes every reference invalid, and the user may delete either or open another file."""
    scene_uid, camera_uid = scene.session_uid, camera.session_uid

    def deliver(result: Result) -> None:
        scene = _find(bpy.data.scenes, scene_uid)
        if scene is None:
            raise PaintingError("The scene that was painted is gone, and the painting with it.", "Open it again and paint again.")
        camera = _find(scene.objects, camera_uid)
        if camera is None:
            raise PaintingError("The camera was deleted while the painting was made.", "Give the scene a camera and paint again.")
        with bpy.context.temp_override(**_window_showing(scene)):
            apply.put_up(scene, camera, matte, result, recipes.finished(recipe, result))

    return deliver


def _find(datablocks: Iterable[bpy.types.ID], session_uid: int) -> bpy.types.ID | None:
    return next((datablock for datablock in datablocks if datablock.session_uid == session_uid), None)


def _window_showing(scene: bpy.types.Scene) -> dict:
    """Context members for an operator run from a timer, which has no window; empty in background."""
    windows = bpy.context.window_manager.windows
    window = next((window for window in windows if window.scene == scene), None)
    return {"window": window} if window else {"scene": scene}


CLASSES = (VEDUTA_OT_paint, VEDUTA_OT_cancel, VEDUTA_OT_dice_seed)
