"""The properties Veduta adds to materials, objects, collections and scenes, one file a feature.

What "Show labels" shows and how far a painting has come are states of a session, not of a file: they live in module memory, not here.
"""
from __future__ import annotations

import bpy
from bpy.props import PointerProperty

from . import animation, ground, history, label_help, look, marks, overrides, relief, scene, textures, variations, world
from .marks import NONE, OVERRIDABLE, label_items

__all__ = ["CLASSES", "NONE", "attach", "detach", "label_items"]

CLASSES = (  # groups before those that hold them
    *marks.CLASSES,
    *look.CLASSES,
    *variations.CLASSES,
    *history.CLASSES,
    *label_help.CLASSES,
    *relief.CLASSES,
    *textures.CLASSES,
    *ground.CLASSES,
    *world.CLASSES,
    *animation.CLASSES,
    *scene.CLASSES,
)
_OWNERS = {
    bpy.types.Material: marks.VedutaMaterial,
    bpy.types.Object: marks.VedutaObject,
    bpy.types.Collection: marks.VedutaCollection,
    bpy.types.Scene: scene.VedutaScene,
    bpy.types.WindowManager: label_help.VedutaGuess,
}


def attach() -> None:
    """Add `.veduta` to the data-block types; CLASSES must be registered."""
    for owner, group in _OWNERS.items():
        owner.veduta = PointerProperty(type=group, override=OVERRIDABLE)
    overrides.attach()


def detach() -> None:
    """Take `.veduta` away again."""
    overrides.detach()
    for owner in _OWNERS:
        del owner.veduta
