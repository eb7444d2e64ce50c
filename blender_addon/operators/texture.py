"""Operators that put a painting on the labelled objects as their texture and take it off again. What goes where, `apply/textures.py` says."""
from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from bpy.props import StringProperty

from .. import painting
from .. import recipe as recipes
from ..apply import bake, backdrop, projectors, textures, uv_maps
from ..capture import Lens, View, camera_lens
from ..synth_core.request import Result
from .deliver import Warn, deliver
from .paint import StartsPainting, captured, scene_camera, scene_seed, to_camera


class VEDUTA_OT_project_texture(StartsPainting, bpy.types.Operator):
    """Project the camera's painting onto the labelled objects as their texture. Paints first where no painting of this view is shown"""

    bl_idname = "veduta.project_texture"
    bl_label = "Project Texture"

    def begin(self, context):
        scene = context.scene
        seed = scene_seed(scene)
        with scene_camera(context) as camera:
            view, recipe = captured(context, camera, seed)
            lens = camera_lens(scene, context.view_layer.depsgraph, camera)
            image = current_painting(scene, camera, view)
            if image is not None:
                put_on(scene, camera.name, lens, view.depth, lambda: image)
                return view.warnings

            def finish(scene: bpy.types.Scene, camera: bpy.types.Object, result: Result) -> None:
                put_on(scene, camera.name, lens, view.depth, lambda: backdrop.keep(result, recipes.finished(recipe, result)))

            painting.start(recipe.request(), to_camera(scene, camera, finish))
        return view.warnings


def current_painting(scene: bpy.types.Scene, camera: bpy.types.Object, view: View) -> bpy.types.Image | None:
    """The backdrop's or the projected painting of the camera, if it shows what the camera sees now: same view, same labels, same size."""
    shown = [backdrop.active_painting(scene)]
    shown += [projector.painting for projector in projectors.found(scene) if projector.camera == camera.name]
    return next((image for image in shown if image is not None and _is_current(image, scene, camera, view)), None)


def _is_current(image: bpy.types.Image, scene: bpy.types.Scene, camera: bpy.types.Object, view: View) -> bool:
    try:
        recipe = recipes.load(image)
    except recipes.RecipeError:
        return False
    return recipes.is_view(recipe, scene, camera) and np.array_equal(recipe.labels, view.labels)


def put_on(scene: bpy.types.Scene, camera: str, lens: Lens, depth: np.ndarray, painting: Callable[[], bpy.types.Image]) -> None:
    """Deliver what `painting` returns, as one step of undo: painted through `lens`, which sees as deep as `depth`."""
    def project(context: bpy.types.Context, warn: Warn) -> None:
        textures.deliver(context, scene, camera=camera, lens=lens, painting=painting(), depth=depth, warn=warn)

    deliver("Project Texture", project)


class VEDUTA_OT_remove_textures(bpy.types.Operator):
    """Take painted textures off and give the objects their own materials back; the paintings stay in the file"""

    bl_idname = "veduta.remove_textures"
    bl_label = "Remove Textures"
    bl_options = {"REGISTER", "UNDO"}

    camera: StringProperty(name="Camera", description="Remove only what this camera projects; empty for all")

    @classmethod
    def poll(cls, context):
        if not textures.shows_any(context.scene):
            cls.poll_message_set("The scene shows no painted texture; Project Texture and Paint Terrain make them.")
            return False
        return True

    def execute(self, context):
        if not textures.remove(context, context.scene, self.camera):
            self.report({"WARNING"}, f"No painting is projected from a camera named {self.camera!r}.")
            return {"CANCELLED"}
        return {"FINISHED"}


def _has_chosen(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Whether there is a projection and a selection to work on; else the operator's button says what is missing."""
    if not textures.is_on(context.scene):
        operator.poll_message_set("The scene shows no projected texture; press Project Texture first.")
        return False
    if not context.selected_objects:
        operator.poll_message_set("Select the objects that it is for.")
        return False
    return True


class VEDUTA_OT_bake_texture(bpy.types.Operator):
    """Bake what is projected on the selected objects into an image each, on their own UV maps, as game engines need it"""

    bl_idname = "veduta.bake_texture"
    bl_label = "Bake Texture"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return _has_chosen(cls, context)

    def execute(self, context):
        scene, baked = context.scene, 0
        for obj in context.selected_objects:
            try:
                bake.bake(context, scene, obj, int(scene.veduta.textures.bake_size))
                baked += 1
            except bake.BakeError as error:
                self.report({"WARNING"}, str(error))
        if not baked:
            self.report({"ERROR"}, "Nothing was baked; select objects that show the projected texture.")
            return {"CANCELLED"}
        return {"FINISHED"}


class VEDUTA_OT_add_projection_uvs(bpy.types.Operator):
    """Give the selected meshes a UV map for each projecting camera, so that other programs can show the painting itself on them"""

    bl_idname = "veduta.add_projection_uvs"
    bl_label = "Add Projection UVs"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return _has_chosen(cls, context)

    def execute(self, context):
        done, worst = 0, 0.0
        for obj in context.selected_objects:
            try:
                worst = max(worst, *(uv_maps.add(obj, projector) for projector in projectors.found(context.scene)))
                done += 1
            except uv_maps.UvError as error:
                self.report({"WARNING"}, str(error))
        if not done:
            self.report({"ERROR"}, "No UV map was added; select meshes that stand alone.")
            return {"CANCELLED"}
        self.report({"INFO"}, f"Between corners the maps are off by up to {worst:.1f} pixels of the painting")
        return {"FINISHED"}


CLASSES = (
    VEDUTA_OT_project_texture, VEDUTA_OT_remove_textures, VEDUTA_OT_bake_texture, VEDUTA_OT_add_projection_uvs)
