"""Match Light: the Sun lamp and the world take the painting's light, so that kept objects stand in it.

What that light is, `matching` reads off the painting.
"""
from __future__ import annotations

import bpy
import numpy as np

from .. import compat, matching
from .. import recipe as recipes
from .. import relief as reliefs
from ..apply import backdrop, viewport, world
from ..capture import CaptureError

_WHITE = 3.5  # watts per square metre of sky and Sun together under which a white wall is as bright as a painting can be
_SLANT = 0.7  # cosine of the angle at which the Sun meets a common surface


class VEDUTA_OT_match_light(bpy.types.Operator):
    """Give the Sun lamp and the world the painting's light: its colours, and the share of each. The Sun stays where it is"""

    bl_idname = "veduta.match_light"
    bl_label = "Match Light"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if backdrop.active_painting(context.scene) is None:
            cls.poll_message_set("The scene shows no painting to match; Paint makes one.")
            return False
        if world.find(context.scene) is not None:
            cls.poll_message_set("The painted world lights the scene already; remove it to match the painting instead.")
            return False
        return True

    def execute(self, context):
        scene = context.scene
        painting = backdrop.active_painting(scene)
        try:
            light = matching.of_painting(viewport.picture(reliefs.unlit(painting)), recipes.load(painting).labels)
        except (recipes.RecipeError, CaptureError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        lamp = world.strongest_sun(scene)
        linked = next((block for block in (lamp, scene.world) if block is not None and block.library is not None), None)
        if linked is not None:
            self.report({"ERROR"}, f"{linked.name!r} is linked and can't be changed; make a library override of it first.")
            return {"CANCELLED"}
        if lamp is None:
            self.report({"WARNING"}, "The scene has no Sun lamp; only the world takes the painting's light.")
        sky = light.sky * (_WHITE / np.pi / (1 + light.ratio * _SLANT) / light.sky.mean())
        _tint(scene, sky)
        if lamp is not None:
            compat.set_colour(lamp, light.sun)
            lamp.energy = float(light.ratio * np.pi * sky.mean() / compat.light_per_energy(lamp).mean())
        return {"FINISHED"}


def _tint(scene: bpy.types.Scene, sky: np.ndarray) -> None:
    """Let the world, a new one where there is none, shine with the light of `sky` (3,)."""
    if scene.world is None:
        scene.world = bpy.data.worlds.new("World")
    owner = scene.world
    owner.color = sky.tolist()
    compat.enable_nodes(owner)
    background = _background(owner)
    socket = background.inputs["Color"]
    for link in list(socket.links):
        owner.node_tree.links.remove(link)  # what was linked stays in the tree, unlinked
    socket.default_value = (*sky.tolist(), 1.0)
    background.inputs["Strength"].default_value = 1.0


def _background(owner: bpy.types.World) -> bpy.types.Node:
    """The world's Background node; a new one, linked to the output, where it has none."""
    nodes = owner.node_tree.nodes
    found = next((node for node in nodes if node.type == "BACKGROUND"), None)
    if found is not None:
        return found
    made = nodes.new("ShaderNodeBackground")
    output = next((node for node in nodes if node.type == "OUTPUT_WORLD"), None) or nodes.new("ShaderNodeOutputWorld")
    owner.node_tree.links.new(made.outputs["Background"], output.inputs["Surface"])
    return made


CLASSES = (VEDUTA_OT_match_light,)
