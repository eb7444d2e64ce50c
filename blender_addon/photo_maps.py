"""Label maps of photographs as images of the file: made from a result, told from other images, read back as ids. No operator and no drawing.

A map is an ordinary image in the labels' colours, so that it can be looked at, saved and painted on; it is read back by the nearest colour.
"""
from __future__ import annotations

import json

import bpy
import numpy as np

from .apply import viewport
from .synth_core import labels as label_set
from .synth_core.request import LabelResult

_SHARES = "veduta_label_shares"  # custom property of the image: {label's name: share}
_COLOURS = np.array([label.colour for label in label_set.LABELS[1:]], np.int32)


def new(name: str, result: LabelResult) -> bpy.types.Image:
    """The map as a new image, packed, which stays in the file."""
    image = viewport.packed(f"{name} labels", result.png)
    image.use_fake_user = True
    counts = np.bincount(result.labels.ravel(), minlength=label_set.COUNT) / result.labels.size
    image[_SHARES] = json.dumps({label_set.LABELS[label].name: float(counts[label]) for label in np.argsort(-counts, kind="stable") if counts[label]})
    return image


def is_map(image: bpy.types.Image | None) -> bool:
    """Whether the image is a photograph's label map."""
    return image is not None and _SHARES in image


def shares(image: bpy.types.Image) -> list[tuple[label_set.Label, float]]:
    """The map's labels and the share of the picture that each covers, the largest first; empty when they are damaged."""
    try:
        return [(label_set.BY_NAME[name], float(share)) for name, share in json.loads(image[_SHARES]).items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def ids(image: bpy.types.Image) -> np.ndarray:
    """The label ids (H, W) uint8 of the map as it is now, row 0 at the top; a colour that is none of the labels' takes the nearest.

    Raises ValueError when the image has lost its pixels.
    """
    width, height = image.size
    if not width or not height:
        raise ValueError(f"{image.name} has lost its pixels; make the map again.")
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    colours = np.rint(pixels.reshape(height, width, -1)[::-1, :, :3].clip(0, 1) * 255).astype(np.int32)
    codes, back = np.unique(colours @ np.array([65536, 256, 1], np.int32), return_inverse=True)
    seen = np.stack((codes >> 16, codes >> 8 & 255, codes & 255), 1)
    nearest = np.square(seen[:, None] - _COLOURS).sum(2).argmin(1).astype(np.uint8) + np.uint8(1)
    return nearest[back.reshape(height, width)]
