"""Measured attributes of a picture and its label map, by which looks are found and checked: how light, how warm, how much snow.

Colours are CIELAB of D65 (CIE 15): L from 0 to 100, a from green to red, b from blue to yellow. Nothing here knows a network.
"""
from __future__ import annotations

import numpy as np

from .. import labels as label_set

_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]], np.float32)
_WHITE = _TO_XYZ.sum(1)


def _ids(*names: str) -> list[int]:
    return [label_set.BY_NAME[name].id for name in names]


# Groups of labels whose colours are measured together.
REGIONS = {
    "sky": _ids("sky", "cloud", "fog", "sun"),
    "cloud": _ids("cloud"),
    "land": [label.id for label in label_set.LABELS if label.name not in ("unlabelled", "sky", "cloud", "fog", "sun")],
    "plants": _ids("grass", "field", "flower", "bush", "tree"),
    "trees": _ids("bush", "tree"),
}
COUNTED = ("sky", "cloud", "fog", "sun", "snow", "flower", "building")  # labels whose share of the picture is an attribute
SMALLEST = 0.02  # share of the picture below which a region's colours are not measured
NAMES = (
    *(f"{region} {what}" for region in ("picture", *REGIONS) for what in ("light", "contrast", "chroma", "red", "yellow")),
    *(f"{region} share" for region in REGIONS if region not in COUNTED),
    *(f"{label} share" for label in COUNTED),
)


def to_lab(picture: np.ndarray) -> np.ndarray:
    """sRGB bytes (..., 3) -> CIELAB (..., 3) float32."""
    srgb = np.asarray(picture, np.float32) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), xyz * (24389 / 27 / 116) + 16 / 116)
    return np.stack((116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])), -1).astype(np.float32)


def measure(picture: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(len(NAMES),) float32 of a picture (H, W, 3) in bytes and its map (H, W): of the whole picture and each of `REGIONS` the mean
    L, the deviation of L, the chroma, a and b (nan where the region is not there); then the shares of regions and of single labels."""
    lab = to_lab(picture)
    masks = {region: np.isin(ids, members) for region, members in REGIONS.items()}
    colours = [_colour(lab.reshape(-1, 3))]
    for mask in masks.values():
        colours.append(_colour(lab[mask]) if mask.mean() >= SMALLEST else np.full(5, np.nan))
    shares = [mask.mean() for region, mask in masks.items() if region not in COUNTED]
    shares += [(ids == label_set.BY_NAME[name].id).mean() for name in COUNTED]
    return np.concatenate([*colours, shares]).astype(np.float32)


def _colour(lab: np.ndarray) -> np.ndarray:
    light, red, yellow = lab.T
    return np.array([light.mean(), light.std(), np.hypot(red, yellow).mean(), red.mean(), yellow.mean()])
