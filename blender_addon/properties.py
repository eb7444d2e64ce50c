"""The properties Veduta adds to materials, objects, collections and scenes. No rules and no drawing: `assignment` reads and writes them.

What "Show labels" shows and how far a painting has come are states of a session, not of a file: they live in module memory, not here.
"""
from __future__ import annotations

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

from .synth_core import labels
from .synth_core.request import LARGEST, SMALLEST

NONE = "NONE"  # the enumeration's word for "no label set here"; stored as 0, as every label is stored as its id


def label_items(none: str, none_help: str) -> tuple[tuple[str, str, str, int], ...]:
    """The enumeration of labels (identifier, name, description, stored number); `none` and `none_help` word its first entry."""
    named = ((label.name.upper(), label.name.capitalize(), f"Paint this as {label.name}", label.id) for label in labels.LABELS[1:])
    return ((NONE, none, none_help, labels.UNLABELLED), *named)


_MATERIAL_ITEMS = label_items("No label", "Surfaces of this material take the nearest label below them, or sky above the horizon")
_OVERRIDE_ITEMS = label_items("By material", "Each face is painted as its material says")
_OVERRIDABLE = {"LIBRARY_OVERRIDABLE"}  # so that library overrides may set it


def _tag(group: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Have Blender note a change that it doesn't reliably note by itself: what is drawn by label follows such notes."""
    group.id_data.update_tag()


class VedutaMaterial(bpy.types.PropertyGroup):
    """What surfaces of this material are painted as."""

    label: EnumProperty(
        name="Label", items=_MATERIAL_ITEMS, override=_OVERRIDABLE, update=_tag,
        description="What surfaces of this material are painted as")


class VedutaObject(bpy.types.PropertyGroup):
    """What this object is painted as, whatever its materials say, or that it is kept."""

    label: EnumProperty(
        name="Label", items=_OVERRIDE_ITEMS, override=_OVERRIDABLE, update=_tag,
        description="What the whole object is painted as")
    keep: BoolProperty(
        name="Keep", override=_OVERRIDABLE, update=_tag,
        description="Never paint over this object: scenery is made around and behind it")


class VedutaCollection(bpy.types.PropertyGroup):
    """What everything in this collection is painted as, unless an object in it says otherwise."""

    label: EnumProperty(
        name="Label", items=_OVERRIDE_ITEMS, override=_OVERRIDABLE, update=_tag,
        description="What everything in the collection is painted as")


class VedutaLinkedMark(bpy.types.PropertyGroup):
    """The label and keep mark of one linked data-block, which can't hold them itself. `name` is the data-block's."""

    kind: EnumProperty(items=(("MATERIAL", "Material", ""), ("OBJECT", "Object", ""), ("COLLECTION", "Collection", "")))
    library: PointerProperty(type=bpy.types.Library)  # not its path: Blender rewrites paths when a file is saved, moved or relocated
    label: EnumProperty(items=_OVERRIDE_ITEMS, update=_tag)
    keep: BoolProperty(update=_tag)


class VedutaScene(bpy.types.PropertyGroup):
    """The settings of the Paint panel, and the marks of linked data-blocks."""

    use_render_size: BoolProperty(
        name="Render Size", default=True,
        description="Paint at the size of the render, at most 1024 pixels on the long side")
    width: IntProperty(name="Width", default=1024, min=SMALLEST, max=LARGEST, subtype="PIXEL", description="Width of the painting")
    height: IntProperty(name="Height", default=576, min=SMALLEST, max=LARGEST, subtype="PIXEL", description="Height of the painting")
    # A string: seeds have 63 bits, an integer property holds 31.
    seed: StringProperty(name="Seed", default="1", description="A whole number; another seed paints another picture of the same labels")
    linked_marks: CollectionProperty(type=VedutaLinkedMark)


CLASSES = (VedutaMaterial, VedutaObject, VedutaCollection, VedutaLinkedMark, VedutaScene)
_OWNERS = {
    bpy.types.Material: VedutaMaterial,
    bpy.types.Object: VedutaObject,
    bpy.types.Collection: VedutaCollection,
    bpy.types.Scene: VedutaScene,
}


def attach() -> None:
    """Add `.veduta` to the data-block types; CLASSES must be registered."""
    for owner, group in _OWNERS.items():
        owner.veduta = PointerProperty(type=group, override=_OVERRIDABLE)


def detach() -> None:
    """Take `.veduta` away again."""
    for owner in _OWNERS:
        del owner.veduta
