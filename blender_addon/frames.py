"""One frame of an animation as a request: the same look, seed and noise of places in all of them, so that they hold together.

Which frames are painted or written, where and by whom is the operators'.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import bpy

from . import recipe as recipes
from .capture import View, anchors
from .operators import paint
from .painting import PaintingError
from .synth_core.request import Request


def captured(context: bpy.types.Context, seed: int) -> tuple[View, recipes.Recipe, Request]:
    """What the scene's camera sees at the current frame, and the recipe and the request to paint it by, relief included.

    One seed paints all frames: no best of several is chosen, which would change from frame to frame. Raises PaintingError.
    """
    view, recipe = paint.captured(context, context.scene.camera, seed, best_of=1)
    relief = paint.wanted_relief(context, view)
    recipe = replace(recipe, anchors=anchors(view), relief=relief and relief.amounts)
    return view, recipe, recipe.request(relief)


def wanted(scene: bpy.types.Scene, first: int, last: int) -> range:
    """The frames from `first` to `last`, by the scene's frame step. Raises PaintingError when there are none."""
    if first > last:
        raise PaintingError(f"The frames {first} to {last} are none; the first must not come after the last.")
    return range(first, last + 1, scene.frame_step)


@contextmanager
def kept_frame(scene: bpy.types.Scene) -> Iterator[None]:
    """Afterwards the scene stands at the frame it stood at before."""
    frame, subframe = scene.frame_current, scene.frame_subframe
    try:
        yield
    finally:
        scene.frame_set(frame, subframe=subframe)
