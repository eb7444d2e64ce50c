"""Guess Labels: its list, its preview and its Apply, and what mends a map that will look bad. What is guessed how is `guess`'s."""
from __future__ import annotations

from math import degrees

import bpy

from .. import advice, guess, painting, viewports
from ..synth_core import labels
from . import show_labels

_proposals: list[guess.Proposal] = []  # those of the list, in its order


class VEDUTA_OT_guess_labels(bpy.types.Operator):
    """Propose labels for what has none, by the names of materials, objects and collections, by slope and by height. Nothing changes until
    the proposals are applied"""

    bl_idname = "veduta.guess_labels"
    bl_label = "Guess Labels"

    def execute(self, context):
        found = guess.proposals(context.scene, thresholds(context.scene))
        _fill(context, found)
        if not found:
            self.report({"INFO"}, "Nothing is left to guess: all that renders has a label, is kept, or shares a mesh that is partly labelled.")
        preview(context)
        return {"FINISHED"}


class VEDUTA_OT_apply_guess(bpy.types.Operator):
    """Set the labels that are ticked in the list"""

    bl_idname = "veduta.apply_guess"
    bl_label = "Apply Proposals"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if not context.window_manager.veduta.proposals:
            cls.poll_message_set("There are no proposals; Guess Labels makes some.")
            return False
        return True

    def execute(self, context):
        chosen = _chosen(context)
        guess.apply(context.scene, chosen)
        _fill(context, [])
        preview(context)
        painting.dismiss()  # what was said of the scene without these labels
        advice.keep([])
        self.report({"INFO"}, f"{len(chosen)} labels were set.")
        return {"FINISHED"}


class VEDUTA_OT_dismiss_guess(bpy.types.Operator):
    """Drop the proposals; nothing changes"""

    bl_idname = "veduta.dismiss_guess"
    bl_label = "Drop Proposals"

    def execute(self, context):
        _fill(context, [])
        preview(context)
        return {"FINISHED"}


class VEDUTA_OT_drop_specks(bpy.types.Operator):
    """Give specks of a few pixels the label around them, in every painting from now on"""

    bl_idname = "veduta.drop_specks"
    bl_label = "Drop Specks"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        context.scene.veduta.label_help.drop_specks = True
        return {"FINISHED"}


class VEDUTA_OT_lift_camera(bpy.types.Operator):
    """Move the camera straight up until it stands a person's height above what is over and below it"""

    bl_idname = "veduta.lift_camera"
    bl_label = "Lift Camera"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return context.scene.camera is not None

    def execute(self, context):
        camera, graph = context.scene.camera, context.evaluated_depsgraph_get()
        start = camera.matrix_world.translation.copy()
        start.z += _SKY_HIGH
        hit, place, *_ = context.scene.ray_cast(graph, start, (0, 0, -1))
        if not hit:
            self.report({"WARNING"}, "There is no ground above or below the camera; move it by hand.")
            return {"CANCELLED"}
        matrix = camera.matrix_world.copy()
        matrix.translation.z = place.z + _EYE
        camera.matrix_world = matrix
        return {"FINISHED"}


class VEDUTA_OT_dismiss_advice(bpy.types.Operator):
    """Hide these sentences"""

    bl_idname = "veduta.dismiss_advice"
    bl_label = "Dismiss Advice"

    def execute(self, context):
        advice.keep([])
        viewports.redraw("UI")
        return {"FINISHED"}


_SKY_HIGH, _EYE = 10_000.0, 1.7


def thresholds(scene: bpy.types.Scene) -> guess.Thresholds:
    """The scene's settings as numbers."""
    settings = scene.veduta.label_help
    return guess.Thresholds(degrees(settings.steep), settings.snow_height, settings.water_height)


def preview(context: bpy.types.Context) -> None:
    """Show the labels with the ticked proposals, if labels are shown or there are proposals; as they are when none is left."""
    chosen = _chosen(context)
    show_labels.propose(context.scene, guess.merged(chosen) if chosen else None)
    if chosen or show_labels.is_shown(context.scene):
        show_labels.show(context)
    viewports.redraw("WINDOW")


def forget() -> None:
    """Hold no data-block any more."""
    _proposals.clear()


def _chosen(context: bpy.types.Context) -> list[guess.Proposal]:
    """The ticked proposals whose data-blocks are still there."""
    found = []
    for line, proposal in zip(context.window_manager.veduta.proposals, _proposals):
        try:
            proposal.target.name
        except ReferenceError:  # undo, or the user, has taken it away
            continue
        if line.use:
            found.append(proposal)
    return found


def _fill(context: bpy.types.Context, found: list[guess.Proposal]) -> None:
    _proposals[:] = found
    lines = context.window_manager.veduta.proposals
    lines.clear()
    for proposal in found:
        line = lines.add()
        line.name, line.reason = proposal.target.name, proposal.reason
        line.kind = "MATERIAL" if isinstance(proposal.target, bpy.types.Material) else "OBJECT_DATA"
        line.label = labels.LABELS[proposal.label].name.capitalize() if proposal.faces is None else "By face"


CLASSES = (VEDUTA_OT_guess_labels, VEDUTA_OT_apply_guess, VEDUTA_OT_dismiss_guess, VEDUTA_OT_drop_specks, VEDUTA_OT_lift_camera,
           VEDUTA_OT_dismiss_advice)
