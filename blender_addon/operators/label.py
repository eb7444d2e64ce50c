"""Operators that label materials, objects and collections, and mark objects as kept. The rules of who decides are in `assignment`."""
from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty

from .. import assignment
from ..apply import follow, override_marks, visibility
from ..properties import label_items
from ..synth_core import labels

TARGETS = (
    ("MATERIAL", "Material", "The active material of the active object; an object without one gets a new one"),
    ("OBJECT", "Object", "The selected objects, whatever their materials say"),
    ("COLLECTION", "Collection", "Everything in the active collection, unless an object in it says otherwise"),
)


class NothingToLabel(Exception):
    """There is no data-block to label; the message is one sentence for the user."""


class VEDUTA_OT_assign_label(bpy.types.Operator):
    """Set what a material, object or collection is painted as"""

    bl_idname = "veduta.assign_label"
    bl_label = "Assign Label"
    bl_options = {"REGISTER", "UNDO"}

    label: EnumProperty(name="Label", items=label_items("None", "Take the label away"))
    target: EnumProperty(name="Target", items=TARGETS)

    @classmethod
    def description(cls, context, properties):
        if properties.label == "NONE":
            return "Take the label away"
        return f"Paint this as {properties.label.lower()}"

    def execute(self, context):
        label = assignment.label_id(self.label)
        try:
            datablocks = _TARGETS[self.target](context, label)
        except NothingToLabel as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for datablock in datablocks:
            assignment.set_label(context.scene, datablock, label)
        return {"FINISHED"}


class VEDUTA_OT_toggle_keep(bpy.types.Operator):
    """Keep the selected objects as they are: scenery is made around and behind them, never over them"""

    bl_idname = "veduta.toggle_keep"
    bl_label = "Keep"
    bl_options = {"REGISTER", "UNDO"}

    keep: BoolProperty(name="Keep", default=True)

    def invoke(self, context, event):
        if context.object is not None:
            self.keep = not assignment.is_keep(context.scene, context.object)
        return self.execute(context)

    def execute(self, context):
        try:
            objects = _objects(context, 0)
        except NothingToLabel as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        with override_marks.kept():
            for obj in objects:
                assignment.set_keep(context.scene, obj, self.keep)
                if self.keep:
                    visibility.show(obj)  # a backdrop may hide it
        follow.wake()
        return {"FINISHED"}


def _material(context: bpy.types.Context, label: int) -> list[bpy.types.Material]:
    """The active object's active material; when there is none and a label is to be set, a new one named and coloured after it."""
    obj = context.object
    if obj is None:
        raise NothingToLabel("No object is active; select the one whose material to label.")
    if obj.active_material is not None or not label:
        return [obj.active_material] if obj.active_material else []
    if obj.library is not None or not hasattr(obj.data, "materials"):
        raise NothingToLabel(f"{obj.name} has no material and can't be given one; label the object instead.")
    obj.active_material = _new_material(labels.LABELS[label])
    return [obj.active_material]


def _new_material(label: labels.Label) -> bpy.types.Material:
    material = bpy.data.materials.new(label.name.capitalize())
    material.diffuse_color = (*(channel / 255 for channel in label.colour), 1.0)
    return material


def _objects(context: bpy.types.Context, _label: int) -> list[bpy.types.Object]:
    """The selected objects and the active one."""
    objects = {obj.name_full: obj for obj in (*context.selected_objects, context.object) if obj is not None}
    if not objects:
        raise NothingToLabel("No object is selected; select those to label.")
    return list(objects.values())


def _collection(context: bpy.types.Context, _label: int) -> list[bpy.types.Collection]:
    return [context.collection]


_TARGETS = {"MATERIAL": _material, "OBJECT": _objects, "COLLECTION": _collection}

CLASSES = (VEDUTA_OT_assign_label, VEDUTA_OT_toggle_keep)
