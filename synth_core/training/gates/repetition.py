"""Does a long picture repeat itself, or stand in rows? The autocorrelation peak of paintings of 512 x 2048 pixels, against photographs', and what
follows composition's coarsest grid where one label fills the view."""
from __future__ import annotations

import numpy as np
from PIL import Image

from ... import canvas
from ... import labels as label_set
from ..data import Photographs
from .figures import Figure, bootstrap, locked, repetition
from .studio import Studio

HEIGHT, WIDTH = 512, 2048
LARGE = 1080  # pixels: short side of the photographs; a strip of one is enlarged by a fifteenth
MOST = 16  # photographs
ALONE = ("sea", "grass", "rock", "snow", "tree", "sand")
SEEDS = 8  # paintings of each alone that are looked at for rows
IN_ROWS = 0.01  # of their variance may follow the grid


def gate(studio: Studio) -> list[Figure]:
    photographs = Photographs(studio.data, "val", LARGE)
    pairs = [strip(image, ids) for image, ids in photographs.pairs if min(image.size) >= LARGE - 1][:MOST]
    real = np.array([repetition(picture) for picture, _ in pairs])
    painted = np.array([repetition(studio.paint(ids, index)) for index, (_, ids) in enumerate(pairs)])
    alone = {name: repetition(studio.paint(np.full((HEIGHT, WIDTH), label_set.BY_NAME[name].id, np.uint8), 0)) for name in ALONE}
    worst = max(alone, key=alone.get)
    return [
        *compared(painted, real),
        Figure("one label alone: autocorrelation peak", float(np.mean(list(alone.values()))), most=float(real.max()),
               note=f"at most the worst photograph's; worst {worst} {alone[worst]:.3f}"),
        in_rows(studio),
    ]  # fmt: skip


def in_rows(studio: Studio) -> Figure:
    """Of one label alone, seen eight times: what lies at the same place in every cell of composition's coarsest grid."""
    cell = canvas.unit(HEIGHT, HEIGHT)
    views = {name: np.full((HEIGHT, HEIGHT), label_set.BY_NAME[name].id, np.uint8) for name in ALONE}
    painted = {name: [studio.paint(ids, seed) for seed in range(SEEDS)] for name, ids in views.items()}
    shares = {name: locked(pictures, cell) for name, pictures in painted.items()}
    other = float(np.mean([locked(pictures, 3 * cell // 4) for pictures in painted.values()]))
    worst = max(shares, key=shares.get)
    return Figure("one label alone: share of the variance in rows of the coarsest cells", float(np.mean(list(shares.values()))), most=IN_ROWS,
                  note=f"of cells three quarters as wide {other:.3f}; worst {worst} {shares[worst]:.3f}")  # fmt: skip


def compared(painted: np.ndarray, real: np.ndarray) -> list[Figure]:
    """From the peaks (N,) of paintings and of the photographs whose maps they show."""
    return [
        bootstrap("autocorrelation peak", lambda peaks: float(peaks.mean()), painted, most=float(real.mean()),
                  note=f"photographs {real.mean():.3f}"),
        Figure("worst painting's peak", float(painted.max()), most=float(real.max()), note=f"worst photograph {real.max():.3f}"),
    ]  # fmt: skip


def strip(image: Image.Image, ids: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """The middle of a photograph and its map as long as it is wide, at HEIGHT x WIDTH pixels."""
    wide = min(image.width, image.height * WIDTH // HEIGHT)
    high = wide * HEIGHT // WIDTH
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    box = (left, top, left + wide, top + high)
    sized = lambda picture, resample: np.asarray(picture.resize((WIDTH, HEIGHT), resample, box=box))
    return sized(image, Image.LANCZOS), sized(ids, Image.NEAREST)
