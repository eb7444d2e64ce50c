"""The requests and results that cross between Blender's process and the painter's.

Plain dataclasses over numpy arrays; no painting, no protocol and no Blender here.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from . import fields
from . import labels as label_set
from .anchors import Anchors
from .fields import Array, RequestError
from .relief import Relief

__all__ = ["Anchors", "BakeRequest", "JudgeRequest", "JudgeResult", "LabelRequest", "LabelResult", "Relief", "ReliefRequest", "Request", "RequestError", "Result",
           "StyleRequest", "StyleResult", "TileRequest", "TileResult"]

SMALLEST, LARGEST = 64, 4096  # sides of a painting, pixels
STYLE_SIZE = 64  # numbers in one label's style code
NOISE_CHANNELS = 8
SEEDS = 1 << 63  # seeds lie in [0, SEEDS)
WRAPS = ("", "x", "xy")
TILE_SIZES = (256, 512, 1024, 2048)
MOST_CANDIDATES = 64  # that the best is chosen from
LICENCE = "Licence of the weights"  # keyword of a PNG's text

LabelMap = Annotated[np.ndarray, Array("uint8", "H W")]
Picture = Annotated[np.ndarray, Array("uint8", "H W 3")]
Style = Annotated[np.ndarray, Array("float32", f"{label_set.COUNT} {STYLE_SIZE}")]


@dataclass(frozen=True, eq=False)
class Request:
    """One picture to paint.

    labels:  (H, W) uint8 label ids, row 0 at the top, 64 <= H, W <= 4096. No pixel may be 0 (unlabelled).
    seed:    0 <= seed < 2**63; draws whatever of style and noise is not given.
    style:   (23, 64) float32, one code for every label, or None for one drawn from the seed.
    anchors: where the view's places lie in the scene, for noise that stays with them; None for noise that stays with the picture.
    wrap:    the directions in which the picture continues at its other side: "", "x" or "xy".
    best_of: of the pictures of the seeds seed ... seed + best_of - 1 the critic keeps its favourite; 1 to 64.
    relief:  what the finished picture follows, H x W like the labels, or None.
    view:    heights (+1 the top of an ordinary view, -1 its bottom) of the picture's upper and lower edge, within -4 to 4; both equal when
             the picture wraps in y.
    texts:   extra (keyword, text) pairs for the PNG's metadata.

    Raises RequestError when any of that does not hold.
    """

    labels: LabelMap
    seed: int = 0
    style: Style | None = None
    anchors: Anchors | None = None
    wrap: str = ""
    best_of: int = 1
    relief: Relief | None = None
    view: tuple[float, float] = (1.0, -1.0)
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        fields.check(self)
        check_map(self.labels)
        if not 1 <= self.best_of <= MOST_CANDIDATES:
            raise RequestError(f"The best is chosen from 1 to {MOST_CANDIDATES} pictures; {self.best_of} were asked for.")
        for seed in (self.seed, self.seed + self.best_of - 1):
            if not 0 <= seed < SEEDS:
                raise RequestError(f"The seed {seed} lies outside 0 to 2^63 - 1.")
        if self.wrap not in WRAPS:
            raise RequestError(f"A picture continues in 'x', in 'xy' or not at all (''), not in {self.wrap[:40]!r}.")
        if not all(-4 <= height <= 4 for height in self.view):
            raise RequestError(f"The view's edges lie within -4 to 4; these are {self.view[0]:g} and {self.view[1]:g}.")
        if self.wrap == "xy" and self.view[0] != self.view[1]:
            raise RequestError("A picture that wraps in y has no upper and lower edge; give both the same height in `view`.")
        if self.relief is not None:
            _check_same_size(self.relief, self.labels)


@dataclass(frozen=True, eq=False)
class Result:
    """A finished painting.

    picture: (H, W, 3) uint8 sRGB, row 0 at the top.
    png:     the same pixels as a PNG file, with the recipe's texts in it.
    engine:  the engine's name and version; weights: sha256 of painter.safetensors; seconds: painting time.
    seed:    the seed that painted it, one of those that `best_of` allowed (0 for relief alone).
    score:   the critic's, higher is better; None when it was not asked.
    licence: what the weights say on what they may be used for; "" when they say nothing. It stands in the PNG's texts too.
    """

    picture: Picture
    png: bytes
    engine: str
    weights: str
    seconds: float
    seed: int
    score: float | None = None
    licence: str = ""


@dataclass(frozen=True, eq=False)
class StyleRequest:
    """A photograph to take the style from: picture (H, W, 3) uint8 sRGB, 64 to 4096 pixels a side; labels (H, W) uint8 where they are known.

    Raises RequestError when that does not hold.
    """

    picture: Picture
    labels: LabelMap | None = None

    def __post_init__(self):
        fields.check(self)
        check_sides(self.picture)
        if self.labels is not None:
            check_ids(self.labels)


@dataclass(frozen=True, eq=False)
class StyleResult:
    """style: (23, 64) float32, one code for every label."""

    style: Style


@dataclass(frozen=True, eq=False)
class JudgeRequest:
    """A picture (H, W, 3) uint8 to judge as a painting of labels (H, W) uint8. Raises RequestError when that does not hold."""

    picture: Picture
    labels: LabelMap

    def __post_init__(self):
        fields.check(self)
        check_map(self.labels)


@dataclass(frozen=True, eq=False)
class JudgeResult:
    """score: higher is better; heat: (h, w) float32 over the picture, higher where it looks less like a photograph of its label."""

    score: float
    heat: Annotated[np.ndarray, Array("float32", "h w")]


@dataclass(frozen=True, eq=False)
class LabelRequest:
    """A photograph (H, W, 3) uint8 sRGB, 64 to 4096 pixels a side, whose label map is wanted. Raises RequestError when that does not hold."""

    picture: Picture

    def __post_init__(self):
        fields.check(self)
        check_sides(self.picture)


@dataclass(frozen=True, eq=False)
class LabelResult:
    """labels: (H, W) uint8, ids 1 to 22; png: the same in the labels' colours, as a PNG file."""

    labels: LabelMap
    png: bytes


