"""The undo step by which what has been painted reaches the scene. What changes there is the caller's.

A timer's own changes leave no undo step, and an operator's properties hold only numbers and strings. So the change crosses into an operator
as a function, through a slot in this module's memory, and the operator pushes its step itself. One function is in the slot at a time, and
only while `deliver` runs.
"""
from __future__ import annotations

from collections.abc import Callable

import bpy
from bpy.props import StringProperty

Warn = Callable[[str], None]
Change = Callable[[bpy.types.Context, Warn], None]

_change: Change | None = None


def deliver(name: str, change: Change) -> None:
    """Let `change` alter the scene of the context as one step of undo of this name; what it warns of is reported to the user."""
    global _change
    _change = change
    try:
        bpy.ops.veduta.deliver(name=name)
    finally:
        _change = None


class VEDUTA_OT_deliver(bpy.types.Operator):
    """Bring what has just been painted into the scene"""

    bl_idname = "veduta.deliver"
    bl_label = "Deliver"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(name="Name", description="What the undo step is called")

    def execute(self, context):
        if _change is None:
            self.report({"WARNING"}, "Nothing that has been painted waits for its delivery; press Paint.")
            return {"CANCELLED"}
        _change(context, lambda sentence: self.report({"WARNING"}, sentence))
        bpy.ops.ed.undo_push(message=self.name)
        return {"FINISHED"}


CLASSES = (VEDUTA_OT_deliver,)
