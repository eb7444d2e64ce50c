"""3D viewports of every window. Nothing else lives here."""
from __future__ import annotations

import bpy


def redraw(region_type: str) -> None:
    """Ask the viewports' regions of a type ("UI" is the sidebar, "WINDOW" the view itself) to draw themselves anew."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in (region for region in area.regions if region.type == region_type):
                    region.tag_redraw()
