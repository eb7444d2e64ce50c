"""What light a painting shows: the sky's colour, the Sun's, and how they share the work. No Blender here, and nothing is set.

An estimate, as a painting has no light meter. The sky's colour is the mean of its sky. The Sun's is read off what it lights most: the
brightest part of the ground and of the clouds, half way to white, for things have colours of their own. Their ratio follows the sky's blue:
an overcast sky is grey and leaves the Sun little (outdoor measurements: direct to diffuse light about 6 to 1 under a clear sky, below 1
under cloud).
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .synth_core import labels as label_set
from .synth_core.light import LUMINANCE, TO_LINEAR

_SKY, _CLOUD, _FOG, _SUN = (label_set.BY_NAME[name].id for name in ("sky", "cloud", "fog", "sun"))
_WATER = [label_set.BY_NAME[name].id for name in ("sea", "lake", "river", "waterfall")]
_CLEAR = 0.45  # saturation of a clear sky, in linear light
_RATIOS = 0.4, 6.0  # direct to diffuse light under an overcast and under a clear sky
_BRIGHT = 0.97  # share of the lit part's pixels that are darker than what the Sun's colour is read off
_STRONGEST_TINT = 0.55  # of the Sun's weakest colour to its strongest
_PLAIN = np.array((0.45, 0.6, 0.85), np.float32)  # the sky's light where a painting shows none


@dataclass(frozen=True, eq=False)
class Light:
    """sky: (3,) linear light of the sky. sun: (3,) colour, its strongest part 1. ratio: the Sun's light on what faces it, to the sky's on
    level ground."""

    sky: np.ndarray
    sun: np.ndarray
    ratio: float


def of_painting(picture: np.ndarray, labels: np.ndarray) -> Light:
    """The light of a painting, (H, W, 3) uint8, of labels (H, W) uint8."""
    light = TO_LINEAR[picture].reshape(-1, 3)
    ids = labels.ravel()
    air = np.isin(ids, (_SKY, _CLOUD, _FOG))
    sky = light[air].mean(0) if air.any() else _PLAIN
    clearness = np.clip((1 - sky.min() / max(float(sky.max()), 1e-4)) / _CLEAR, 0, 1)
    return Light(sky, _sun_colour(light, ids, air), float(_RATIOS[0] * (_RATIOS[1] / _RATIOS[0]) ** clearness))


def _sun_colour(light: np.ndarray, ids: np.ndarray, air: np.ndarray) -> np.ndarray:
    """(3,) the Sun's colour: its disc's where the painting shows it, else that of the brightest parts of the ground and of the clouds."""
    lit = ids == _SUN
    if not lit.any():
        lit = ~air & ~np.isin(ids, _WATER) | (ids == _CLOUD)
    if not lit.any():
        return np.ones(3, np.float32)
    part = light[lit]
    luminance = part @ LUMINANCE
    bright = part[luminance >= np.quantile(luminance, _BRIGHT)].mean(0)
    colour = 0.5 + 0.5 * bright / max(float(bright.max()), 1e-4)
    return np.clip(colour / colour.max(), _STRONGEST_TINT, 1)
