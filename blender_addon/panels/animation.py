"""The Animation panel: frames painted into a folder, and the views of all cameras. Drawing alone."""
from __future__ import annotations

import bpy

from .. import painting
from .common import SidebarPanel, progress


class VEDUTA_PT_animation(SidebarPanel, bpy.types.Panel):
    bl_label = "Animation"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        if painting.current() is not None:
            progress(layout, context)
            return
        scene = context.scene
        settings = scene.veduta.animation
        column = layout.column()
        whole = f"Scene Range ({scene.frame_start} to {scene.frame_end})" if settings.use_scene_range else "Scene Range"
        column.prop(settings, "use_scene_range", text=whole)
        if not settings.use_scene_range:
            row = column.row(align=True)
            for name in ("start", "end", "step"):
                row.prop(settings, name)
        column.prop(settings, "folder")
        column.prop(settings, "skip_existing")
        row = column.row(align=True)
        row.operator("veduta.paint_frames", icon="RENDER_ANIMATION")
        row.operator("veduta.show_frames", text="", icon="HIDE_OFF")
        column.operator("veduta.export_frames", icon="EXPORT")
        column.separator()
        column.operator("veduta.paint_cameras", icon="CAMERA_DATA")


CLASSES = (VEDUTA_PT_animation,)
