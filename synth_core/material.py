"""Height, normals and roughness guessed from one picture of a surface, for a material. No painting and no files here.

There is no true height in a picture. The usual guess is taken: what is bright lies higher, in every size of detail but the largest, whose
brightness is light or colour rather than shape. Luminance is split into bands by the à trous wavelet (Holschneider et al. 1989; Starck and
Murtagh's B3 spline): each band is what a blur of twice the width takes away. Bands are weighed by the square root of their width, because
slopes, not heights, make the brightness of a lit surface: a wide form needs more height for the same slope.

Every blur goes around the picture's edges, so a picture that continues at its other side gives maps that do, and a rolled picture gives
exactly the rolled maps.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import labels as label_set
from .light import LUMINANCE, TO_LINEAR

_SPLINE = (1 / 16, 4 / 16, 6 / 16)  # the B3 spline's outer, inner and middle weight
_WIDEST = 32  # the widest band is this part of the picture's side
_ROUGHNESS_SWING = 0.12  # how far detail moves the roughness from its label's
_STEEPEST = 3.0  # rise over run at which slopes end: steeper ones are specks, not shape

# Roughness (Principled BSDF's) and slope (the root mean square of rise over run in the normal map) by label.
SURFACES = {
    "rock": (0.85, 0.7), "stone": (0.85, 0.65), "mountain": (0.9, 0.7), "hill": (0.9, 0.5), "sand": (0.9, 0.3), "dirt": (0.92, 0.45),
    "snow": (0.55, 0.2), "sea": (0.1, 0.22), "lake": (0.06, 0.08), "river": (0.1, 0.2), "waterfall": (0.3, 0.35), "grass": (0.8, 0.5),
    "field": (0.85, 0.45), "flower": (0.75, 0.5), "bush": (0.75, 0.65), "tree": (0.75, 0.7), "road": (0.8, 0.25), "building": (0.7, 0.3),
    "sky": (1.0, 0.0), "cloud": (1.0, 0.0), "fog": (1.0, 0.0), "sun": (1.0, 0.0),
}


@dataclass(frozen=True, eq=False)
class Maps:
    """What goes with a picture of a surface, all (H, W, 3) uint8, linear values ("Non-Color"), row 0 at the top.

    height:    grey; the middle height at 128, three standard deviations up and down.
    normal:    tangent space, +x to the right, +y up, z towards the viewer (OpenGL's and glTF's convention), 128 being 0.
    roughness: grey, 0 mirror to 255 matte.
    """

    height: np.ndarray
    normal: np.ndarray
    roughness: np.ndarray


def maps(picture: np.ndarray, label: int) -> Maps:
    """The maps of a picture (H, W, 3) uint8 sRGB, at least 64 pixels a side, of a surface of one label."""
    roughness, slope = SURFACES[label_set.LABELS[label].name]
    bands = list(_bands(_lightness(picture)))
    height = _standard(sum(band * np.float32(2 ** (level / 2)) for level, band in enumerate(bands)))
    grain = np.abs(bands[0]) + np.abs(bands[1])
    for level in (0, 1, 2):
        grain = _blur(grain, 2**level)
    rough = np.clip(roughness + _ROUGHNESS_SWING * np.clip(_standard(grain), -2, 2) * min(1.0, 4 * roughness), 0, 1)
    return Maps(_grey(0.5 + height / 6), normals(height, slope), _grey(rough))


def normals(height: np.ndarray, slope: float) -> np.ndarray:
    """The normal map (H, W, 3) uint8 of a height (H, W) that continues at its edges, its slopes scaled to a root mean square of `slope`."""
    right, up = _difference(height, 1), -_difference(height, 0)
    spread = np.sqrt(np.mean(right.astype(np.float64) ** 2 + up.astype(np.float64) ** 2))
    scale = np.float32(slope / spread) if spread > 0 else np.float32(0)
    right, up = (np.clip(scale * rise, -_STEEPEST, _STEEPEST) for rise in (right, up))
    length = np.sqrt(1 + right * right + up * up)
    return np.stack([np.rint(127.5 + 127.5 * part / length) for part in (-right, -up, np.ones_like(length))], -1).astype(np.uint8)


def _lightness(picture: np.ndarray) -> np.ndarray:
    """Luminance (H, W) float32, 0 to 1, as the eye spaces it: the cube root of linear light."""
    return np.cbrt(sum(TO_LINEAR[picture[..., channel]] * weight for channel, weight in enumerate(LUMINANCE)))


def _bands(image: np.ndarray) -> Iterator[np.ndarray]:
    """What each blur takes away from the one before, fine to coarse, (H, W) float32 each."""
    reach = 1
    while reach <= max(2, min(image.shape) // _WIDEST):
        blurred = _blur(image, reach)
        yield image - blurred
        image, reach = blurred, 2 * reach


def _blur(image: np.ndarray, reach: int) -> np.ndarray:
    """The image blurred around its edges by the B3 spline with `reach` pixels between its five weights."""
    outer, inner, middle = (np.float32(weight) for weight in _SPLINE)
    for axis in (0, 1):
        near = np.roll(image, reach, axis) + np.roll(image, -reach, axis)
        far = np.roll(image, 2 * reach, axis) + np.roll(image, -2 * reach, axis)
        image = middle * image + inner * near + outer * far
    return image


def _difference(image: np.ndarray, axis: int) -> np.ndarray:
    """Half the step from the pixel before to the pixel after, along rows (1) or columns (0)."""
    return (np.roll(image, -1, axis) - np.roll(image, 1, axis)) * np.float32(0.5)


def _standard(image: np.ndarray) -> np.ndarray:
    """The image with mean 0 and standard deviation 1; all 0 when it is flat. The sums are taken in sorted order: rolling changes nothing."""
    ordered = np.sort(image, axis=None).astype(np.float64)
    mean, spread = ordered.mean(), ordered.std()
    return (image - np.float32(mean)) / np.float32(spread) if spread > 1e-6 else np.zeros_like(image)


def _grey(value: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(np.rint(255 * value), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
