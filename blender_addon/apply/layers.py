"""A painting taken apart for compositing: one OpenEXR file with a layer for every label and a matte for every kept object.

Colours are scene-linear, Rec. 709 primaries, as OpenEXR's readers expect: the painting's sRGB bytes through the standard's own curve
(IEC 61966-2-1), with no view transform. Half floats tell all 256 levels apart, so the bytes come back exactly.

    R, G, B, A            the whole painting, alpha 1
    <label>.R, G, B, A    the painting where the label is, premultiplied: 0 elsewhere. Every pixel has one label, so these layers add up to
                          the painting exactly, colour and alpha, and their edges are the label map's, one pixel sharp
    keep <object>.A       how much of each pixel the kept object covers, anti-aliased as the backdrop's own cut-out. The painting goes on
                          behind it
"""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..synth_core import exr
from ..synth_core import labels as label_set
from ..synth_core.light import TO_LINEAR


def write(path: Path, picture: np.ndarray, labels: np.ndarray, mattes: dict[str, np.ndarray]) -> None:
    """Write the layers of a painting to `path`, in a folder that exists.

    picture: (H, W, 3) uint8 sRGB; labels: (H, W) uint8 ids; mattes: kept object's name -> (H, W) float32, 0 to 1. Row 0 at the top.
    Raises OSError when the file can't be written.
    """
    height, width = labels.shape
    channels = _coloured("", picture, np.ones_like(labels, bool))
    for label in np.unique(labels):
        channels |= _coloured(f"{label_set.LABELS[label].name}.", picture, labels == label)
    for name, matte in mattes.items():
        # A dot would part the name into layer and channel.
        channels[f"keep {name.replace('.', '_')}.A"] = lambda rows, matte=matte: matte[rows]
    exr.write(path, channels, width, height)


def _coloured(prefix: str, picture: np.ndarray, where: np.ndarray) -> dict[str, Callable[[slice], np.ndarray]]:
    """The four channels of the layer that shows the picture `where` that (H, W) mask holds."""
    def colour(band: int) -> Callable[[slice], np.ndarray]:
        return lambda rows: TO_LINEAR[picture[rows, :, band]] * where[rows]

    return {f"{prefix}{name}": colour(band) for band, name in enumerate("RGB")} | {f"{prefix}A": lambda rows: where[rows]}
