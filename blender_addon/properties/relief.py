"""The settings of relief: how far a painting follows the scene's light and distance. What the effects are, `synth_core/relief.py` says."""
from __future__ import annotations

import bpy
from bpy.props import FloatProperty


class VedutaRelief(bpy.types.PropertyGroup):
    """How much of each effect a painting gets, the next one or the one shown when it is lit again."""

    shading: FloatProperty(
        name="Slopes", default=0.6, min=0, max=1, subtype="FACTOR",
        description="Slopes that face the Sun are brighter and warmer, others darker and cooler; 0 leaves the painter's own light")
    haze: FloatProperty(
        name="Haze", default=0.2, min=0, max=1, subtype="FACTOR",
        description="What is far away fades into the colour of the painted sky at the horizon")
    visibility: FloatProperty(
        name="Visibility", default=12_000, min=1, soft_min=100, soft_max=50_000,
        description="At this distance, in metres, full haze hides everything; in a model on a small scale, choose less")
    reflection: FloatProperty(
        name="Reflection", default=0.6, min=0, max=1, subtype="FACTOR",
        description="Sea, lakes and rivers mirror what stands above them in the painting")
    shadow: FloatProperty(
        name="Shadow of Kept", default=0.8, min=0, max=1, subtype="FACTOR",
        description="Kept objects cast the Sun's shadow on the painting")


CLASSES = (VedutaRelief,)
