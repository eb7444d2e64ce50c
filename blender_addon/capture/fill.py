"""Pixels that no labelled surface covers: sky above the horizon, the nearest label below it, and the sun's disc. Nothing is drawn or read here."""
from __future__ import annotations

import numpy as np

from ..synth_core import labels as label_set
from ..synth_core.holes import nearest_labels
from .extract import Sun
from .project import Lens

SKY = label_set.BY_NAME["sky"].id
SUN = label_set.BY_NAME["sun"].id
_LEVEL = -1e-6  # a level ray's rise, with room for rounding: such rays meet no ground


def complete(labels: np.ndarray, lens: Lens, suns: list[Sun]) -> np.ndarray:
    """The label map of what `lens` sees, with its holes filled and the suns' discs in its sky."""
    height, width = labels.shape
    filled = fill_holes(labels, lens.facing(np.array((0.0, 0.0, 1.0)), width, height))
    if not lens.orthographic:  # all its rays run alike: a sun would fill the frame or miss it
        for sun in suns:
            place_sun(filled, lens.facing(sun.direction, width, height), sun.diameter)
    return filled


def fill_holes(labels: np.ndarray, rise: np.ndarray) -> np.ndarray:
    """A copy of a label map without unlabelled pixels.

    labels: (H, W) uint8, 0 where unlabelled.
    rise:   (H, W), the sine of the angle by which each pixel looks up.

    Holes that look level or up become sky. Those that look down take the nearest label, counted in steps across and along; a map without
    any label becomes all sky.
    """
    holes = labels == label_set.UNLABELLED
    up = rise >= _LEVEL
    filled = np.where(holes & up, np.uint8(SKY), labels)
    if holes.all():
        return np.full_like(labels, SKY)
    below = holes & ~up
    if below.any():
        filled[below] = nearest_labels(labels)[below]
    return filled


def place_sun(labels: np.ndarray, cosine: np.ndarray, diameter: float) -> None:
    """Write the sun's disc into a filled label map, in place, where it shows sky.

    cosine:   (H, W), of the angle between each pixel's ray and the direction in which the sun stands.
    diameter: the disc's angle in radians. A disc smaller than a pixel takes the pixel that looks nearest to its centre.
    """
    disc = cosine >= np.cos(diameter / 2)
    if not disc.any():
        row, column = np.unravel_index(cosine.argmax(), cosine.shape)
        # On the picture's border the sun may as well stand outside it.
        disc[row, column] = cosine[row, column] > 0 and 0 < row < len(cosine) - 1 and 0 < column < len(cosine[0]) - 1
    labels[disc & (labels == SKY)] = SUN
