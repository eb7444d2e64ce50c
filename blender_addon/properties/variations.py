"""The settings of the Variations panel. The variations themselves are no file's: `variations` holds them."""
from __future__ import annotations

import bpy
from bpy.props import EnumProperty, IntProperty

_COUNTS = (("4", "4", "Four variations"), ("9", "9", "Nine variations"))
MOST = 16  # that the critic chooses from


class VedutaVariations(bpy.types.PropertyGroup):
    """How many variations, and out of how many the critic chooses."""

    count: EnumProperty(name="Variations", items=_COUNTS, default="4", description="How many variations to paint")
    best_of: IntProperty(name="Best of", default=1, min=1, max=MOST,
                         description="Paint that many seeds, from the given one on, and keep the picture that the critic believes most; "
                                     "it takes as many times as long")


CLASSES = (VedutaVariations,)
