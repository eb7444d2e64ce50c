"""Named looks: found in the style space among the training photographs, by measured attributes, never by hand. And the styles that seeds draw from.

What makes a look is a table (`LOOKS`); what is measured is in attributes.py; how a look is used is in ../styles.py.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from .. import labels as label_set
from ..export import add_looks
from ..styles import STRONGEST, angle, arc, normalised
from . import attributes
from .composition import BANK
from .data import DataError, Photographs
from .teacher import SIZE, encode

BEST = 12  # photographs that make a look
ENOUGH = 4  # of these must hold a label for it to have a code of its own in the look
OUT = 0.9  # quantile of their distances from the mean style at which the look's own code lies
CLIP = 3.0  # largest score of one attribute, in deviations
KIN = tuple(label_set.BY_NAME[name].id for name in ("sky", "cloud", "fog", "sun"))  # one lacks often where another fills the sky


@dataclass(frozen=True)
class Look:
    """What photographs of a look are like. `needs`: attribute -> (least, most), in its own unit; `wants`: attribute -> weight of its score,
    in deviations from the middle of all training photographs; more of it is wanted, or less for a weight below 0."""

    name: str
    wants: dict[str, float]
    needs: dict[str, tuple[float, float]] = field(default_factory=dict)


SKY, LAND = (0.12, 0.8), (0.3, 0.95)  # shares of a picture that shows both

LOOKS = (
    Look("clear noon", {"sky yellow": -2, "picture light": 1, "land chroma": 1, "cloud share": -1, "land light": 1},
         {"sky share": SKY, "land share": LAND, "sky light": (55, 90), "snow share": (0, 0.05), "land red": (-30, 2)}),
    Look("overcast", {"sky chroma": -2, "picture chroma": -0.7, "sky light": 0.7, "picture contrast": -0.5, "cloud share": 0.5},
         {"cloud share": (0.15, 0.8), "land share": LAND, "snow share": (0, 0.02), "fog share": (0, 0.05), "land light": (25, 60)}),
    Look("golden hour", {"land yellow": 1.5, "land red": 0.7, "sky yellow": 1.5, "land light": 0.5},
         {"land share": LAND, "sky light": (60, 100), "sky yellow": (0, 60), "sky red": (-8, 15), "land light": (30, 70)}),
    Look("sunset", {"sky red": 2, "sky yellow": 1, "sky chroma": 1, "land light": -1},
         {"land share": LAND, "sky light": (30, 75)}),
    Look("blue hour", {"sky yellow": -1, "land yellow": -2, "picture light": -2},
         {"land share": LAND, "sky light": (10, 55), "sky yellow": (-60, -8)}),
    Look("mist", {"fog share": 1, "picture contrast": -1.5, "picture chroma": -1.5, "land contrast": -1, "picture light": 1},
         {"fog share": (0.05, 1), "snow share": (0, 0.02), "land light": (30, 80)}),
    Look("autumn", {"trees red": 2, "trees yellow": 1, "trees chroma": 0.5, "trees light": 0.3},
         {"trees share": (0.12, 0.95), "trees light": (22, 65)}),
    Look("winter", {"snow share": 1, "land light": 1.5, "land chroma": -1, "sky yellow": -0.3},
         {"snow share": (0.15, 0.95), "picture light": (45, 90), "sky red": (-10, 5)}),
    Look("storm", {"cloud light": -2, "cloud contrast": 0.7, "picture light": -0.7, "sky chroma": -1, "cloud share": 0.7},
         {"cloud share": (0.2, 0.8), "land share": LAND, "sky red": (-6, 4), "sky yellow": (-14, 5)}),
    Look("spring", {"plants red": -1.5, "plants yellow": 1, "plants light": 1, "plants chroma": 0.5, "flower share": 0.5},
         {"plants share": (0.25, 0.9), "plants light": (40, 75), "snow share": (0, 0.01)}),
)  # fmt: skip


def find_looks(data: Path, weights: Path) -> None:
    """Find every look among the `train` photographs of `data` and put it into the weights folder, with the styles of photographs spread evenly over
    them for seeds to draw from. Those that were remembered in training are noisy: of crops, by the learner, with labels left out.

    Raises DataError, ConfigError and WeightsError with one sentence each.
    """
    photographs = Photographs(data, "train", SIZE)
    measured = np.stack([attributes.measure(*photographs.centre(index)) for index in range(len(photographs))])
    codes, whole, present = encode(photographs, weights)
    bank = codes[np.linspace(0, len(codes) - 1, min(BANK, len(codes))).round().astype(int)]
    middle = normalised(bank.mean(0))
    looks = []
    for look in LOOKS:
        best = ranked(measured, look)[:BEST]
        if not len(best):
            raise DataError(f"No photograph of {data} has what the look {look.name!r} needs; find looks in a larger collection.")
        tqdm.write(f"{look.name}: {', '.join(photographs.names[index] for index in best)}")
        looks.append(style_of(codes[best], whole[best], present[best], middle))
    add_looks(weights, tuple(look.name for look in LOOKS), torch.from_numpy(np.stack(looks)), torch.from_numpy(bank))


def scored(measured: np.ndarray, look: Look, middle: np.ndarray | None = None) -> np.ndarray:
    """How much each of N pictures, of attributes (N, len(attributes.NAMES)), has what the look wants, (N,): the weighted sum of deviations
    from the middle of `middle` (M, ...; the pictures themselves unless given), nan for a picture without a region that is asked about."""
    middle = measured if middle is None else middle
    score = np.zeros(len(measured))
    for name, weight in look.wants.items():
        column = attributes.NAMES.index(name)
        low, median, high = np.nanpercentile(middle[:, column], (25, 50, 75))
        spread = (high - low) / 1.35  # a normal distribution's deviation
        if spread < 1e-3:  # shares that most photographs lack
            spread = max(float(np.nanstd(middle[:, column])), 1e-3)
        score += weight * np.clip((measured[:, column] - median) / spread, -CLIP, CLIP)
    return score


def ranked(measured: np.ndarray, look: Look) -> np.ndarray:
    """Indices of the pictures that have what the look needs, those with most of what it wants first."""
    score = scored(measured, look)
    for name, (least, most) in look.needs.items():
        value = measured[:, attributes.NAMES.index(name)]
        score[~((value >= least) & (value <= most))] = np.nan
    order = np.argsort(-score, kind="stable")  # nan comes last
    return order[: np.isfinite(score).sum()]


def style_of(codes: np.ndarray, whole: np.ndarray, present: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """One style (23, 64) of K photographs': codes (K, 23, 64), their whole pictures' (K, 64), and which label each holds (K, 23).

    A label that too few hold takes its kin's codes, then the whole pictures'. The mean of codes lies nearer to the mean style `middle` than the
    photographs do, and paints washed out; so it goes out along the arc as far as the farthest tenth of them.
    Measured on paintings of six maps, in deviations of photographs' attributes, how much more of what a look wants its own painting has than
    those in the nine other looks: plain mean 0.64, medoid 0.58, best photograph alone 0.59, mean moved out 0.99.
    """
    style = np.empty_like(middle)
    for label in range(label_set.COUNT):
        pool = codes[present[:, label], label]
        if len(pool) < ENOUGH and label in KIN:
            pool = np.concatenate([codes[present[:, other], other] for other in KIN])
        style[label] = _outer(pool if len(pool) >= ENOUGH else whole, middle[label])
    return style


def _outer(codes: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The mean direction of codes (K, 64), at the `OUT` quantile of their angles from `middle` (64,), at most STRONGEST times its own."""
    mean = normalised(codes.mean(0))
    own = angle(mean, middle)
    return arc(middle, mean, min(max(np.quantile(angle(codes, middle), OUT) / max(own, 1e-3), 1), STRONGEST))
