"""The settings of the world painted around the scene."""
from __future__ import annotations

import bpy
from bpy.props import EnumProperty, FloatProperty

_SIZES = (("1024", "1024 x 512", "For light and rough reflections"), ("2048", "2048 x 1024", "For light and reflections"),
          ("4096", "4096 x 2048", "For a world that is looked at"))


class VedutaWorld(bpy.types.PropertyGroup):
    """How large the world is painted, and how much of the Sun it takes over."""

    size: EnumProperty(name="Size", items=_SIZES, default="2048", description="Width and height of the painted world, pixels")
    sun: FloatProperty(
        name="Sun in World", default=1, min=0, max=1, subtype="FACTOR",
        description="How much of the Sun lamp's light the world takes over. The lamp gives that much less until the world is removed, "
                    "so the scene stays as bright")


CLASSES = (VedutaWorld,)
