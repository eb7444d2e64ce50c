"""How much do seeds change? One map painted in another style with the same noise, and with other noise in the same style, against how far
apart photographs of like maps lie. By the backbone that taught the painter (see `studio.features`), and by plain colours."""
from __future__ import annotations

import numpy as np

from ... import labels as label_set
from ..attributes import to_lab
from .figures import Figure, bootstrap, cells, ratio
from .studio import Studio, features, shrunk

MAPS, OTHER = 32, 50_000  # maps that are painted; what is added to a seed for another
GRID = 8  # cells a side in which maps are compared
TONE = 32  # pixels a side at which colours are compared


def gate(studio: Studio) -> list[Figure]:
    maps, photographs = [ids for _, ids in studio.cuts], [picture for picture, _ in studio.cuts]
    like = likest(shares(maps))
    chosen = range(0, len(maps), max(1, len(maps) // MAPS))
    sets = {"photographs": [photographs[index] for index in chosen], "like": [photographs[like[index]] for index in chosen]}
    for name, noise, style in (("base", 0, 0), ("style", 0, OTHER), ("noise", OTHER, 0)):
        sets[name] = [studio.paint(maps[index], index + noise, studio.styles.drawn(index + style)) for index in chosen]
    seen = {name: features(pictures, studio.backbone) for name, pictures in sets.items()}
    toned = {name: tones(pictures) for name, pictures in sets.items()}
    return [
        figure
        for what, targets in (("style", (None, 0.5)), ("noise", (0.35, None)))
        for kind, found, least in zip(("features", "colours"), (seen, toned), targets)
        for figure in compared(f"another {what}: {kind}", found["base"], found[what], found["photographs"], found["like"], least)
    ]


def compared(name: str, base: np.ndarray, other: np.ndarray, photograph: np.ndarray, like: np.ndarray, least: float | None) -> list[Figure]:
    """The distance between two paintings (N, C) of each map over that between two photographs of like maps."""
    distance = lambda a, b: np.sqrt(np.square(a - b).sum(1))
    return [bootstrap(name, ratio, distance(base, other), distance(photograph, like), least=least, note="of photographs of like maps")]


def tones(pictures: list[np.ndarray]) -> np.ndarray:
    """(N, C) colours of pictures, coarsely, in CIELAB."""
    return np.stack([to_lab(shrunk(picture, TONE)).ravel() for picture in pictures])


def shares(maps: list[np.ndarray]) -> np.ndarray:
    """(N, C) share of each label in GRID x GRID cells of square maps."""
    found = []
    for ids in maps:
        side = len(ids) // GRID
        grid = cells(ids[: side * GRID, : side * GRID], GRID, GRID)
        found.append(np.stack([np.bincount(cell, minlength=label_set.COUNT) / cell.size for cell in grid]).ravel())
    return np.stack(found).astype(np.float32)


def likest(shares: np.ndarray) -> np.ndarray:
    """(N,) for each map the index of the other map that shares most with it."""
    shared = np.stack([np.minimum(shares, one).sum(1) for one in shares])
    np.fill_diagonal(shared, -1)
    return shared.argmax(1)
