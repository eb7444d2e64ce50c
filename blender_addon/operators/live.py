"""Live's button and its Keep. What is painted when is `live`'s."""
from __future__ import annotations

from dataclasses import replace

import bpy

from .. import compat, live, painting
from ..painting import PaintingError
from . import apply, paint


class VEDUTA_OT_live(bpy.types.Operator):
    """Paint this viewport while you move about and work: small at once, large when the view is still. Nothing in the file changes"""

    bl_idname = "veduta.live"
    bl_label = "Live"

    @classmethod
    def poll(cls, context):
        if context.region_data is None or not compat.gpu_ready():
            cls.poll_message_set("Live is drawn in a 3D viewport; scripts without a window use Paint.")
            return False
        return True

    def execute(self, context):
        if live.is_here(context):
            live.stop()
        else:
            live.start(context)
        return {"FINISHED"}


class VEDUTA_OT_keep_live(paint.StartsPainting, bpy.types.Operator):
    """Put what Live shows up as the camera's backdrop, with its recipe, and end Live. From a free view, a camera is added that looks as
    the view does, and it is painted as that camera sees it"""

    bl_idname = "veduta.keep_live"
    bl_label = "Keep"

    @classmethod
    def poll(cls, context):
        if not live.is_here(context):
            cls.poll_message_set("This viewport is not painted live.")
            return False
        if live.finished(context) is None:
            cls.poll_message_set("The picture at full size comes when the view is still for a moment.")
            return False
        return super().poll(context)

    def begin(self, context):
        shown, scene = live.finished(context), context.scene
        live.stop()
        camera = next((obj for obj in scene.objects if obj.session_uid == shown.aim.look.camera), None)
        if camera is not None:
            apply.put_up(scene, camera, shown.sketch.matte, shown.result, shown.recipe)
            return []
        if shown.aim.look.camera:
            raise PaintingError("The camera that Live looked through is gone.", "Paint with another.")
        camera = paint.camera_from_view(context)
        context.region_data.view_perspective = "CAMERA"
        view, recipe = paint.captured(context, camera, shown.aim.seed)
        relief = paint.wanted_relief(context, view)
        recipe = replace(recipe, relief=relief and relief.amounts)
        painting.start(recipe.request(), paint.delivery(scene, camera, view.matte, recipe, relief))
        return view.warnings


CLASSES = (VEDUTA_OT_live, VEDUTA_OT_keep_live)
