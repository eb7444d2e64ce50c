"""Hides painted objects from the camera while a backdrop shows them, and gives their visibility back. Nothing else is changed.

They still cast shadows, bounce light and show in reflections. What they were is kept on each object itself, in the custom property
HIDDEN_MARK, so that it survives renaming, duplication and a save; capture reads the mark and still paints these objects. Callers see to
it that the marks of library overrides are `override_marks.kept`.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator

import bpy

from .. import assignment
from ..capture.extract import HIDDEN_MARK

# Without the second, the glass of a kept object would show the blockout instead of the painting.
_FLAGS = ("visible_camera", "visible_transmission")


def painted(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> set[bpy.types.Object]:
    """The scene's objects that show anything labelled, themselves or by instancing it, and are not kept."""
    overrides = assignment.overrides(scene)
    labelled = {material for material in bpy.data.materials if assignment.material_label(scene, material)}

    def is_labelled(obj: bpy.types.Object) -> bool:
        return bool(overrides.get(obj) or assignment.object_label(scene, obj)) or not labelled.isdisjoint(_materials(obj))

    # The scene's list knows the objects that are hidden in the viewport, the depsgraph those that modifiers and empties instance.
    pairs = {(obj, obj) for obj in scene.objects} | set(_instances(depsgraph))
    kept = {obj for pair in pairs for obj in pair if assignment.is_keep(scene, obj)}
    return {top for obj, top in pairs if kept.isdisjoint((obj, top)) and not assignment.is_own(top) and is_labelled(obj)}


def hide(objects: Iterable[bpy.types.Object]) -> list[str]:
    """Hide objects from the camera and from what glass shows. Returns the names of linked ones, which can't be hidden."""
    linked = []
    for obj in objects:
        if obj.library is not None:
            linked.append(obj.name)
        elif obj.visible_camera:
            obj[HIDDEN_MARK] = [getattr(obj, flag) for flag in _FLAGS]
            for flag in _FLAGS:
                setattr(obj, flag, False)
    return sorted(linked)


def show(obj: bpy.types.Object) -> None:
    """Give one object back what `hide` took; nothing happens to an object that it left alone."""
    if HIDDEN_MARK not in obj:
        return
    for flag, value in zip(_FLAGS, obj[HIDDEN_MARK]):
        setattr(obj, flag, bool(value))
    del obj[HIDDEN_MARK]


def _instances(depsgraph: bpy.types.Depsgraph) -> Iterator[tuple[bpy.types.Object, bpy.types.Object]]:
    """Every (instanced object, object that instances it) of the evaluated scene, often more than once."""
    for instance in depsgraph.object_instances:
        if instance.is_instance:
            yield instance.object.original, instance.parent.original


def _materials(obj: bpy.types.Object) -> Iterator[bpy.types.Material]:
    """The materials in the object's slots."""
    return (slot.material for slot in obj.material_slots if slot.material is not None)
