"""The marks Veduta adds to materials, objects and collections. No rules and no drawing: `assignment` reads and writes them."""
from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty, PointerProperty

from ..synth_core import labels
from . import overrides

NONE = "NONE"  # the enumeration's word for "no label set here"; stored as 0, as every label is stored as its id


def label_items(none: str, none_help: str) -> tuple[tuple[str, str, str, int], ...]:
    """The enumeration of labels (identifier, name, description, stored number); `none` and `none_help` word its first entry."""
    named = ((label.name.upper(), label.name.capitalize(), f"Paint this as {label.name}", label.id) for label in labels.LABELS[1:])
    return ((NONE, none, none_help, labels.UNLABELLED), *named)


_MATERIAL_ITEMS = label_items("No label", "Surfaces of this material take the nearest label below them, or sky above the horizon")
_OVERRIDE_ITEMS = label_items("By material", "Each face is painted as its material says")
OVERRIDABLE = {"LIBRARY_OVERRIDABLE"}  # so that library overrides may set it


def _tag(group: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Have Blender note a change that it doesn't reliably note by itself: what is drawn by label follows such notes, and overrides keep it."""
    group.id_data.update_tag()
    overrides.secure(group.id_data)


class VedutaMaterial(bpy.types.PropertyGroup):
    """What surfaces of this material are painted as."""

    label: EnumProperty(
        name="Label", items=_MATERIAL_ITEMS, override=OVERRIDABLE, update=_tag,
        description="What surfaces of this material are painted as")


class VedutaObject(bpy.types.PropertyGroup):
    """What this object is painted as, whatever its materials say, or that it is kept."""

    label: EnumProperty(
        name="Label", items=_OVERRIDE_ITEMS, override=OVERRIDABLE, update=_tag,
        description="What the whole object is painted as")
    keep: BoolProperty(
        name="Keep", override=OVERRIDABLE, update=_tag,
        description="Never paint over this object: scenery is made around and behind it")


class VedutaCollection(bpy.types.PropertyGroup):
    """What everything in this collection is painted as, unless an object in it says otherwise."""

    label: EnumProperty(
        name="Label", items=_OVERRIDE_ITEMS, override=OVERRIDABLE, update=_tag,
        description="What everything in the collection is painted as")


class VedutaLinkedMark(bpy.types.PropertyGroup):
    """The label and keep mark of one linked data-block, which can't hold them itself. `name` is the data-block's."""

    kind: EnumProperty(items=(("MATERIAL", "Material", ""), ("OBJECT", "Object", ""), ("COLLECTION", "Collection", "")))
    library: PointerProperty(type=bpy.types.Library)  # not its path: Blender rewrites paths when a file is saved, moved or relocated
    label: EnumProperty(items=_OVERRIDE_ITEMS, update=_tag)
    keep: BoolProperty(update=_tag)


CLASSES = (VedutaMaterial, VedutaObject, VedutaCollection, VedutaLinkedMark)
