"""Paint Labels: labels painted on a mesh as vertex colours. How they are kept is `painted`'s."""
from __future__ import annotations

import bpy
import numpy as np
from bpy.props import EnumProperty

from .. import assignment, compat, painted
from ..properties import label_items
from ..synth_core import labels

PALETTE = "Veduta Labels"


class VEDUTA_OT_paint_labels(bpy.types.Operator):
    """Paint labels on the active mesh: a colour attribute that begins with its materials' labels, and a palette with every label's colour.
    What is left black goes by material"""

    bl_idname = "veduta.paint_labels"
    bl_label = "Paint Labels"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        obj = context.object
        if obj is None or obj.type != "MESH" or obj.data.library is not None or context.mode == "EDIT_MESH":
            cls.poll_message_set("Make a mesh of this file active, in object mode.")
            return False
        return True

    def execute(self, context):
        mesh = context.object.data
        if not painted.has(mesh):
            painted.write(mesh, _by_material(context.scene, context.object))
        mesh.color_attributes.active_color = mesh.color_attributes[painted.ATTRIBUTE]
        if context.mode != "PAINT_VERTEX":
            bpy.ops.object.mode_set(mode="VERTEX_PAINT")
        context.tool_settings.vertex_paint.palette = _palette()
        return {"FINISHED"}


class VEDUTA_OT_brush_label(bpy.types.Operator):
    """Give the brush this label's colour"""

    bl_idname = "veduta.brush_label"
    bl_label = "Brush Label"

    label: EnumProperty(name="Label", items=label_items("None", "Faces that go by their material"), description="What the brush paints")

    @classmethod
    def poll(cls, context):
        if context.mode != "PAINT_VERTEX":
            cls.poll_message_set("Press Paint Labels first; the brush is Vertex Paint's.")
            return False
        return True

    def execute(self, context):
        colour = compat.brush_colour(_colour(assignment.label_id(self.label)))
        shared, brush = compat.unified_paint(context.tool_settings), context.tool_settings.vertex_paint.brush
        (shared if shared.use_unified_color or brush is None else brush).color = colour
        return {"FINISHED"}


def _colour(label: int) -> tuple[float, float, float]:
    """The colour that a label is painted with, sRGB 0 to 1."""
    return tuple(channel / 255 for channel in labels.LABELS[label].colour)


def _by_material(scene: bpy.types.Scene, obj: bpy.types.Object) -> np.ndarray:
    """(F,) uint8: the label of each face's material."""
    slots = np.array([assignment.material_label(scene, slot.material) for slot in obj.material_slots] or [0], np.uint8)
    index = np.empty(len(obj.data.polygons), np.int32)
    obj.data.polygons.foreach_get("material_index", index)
    return slots[np.clip(index, 0, len(slots) - 1)]


def _palette() -> bpy.types.Palette:
    """The palette with the labels' colours, made when it is missing."""
    palette = bpy.data.palettes.get(PALETTE)
    if palette is None:
        palette = bpy.data.palettes.new(PALETTE)
        for label in labels.LABELS[1:]:
            palette.colors.new().color = compat.brush_colour(_colour(label.id))
    return palette


CLASSES = (VEDUTA_OT_paint_labels, VEDUTA_OT_brush_label)
