"""Icons of the labels' colours, drawn from numbers. What the icons stand beside is in `panels`."""
from __future__ import annotations

import bpy.utils.previews
import numpy as np

from .synth_core import labels

SIZE = 32  # pixels
_MARGIN, _RADIUS, _RIM = 3.0, 7.0, 2.0
_RIM_SHADE = 0.45  # the rim is the colour, darkened: pale labels show on a pale theme, dark ones on a dark theme

_icons: bpy.utils.previews.ImagePreviewCollection | None = None


def load() -> None:
    """Draw every label's icon."""
    global _icons
    _icons = bpy.utils.previews.new()
    for label in labels.LABELS[1:]:
        icon = _icons.new(label.name)
        icon.icon_size = (SIZE, SIZE)
        icon.icon_pixels_float.foreach_set(swatch(label.colour).ravel())


def free() -> None:
    """Give the icons back."""
    global _icons
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
        _icons = None


def icon(label: int) -> int:
    """`icon_value` of a label id; 0 (no icon) for an unset label."""
    return _icons[labels.LABELS[label].name].icon_id if label and _icons is not None else 0


def swatch(colour: tuple[int, int, int]) -> np.ndarray:
    """(SIZE, SIZE, 4) float32 sRGB, straight alpha: a rounded square of the colour with a darker rim and soft edges."""
    reach = np.abs(np.arange(SIZE) - (SIZE - 1) / 2)
    inner = SIZE / 2 - _MARGIN - _RADIUS
    corner = np.maximum(reach - inner, 0)
    inside = _RADIUS - np.hypot(corner[:, None], corner[None, :])  # pixels inside the edge; negative outside
    rim = np.clip(_RIM - inside, 0, 1)[..., None]
    pixels = np.empty((SIZE, SIZE, 4), np.float32)
    base = np.asarray(colour, np.float32) / 255
    pixels[..., :3] = base * (1 - rim) + base * (1 - _RIM_SHADE) * rim
    pixels[..., 3] = np.clip(inside + 0.5, 0, 1)
    return pixels
