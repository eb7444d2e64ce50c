"""The Paint panel: what starts, follows and explains a painting. Drawing alone: every state is read from `painting`."""
from __future__ import annotations

import bpy

from .. import installed, painting, service
from ..operators import paint
from . import label_help, live
from .common import SidebarPanel, progress, wrapped


class VEDUTA_PT_paint(SidebarPanel, bpy.types.Panel):
    bl_label = "Paint"

    def draw(self, context):
        layout = self.layout
        self._draw_settings(layout, context.scene)
        if painting.current() is not None:
            progress(layout, context)
            return
        row = layout.row()
        row.scale_y = 1.6
        row.operator("veduta.paint", icon="BRUSH_DATA")
        live.draw(layout, context)
        if service.preferences().weights:
            layout.label(text=f"Weights: {installed.chosen().name}", icon="ERROR" if installed.chosen().problem else "BRUSHES_ALL")
        if service.note():
            wrapped(layout, context, service.note(), "INFO")
        label_help.draw_advice(layout, context)
        if painting.problem() is not None:
            self._draw_problem(layout, context, painting.problem())
        layout.operator("veduta.remove_backdrop", icon="X")

    def _draw_settings(self, layout, scene) -> None:
        settings = scene.veduta
        column = layout.column()
        column.enabled = painting.current() is None
        width, height = paint.size(scene)
        column.prop(settings, "use_render_size", text=f"Render Size ({width} x {height})" if settings.use_render_size else "Render Size")
        if not settings.use_render_size:
            row = column.row(align=True)
            row.prop(settings, "width", text="")
            row.prop(settings, "height", text="")
        row = column.row(align=True)
        row.prop(settings, "seed")
        row.operator("veduta.dice_seed", text="", icon="FILE_REFRESH")

    def _draw_problem(self, layout, context, problem) -> None:
        box = layout.box()
        row = box.row()
        wrapped(row, context, problem.message, "ERROR")
        row.operator("veduta.dismiss", text="", icon="X", emboss=False)
        wrapped(box, context, problem.mend, "NONE")
        if problem.operator:
            box.operator(problem.operator)


CLASSES = (VEDUTA_PT_paint,)
