"""The Look panel: where a painting's light and colours come from. Drawing alone; what the settings come to is `looks`'s."""
from __future__ import annotations

import bpy

from .. import looks, thumbnails
from .common import SidebarPanel, wrapped

_PICTURE, _GALLERY = 5.0, 6.0  # sizes of the chosen look's picture and of those to choose from, in buttons


class VEDUTA_PT_look(SidebarPanel, bpy.types.Panel):
    bl_label = "Look"
    bl_parent_id = "VEDUTA_PT_paint"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.look
        layout.row(align=True).prop(settings, "source", expand=True)
        if settings.source != "SEED":
            self._draw_looks(layout, context, settings)
        layout.prop(settings, "strength", slider=True)
        layout.operator("veduta.look_from_photo", text="From Photo...", icon="IMAGE_DATA")
        self._draw_labels(layout, settings)

    def _draw_looks(self, layout, context, settings) -> None:
        if not looks.names(context.scene):
            wrapped(layout, context, "The installed weights hold no looks; take one from a photo.", "INFO")
            return
        row = layout.row()
        _draw_choice(row, settings, "look", "choice")
        if settings.source == "BLEND":
            _draw_choice(row, settings, "other", "other_choice")
            layout.prop(settings, "share", slider=True)
        if thumbnails.problem():
            wrapped(layout, context, thumbnails.problem(), "INFO")

    def _draw_labels(self, layout, settings) -> None:
        column = layout.column(align=True)
        for index, entry in enumerate(settings.labels):
            row = column.row(align=True)
            row.prop(entry, "label", text="")
            row.prop(entry, "choice", text="")
            row.operator("veduta.remove_label_look", text="", icon="X").index = index
        layout.operator("veduta.add_label_look", text="Another Look for a Label", icon="ADD")


def _draw_choice(layout, settings, attribute: str, choice: str) -> None:
    """A look's picture, from which another is picked, and its name; a photograph's can be removed."""
    column = layout.column(align=True)
    name = getattr(settings, attribute)
    column.template_icon_view(settings, choice, show_labels=True, scale=_PICTURE, scale_popup=_GALLERY)
    row = column.row(align=True)
    row.label(text=looks.title(name) or "No look")
    if name in settings.photos:
        row.operator("veduta.remove_look", text="", icon="X", emboss=False).look = name


CLASSES = (VEDUTA_PT_look,)
