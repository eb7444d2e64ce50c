"""The settings of painted frames."""
from __future__ import annotations

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from .. import compat


class VedutaAnimation(bpy.types.PropertyGroup):
    """Which frames are painted, and where to."""

    use_scene_range: BoolProperty(name="Scene Range", default=True, description="Paint the frames that the scene renders")
    start: IntProperty(name="Start", default=1, min=0, description="First frame that is painted")
    end: IntProperty(name="End", default=24, min=0, description="Last frame that is painted")
    step: IntProperty(name="Step", default=1, min=1, description="Paint every so manyth frame; each is shown until the next")
    folder: StringProperty(
        name="Folder", subtype="DIR_PATH", options=compat.RELATIVE_PATH,
        description="Where the frames are written; when empty, //veduta/ and the scene's and the camera's name")
    skip_existing: BoolProperty(
        name="Skip Existing", default=True, description="Leave frames that are already there, so that a run goes on where it was cancelled")


CLASSES = (VedutaAnimation,)
