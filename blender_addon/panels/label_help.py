"""Label help: the proposals in Labels, and below them how shapes are told, painted labels, and a photograph's. Drawing alone."""
from __future__ import annotations

import bpy

from .. import advice, assignment, photo_maps, swatches
from ..synth_core import labels
from .common import SidebarPanel, wrapped


class VEDUTA_UL_proposals(bpy.types.UIList):
    """Proposed labels, each with its check box."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property):
        row = layout.split(factor=0.68)
        name = row.row(align=True)
        name.prop(item, "use", text="")
        name.label(text=item.name, icon=item.kind)
        row.label(text=item.label)


class VEDUTA_PT_label_help(SidebarPanel, bpy.types.Panel):
    bl_label = "Label Help"
    bl_parent_id = "VEDUTA_PT_labels"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.label_help
        column = layout.column(align=True)
        for name in ("steep", "snow_height", "water_height"):
            column.prop(settings, name)
        layout.operator("veduta.paint_labels", icon="VPAINT_HLT")
        if context.mode == "PAINT_VERTEX":
            _draw_brushes(layout)
        layout.prop(settings, "drop_specks")
        layout.separator()
        _draw_photo(layout, settings)


def _draw_photo(layout, settings) -> None:
    """Labels from Photo, and what the map that it made holds."""
    layout.operator("veduta.labels_from_photo", text="Labels from Photo...", icon="IMAGE_DATA")
    if not photo_maps.is_map(settings.photo_map):
        return
    layout.prop(settings, "photo_map", text="")
    grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
    for label, share in photo_maps.shares(settings.photo_map):
        grid.label(text=f"{label.name.capitalize()} {share:.0%}" if share >= 0.005 else f"{label.name.capitalize()} <1%", icon_value=swatches.icon(label.id))
    layout.operator("veduta.paint_photo_map", icon="BRUSH_DATA")


def _draw_brushes(layout) -> None:
    """A button for each label, which gives its colour to the brush."""
    grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
    for label in labels.LABELS[1:]:
        entry = grid.operator("veduta.brush_label", text=label.name.capitalize(), icon_value=swatches.icon(label.id))
        entry.label = assignment.identifier(label.id)


def draw_proposals(layout, context: bpy.types.Context) -> None:
    """Guess Labels, and its proposals while there are any."""
    layout.operator("veduta.guess_labels", icon="VIEWZOOM")
    guesses = context.window_manager.veduta
    if not guesses.proposals:
        return
    layout.template_list("VEDUTA_UL_proposals", "", guesses, "proposals", guesses, "active", rows=5)
    if guesses.active < len(guesses.proposals):
        line = guesses.proposals[guesses.active]
        wrapped(layout, context, f"{line.name}: by {line.reason}", "INFO")
    row = layout.row(align=True)
    row.operator("veduta.apply_guess", icon="CHECKMARK")
    row.operator("veduta.dismiss_guess", text="", icon="X")


def draw_advice(layout, context: bpy.types.Context) -> None:
    """What there was to say of the last painting, each sentence with its remedy."""
    if not advice.kept():
        return
    box = layout.box()
    row = box.row()
    row.label(text="About this painting", icon="INFO")
    row.operator("veduta.dismiss_advice", text="", icon="X", emboss=False)
    for entry in advice.kept():
        wrapped(box, context, entry.sentence, "NONE")
        if entry.operator:
            box.operator(entry.operator, text=entry.button)


CLASSES = (VEDUTA_UL_proposals, VEDUTA_PT_label_help)
