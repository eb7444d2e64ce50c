"""The variations last painted: their seeds and small pictures, to pick from. They live in this module's memory; no file holds them.

How they are painted and what picking one does is `operators/variations.py`'s.
"""
from __future__ import annotations

import bpy
import bpy.utils.previews
import numpy as np

_icons: bpy.utils.previews.ImagePreviewCollection | None = None
_seeds: list[int] = []
_scene = 0  # session id of the scene they are of


def begin(scene: bpy.types.Scene) -> None:
    """Drop the last ones; those of `scene` follow."""
    global _icons, _scene
    forget()
    _icons, _scene = bpy.utils.previews.new(), scene.session_uid


def add(seed: int, picture: np.ndarray) -> None:
    """Add a variation. picture: (H, W, 3) uint8 sRGB, row 0 at the top."""
    height, width = picture.shape[:2]
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = picture[::-1] / np.float32(255)
    entry = _icons.new(str(seed))
    entry.image_size = width, height
    entry.image_pixels_float.foreach_set(pixels.ravel())
    _seeds.append(seed)


def found(scene: bpy.types.Scene) -> list[int]:
    """The seeds of the scene's variations, in the order in which they were painted."""
    return list(_seeds) if scene.session_uid == _scene else []


def icon(seed: int) -> int:
    """`icon_value` of a variation's picture."""
    return _icons[str(seed)].icon_id


def forget() -> None:
    """Drop them and give the icons back."""
    global _icons, _scene
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
    _icons, _scene = None, 0
    _seeds.clear()
