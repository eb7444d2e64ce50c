"""Relight: the painting shown gets the scene's light and distance anew, by the sliders, without being painted again.

What relief does is `synth_core/relief.py`'s, the maps it needs are `relief.py`'s; Paint lights what it has painted by itself.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import bpy
import numpy as np

from .. import history, painting
from .. import recipe as recipes
from .. import relief as reliefs
from ..apply import backdrop, viewport
from ..capture import CaptureError, kept_matte
from ..painting import PaintingError
from ..synth_core.request import Relief, ReliefRequest, Result
from . import apply
from .paint import StartsPainting, to_camera


class VEDUTA_OT_relight(StartsPainting, bpy.types.Operator):
    """Light the painting shown by the sliders, without painting it again. It becomes a new image; the unlit picture is kept"""

    bl_idname = "veduta.relight"
    bl_label = "Light Again"

    @classmethod
    def poll(cls, context):
        if backdrop.active_painting(context.scene) is None:
            cls.poll_message_set("The scene shows no painting; Paint makes one.")
            return False
        return super().poll(context)

    def begin(self, context):
        scene = context.scene
        image, camera = backdrop.active_painting(scene), backdrop.camera(scene) or scene.camera
        recipe, asked = _recipe(scene, image, camera), reliefs.amounts(scene)
        try:
            relief, matte = reliefs.recall(scene, image, asked) or (
                reliefs.captured(context, camera, recipe, asked), kept_matte(scene, context.view_layer, camera, *recipe.labels.shape[::-1]))
            picture = viewport.picture(reliefs.unlit(image))
        except CaptureError as error:
            raise PaintingError(str(error)) from error
        recipe = replace(recipe, relief=relief.amounts)
        request = ReliefRequest(picture, relief, recipes.texts(recipe))
        painting.start(request, _relit(scene, camera, image, matte, recipe, relief))
        return []


def _recipe(scene: bpy.types.Scene, image: bpy.types.Image, camera: bpy.types.Object | None) -> recipes.Recipe:
    if camera is None:
        raise PaintingError("The painting's camera is gone, and the scene has no other.", "Give the scene a camera first.")
    try:
        recipe = recipes.load(image)
    except recipes.RecipeError as error:
        raise PaintingError(str(error)) from error
    if not recipes.is_view(recipe, scene, camera):
        raise PaintingError(f"The camera {camera.name!r} has changed since the painting was made; its light would miss its places.",
                            "Put the camera back, or paint again.", "veduta.paint")
    return recipe


def _relit(scene: bpy.types.Scene, camera: bpy.types.Object, image: bpy.types.Image, matte: np.ndarray, recipe: recipes.Recipe,
           relief: Relief) -> Callable[[Result], None]:
    """A function that puts the newly lit picture up in place of `image`."""
    uid = image.session_uid

    def put_up(scene: bpy.types.Scene, camera: bpy.types.Object, result: Result) -> None:
        former = next((image for image in bpy.data.images if image.session_uid == uid), None)
        if former is None:
            raise PaintingError("The painting was deleted while it was lit.", "Choose another in the history.")
        unlit = reliefs.unlit(former)
        shown = apply.put_up(scene, camera, matte, result, recipes.stamped(recipe), unlit)
        if former != unlit and not history.is_favourite(former):
            former.use_fake_user = False  # a version of the same painting: it need not outlive the file's next closing
        reliefs.remember(scene, shown, relief, matte)

    return to_camera(scene, camera, put_up)


CLASSES = (VEDUTA_OT_relight,)
