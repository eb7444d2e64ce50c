"""Colour management: which colour space undoes the scene's view transform, and what changes a painting's colours in renders.

Nothing is written here.
"""
from __future__ import annotations

import bpy

# View transform -> the colour space of an image that comes out of it unchanged. AgX and Khronos PBR Neutral can't show every sRGB colour:
# fully saturated ones come back duller.
_INVERSES = {
    "Standard": "sRGB",
    "AgX": "AgX Base sRGB",
    "Filmic": "Filmic sRGB",
    "Khronos PBR Neutral": "Khronos PBR Neutral sRGB",
    "ACES 1.3": "ACES 1.3 sRGB",
    "ACES 2.0": "ACES 2.0 sRGB",
    "Raw": "Non-Color",
}
PLAIN = "sRGB"  # what a painting's bytes are


def inverse_space(scene: bpy.types.Scene) -> str | None:
    """The name of the colour space that inverts the scene's view transform; None where this Blender has none."""
    space = _INVERSES.get(scene.view_settings.view_transform)
    return space if space in _known_spaces() else None


def warnings(scene: bpy.types.Scene) -> list[str]:
    """A sentence for each setting that gives the painting other colours in renders than it has."""
    view = scene.view_settings
    found = []
    if inverse_space(scene) is None:
        found.append(f"The view transform {view.view_transform!r} has no inverse in this Blender: the painting's colours shift in renders.")
    if view.look != "None":
        found.append(f"The look {view.look!r} of the colour management changes the painting's colours in renders.")
    if view.exposure or view.gamma != 1:
        found.append("The exposure or gamma of the colour management changes the painting's colours in renders.")
    if view.use_curve_mapping:
        found.append("The curves of the colour management change the painting's colours in renders.")
    if getattr(view, "use_white_balance", False):  # Blender 4.3 and later
        found.append("The white balance of the colour management changes the painting's colours in renders.")
    return found


def _known_spaces() -> set[str]:
    return set(bpy.types.ColorManagedInputColorspaceSettings.bl_rna.properties["name"].enum_items.keys())
