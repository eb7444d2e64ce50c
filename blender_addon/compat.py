"""Every branch on Blender's version, and on what this Blender can do. Supported: 4.2 and later."""
from __future__ import annotations

import bpy
import gpu
import numpy as np
from mathutils import Color


def gpu_ready() -> bool:
    """Whether the `gpu` module can draw: in a window always, in background from 5.2 on where the machine has a driver."""
    if not bpy.app.background:
        return True
    if bpy.app.version < (5, 2):
        return False
    try:
        gpu.init()
    except (SystemError, RuntimeError):
        return False
    return True


# For file path properties: from 4.5 on Blender wants to be told that they may start with "//", the file's own folder.
RELATIVE_PATH = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5) else set()

# Called after something was linked or a library was read again; Blenders before this list came call none.
IMPORT_HANDLERS = getattr(bpy.app.handlers, "blend_import_post", [])


def buffer_array(buffer: gpu.types.Buffer, shape: tuple[int, ...]) -> np.ndarray:
    """A float buffer read off the card, as an array of `shape`."""
    if bpy.app.version < (5, 2):
        buffer.dimensions = int(np.prod(shape))  # its strides are wrong in more than one dimension
    return np.array(buffer, dtype=np.float32).reshape(shape)


def declare_depth_write(info: gpu.types.GPUShaderCreateInfo) -> None:
    """Say that the fragment shader writes depth. Blenders before this declaration existed draw with OpenGL, which needs none."""
    if hasattr(info, "depth_write"):
        info.depth_write("ANY")


def brush_colour(srgb: tuple[float, float, float]) -> tuple[float, float, float]:
    """A colour, sRGB channels 0 to 1, as brushes and palettes hold it: so until 4.5, scene-linear from 5.0 on."""
    return tuple(srgb) if bpy.app.version < (5, 0) else tuple(Color(srgb).from_srgb_to_scene_linear())


def unified_paint(settings: bpy.types.ToolSettings) -> bpy.types.UnifiedPaintSettings:
    """What the brushes of Vertex Paint share; until 4.5 all modes shared it."""
    return settings.unified_paint_settings if bpy.app.version < (5, 0) else settings.vertex_paint.unified_paint_settings


def enable_nodes(owner: bpy.types.Material | bpy.types.World) -> None:
    """Give a material or a world its node tree; from 5.0 on they always have one."""
    if bpy.app.version < (5, 0):
        owner.use_nodes = True


def light_per_energy(lamp: bpy.types.SunLight) -> np.ndarray:
    """(3,) linear RGB in watts per square metre: what a Sun lamp throws on a surface facing it for each unit of its energy.

    Blenders before Sun lamps had an exposure, a temperature and a choice to normalize go by the colour alone.
    """
    light = np.array(lamp.color, np.float64)
    if not hasattr(lamp, "exposure"):
        return light
    if lamp.use_temperature:
        light *= lamp.temperature_color
    if not lamp.normalize:
        light *= np.pi * np.sin(lamp.angle / 2) ** 2
    return light * 2 ** lamp.exposure


def set_colour(lamp: bpy.types.SunLight, colour: np.ndarray) -> None:
    """Give a Sun lamp's light this linear colour (3,), whatever its temperature was."""
    lamp.color = colour.tolist()
    if hasattr(lamp, "use_temperature"):
        lamp.use_temperature = False
