"""Reproduce: paints the picture of a recipe again. How a recipe is kept is `recipe`'s; painting and delivery go as Paint's do."""
from __future__ import annotations

import json

import bpy
import numpy as np

from .. import painting, service
from .. import recipe as recipes
from ..apply import backdrop
from ..capture import CaptureError, kept_matte
from ..painting import PaintingError
from ..synth_core import weights
from .paint import StartsPainting, delivery

_SIMILAR = "Similar, not identical"


class VEDUTA_OT_reproduce(StartsPainting, bpy.types.Operator):
    """Paint the backdrop's picture again from its recipe"""

    bl_idname = "veduta.reproduce"
    bl_label = "Reproduce"

    @classmethod
    def poll(cls, context):
        if backdrop.active_painting(context.scene) is None:
            cls.poll_message_set("The scene shows no painting; Paint makes one.")
            return False
        return super().poll(context)

    @classmethod
    def description(cls, context, properties):
        image = backdrop.active_painting(context.scene)
        try:
            changed = image is not None and other_weights(recipes.load(image))
        except recipes.RecipeError as error:
            return str(error)
        promise = f"{_SIMILAR}: it was painted with other weights" if changed else "On the same machine and engine it comes out bit for bit"
        return f"Paint the backdrop's picture again from its recipe. {promise}"

    def begin(self, context):
        return begin(context)


def begin(context: bpy.types.Context) -> list[str]:
    """Start painting the active painting's recipe again; returns warnings for the user. Raises PaintingError."""
    scene = context.scene
    camera = backdrop.camera(scene) or scene.camera
    if camera is None:
        raise PaintingError("The painting's camera is gone, and the scene has no other.", "Give the scene a camera first.")
    try:
        recipe = recipes.load(backdrop.active_painting(scene))
    except recipes.RecipeError as error:
        raise PaintingError(str(error)) from error
    matte = _matte(context, camera, recipe.labels.shape)
    painting.start(recipe.request(), delivery(scene, camera, matte, recipes.here(recipe)))
    return _warnings(recipe, scene, camera)


def other_weights(recipe: recipes.Recipe) -> bool:
    """Whether this Veduta holds other weights than painted the recipe's picture; False when they can't be read, which the painter tells."""
    try:
        manifest = json.loads((service.PACKAGE / "weights" / weights.MANIFEST).read_text(encoding="utf-8"))
        return recipe.weights != manifest["sha256"][weights.TENSORS]
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _matte(context: bpy.types.Context, camera: bpy.types.Object, shape: tuple[int, int]) -> np.ndarray:
    """The matte of the objects that are kept now."""
    height, width = shape
    try:
        return kept_matte(context.scene, context.view_layer, camera, width, height)
    except CaptureError as error:
        raise PaintingError(str(error)) from error


def _warnings(recipe: recipes.Recipe, scene: bpy.types.Scene, camera: bpy.types.Object) -> list[str]:
    """Sentences on what will not be as it was."""
    found = []
    if other_weights(recipe):
        found.append(f"{_SIMILAR}: this picture was painted with other weights.")
    if not recipes.is_view(recipe, scene, camera):
        found.append(f"The camera {camera.name!r} has changed since; the picture still shows its former view.")
    return found


CLASSES = (VEDUTA_OT_reproduce,)
