"""The extension's preferences: how much of the computer the painter takes, and where its log is. A scene's settings are in `properties`."""
from __future__ import annotations

import bpy
from bpy.props import IntProperty

from . import painting, service


def _start_afresh(_preferences, _context) -> None:
    """The number of threads is the process's for life, so the next painting gets a new one."""
    painting.cancel()
    service.close()


class VedutaPreferences(bpy.types.AddonPreferences):
    """What the painter may use, and where its log is."""

    bl_idname = service.ROOT_PACKAGE

    threads: IntProperty(
        name="Threads", default=0, min=0, max=1024, update=_start_afresh,
        description="Processor threads to paint with; 0 takes all. A painting under way is cancelled by a change")

    def draw(self, context):
        self.layout.prop(self, "threads")
        row = self.layout.row()
        row.label(text=f"Log: {service.log_path()}")
        row.operator("wm.path_open", text="Open", icon="TEXT").filepath = str(service.log_path())


CLASSES = (VedutaPreferences,)
