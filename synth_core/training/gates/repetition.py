"""Does a long picture repeat itself? The autocorrelation peak of paintings of 512 x 2048 pixels, against photographs'."""
from __future__ import annotations

import numpy as np
from PIL import Image

from ... import labels as label_set
from ..data import Photographs
from .figures import Figure, bootstrap, repetition
from .studio import Studio

HEIGHT, WIDTH = 512, 2048
LARGE = 1080  # pixels: short side of the photographs; a strip of one is enlarged by a fifteenth
MOST = 16  # photographs
ALONE = ("sea", "grass", "rock", "snow", "tree", "sand")


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
    ]  # fmt: skip


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
