"""The settings of the Look panel: which look a scene is painted in. What they come to is `looks`'s.

Looks are kept by name, not by number: other weights list others. For the panel each name has an enumeration beside it, whose pictures a
user picks from; it stores nothing of its own.
"""
from __future__ import annotations

import bpy
from bpy.props import CollectionProperty, EnumProperty, FloatProperty, StringProperty

from .marks import label_items

_SOURCES = (
    ("SEED", "By Seed", "Each seed has a light and colours of its own, drawn from those of photographs"),
    ("LOOK", "Look", "One look, whatever the seed"),
    ("BLEND", "Blend", "Between two looks"),
)
_items: list[tuple] = []  # Blender keeps no reference to an enumeration's texts; without one here they would be freed under it


def _look_items(settings, _context) -> list[tuple]:
    """The looks to choose from, with their thumbnails."""
    from .. import looks, thumbnails  # they build on this package

    global _items
    scene = settings.id_data
    found = [(name, looks.title(name), f"Paint in the look {looks.title(name)!r}", thumbnails.icon(scene, name), index)
             for index, name in enumerate(looks.names(scene))]
    if found != _items:
        _items = found
    return _items


def _choice(attribute: str) -> EnumProperty:
    """An enumeration that shows and sets the name in `attribute`."""
    def chosen(settings) -> int:
        from .. import looks
        names = looks.names(settings.id_data)
        return names.index(getattr(settings, attribute)) if getattr(settings, attribute) in names else -1

    def choose(settings, index: int) -> None:
        from .. import looks
        setattr(settings, attribute, looks.names(settings.id_data)[index])

    return EnumProperty(name="Look", items=_look_items, get=chosen, set=choose, description="Choose a look by its picture")


def _fill(settings, _context) -> None:
    """Choose the first looks where none is chosen yet."""
    from .. import looks
    names = looks.names(settings.id_data)
    if names and settings.source != "SEED":
        settings.look = settings.look or names[0]
        settings.other = settings.other or names[-1]


class VedutaPhotoLook(bpy.types.PropertyGroup):
    """A look taken from a photograph, kept as codes. `name` is the photograph's; the photograph itself is not kept."""

    codes: StringProperty()


class VedutaLabelLook(bpy.types.PropertyGroup):
    """One label that is painted in another look than the rest."""

    label: EnumProperty(name="Label", items=label_items("", "")[1:], description="The label that gets a look of its own")
    look: StringProperty(name="Look")
    choice: _choice("look")


class VedutaLook(bpy.types.PropertyGroup):
    """What the next painting looks like."""

    source: EnumProperty(name="Source", items=_SOURCES, default="SEED", update=_fill, description="Where light and colours come from")
    look: StringProperty(name="Look", description="The name of the look")
    choice: _choice("look")
    other: StringProperty(name="Other Look", description="The name of the look to blend with")
    other_choice: _choice("other")
    share: FloatProperty(name="Blend", default=0.5, min=0, max=1, subtype="FACTOR",
                         description="0 is the first look, 1 the second, between them a blend")
    strength: FloatProperty(name="Strength", default=1, min=0, max=1.5, subtype="FACTOR",
                            description="1 is the look as it is, less comes closer to the middle of all photographs, more goes beyond it")
    photos: CollectionProperty(type=VedutaPhotoLook)
    labels: CollectionProperty(type=VedutaLabelLook)


CLASSES = (VedutaPhotoLook, VedutaLabelLook, VedutaLook)
