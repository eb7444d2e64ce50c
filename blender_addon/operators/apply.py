"""Operators that put a finished painting up as the backdrop and take it away. What a backdrop is, `apply/backdrop.py` says.

An operator's properties hold only numbers and strings, so a painting with its matte crosses into one through a slot in this module's
memory: `put_up` fills the slot, runs the operator, which empties it, and returns the painting's Image. One delivery is in the slot at a
time, and only while `put_up` runs.
"""
from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..apply import backdrop
from ..recipe import Recipe
from ..synth_core.request import Result


@dataclass(eq=False)
class _Delivery:
    """What is handed over, and the Image that came of it."""

    scene: bpy.types.Scene
    camera: bpy.types.Object
    matte: np.ndarray
    result: Result
    recipe: Recipe
    unlit: bpy.types.Image | None
    painting: bpy.types.Image | None = None


_slot: _Delivery | None = None


def put_up(scene: bpy.types.Scene, camera: bpy.types.Object, matte: np.ndarray, result: Result, recipe: Recipe,
           unlit: bpy.types.Image | None = None) -> bpy.types.Image:
    """Deliver a painting as the backdrop of `camera`, as one step of undo, and return its Image.

    matte: (H, W) float32, coverage of the kept objects, 0 to 1: a `View`'s. unlit: the painting without relief, where it has some.

    The way in for timers and scripts: an operator that a timer calls leaves no undo step by itself, so this one pushes its own.
    """
    global _slot
    _slot = _Delivery(scene, camera, matte, result, recipe, unlit)
    delivery = _slot
    try:
        bpy.ops.veduta.deliver_backdrop()
    finally:
        _slot = None
    return delivery.painting


class VEDUTA_OT_deliver_backdrop(bpy.types.Operator):
    """Show the painting that has just been finished behind the camera's view"""

    bl_idname = "veduta.deliver_backdrop"
    bl_label = "Deliver Backdrop"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def execute(self, context):
        if _slot is None:
            self.report({"WARNING"}, "No finished painting waits for its delivery; press Paint.")
            return {"CANCELLED"}
        _slot.painting = backdrop.deliver(
            context, scene=_slot.scene, camera=_slot.camera, matte=_slot.matte, result=_slot.result, recipe=_slot.recipe, unlit=_slot.unlit,
            warn=lambda sentence: self.report({"WARNING"}, sentence))
        bpy.ops.ed.undo_push(message=self.bl_label)
        return {"FINISHED"}


class VEDUTA_OT_remove_backdrop(bpy.types.Operator):
    """Take the painting away from behind the camera's view and show the painted objects again; the painting stays in the file"""

    bl_idname = "veduta.remove_backdrop"
    bl_label = "Remove Backdrop"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if backdrop.find(context.scene) is None:
            cls.poll_message_set("The scene has no backdrop; Paint makes one.")
            return False
        return True

    def execute(self, context):
        backdrop.remove(context.scene)
        return {"FINISHED"}


CLASSES = (VEDUTA_OT_deliver_backdrop, VEDUTA_OT_remove_backdrop)
