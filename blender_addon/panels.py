"""The "Veduta" tab of the 3D viewport's sidebar: menus of labels, and what starts, follows and explains a painting.

Drawing alone: every button is an operator of `operators`, every state is read from `assignment` and `painting`.
"""
from __future__ import annotations

import textwrap

import bpy

from . import assignment, painting, swatches
from .operators import paint, show_labels
from .synth_core import labels

_CHARACTER_WIDTH = 7.0  # pixels of an average letter at a user interface scale of 1
_SIDEBAR_PADDING = 80.0  # pixels that panel, box and icons take from the sidebar's width


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


class _SidebarPanel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Veduta"


class VEDUTA_PT_labels(_SidebarPanel, bpy.types.Panel):
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


class VEDUTA_PT_paint(_SidebarPanel, bpy.types.Panel):
    bl_label = "Paint"

    def draw(self, context):
        layout = self.layout
        self._draw_settings(layout, context.scene)
        if painting.current() is not None:
            self._draw_progress(layout, painting.current().job)
            return
        row = layout.row()
        row.scale_y = 1.6
        row.operator("veduta.paint", icon="BRUSH_DATA")
        if painting.problem() is not None:
            self._draw_problem(layout, context, painting.problem())
        layout.operator("veduta.reproduce", icon="FILE_REFRESH")
        layout.operator("veduta.remove_backdrop", icon="X")

    def _draw_settings(self, layout, scene) -> None:
        settings = scene.veduta
        column = layout.column()
        column.enabled = painting.current() is None
        width, height = paint.size(scene)
        column.prop(settings, "use_render_size", text=f"Render Size ({width} x {height})" if settings.use_render_size else "Render Size")
        if not settings.use_render_size:
            row = column.row(align=True)
            row.prop(settings, "width", text="")
            row.prop(settings, "height", text="")
        row = column.row(align=True)
        row.prop(settings, "seed")
        row.operator("veduta.dice_seed", text="", icon="FILE_REFRESH")

    def _draw_progress(self, layout, job) -> None:
        row = layout.row(align=True)
        row.scale_y = 1.6
        row.progress(factor=job.progress, type="BAR", text=f"{job.message} {job.progress:.0%}")
        row.operator("veduta.cancel", text="", icon="CANCEL")

    def _draw_problem(self, layout, context, problem) -> None:
        box = layout.box()
        row = box.row()
        _wrapped(row, context, problem.message, "ERROR")
        row.operator("veduta.dismiss", text="", icon="X", emboss=False)
        _wrapped(box, context, problem.mend, "NONE")
        if problem.operator:
            box.operator(problem.operator)


def _label_row(layout, name: str, icon: str, target: str, label: int) -> None:
    row = layout.split(factor=0.5)
    row.label(text=name, icon=icon)
    text = labels.LABELS[label].name.capitalize() if label else _UNSET[target]
    row.menu(_MENUS[target], text=text, icon_value=swatches.icon(label))


def _label_text(layout, label: int, unset: str) -> None:
    layout.label(text=labels.LABELS[label].name.capitalize() if label else unset, icon_value=swatches.icon(label))


def _wrapped(layout, context: bpy.types.Context, text: str, icon: str) -> None:
    """Text as lines as wide as the sidebar, for Blender's labels don't wrap; `icon` stands before the first."""
    width = (context.region.width - _SIDEBAR_PADDING) / (_CHARACTER_WIDTH * context.preferences.system.ui_scale)
    column = layout.column(align=True)
    for index, line in enumerate(textwrap.wrap(text, max(16, int(width)))):
        column.label(text=line, icon="BLANK1" if index or icon == "NONE" else icon)


CLASSES = (
    VEDUTA_MT_material_label,
    VEDUTA_MT_object_label,
    VEDUTA_MT_collection_label,
    VEDUTA_UL_materials,
    VEDUTA_PT_paint,
    VEDUTA_PT_labels,
)
