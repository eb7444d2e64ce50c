"""The settings of the Textures panel's projection, baking and hand-over. What they do is `apply`'s."""
from __future__ import annotations

from math import radians

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from .. import compat


def _remade(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    from ..apply import textures  # not above: what applies textures reads properties

    if textures.is_on(settings.id_data):
        textures.rebuild(context, settings.id_data)


def _regrazed(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    from ..apply import textures

    textures.set_grazing(settings.id_data, settings.grazing)


class VedutaTextures(bpy.types.PropertyGroup):
    """How paintings are projected, baked and exported."""

    lit: BoolProperty(
        name="Lit", update=_remade,
        description="Let the scene's lights shade the painted surfaces; else they show the painting's own light and nothing more")
    grazing: FloatProperty(
        name="Grazing Angle", default=radians(2), min=0, max=radians(60), subtype="ANGLE", update=_regrazed,
        description="Surfaces that the camera sees at a smaller angle keep their label's colour: the painting would be stretched on them")
    bake_size: EnumProperty(
        name="Size", default="2048", description="Width and height of a baked texture, pixels",
        items=[(str(side), str(side), f"{side} x {side} pixels") for side in (512, 1024, 2048, 4096)])
    mask_layout: EnumProperty(
        name="Layout", description="What the masks' pixels stand for",
        items=(("TOP", "From the Top", "The terrain's box seen from straight above"), ("UV", "UV Map", "As a baked texture lies on the terrain")))
    mask_size: IntProperty(
        name="Size", default=1024, min=64, max=4096, subtype="PIXEL", description="Width and height of the masks and the height map")
    folder: StringProperty(
        name="Folder", default="//veduta/", subtype="DIR_PATH", options=compat.RELATIVE_PATH,
        description="Where masks and height map are written; // is the file's own folder")


CLASSES = (VedutaTextures,)
