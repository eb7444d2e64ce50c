"""The Variations panel and its enlarged grid. Drawing alone; the pictures are `variations`'s."""
from __future__ import annotations

import bpy

from .. import variations
from .common import SidebarPanel

_WIDE = {4: 2, 9: 3}  # columns
_SIDEBAR = 12.5  # width of the pictures' rows in the sidebar, in buttons
_ENLARGED = 42


def _draw_grid(layout, scene, width: float) -> None:
    """The variations as a grid, `width` buttons wide, each picture over the button that picks it."""
    seeds = variations.found(scene)
    columns = next((columns for count, columns in _WIDE.items() if len(seeds) <= count), 3)
    grid = layout.grid_flow(row_major=True, columns=columns, even_columns=True, even_rows=True)
    for seed in seeds:
        cell = grid.column(align=True)
        cell.template_icon(variations.icon(seed), scale=width / columns)
        cell.operator("veduta.pick_variation", text=str(seed), icon="CHECKMARK").seed = str(seed)


class VEDUTA_PT_variations(SidebarPanel, bpy.types.Panel):
    bl_label = "Variations"
    bl_parent_id = "VEDUTA_PT_paint"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.variations
        row = layout.split(factor=0.7, align=True)
        row.operator("veduta.paint_variations", icon="OUTLINER_OB_IMAGE")
        row.row(align=True).prop(settings, "count", expand=True)
        if variations.found(context.scene):
            _draw_grid(layout, context.scene, _SIDEBAR)
            layout.popover("VEDUTA_PT_variations_enlarged", text="Enlarge", icon="FULLSCREEN_ENTER")
        layout.prop(settings, "best_of")


class VEDUTA_PT_variations_enlarged(bpy.types.Panel):
    bl_label = "Variations"
    bl_description = "Look at the variations larger"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_ui_units_x = _ENLARGED
    bl_options = {"INSTANCED"}

    def draw(self, context):
        _draw_grid(self.layout, context.scene, _ENLARGED)


CLASSES = (VEDUTA_PT_variations, VEDUTA_PT_variations_enlarged)
