"""Styles: where a painting's colours and light come from. Named looks, styles drawn by a seed, and what can be done with styles.

A style is (23, 64) float32: one code for every label, each of length sqrt(64), as the encoder makes them. numpy alone; no network runs here
(a photograph's style: stylist.py), and how looks are found is the trainer's business.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

from . import labels as label_set
from . import noise
from . import weights as files
from .request import STYLE_SIZE
from .weights import Weights

STREAM = 0  # of a seed's random numbers
STRONGEST = 2.0  # largest strength
_STRAIGHT = 1e-3  # sine of the angle between two codes below which they lie on one line, and the arc between them is not defined


class StyleError(ValueError):
    """A style that does not exist or can't be made; the message is one sentence for the user."""


class Styles:
    """The styles of one weights folder."""

    def __init__(self, weights: Weights | Path | str):
        """weights: the folder, or what `weights.load` made of it. Raises WeightsError for missing or damaged weights."""
        found = weights if isinstance(weights, Weights) else files.load(Path(weights))
        tensors = found.tensors("styles.")
        self.names: tuple[str, ...] = found.looks
        self._looks = normalised(tensors.get("looks", np.empty((0, label_set.COUNT, STYLE_SIZE), np.float32)))
        self._bank = tensors["bank"]  # (M, 23, 64): photographs' styles
        self.mean = normalised(self._bank.mean(0))

    def look(self, name: str) -> np.ndarray:
        """The style of a named look. Raises StyleError for a name that is not in `names`."""
        if name not in self.names:
            known = f"the looks are {', '.join(self.names)}" if self.names else "the installed weights hold none"
            raise StyleError(f"There is no look {name!r}; {known}.")
        return self._looks[self.names.index(name)].copy()

    def drawn(self, seed: int) -> np.ndarray:
        """The style of a seed: a mix of two photographs' styles."""
        first, second, share = noise.uniform(seed, STREAM, 3)
        one, other = self._bank[int(first * len(self._bank))], self._bank[int(second * len(self._bank))]
        return normalised(share * one + (1 - share) * other)

    def strength(self, style: np.ndarray, strength: float) -> np.ndarray:
        """`style` weaker or stronger: 0 is the mean of photographs' styles, 1 is `style` itself, up to 2 goes on beyond it."""
        if not 0 <= strength <= STRONGEST:
            raise StyleError(f"A style's strength is 0 to {STRONGEST:g}; {strength:g} was asked for.")
        return arc(self.mean, _checked(style), strength)

    @staticmethod
    def blend(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
        """From `one` (share 0) to `other` (share 1) in even steps. Raises StyleError for a share outside."""
        if not 0 <= share <= 1:
            raise StyleError(f"A blend's share is 0 to 1; {share:g} was asked for.")
        return arc(_checked(one), _checked(other), share)

    @staticmethod
    def by_label(style: np.ndarray, others: dict[int, np.ndarray]) -> np.ndarray:
        """`style` with the codes of some labels taken from other styles: {label id: style}."""
        mixed = np.array(_checked(style))
        for label, other in others.items():
            if not 0 <= label < label_set.COUNT:
                raise StyleError(f"There is no label {label}; labels are 0 to {label_set.COUNT - 1}.")
            mixed[label] = _checked(other)[label]
        return mixed


def normalised(codes: np.ndarray) -> np.ndarray:
    """Codes (..., 64) scaled to the length sqrt(64), float32."""
    return (codes / np.sqrt(np.square(codes).mean(-1, keepdims=True) + 1e-6)).astype(np.float32)


def _checked(style: np.ndarray) -> np.ndarray:
    if np.shape(style) != (label_set.COUNT, STYLE_SIZE):
        raise StyleError(f"A style is {label_set.COUNT} x {STYLE_SIZE} numbers; this one is {np.shape(style)}.")
    return normalised(np.asarray(style, np.float32))


def angle(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Angle between codes (..., 64) of length sqrt(64), in radians."""
    return np.arccos(np.clip((one * other).mean(-1), -1, 1))


def arc(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Codes (..., 64) on the great circle from `one` (share 0) through `other` (share 1) (Shoemake 1985): equal shares are equal angles, so
    no step is a jump. A straight line would run fastest where two unlike codes are half mixed."""
    between = angle(one, other)[..., None]
    straight = np.sin(between) < _STRAIGHT
    along = np.where(straight, 1, np.sin(between))
    first = np.where(straight, 1 - share, np.sin((1 - share) * between) / along)
    second = np.where(straight, share, np.sin(share * between) / along)
    return normalised(first * one + second * other)
