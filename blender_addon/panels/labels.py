"""The Labels panel and the menus of labels. Drawing alone: every state is read from `assignment`."""
from __future__ import annotations

import bpy

from .. import assignment, swatches
from ..operators import show_labels
from ..synth_core import labels
from . import label_help
from .common import SidebarPanel


class _LabelMenu(bpy.types.Menu):
    """Every label with its swatch; what it is set on is the subclass's `target`."""

    target = ""

    def draw(self, context):
        layout = self.layout
        layout.operator_context = "EXEC_DEFAULT"
        for label in labels.LABELS[1:]:
            self._entry(layout, label.id, label.name.capitalize())
        layout.separator()
        self._entry(layout, labels.UNLABELLED, _UNSET[self.target])

    def _entry(self, layout, label: int, text: str) -> None:
        icon = {"icon_value": swatches.icon(label)} if label else {"icon": "X"}
        entry = layout.operator("veduta.assign_label", text=text, **icon)
        entry.label, entry.target = assignment.identifier(label), self.target


class VEDUTA_MT_material_label(_LabelMenu):
    bl_label = "Material Label"
    bl_description = "What surfaces of the active material are painted as"
    target = "MATERIAL"


class VEDUTA_MT_object_label(_LabelMenu):
    bl_label = "Object Label"
    bl_description = "What the selected objects are painted as, whatever their materials say"
    target = "OBJECT"


class VEDUTA_MT_collection_label(_LabelMenu):
    bl_label = "Collection Label"
    bl_description = "What everything in the active collection is painted as"
    target = "COLLECTION"


_MENUS = {menu.target: menu.__name__ for menu in (VEDUTA_MT_material_label, VEDUTA_MT_object_label, VEDUTA_MT_collection_label)}
_UNSET = {"MATERIAL": "No label", "OBJECT": "By material", "COLLECTION": "No label"}


class VEDUTA_UL_materials(bpy.types.UIList):
    """The active object's material slots, each with its label."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property):
        if item.material is None:
            layout.label(text="Empty slot", icon="MATERIAL")
            return
        label = assignment.material_label(context.scene, item.material)
        row = layout.split(factor=0.6)
        row.label(text=item.material.name, icon="MATERIAL")
        _label_text(row, label, "No label")


class VEDUTA_PT_labels(SidebarPanel, bpy.types.Panel):
    bl_label = "Labels"

    def draw(self, context):
        layout = self.layout
        obj = context.object
        if obj is None:
            layout.label(text="Select an object to label it", icon="INFO")
        else:
            self._draw_object(layout, context, obj)
        label = assignment.collection_label(context.scene, context.collection)
        _label_row(layout, context.collection.name, "OUTLINER_COLLECTION", "COLLECTION", label)
        layout.separator()
        shown = show_labels.is_shown(context.scene)
        layout.operator("veduta.show_labels", text="Show Labels", icon="HIDE_OFF" if shown else "HIDE_ON", depress=shown)
        label_help.draw_proposals(layout, context)
        layout.operator("veduta.sample_terrain", icon="WORLD")

    def _draw_object(self, layout, context, obj) -> None:
        scene = context.scene
        if len(obj.material_slots) > 1:
            layout.template_list("VEDUTA_UL_materials", "", obj, "material_slots", obj, "active_material_index", rows=3)
        keep = assignment.is_keep(scene, obj)
        choices = layout.column()
        choices.active = not keep  # what is kept is never painted, whatever its labels say
        material = obj.active_material
        _label_row(choices, material.name if material else "New", "MATERIAL", "MATERIAL", assignment.material_label(scene, material))
        _label_row(choices, obj.name, "OBJECT_DATA", "OBJECT", assignment.object_label(scene, obj))
        layout.operator("veduta.toggle_keep", text="Keep, Never Paint", icon="LOCKED" if keep else "UNLOCKED", depress=keep)


def _label_row(layout, name: str, icon: str, target: str, label: int) -> None:
    row = layout.split(factor=0.5)
    row.label(text=name, icon=icon)
    text = labels.LABELS[label].name.capitalize() if label else _UNSET[target]
    row.menu(_MENUS[target], text=text, icon_value=swatches.icon(label))


def _label_text(layout, label: int, unset: str) -> None:
    layout.label(text=labels.LABELS[label].name.capitalize() if label else unset, icon_value=swatches.icon(label))


CLASSES = (
    VEDUTA_MT_material_label,
    VEDUTA_MT_object_label,
    VEDUTA_MT_collection_label,
    VEDUTA_UL_materials,
    VEDUTA_PT_labels,
)
