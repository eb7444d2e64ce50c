"""Does water show its shore? How the light of each of its pixels goes with that of what it mirrors, upside down above the waterline, against
photographs. Plain pixels: no network judges here."""
from __future__ import annotations

import numpy as np
import torch

from ... import labels as label_set
from ...models.composition import WATER
from ...models.mirror import mirrored_rows
from .figures import AIR, Figure, bootstrap, box_mean, correlation, grey
from .studio import Studio

SHORE = 0.03  # share of a picture that mirrors land, from which on its water is looked at
RIPPLE = 2  # radius of the mean over which ripples don't count, pixels


def gate(studio: Studio) -> list[Figure]:
    shored = [index for index, (_, ids) in enumerate(studio.cuts) if has_shore(ids)]
    maps = [studio.cuts[index][1] for index in shored]
    real = following([studio.cuts[index][0] for index in shored], maps)
    note = f"{len(maps)} maps; photographs {np.nanmean(real):.3f}"
    return [
        bootstrap(f"{which}: r of light with what is mirrored", lambda sample: float(np.nanmean(sample)), following(pictures, maps),
                  least=float(np.nanmean(real)), note=note)
        for which, pictures in (
            ("own style", [studio.paint(ids, index, studio.codes[index]) for index, ids in zip(shored, maps)]),
            ("drawn style", [studio.drawn[index] for index in shored]),
        )
    ]  # fmt: skip


def has_shore(ids: np.ndarray) -> bool:
    """Whether a map's (H, W) water mirrors some land."""
    rows, mirrors = mirrored(ids)
    return bool((mirrors & ~np.isin(np.take_along_axis(ids, rows, 0), AIR)).mean() >= SHORE)


def following(pictures: list[np.ndarray], maps: list[np.ndarray]) -> np.ndarray:
    """(N,) Pearson's r between the light of the water in each picture (H, W, 3) and the light of what it mirrors."""
    found = []
    for picture, ids in zip(pictures, maps):
        rows, mirrors = mirrored(ids)
        light = box_mean(grey(picture), RIPPLE)
        found.append(correlation(light[mirrors], np.take_along_axis(light, rows, 0)[mirrors]))
    return np.array(found)


def mirrored(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row that each pixel of a map (H, W) mirrors, and where it is water that mirrors something labelled."""
    water = (ids >= WATER.start) & (ids < WATER.stop)
    height = torch.linspace(1, -1, len(ids))[:, None].expand(ids.shape)
    rows, mirrors = (found[0, 0].numpy() for found in mirrored_rows(torch.from_numpy(water)[None, None], height[None, None]))
    return rows, mirrors & (np.take_along_axis(ids, rows, 0) != label_set.UNLABELLED)
