"""Which label and which keep mark a data-block carries: the rules, over the storage in `properties`. No drawing and no capture here.

A linked data-block is read-only, so its marks live in a table on the scene (kind, library, name); an entry there goes before what the
library itself says. Labels are ids of `synth_core.labels`; 0 means none is set.
"""
from __future__ import annotations

from typing import NamedTuple

import bpy

from .properties import NONE
from .synth_core import labels

class Decision(NamedTuple):
    """Who decides an object's label: the depth of the collection that does, and the label id it gives."""

    depth: int
    label: int


UNDECIDED = Decision(-1, 0)
_OBJECT_DEPTH = 1_000_000  # an object's own label lies deeper than any collection's
OWN_MARK = "veduta_own"  # custom property of the objects and collections that Veduta itself makes: they are never painted


def material_label(scene: bpy.types.Scene, material: bpy.types.Material | None) -> int:
    """The label id set on `material`; 0 for none, and for an empty slot."""
    return 0 if material is None else _label(scene, material)


def object_label(scene: bpy.types.Scene, obj: bpy.types.Object) -> int:
    """The label id that overrides the whole object, or 0."""
    return _label(scene, obj)


def collection_label(scene: bpy.types.Scene, collection: bpy.types.Collection) -> int:
    """The label id that overrides everything in the collection, or 0. The scene's own root collection has none."""
    return _label(scene, collection)


def overrides(scene: bpy.types.Scene) -> dict[bpy.types.Object, int]:
    """The label id of every object of the scene that an object or a collection override decides; the others go by their materials.

    An object's own label goes first, then that of the innermost collection that has one. Collections instanced by an empty are walked too;
    the instance's own override holds for those of its objects that nothing nearer decides.
    """
    found: dict[bpy.types.Object, Decision] = {}
    _walk(scene, scene.collection, UNDECIDED, 0, found)
    return {obj: decision.label for obj, decision in found.items() if decision.label}


def is_keep(scene: bpy.types.Scene, obj: bpy.types.Object) -> bool:
    """Whether the object is never painted over."""
    mark = _linked_mark(scene, obj)
    return (mark or obj.original.veduta).keep


def is_own(datablock: bpy.types.ID) -> bool:
    """Whether Veduta made this object or collection itself."""
    return bool(datablock.get(OWN_MARK))


def set_label(scene: bpy.types.Scene, datablock: bpy.types.ID, label: int) -> None:
    """Set the label id of a material, object or collection; 0 clears it. Linked ones are written to the scene's table."""
    _writable(scene, datablock).label = identifier(label)


def set_keep(scene: bpy.types.Scene, obj: bpy.types.Object, keep: bool) -> None:
    """Set or clear the keep mark of an object. Linked ones are written to the scene's table."""
    _writable(scene, obj).keep = keep


def identifier(label: int) -> str:
    """The enumeration's identifier of a label id."""
    return labels.LABELS[label].name.upper() if label else NONE


def label_id(identifier: str) -> int:
    """The label id of an enumeration identifier."""
    return 0 if identifier == NONE else labels.BY_NAME[identifier.lower()].id


def _label(scene: bpy.types.Scene, datablock: bpy.types.ID) -> int:
    datablock = datablock.original
    return label_id((_linked_mark(scene, datablock) or datablock.veduta).label)


def _kind(datablock: bpy.types.ID) -> str:
    kinds = {bpy.types.Material: "MATERIAL", bpy.types.Object: "OBJECT", bpy.types.Collection: "COLLECTION"}
    return next(kind for type_, kind in kinds.items() if isinstance(datablock, type_))


def _linked_mark(scene: bpy.types.Scene, datablock: bpy.types.ID):
    """The scene's entry for a linked data-block; None for local ones and where there is none."""
    library = datablock.original.library
    if library is None:
        return None
    key = (_kind(datablock), library, datablock.name)
    return next((mark for mark in scene.veduta.linked_marks if (mark.kind, mark.library, mark.name) == key), None)


def _writable(scene: bpy.types.Scene, datablock: bpy.types.ID):
    """The property group that holds the marks of `datablock`; a new entry starts from what the library says."""
    datablock = datablock.original
    if datablock.library is None:
        return datablock.veduta
    mark = _linked_mark(scene, datablock)
    if mark is None:
        mark = scene.veduta.linked_marks.add()
        mark.kind, mark.library, mark.name = _kind(datablock), datablock.library, datablock.name
        mark.label = datablock.veduta.label
        mark.keep = getattr(datablock.veduta, "keep", False)
    return mark


def _walk(scene: bpy.types.Scene, collection: bpy.types.Collection, inherited: Decision, depth: int,
          found: dict[bpy.types.Object, Decision]) -> None:
    """Fill `found` for a collection `depth` levels below the scene's root, and for all inside it."""
    label = _label(scene, collection)
    inherited = Decision(depth, label) if label else inherited
    for obj in collection.objects:
        own = _label(scene, obj)
        decision = Decision(_OBJECT_DEPTH, own) if own else inherited
        if obj in found and decision.depth <= found[obj].depth:
            continue
        found[obj] = decision
        if obj.instance_collection:
            _walk(scene, obj.instance_collection, Decision(depth, decision.label), depth + 1, found)
    for child in collection.children:
        _walk(scene, child, inherited, depth + 1, found)
