"""An image shown beside the scene: in an Image Editor of the window, made by splitting the largest 3D viewport where there is none."""
from __future__ import annotations

import bpy

_SHARE = 0.6  # of the viewport's width that it keeps


def show(image: bpy.types.Image) -> None:
    """Show the image in the window; without one (in background) nothing happens."""
    window = bpy.context.window or next(iter(bpy.context.window_manager.windows), None)
    if window is None or bpy.app.background:
        return
    area = next((area for area in window.screen.areas if area.type == "IMAGE_EDITOR"), None) or _split(window)
    if area is None:
        return
    area.spaces.active.image = image
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.image.view_all(fit_view=True)


def _split(window: bpy.types.Window) -> bpy.types.Area | None:
    """A new Image Editor beside the largest viewport of the window; None where there is no viewport."""
    viewports = [area for area in window.screen.areas if area.type == "VIEW_3D"]
    if not viewports:
        return None
    largest = max(viewports, key=lambda area: area.width * area.height)
    before = list(window.screen.areas)
    with bpy.context.temp_override(window=window, area=largest, region=largest.regions[0]):
        bpy.ops.screen.area_split(direction="VERTICAL", factor=_SHARE)
    made = next((area for area in window.screen.areas if area not in before), None)
    if made is not None:
        made.type = "IMAGE_EDITOR"
    return made
