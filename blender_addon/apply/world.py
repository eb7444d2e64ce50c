"""A painted panorama as the scene's world: set up in one go, taken back in one go. The former world is kept.

The Sun's light moves: what the panorama's Sun gives, the lamp no longer gives, as long as any scene shows a world that has its light. What
it gave is kept on the lamp, in the custom property LAMP_MARK, which capture reads. How a panorama gets here is `operators/world.py`'s.
"""
from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
import numpy as np

from .. import compat
from ..assignment import OWN_MARK
from ..capture.extract import LAMP_MARK, sun_light
from ..synth_core import exr
from . import viewport

NAME = "Veduta World"
_FORMER, _PANORAMA, _LAMP = "veduta_former_world", "veduta_panorama", "veduta_lamp"  # custom properties of the world


def put_up(scene: bpy.types.Scene, lit: np.ndarray, share: float) -> bpy.types.Image:
    """Make a panorama of light, (W/2, W, 3) float32 linear, the scene's world, in place of the last one; returns its new Image.

    share: how much of the strongest Sun lamp's light it holds, 0 to 1: the lamp gives that much less.
    """
    remove(scene)
    image = viewport.packed("Veduta Panorama", _file(lit))
    image.colorspace_settings.name = "Linear Rec.709"
    image.use_fake_user = True
    world = bpy.data.worlds.new(NAME)
    world[OWN_MARK] = True
    if scene.world is not None:
        world[_FORMER] = scene.world
    world[_PANORAMA] = image
    _light_by(world, image)
    scene.world = world
    _dim(scene, world, share)
    return image


def remove(scene: bpy.types.Scene) -> bool:
    """Give the scene its former world and its lamp its light back; the panorama's Image stays. Returns whether one was there."""
    world = find(scene)
    if world is None:
        return False
    scene.world = world.get(_FORMER)
    if not world.users:  # a copy of the scene may show it too
        bpy.data.worlds.remove(world)
    _brighten()
    return True


def find(scene: bpy.types.Scene) -> bpy.types.World | None:
    """The scene's world if Veduta painted it."""
    world = scene.world
    return world if world is not None and world.get(OWN_MARK) else None


def panorama(scene: bpy.types.Scene) -> bpy.types.Image | None:
    """The Image of the scene's painted world; None without one, or when it has been deleted."""
    world = find(scene)
    return None if world is None else world.get(_PANORAMA)


def _file(lit: np.ndarray) -> bytes:
    """The panorama as an OpenEXR file of half floats."""
    with tempfile.TemporaryDirectory(prefix="veduta-") as folder:
        path = Path(folder) / "panorama.exr"
        write_exr(path, lit)
        return path.read_bytes()


def write_exr(path: Path, lit: np.ndarray) -> None:
    """Write a panorama of light as OpenEXR. Raises OSError."""
    channels = {name: lambda rows, channel=channel: lit[rows, :, channel] for channel, name in enumerate("RGB")}
    exr.write(path, channels, lit.shape[1], lit.shape[0])


def _light_by(world: bpy.types.World, image: bpy.types.Image) -> None:
    compat.enable_nodes(world)
    tree = world.node_tree
    tree.nodes.clear()
    texture, background, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("TexEnvironment", "Background", "OutputWorld"))
    texture.location, output.location = (-300, 0), (220, 0)
    texture.image = image
    tree.links.new(texture.outputs["Color"], background.inputs["Color"])
    tree.links.new(background.outputs["Background"], output.inputs["Surface"])


def warnings(scene: bpy.types.Scene) -> list[str]:
    """A sentence on a Sun lamp that can't be dimmed, where it would be."""
    lamp = strongest_sun(scene)
    if lamp is None or lamp.library is None or not scene.veduta.world.sun:
        return []
    return [f"The linked lamp {lamp.name!r} can't be dimmed, so the Sun shines twice; make a library override of it, or set Sun in World "
            "to 0."]


def _dim(scene: bpy.types.Scene, world: bpy.types.World, share: float) -> None:
    """Take a share of the light from the scene's strongest Sun lamp, for the world."""
    lamp = strongest_sun(scene)
    if lamp is not None and lamp.library is None and share:
        world[_LAMP] = lamp
        lamp[LAMP_MARK] = lamp.get(LAMP_MARK, lamp.energy)  # another scene's world may have its light already
        lamp.energy = lamp[LAMP_MARK] * (1 - share)


def _brighten() -> None:
    """Give their light back to the lamps whose light is in no scene's world."""
    held = [scene.world.get(_LAMP) for scene in bpy.data.scenes if scene.world is not None]
    for lamp in bpy.data.lights:
        if LAMP_MARK in lamp and lamp.library is None and lamp not in held:
            lamp.energy = lamp[LAMP_MARK]
            del lamp[LAMP_MARK]


def strongest_sun(scene: bpy.types.Scene) -> bpy.types.SunLight | None:
    """The strongest Sun lamp that renders, by the light it gave before any was taken; or None."""
    lamps = [obj.data for obj in scene.objects if obj.type == "LIGHT" and obj.data.type == "SUN" and not obj.hide_render]
    return max(lamps, key=lambda lamp: sun_light(lamp).sum(), default=None)
