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
from .synth_core.request import Relief, Request


def captured(context: bpy.types.Context, camera: bpy.types.Object | None, seed: int) -> tuple[View, recipes.Recipe, Relief | None]:
    """What the camera sees at the scene's current frame, the recipe to paint it by, and its relief.

    One seed paints all frames: no best of several is chosen, which would change from frame to frame. Raises PaintingError.
    """
    view, recipe = paint.captured(context, camera, seed, best_of=1)
    relief = paint.wanted_relief(context, view)
    return view, replace(recipe, anchors=anchors(view), relief=relief and relief.amounts), relief


def request(recipe: recipes.Recipe, relief: Relief | None) -> Request:
    """The request of a frame. The recipe in its PNG names no anchors: they would be most of the file, and the scene gives them again."""
    return replace(recipe.request(relief), texts=recipes.texts(replace(recipe, anchors=None)))


def wanted(first: int, last: int, step: int) -> range:
    """Every `step`-th frame from `first` to `last`. Raises PaintingError when there are none."""
    if first > last:
        raise PaintingError(f"The frames {first} to {last} are none; the first must not come after the last.")
    if step < 1:
        raise PaintingError(f"Steps of {step} frames lead nowhere; take steps of 1 or more.")
    return range(first, last + 1, step)


@contextmanager
def kept_frame(scene: bpy.types.Scene) -> Iterator[None]:
    """Afterwards the scene stands at the frame it stood at before, with the camera that it had; markers change that too."""
    frame, subframe, camera = scene.frame_current, scene.frame_subframe, scene.camera
    try:
        yield
    finally:
        scene.frame_set(frame, subframe=subframe)
        scene.camera = camera
