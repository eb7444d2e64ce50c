"""The settings of terrain textures and tiles. What they do is `apply/terrain.py`'s and `apply/tiles.py`'s."""
from __future__ import annotations

from math import radians

import bpy
from bpy.props import EnumProperty, FloatProperty

from ..synth_core import labels
from ..synth_core.request import TILE_SIZES

_TILE_LABELS = tuple((label.name.upper(), label.name.capitalize(), f"Paint a tile of {label.name}", label.id) for label in labels.LABELS[1:])


class VedutaGround(bpy.types.PropertyGroup):
    """How terrains are painted from above, and which tile is painted next."""

    size: EnumProperty(
        name="Size", default="2048", description="The terrain texture's longest side, pixels",
        items=[(str(side), str(side), f"At most {side} x {side} pixels") for side in (512, 1024, 2048, 4096)])
    steep: FloatProperty(
        name="Steep From", default=radians(60), min=radians(20), max=radians(90), subtype="ANGLE",
        description="Faces steeper than this would be stretched by a view from above; they show a tile of their label. 90 degrees: none does")
    label: EnumProperty(name="Label", default="ROCK", items=_TILE_LABELS, description="What the tile shows")
    tile_size: EnumProperty(
        name="Size", default="512", description="Width and height of the tile, pixels",
        items=[(str(side), str(side), f"{side} x {side} pixels") for side in TILE_SIZES])
    mapping: EnumProperty(
        name="Mapping", default="UV", description="How the tile's material lies on an object",
        items=(("UV", "UV", "Along the object's UV map"), ("BOX", "Box", "From three sides, for objects without a UV map; bumps take the normal "
                                                           "map's place, which needs UVs")))
    width: FloatProperty(
        name="Tile Width", default=1.0, min=0.001, soft_max=100,
        description="How wide a tile lies on the object: in UV units, or with box mapping in scene units")


CLASSES = (VedutaGround,)
