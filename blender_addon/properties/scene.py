"""The settings of a scene: those of the Paint panel, the marks of linked data-blocks, and each feature's own group."""
from __future__ import annotations

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, PointerProperty, StringProperty

from ..synth_core.request import LARGEST, SMALLEST
from .animation import VedutaAnimation
from .ground import VedutaGround
from .history import VedutaHistory
from .label_help import VedutaLabelHelp
from .look import VedutaLook
from .marks import VedutaLinkedMark
from .relief import VedutaRelief
from .textures import VedutaTextures
from .variations import VedutaVariations
from .world import VedutaWorld


class VedutaScene(bpy.types.PropertyGroup):
    """The settings of the Paint panel, and the marks of linked data-blocks."""

    use_render_size: BoolProperty(
        name="Render Size", default=True,
        description="Paint at the size of the render, at most 1024 pixels on the long side")
    width: IntProperty(name="Width", default=1024, min=SMALLEST, max=LARGEST, subtype="PIXEL", description="Width of the painting")
    height: IntProperty(name="Height", default=576, min=SMALLEST, max=LARGEST, subtype="PIXEL", description="Height of the painting")
    # A string: seeds have 63 bits, an integer property holds 31.
    seed: StringProperty(name="Seed", default="1", description="A whole number; another seed paints another picture of the same labels")
    linked_marks: CollectionProperty(type=VedutaLinkedMark)
    look: PointerProperty(type=VedutaLook)
    variations: PointerProperty(type=VedutaVariations)
    label_help: PointerProperty(type=VedutaLabelHelp)
    history: PointerProperty(type=VedutaHistory)
    relief: PointerProperty(type=VedutaRelief)
    world: PointerProperty(type=VedutaWorld)
    animation: PointerProperty(type=VedutaAnimation)
    textures: PointerProperty(type=VedutaTextures)
    ground: PointerProperty(type=VedutaGround)


CLASSES = (VedutaScene,)