@dataclass(frozen=True, eq=False)
class ReliefRequest:
    """A painted picture (H, W, 3) uint8 that gets relief: the result is a `Result` like a painting's. Raises RequestError for unequal sizes."""

    picture: Picture
    relief: Relief
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        fields.check(self)
        check_sides(self.picture)
        _check_same_size(self.relief, self.picture)


@dataclass(frozen=True, eq=False)
class TileRequest:
    """A picture of one label, size x size pixels, that continues at its other side both ways, and the maps of a material with it.

    label: 1 to 22. size: 256, 512, 1024 or 2048. seed, style, texts: as in `Request`. Raises RequestError when that does not hold.
    """

    label: int
    size: int
    seed: int = 0
    style: Style | None = None
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        fields.check(self)
        if not label_set.UNLABELLED < self.label < label_set.COUNT:
            raise RequestError(f"A tile shows one of the labels 1 to {label_set.COUNT - 1}; {self.label} was asked for.")
        if self.size not in TILE_SIZES:
            raise RequestError(f"A tile has {', '.join(map(str, TILE_SIZES))} pixels a side; {self.size} were asked for.")
        if not 0 <= self.seed < SEEDS:
            raise RequestError(f"The seed {self.seed} lies outside 0 to 2^63 - 1.")


@dataclass(frozen=True, eq=False)
class TileResult:
    """A tile: picture, png and licence as in `Result`; height, normal and roughness as PNG files of `material.Maps`."""

    picture: Picture
    png: bytes
    height: bytes
    normal: bytes
    roughness: bytes
    engine: str
    weights: str
    seconds: float
    licence: str = ""


@dataclass(frozen=True, eq=False)
class BakeRequest:
    """A texture of width x height pixels from pictures: the result is a `Result` like a painting's.

    picture: (H, W, 3) uint8, number 0. tiles: (N, S, S, 3) uint8, numbers 1 to N, or None. chosen, places, corners: which of them each
    triangle shows, and where, as in `bake.texture`. Raises RequestError when that does not hold.
    """

    picture: Picture
    tiles: Annotated[np.ndarray, Array("uint8", "N S S 3")] | None
    chosen: Annotated[np.ndarray, Array("uint8", "T")]
    places: Annotated[np.ndarray, Array("float32", "T 3 2")]
    corners: Annotated[np.ndarray, Array("float32", "T 3 2")]
    width: int
    height: int
    texts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        fields.check(self)
        if not all(1 <= side <= LARGEST for side in (self.width, self.height)):
            raise RequestError(f"A texture's sides are at most {LARGEST} pixels; {self.width} x {self.height} was asked for.")
        if self.chosen.size and self.chosen.max() > (0 if self.tiles is None else len(self.tiles)):
            raise RequestError(f"A triangle shows picture {self.chosen.max()}, which is not there.")


def licence_texts(licence: str) -> dict[str, str]:
    """The texts of a PNG that say what its weights may be used for; none where they say nothing."""
    return {LICENCE: licence} if licence else {}


def check_map(labels: np.ndarray) -> None:
    """Raises RequestError unless the label map (H, W) uint8 is of a painting's size and every pixel has a label."""
    check_sides(labels)
    check_ids(labels)
    if labels.min() == label_set.UNLABELLED:
        raise RequestError("The label map has unlabelled pixels; every pixel needs a label before it can be painted.")


def check_sides(picture: np.ndarray) -> None:
    """Raises RequestError unless the first two axes of `picture` are those of a painting."""
    height, width = picture.shape[:2]
    if not all(SMALLEST <= side <= LARGEST for side in (height, width)):
        raise RequestError(f"A painting's sides are {SMALLEST} to {LARGEST} pixels; {width} x {height} was asked for.")


def check_ids(labels: np.ndarray) -> None:
    """Raises RequestError unless every id is a label's or 0."""
    if labels.max() >= label_set.COUNT:
        raise RequestError(f"The label map holds id {labels.max()}, but labels end at {label_set.COUNT - 1}; it may come from a newer version.")


def _check_same_size(relief: Relief, picture: np.ndarray) -> None:
    if relief.labels.shape != picture.shape[:2]:
        (height, width), (rows, columns) = picture.shape[:2], relief.labels.shape
        raise RequestError(f"Relief of {columns} x {rows} pixels can't be laid over a picture of {width} x {height}.")
