"""Paint, its Cancel, its message's Dismiss and the dice: from the scene to a request, and from the finished picture to its delivery.

What is under way is `painting`'s, how a scene is read `capture`'s, how a picture is put up `apply`'s.
"""
from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import bpy
import numpy as np

from .. import advice, looks, painting
from .. import recipe as recipes
from .. import relief as reliefs
from ..apply import override_marks
from ..capture import CaptureError, UnlabelledError, View, capture, painting_size
from ..painting import PaintingError
from ..synth_core.holes import nearest_labels
from ..synth_core.request import Relief, ReliefRequest, Request, RequestError, Result
from . import apply, show_labels

_VIEWPORT_ZOOM = 2.0  # a viewport shows twice what a camera of its focal length would
_SENSOR = 36.0  # millimetres, of viewports and new cameras


class StartsPainting:
    """An operator that starts a painting: a button's press returns at once, a script's call waits. `begin` does the starting; it returns
    warnings for the user and raises PaintingError."""

    bl_options = {"REGISTER"}  # the delivery is the undo step; painting itself changes nothing

    @classmethod
    def poll(cls, context):
        if painting.current() is not None:
            cls.poll_message_set("A painting is already under way; cancel it or wait for it.")
            return False
        return True

    def invoke(self, context, event):
        return self._start(context, painting.follow)

    def execute(self, context):
        return self._start(context, painting.wait)

    def begin(self, context: bpy.types.Context) -> list[str]:
        raise NotImplementedError

    def _start(self, context, finish: Callable[[], None]):
        try:
            for warning in self.begin(context):
                self.report({"WARNING"}, warning)
            show_labels.hide(context.scene)  # they would be drawn over what is painted
            if painting.current() is not None:  # else there was nothing left to paint
                finish()
        except PaintingError as error:
            painting.fail(error)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class StartsFromFile(StartsPainting):
    """One whose button asks for a file first; its `filepath` is a property of its own."""

    _finish = staticmethod(painting.wait)

    def invoke(self, context, event):
        self._finish = painting.follow  # the file browser calls execute when a file is chosen; nobody must wait there
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        return self._start(context, self._finish)


class VEDUTA_OT_paint(StartsPainting, bpy.types.Operator):
    """Paint the labelled scene as the camera sees it, and put the painting up as its backdrop"""

    bl_idname = "veduta.paint"
    bl_label = "Paint"

    def begin(self, context):
        return begin(context, scene_seed(context.scene))


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


class VEDUTA_OT_dismiss(bpy.types.Operator):
    """Hide this message"""

    bl_idname = "veduta.dismiss"
    bl_label = "Dismiss"

    def execute(self, context):
        painting.dismiss()
        return {"FINISHED"}


class VEDUTA_OT_dice_seed(bpy.types.Operator):
    """Throw the dice for another seed, and so for another picture of the same labels"""

    bl_idname = "veduta.dice_seed"
    bl_label = "Throw the Dice"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        context.scene.veduta.seed = str(random.SystemRandom().randrange(1, 1_000_000))
        return {"FINISHED"}


def begin(context: bpy.types.Context, seed: int, best_of: int | None = None) -> list[str]:
    """Start painting what the scene's camera sees, for its backdrop; returns warnings for the user. best_of: as for `captured`.

    Raises PaintingError.
    """
    scene = context.scene
    with scene_camera(context) as camera:
        view, recipe = captured(context, camera, seed, best_of=best_of)
        relief = wanted_relief(context, view)
        recipe = replace(recipe, relief=relief and relief.amounts)
        painting.start(recipe.request(), delivery(scene, camera, view.matte, recipe, relief))
    return view.warnings


def size(scene: bpy.types.Scene) -> tuple[int, int]:
    """Width and height of the scene's next painting, pixels."""
    settings = scene.veduta
    return painting_size(scene) if settings.use_render_size else (settings.width, settings.height)


def captured(context: bpy.types.Context, camera: bpy.types.Object | None, seed: int, at: tuple[int, int] | None = None,
             best_of: int | None = None) -> tuple[View, recipes.Recipe]:
    """What the camera sees, and the recipe to paint it by, in the look, the size and the best of as many as the scene's settings say.

    at: another width and height than the settings'. Raises PaintingError.
    """
    scene = context.scene
    look = looks.wanted(scene, seed)
    override_marks.put_back()  # reloading a library takes them, and what the backdrop hides would not be captured
    try:
        view = _despeckled(scene, capture(scene, context.view_layer, camera, *(at or size(scene))))
        advice.keep([*map(advice.Advice, view.warnings), *advice.of(view.labels, view.unlabelled, view.depth, view.lens.near)])
        request = Request(view.labels, seed, look.style, best_of=best_of or scene.veduta.variations.best_of)
        return view, recipes.make(request, scene, camera, look.name)
    except (CaptureError, RequestError) as error:
        raise PaintingError(str(error), operator=_mend(scene, error)) from error


def _mend(scene: bpy.types.Scene, error: ValueError) -> str:
    """The operator that helps a scene which can't be painted; "" where none does."""
    if isinstance(error, UnlabelledError):
        return "veduta.guess_labels"
    return "" if any(obj.type == "MESH" for obj in scene.objects) else "veduta.sample_terrain"


def _despeckled(scene: bpy.types.Scene, view: View) -> View:
    """The view with its specks dropped, where the scene asks for that."""
    if not scene.veduta.label_help.drop_specks:
        return view
    specks = advice.specks(view.labels)
    around = np.where(specks, np.uint8(0), view.labels)
    return replace(view, labels=np.where(specks, nearest_labels(around), view.labels)) if around.any() else view


