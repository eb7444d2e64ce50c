"""Reproduce: paints the picture of a recipe again. How a recipe is kept is `recipe`'s; painting and delivery go as Paint's do."""
from __future__ import annotations

import bpy
import numpy as np
from bpy.props import StringProperty

from .. import installed, painting
from .. import recipe as recipes
from .. import relief as reliefs
from ..apply import backdrop
from ..capture import CaptureError, kept_matte
from ..painting import PaintingError
from ..synth_core.request import Relief
from .history import painted_camera
from .paint import StartsPainting, delivery

_SIMILAR = "Similar, not identical"


class VEDUTA_OT_reproduce(StartsPainting, bpy.types.Operator):
    """Paint a painting's picture again from its recipe"""

    bl_idname = "veduta.reproduce"
    bl_label = "Reproduce"

    painting: StringProperty(name="Painting", description="The painting's name; the backdrop's when empty", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        if not any(recipes.is_painting(image) for image in bpy.data.images):
            cls.poll_message_set("The file holds no painting yet; Paint makes one.")
            return False
        return super().poll(context)

    @classmethod
    def description(cls, context, properties):
        image = _image(context.scene, properties.painting)
        try:
            others = installed.difference(recipes.load(image).weights) if image is not None else ""
        except recipes.RecipeError as error:
            return str(error)
        promise = f"{_SIMILAR}: {others}" if others else "On the same machine and engine it comes out bit for bit"
        return f"Paint this picture again from its recipe. {promise}"

    def begin(self, context):
        return begin(context, self.painting)


def begin(context: bpy.types.Context, name: str = "") -> list[str]:
    """Start painting the recipe of the painting called `name` again, of the backdrop's when empty; returns warnings for the user.

    Raises PaintingError.
    """
    scene = context.scene
    image = _image(scene, name)
    if image is None:
        raise PaintingError("The scene shows no painting.", "Choose one in the history.")
    try:
        recipe = recipes.load(image)
        camera = _camera(scene, image, recipe)
    except (recipes.RecipeError, CaptureError) as error:
        raise PaintingError(str(error)) from error
    matte = _matte(context, camera, recipe.labels.shape)
    relief = _relief(context, camera, recipe)
    painting.start(recipe.request(), delivery(scene, camera, matte, recipes.here(recipe), relief))
    return _warnings(recipe, scene, camera)


def _relief(context: bpy.types.Context, camera: bpy.types.Object, recipe: recipes.Recipe) -> Relief | None:
    """What lights the picture again: the scene as it stands, as far as the recipe says. Nothing where the camera has changed."""
    if recipe.relief is None or not recipes.is_view(recipe, context.scene, camera):
        return None
    try:
        return reliefs.captured(context, camera, recipe, recipe.relief)
    except CaptureError as error:
        raise PaintingError(str(error)) from error


def _image(scene: bpy.types.Scene, name: str) -> bpy.types.Image | None:
    return bpy.data.images.get(name) if name else backdrop.active_painting(scene)


def _camera(scene: bpy.types.Scene, image: bpy.types.Image, recipe: recipes.Recipe) -> bpy.types.Object:
    """The camera that shows the painting now, under whatever name; else the one it was painted through. Raises CaptureError."""
    shown = backdrop.camera(scene) if backdrop.active_painting(scene) == image else None
    return shown or painted_camera(scene, recipe)


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
    others = installed.difference(recipe.weights)
    if others:
        found.append(f"{_SIMILAR}: {others}.")
    if not recipes.is_view(recipe, scene, camera):
        found.append(f"The camera {camera.name!r} has changed since; the picture still shows its former view.")
        if recipe.relief is not None:
            found.append("And so it is painted without its relief, which would fall on the wrong places.")
    return found


CLASSES = (VEDUTA_OT_reproduce,)
