"""Operators that paint variations of the scene, no larger than their composition and one after the other, and that pick one of them to paint at
full size."""
from __future__ import annotations

import random
from dataclasses import replace

import bpy
from bpy.props import IntProperty, StringProperty

from .. import looks, painting, variations
from .. import recipe as recipes
from ..synth_core import canvas
from ..synth_core.request import Relief, Result
from . import paint
from .paint import StartsPainting, captured, scene_camera, scene_seed, size, to_scene, wanted_relief

_SEEDS = 1_000_000  # the dice's


class VEDUTA_OT_paint_variations(StartsPainting, bpy.types.Operator):
    """Paint the scene with different seeds, without fine detail, to pick one from; nothing is put up or written before one is picked"""

    bl_idname = "veduta.paint_variations"
    bl_label = "Paint Variations"

    count: IntProperty(name="Count", default=0, min=0, max=64, options={"SKIP_SAVE"}, description="How many; as the panel says when 0")

    def begin(self, context):
        scene = context.scene
        seeds = _seeds(scene_seed(scene), self.count or int(scene.veduta.variations.count))
        with scene_camera(context) as camera:
            view, recipe = captured(context, camera, seeds[0], small(size(scene)), best_of=1)
            _paint(scene, recipe, wanted_relief(context, view), seeds, 0)
        variations.begin(scene)
        return view.warnings


class VEDUTA_OT_pick_variation(StartsPainting, bpy.types.Operator):
    """Take this variation's seed for the scene, paint it at full size and put it up as the backdrop"""

    bl_idname = "veduta.pick_variation"
    bl_label = "Pick Variation"

    seed: StringProperty(name="Seed", options={"SKIP_SAVE"}, description="The variation's seed")

    def begin(self, context):
        warnings = paint.begin(context, scene_seed(context.scene, self.seed), best_of=1)
        context.scene.veduta.seed = self.seed  # its step of undo is the delivery's
        return warnings


def small(full: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a variation of a painting of `full` pixels: as composition paints it, before detail doubles it."""
    doublings = max(0, canvas.plan(*full).steps)
    width, height = (round(side / 2**doublings) for side in full)
    return width, height


def _seeds(first: int, count: int) -> list[int]:
    """The scene's own seed, to compare with, and others at random."""
    others = random.SystemRandom().sample(range(1, _SEEDS), count)
    return [first, *(seed for seed in others if seed != first)][:count]


def _paint(scene: bpy.types.Scene, recipe: recipes.Recipe, relief: Relief | None, seeds: list[int], index: int) -> None:
    """Start painting the variation number `index`; its delivery starts the next."""
    def take(scene: bpy.types.Scene, result: Result) -> None:
        variations.add(seeds[index], result.picture)
        if index + 1 < len(seeds):
            _paint(scene, recipe, relief, seeds, index + 1)

    look = looks.wanted(scene, seeds[index])  # the scene is captured once, but a seed may draw a look of its own
    request = replace(recipe, seed=seeds[index], style=look.style).request(relief)
    painting.start(request, to_scene(scene, take), index + 1, len(seeds))


CLASSES = (VEDUTA_OT_paint_variations, VEDUTA_OT_pick_variation)
