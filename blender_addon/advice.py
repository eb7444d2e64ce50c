"""What a view's labels say about the picture to come: sentences on what will look bad, each with what mends it, kept for the panel."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .synth_core import labels as label_set

SPECK = 12  # a pixel is of a speck when fewer of the 49 around it share its label
_SPECKLED, _UNLABELLED, _NEAR = 0.03, 0.6, 0.97  # shares of the view from which it is worth a sentence
_SKY = [label_set.BY_NAME[name].id for name in ("sky", "cloud", "fog", "sun")]


@dataclass(frozen=True)
class Advice:
    """A sentence, and the operator that mends what it says with its button's text; "" where only the user can."""

    sentence: str
    operator: str = ""
    button: str = ""


_kept: list[Advice] = []


def kept() -> list[Advice]:
    """What there was to say of the last painting, until it is dismissed."""
    return _kept


def keep(advice: list[Advice]) -> None:
    """Show these in the panel, in place of others."""
    _kept[:] = advice


def of(labels: np.ndarray, unlabelled: float, depth: np.ndarray, near: float) -> list[Advice]:
    """What to say of a view: (H, W) uint8 labels; the share of its surface without one; (H, W) depth, and the nearest that is seen."""
    found = []
    on_sky = np.isin(labels, _SKY)
    if on_sky.all():
        found.append(Advice("Only sky is in view, so only sky is painted; turn the camera to the scenery.", "view3d.view_camera", "Look Through Camera"))
    elif len(np.unique(labels[~on_sky])) == 1 and on_sky.mean() < 0.05:
        found.append(Advice("All that is in view has one label, so the picture is one texture; label more of it.", "veduta.guess_labels", "Guess Labels"))
    if unlabelled > _UNLABELLED:
        found.append(Advice(f"{unlabelled:.0%} of the surface in view has no label.", "veduta.guess_labels", "Guess Labels"))
    if specks(labels).mean() > _SPECKLED:
        found.append(Advice("Much of the view is specks of a few pixels, which turn to noise.", "veduta.drop_specks", "Drop Specks"))
    if np.isfinite(depth).any() and (depth < 4 * near).mean() > 1 - _NEAR and np.median(depth[np.isfinite(depth)]) < 10 * near:
        found.append(Advice("Surfaces stand against the camera: it may be inside the terrain.", "veduta.lift_camera", "Lift Camera"))
    return found


def specks(labels: np.ndarray) -> np.ndarray:
    """(H, W) bool: the pixels of an (H, W) uint8 map that few around them agree with."""
    found = np.zeros(labels.shape, bool)
    for label in np.unique(labels):
        mine = labels == label
        found |= mine & (_sums(np.pad(mine, 3, mode="edge"), 7) < SPECK)
    return found


def _sums(values: np.ndarray, side: int) -> np.ndarray:
    """The sum of each side x side square of a 2-D array."""
    total = np.pad(values.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
