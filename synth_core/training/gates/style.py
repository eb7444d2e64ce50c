"""Does a painting look like the photograph whose style it carries? Colours and contrast under each label that both show, in CIELAB;
and drawn styles beside the encoder's. Plain pixels: no network judges here."""
from __future__ import annotations

import numpy as np

from .figures import Figure, bootstrap, correlation, gradient, ratio, regions
from .studio import Studio

CHROMA, CONTRAST = 3, 4  # columns of figures.regions; before them L, a, b
APART = 7  # places in the split between a map and the photograph whose style it gets


def gate(studio: Studio) -> list[Figure]:
    maps, photographs = [ids for _, ids in studio.cuts], [picture for picture, _ in studio.cuts]
    real = np.stack([regions(*cut) for cut in studio.cuts])
    own = [studio.paint(ids, index, studio.codes[index]) for index, ids in enumerate(maps)]
    others = np.roll(studio.codes, APART, 0)
    swapped = [studio.paint(ids, index, others[index]) for index, ids in enumerate(maps)]
    return [
        *likeness("own style", measured(own, maps), real),
        *likeness("another's style", measured(swapped, maps), np.roll(real, APART, 0)),
        *strength("own style", own, photographs),
        *strength("drawn style", studio.drawn, photographs),
        *colourfulness("drawn style", measured(studio.drawn, maps), real),
        Figure("own style: dimensions of codes under labels, of 64", dimensions(studio.codes[np.isfinite(real[..., 0])])),
    ]


def dimensions(codes: np.ndarray) -> float:
    """How many dimensions codes (N, C) fill, by the participation ratio of their variances: C where all vary alike, 1 where one does."""
    variances = np.linalg.eigvalsh(np.cov(codes.T))
    return float(variances.sum() ** 2 / np.square(variances).sum())


def measured(pictures: list[np.ndarray], maps: list[np.ndarray]) -> np.ndarray:
    """(N, 23, 5), see `figures.regions`."""
    return np.stack([regions(picture, ids) for picture, ids in zip(pictures, maps)])


def likeness(which: str, painted: np.ndarray, style: np.ndarray) -> list[Figure]:
    """How paintings' regions (N, 23, 5) follow those of the photographs whose styles they carry, over the labels that both show."""
    return [
        *colourfulness(which, painted, style),
        bootstrap(f"{which}: r of L, a, b by label", followed, painted, style, least=0.8),
    ]


def colourfulness(which: str, painted: np.ndarray, style: np.ndarray) -> list[Figure]:
    """Chroma and contrast of paintings' regions over those of photographs."""
    both = np.isfinite(painted) & np.isfinite(style)
    painted, style = (np.where(both, array, np.nan) for array in (painted, style))
    return [
        bootstrap(f"{which}: {name} by label", lambda p, s: ratio(p[:, :, column], s[:, :, column]), painted, style, least=0.9, most=1.1)
        for name, column in (("chroma", CHROMA), ("contrast", CONTRAST))
    ]


def followed(painted: np.ndarray, style: np.ndarray) -> float:
    """Pearson's r between regions' mean colours, the mean of L's, a's and b's."""
    return float(np.mean([correlation(painted[..., channel], style[..., channel]) for channel in range(3)]))


def strength(which: str, painted: list[np.ndarray], photographs: list[np.ndarray]) -> list[Figure]:
    """Sharpness over the photographs'."""
    one, other = (np.array([gradient(picture) for picture in pictures]) for pictures in (painted, photographs))
    return [bootstrap(f"{which}: sharp", ratio, one, other, least=0.9, most=1.1)]
