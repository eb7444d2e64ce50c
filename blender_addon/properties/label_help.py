"""Label help's settings, and its list of proposals, which belongs to the window manager: it is in no file and no undo step."""
from __future__ import annotations

from math import radians

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, PointerProperty, StringProperty


def _changed(_group, context: bpy.types.Context) -> None:
    from ..operators import guess_labels  # it is made of operators that need these groups
    guess_labels.preview(context)


def _is_map(_group, image: bpy.types.Image) -> bool:
    from .. import photo_maps  # it builds on this package
    return photo_maps.is_map(image)


class VedutaProposal(bpy.types.PropertyGroup):
    """One line of the list; the proposal itself is kept in `operators.guess_labels`, in the same order."""

    label: StringProperty()
    reason: StringProperty()
    kind: StringProperty()
    use: BoolProperty(name="Use", default=True, update=_changed, description="Set this label when the proposals are applied")


class VedutaGuess(bpy.types.PropertyGroup):
    """The proposals."""

    proposals: CollectionProperty(type=VedutaProposal)
    active: IntProperty()


class VedutaLabelHelp(bpy.types.PropertyGroup):
    """How shapes are told, and the photograph whose labels are looked at."""

    steep: FloatProperty(name="Steep From", default=radians(40), min=radians(1), max=radians(90), subtype="ANGLE",
                         description="Faces steeper than this are rock")
    snow_height: FloatProperty(name="Snow From", default=300.0, subtype="DISTANCE", description="Faces higher than this are snow")
    water_height: FloatProperty(name="Water Level", default=0.0, subtype="DISTANCE",
                                description="Level faces down here are sea, and what is just above is sand")
    drop_specks: BoolProperty(name="Drop Specks", description="Give specks of a few pixels the label around them before painting")
    photo_map: PointerProperty(type=bpy.types.Image, name="Photo's Labels", poll=_is_map, description="A photograph's label map")


CLASSES = (VedutaProposal, VedutaGuess, VedutaLabelHelp)
