"""The Relief sub-panel of Paint: the sliders, and the button that lights the painting again. Drawing alone."""
from __future__ import annotations

import bpy

from .common import SidebarPanel


class VEDUTA_PT_relief(SidebarPanel, bpy.types.Panel):
    bl_label = "Relief"
    bl_parent_id = "VEDUTA_PT_paint"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.relief
        column = layout.column(align=True)
        for name in ("shading", "haze", "reflection", "shadow"):
            column.prop(settings, name, slider=True)
        row = layout.row()
        row.active = settings.haze > 0
        row.prop(settings, "visibility", text="Visibility (m)")
        layout.operator("veduta.relight", icon="LIGHT_SUN")
        layout.operator("veduta.match_light", icon="EYEDROPPER")


CLASSES = (VEDUTA_PT_relief,)
