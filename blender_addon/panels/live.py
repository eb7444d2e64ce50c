"""Live's row in the Paint panel. Drawing alone: every state is read from `live`."""
from __future__ import annotations

import bpy

from .. import live
from .common import wrapped


def draw(layout, context: bpy.types.Context) -> None:
    """The button, Keep, and why there is no picture."""
    here = live.is_here(context)
    row = layout.row(align=True)
    row.operator("veduta.live", icon="PAUSE" if here else "PLAY", depress=here)
    row.operator("veduta.keep_live", icon="PINNED")
    if here and live.problem():
        wrapped(layout.box(), context, live.problem(), "ERROR")
