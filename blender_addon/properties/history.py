"""The settings of the History panel: which painting its list has chosen. The paintings themselves are Images."""
from __future__ import annotations

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty


def _index(settings: VedutaHistory) -> int:
    return bpy.data.images.find(settings.painting)


def _choose(settings: VedutaHistory, index: int) -> None:
    settings.painting = bpy.data.images[index].name


class VedutaHistory(bpy.types.PropertyGroup):
    """The choice in the list of paintings."""

    painting: StringProperty(name="Painting", description="The painting chosen in the list")
    # Blender's lists want a number; the name stays right when images come and go.
    index: IntProperty(name="Painting", get=_index, set=_choose, description="The painting chosen in the list")
    favourites: BoolProperty(name="Favourites", default=False, description="List favourites alone")


CLASSES = (VedutaHistory,)
