"""The operator that adds the sample terrain. What it looks like is the sample package's."""
from __future__ import annotations

import bpy

from ..sample import scene as sample


class VEDUTA_OT_sample_terrain(bpy.types.Operator):
    """Add a small landscape with labelled materials, a house, a camera and a Sun: something to paint at once"""

    bl_idname = "veduta.sample_terrain"
    bl_label = "Add Sample Terrain"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Leave edit mode first; the sample terrain is added in object mode.")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        if sample.NAME in {collection.name for collection in context.scene.collection.children_recursive}:
            self.report({"WARNING"}, "The sample terrain is in this scene already; delete its collection to add it afresh.")
            return {"CANCELLED"}
        sample.build(context.scene)
        return {"FINISHED"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        outcome = self.execute(context)
        if outcome == {"FINISHED"} and context.area and context.area.type == "VIEW_3D":
            context.region_data.view_perspective = "CAMERA"
        return outcome
