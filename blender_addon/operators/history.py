"""Operators on the paintings that the file holds: put one up again, mark it, delete it. What a backdrop is, `apply` says; painting one
again is Reproduce's.
"""
from __future__ import annotations

import bpy
from bpy.props import StringProperty

from .. import history
from .. import recipe as recipes
from .. import relief as reliefs
from ..apply import backdrop, viewport
from ..capture import CaptureError, kept_matte
from . import show_labels


class OnPainting:
    """An operator on one painting: the one named, or else the one that the History panel has chosen."""

    bl_options = {"REGISTER", "UNDO"}

    painting: StringProperty(name="Painting", description="The painting's name; the chosen one's when empty", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        if not any(recipes.is_painting(image) for image in bpy.data.images):
            cls.poll_message_set("The file holds no painting yet; Paint makes one.")
            return False
        return True

    def execute(self, context):
        image = self.chosen(context)
        if image is None:
            named = f"The file holds no painting {self.painting!r}" if self.painting else "No painting is chosen"
            self.report({"ERROR"}, f"{named}; choose one in Veduta's history.")
            return {"CANCELLED"}
        return self.act(context, image)

    def chosen(self, context: bpy.types.Context) -> bpy.types.Image | None:
        """The painting to act on; None when there is none of that name, or none is chosen."""
        image = bpy.data.images.get(self.painting) if self.painting else history.selected(context.scene)
        return image if image is not None and recipes.is_painting(image) else None

    def act(self, context: bpy.types.Context, image: bpy.types.Image) -> set[str]:
        raise NotImplementedError


class VEDUTA_OT_apply_painting(OnPainting, bpy.types.Operator):
    """Put this painting up as the backdrop again, in place of the one that is there"""

    bl_idname = "veduta.apply_painting"
    bl_label = "Apply Painting"

    def act(self, context, image):
        scene = context.scene
        try:
            recipe = recipes.load(image)
            camera = painted_camera(scene, recipe)
            matte, picture = kept_matte(scene, context.view_layer, camera, *recipe.labels.shape[::-1]), viewport.picture(image)
        except (recipes.RecipeError, CaptureError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        backdrop.put_up(context, scene=scene, camera=camera, matte=matte, painting=image, picture=picture,
                        warn=lambda sentence: self.report({"WARNING"}, sentence))
        show_labels.hide(scene)  # they would be drawn over it
        if not recipes.is_view(recipe, scene, camera):
            self.report({"WARNING"}, f"The camera {camera.name!r} has changed since; the picture still shows its former view.")
        return {"FINISHED"}


class VEDUTA_OT_favourite_painting(OnPainting, bpy.types.Operator):
    """Mark this painting as a favourite, or take the mark away"""

    bl_idname = "veduta.favourite_painting"
    bl_label = "Favourite"

    def act(self, context, image):
        history.set_favourite(image, not history.is_favourite(image))
        return {"FINISHED"}


class VEDUTA_OT_delete_painting(OnPainting, bpy.types.Operator):
    """Delete this painting from the file; where it is the backdrop, that goes with it. Undo brings both back"""

    bl_idname = "veduta.delete_painting"
    bl_label = "Delete Painting"

    def act(self, context, image):
        users = bpy.data.user_map(subset={image})[image] - backdrop.uses(image)
        if users:
            names = ", ".join(sorted(user.name for user in users))
            self.report({"ERROR"}, f"{image.name} is in use by {names}; take it away there first.")
            return {"CANCELLED"}
        for scene in bpy.data.scenes:
            if backdrop.active_painting(scene) == image:
                backdrop.remove(scene)
        unlit = reliefs.unlit(image)
        bpy.data.images.remove(image)
        if unlit != image and not unlit.users:  # else another lighting of the same picture needs it
            bpy.data.images.remove(unlit)
        return {"FINISHED"}


def painted_camera(scene: bpy.types.Scene, recipe: recipes.Recipe) -> bpy.types.Object:
    """The camera that a painting was made through, by its name; the scene's camera where that is gone. Raises CaptureError without any."""
    camera = scene.objects.get(recipe.camera)
    camera = camera if camera is not None and camera.type == "CAMERA" else scene.camera
    if camera is None:
        raise CaptureError(f"The painting's camera {recipe.camera!r} is gone, and the scene has no other; add a camera first.")
    return camera


CLASSES = (VEDUTA_OT_apply_painting, VEDUTA_OT_favourite_painting, VEDUTA_OT_delete_painting)
