"""Request and Result: the contract between Blender's half and the painter's half. Nothing else crosses.

Plain dataclasses over numpy arrays; no painting, no protocol and no Blender here.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import labels as label_set

SMALLEST, LARGEST = 64, 4096  # sides of a painting, pixels
STYLE_SIZE = 64  # numbers in one label's style code
NOISE_CHANNELS = 8
SEEDS = 1 << 63  # seeds lie in [0, SEEDS)


class RequestError(ValueError):
    """A request that can't be painted; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Request:
    """One picture to paint.

    labels: (H, W) uint8 label ids, row 0 at the top, 64 <= H, W <= 4096. No pixel may be 0 (unlabelled).
    seed:   0 <= seed < 2**63; draws whatever of style and noise is not given.
    style:  (23, 64) float32, one code for every label, or None for one drawn from the seed.
    noise:  (8, h, w) float32 of mean 0 and variance 1 on composition's grid (`canvas.plan(W, H)` gives h and w), or None.
    texts:  extra (keyword, text) pairs for the PNG's metadata.

    Raises RequestError when any of that does not hold.
    """

    labels: np.ndarray
    seed: int = 0
    style: np.ndarray | None = None
    noise: np.ndarray | None = None
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        ids = self.labels
        if ids.ndim != 2 or ids.dtype != np.uint8:
            raise RequestError(f"A label map is a 2-D array of bytes; this one is {ids.ndim}-D {ids.dtype}.")
        if not all(SMALLEST <= side <= LARGEST for side in ids.shape):
            raise RequestError(f"A painting's sides are {SMALLEST} to {LARGEST} pixels; {ids.shape[1]} x {ids.shape[0]} was asked for.")
        if ids.max() >= label_set.COUNT:
            raise RequestError(f"The label map holds id {ids.max()}, but labels end at {label_set.COUNT - 1}; it may come from a newer version.")
        if ids.min() == label_set.UNLABELLED:
            raise RequestError("The label map has unlabelled pixels; every pixel needs a label before it can be painted.")
        if not 0 <= self.seed < SEEDS:
            raise RequestError(f"The seed {self.seed} lies outside 0 to 2^63 - 1.")
        if self.style is not None and self.style.shape != (label_set.COUNT, STYLE_SIZE):
            raise RequestError(f"A style is {label_set.COUNT} x {STYLE_SIZE} numbers; this one is {self.style.shape}.")
        if self.noise is not None and (self.noise.ndim != 3 or self.noise.shape[0] != NOISE_CHANNELS):
            raise RequestError(f"Noise is ({NOISE_CHANNELS}, h, w) numbers; this is {self.noise.shape}.")


@dataclass(frozen=True, eq=False)
class Result:
    """A finished painting.

    picture: (H, W, 3) uint8 sRGB, row 0 at the top.
    png:     the same pixels as a PNG file, with the recipe's texts in it.
    engine:  the engine's name and version; weights: sha256 of painter.safetensors; seconds: painting time.
    """

    picture: np.ndarray
    png: bytes
    engine: str
    weights: str
    seconds: float
