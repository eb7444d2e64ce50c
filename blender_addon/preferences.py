"""The extension's preferences. Settings of a scene are in `properties`."""
from __future__ import annotations

import bpy

from . import service


class VedutaPreferences(bpy.types.AddonPreferences):
    """Shows where the painter's log is."""

    bl_idname = service.ROOT_PACKAGE

    def draw(self, context):
        row = self.layout.row()
        row.label(text=f"Log of the painter: {service.log_path()}")
        row.operator("wm.path_open", text="Open", icon="TEXT").filepath = str(service.log_path())


CLASSES = (VedutaPreferences,)
