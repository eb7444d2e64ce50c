"""The World panel: the scene all around the camera as its world. Drawing alone."""
from __future__ import annotations

import bpy

from ..apply import world
from .common import SidebarPanel


class VEDUTA_PT_world(SidebarPanel, bpy.types.Panel):
    bl_label = "World"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.world
        column = layout.column()
        column.prop(settings, "size", text="")
        column.prop(settings, "sun", slider=True)
        column.operator("veduta.paint_world", icon="WORLD")
        if world.find(context.scene) is None:
            return
        row = layout.row(align=True)
        row.operator("veduta.save_world", text="Save As...", icon="FILE_TICK")
        row.operator("veduta.remove_world", text="Remove", icon="X")


CLASSES = (VEDUTA_PT_world,)
