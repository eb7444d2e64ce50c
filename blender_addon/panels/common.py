"""What the sidebar's panels share: their place, wrapped text and how far a painting has come. No panel is here."""
from __future__ import annotations

import textwrap

import bpy

from .. import painting

_CHARACTER_WIDTH = 7.0  # pixels of an average letter at a user interface scale of 1
_SIDEBAR_PADDING = 80.0  # pixels that panel, box and icons take from the sidebar's width


class SidebarPanel:
    """A panel of the "Veduta" tab of the 3D viewport's sidebar."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Veduta"


def wrapped(layout, context: bpy.types.Context, text: str, icon: str) -> None:
    """Text as lines as wide as the sidebar, for Blender's labels don't wrap; `icon` stands before the first."""
    width = (context.region.width - _SIDEBAR_PADDING) / (_CHARACTER_WIDTH * context.preferences.system.ui_scale)
    column = layout.column(align=True)
    for index, line in enumerate(textwrap.wrap(text, max(16, int(width)))):
        column.label(text=line, icon="BLANK1" if index or icon == "NONE" else icon)


def progress(layout, context: bpy.types.Context) -> None:
    """How far the painting in flight has come, with its Cancel, and what its delivery waits for."""
    current = painting.current()
    row = layout.row(align=True)
    row.scale_y = 1.6
    row.progress(factor=current.progress, type="BAR", text=f"{current.message} {current.progress:.0%}")
    row.operator("veduta.cancel", text="", icon="CANCEL")
    if current.held:
        wrapped(layout, context, current.held, "INFO")