def wanted_relief(context: bpy.types.Context, view: View) -> Relief | None:
    """What the painting of a view will be lit by; None when the settings ask for no effect. Raises PaintingError."""
    scene = context.scene
    if not reliefs.asked_for(scene):
        return None
    try:
        return reliefs.of_view(scene, context.view_layer, view, reliefs.amounts(scene))
    except CaptureError as error:
        raise PaintingError(str(error)) from error


def scene_seed(scene: bpy.types.Scene, text: str | None = None) -> int:
    """The scene's seed, or the one in `text`. Raises PaintingError for text that is none."""
    text = scene.veduta.seed if text is None else text
    try:
        return int(text)
    except ValueError:
        raise PaintingError(f"The seed {text!r} is not a whole number.", "Type digits, or throw the dice.",
                            "veduta.dice_seed") from None


@contextmanager
def scene_camera(context: bpy.types.Context) -> Iterator[bpy.types.Object | None]:
    """The scene's camera. In a viewport, a scene without one gets one that looks as the viewport does; it goes again if the painting
    doesn't start. None in a script without a viewport."""
    if context.scene.camera is not None or context.region_data is None:
        yield context.scene.camera
        return
    camera = camera_from_view(context)
    try:
        yield camera
    except PaintingError:
        bpy.data.cameras.remove(camera.data)  # and the object with it
        raise
    context.region_data.view_perspective = "CAMERA"
    bpy.ops.ed.undo_push(message="Camera from View")


def camera_from_view(context: bpy.types.Context) -> bpy.types.Object:
    """A new scene camera that looks as the context's viewport does."""
    view, space = context.region_data, context.space_data
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
    return camera


def delivery(scene: bpy.types.Scene, camera: bpy.types.Object, matte: np.ndarray, recipe: recipes.Recipe,
             relief: Relief | None = None) -> Callable[[Result], None]:
    """A function that puts the finished picture up as the backdrop, cut by the (H, W) `matte` of kept objects; lit by `relief` before,
    which is the next job of its chain."""
    def put_up(scene: bpy.types.Scene, camera: bpy.types.Object, result: Result, recipe: recipes.Recipe,
               unlit: bpy.types.Image | None) -> None:
        shown = apply.put_up(scene, camera, matte, result, recipe, unlit)
        if relief is not None:
            reliefs.remember(scene, shown, relief, matte)

    return lit(scene, camera, recipe, relief, put_up)


def lit(scene: bpy.types.Scene, camera: bpy.types.Object, recipe: recipes.Recipe, relief: Relief | None,
        keep: Callable[[bpy.types.Scene, bpy.types.Object, Result, recipes.Recipe, bpy.types.Image | None], None],
        **chain) -> Callable[[Result], None]:
    """A function that has the finished picture lit by `relief`, where there is one, as the next job of its chain, and hands `keep` the
    scene, the camera, the result, its recipe and, where it is lit, the Image without. chain: what `painting.start` gets for that job."""
    if relief is None:
        return to_camera(scene, camera, lambda scene, camera, result: keep(scene, camera, result, recipes.finished(recipe, result), None))

    def light(scene: bpy.types.Scene, camera: bpy.types.Object, unlit: Result) -> None:
        def keep_both(scene: bpy.types.Scene, camera: bpy.types.Object, result: Result) -> None:
            keep(scene, camera, result, recipes.finished(recipe, unlit), reliefs.keep_unlit(unlit))

        texts = recipes.texts(replace(recipe, licence=unlit.licence))
        painting.start(ReliefRequest(unlit.picture, relief, texts), to_camera(scene, camera, keep_both), **chain)

    return to_camera(scene, camera, light)


def to_camera(scene: bpy.types.Scene, camera: bpy.types.Object,
              put_up: Callable[[bpy.types.Scene, bpy.types.Object, Result], None]) -> Callable[[Result], None]:
    """A function that hands the finished picture with its scene and camera to `put_up`, for `painting.start`.

    It looks scene and camera up again: while the child paints, undo makes every reference invalid, and the user may delete either or open
    another file. Raises PaintingError when one of them is gone.
    """
    camera_uid = camera.session_uid

    def deliver(scene: bpy.types.Scene, result: Result) -> None:
        camera = _find(scene.objects, camera_uid)
        if camera is None:
            raise PaintingError("The camera was deleted while the painting was made.", "Give the scene a camera and paint again.")
        put_up(scene, camera, result)

    return to_scene(scene, deliver)


def to_scene(scene: bpy.types.Scene, put: Callable[[bpy.types.Scene, object], None]) -> Callable[[object], None]:
    """As `to_camera`, for a result that belongs to a scene alone."""
    scene_uid = scene.session_uid

    def deliver(result: object) -> None:
        scene = _find(bpy.data.scenes, scene_uid)
        if scene is None:
            raise PaintingError("The scene that this was for is gone: it was deleted, or another file was opened.")
        with bpy.context.temp_override(**_window_showing(scene)):
            put(scene, result)

    return deliver


def _find(datablocks: Iterable[bpy.types.ID], session_uid: int) -> bpy.types.ID | None:
    return next((datablock for datablock in datablocks if datablock.session_uid == session_uid), None)


def _window_showing(scene: bpy.types.Scene) -> dict:
    """Context members for an operator run from a timer, which has no window; empty in background."""
    windows = bpy.context.window_manager.windows
    window = next((window for window in windows if window.scene == scene), None)
    return {"window": window} if window else {"scene": scene}


CLASSES = (VEDUTA_OT_paint, VEDUTA_OT_cancel, VEDUTA_OT_dismiss, VEDUTA_OT_dice_seed)
