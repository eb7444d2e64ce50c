"""Putting a finished painting up as the backdrop, and the operator that takes it away. What a backdrop is, `apply/backdrop.py` says."""
from __future__ import annotations

import bpy
import numpy as np

from ..apply import backdrop
from ..recipe import Recipe
from ..synth_core.request import Result
from .deliver import Warn, deliver


def put_up(scene: bpy.types.Scene, camera: bpy.types.Object, matte: np.ndarray, result: Result, recipe: Recipe,
           unlit: bpy.types.Image | None = None) -> bpy.types.Image:
    """Deliver a painting as the backdrop of `camera`, as one step of undo, and return its Image.

    matte: (H, W) float32, coverage of the kept objects, 0 to 1: a `View`'s. unlit: the painting without relief, where it has some.
    """
    shown: list[bpy.types.Image] = []

    def put(context: bpy.types.Context, warn: Warn) -> None:
        shown.append(backdrop.deliver(context, scene=scene, camera=camera, matte=matte, result=result, recipe=recipe, unlit=unlit, warn=warn))

    deliver("Paint", put)
    return shown[0]


class VEDUTA_OT_remove_backdrop(bpy.types.Operator):
    """Take the painting away from behind the camera's view and show the painted objects again; the painting stays in the file"""

    bl_idname = "veduta.remove_backdrop"
    bl_label = "Remove Backdrop"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if backdrop.find(context.scene) is not None:
            return True
        lender = backdrop.lender(context.scene)
        cls.poll_message_set(f"The backdrop belongs to the scene {lender.name}; remove it there." if lender else
                             "The scene has no backdrop; Paint makes one.")
        return False

    def execute(self, context):
        backdrop.remove(context.scene)
        return {"FINISHED"}


CLASSES = (VEDUTA_OT_remove_backdrop,)
