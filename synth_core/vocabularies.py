"""Other tools' label maps: their classes, ids and colours, and what they mean among ours. The classes stand in `vocabularies.csv`.

No image is read or written here; `maps` does that. A vocabulary is data: what a source says, nothing guessed. The sources:

- COCO-Stuff's classes: `labels.txt` of nightrome/cocostuff. Its README has the two forms of ids: 1 to 182, and in the data set's files 0 to
  181 with 255 for what has none. Its own tools' colours are black for all things; those here are the chart of TencentARC/T2I-Adapter ("T2i
  Semantic Segmentation Color Reference Chart" v22), PASCAL VOC's colours on the ids 1 to 182.
- GauGAN's colours: the script of the demo of 2019, the same list as `palette.html` of prusnak/gimp-plugin-gaugan. They are COCO-Stuff's
  classes, the id from 0 in the red channel. GauGAN2 has the same colours (README of gormlabenz/gaugan2-renderer).
- COCO's panoptic categories and colours: `panoptic_coco_categories.json` of cocodataset/panopticapi.
- ADE20K's 150 classes: `objectInfo150.txt` of CSAILVision/sceneparsing; its colours as the lists in mmsegmentation and in Hugging Face's
  examples give them alike. They colour road and skyscraper alike, which is read as road.
- Cityscapes' classes: `labels.py` of mcordts/cityscapesScripts. Its colours are left out: several classes share one, and COCO's panoptic
  colours have others of them.

No source was found for the colours of NVIDIA Canvas's own files, and so there is no table of them.
"""
from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from . import labels as label_set

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Class:
    """A class of a vocabulary. `colour` is 8-bit sRGB, None where the vocabulary has none of its own; `label` is ours, 0 for none."""

    id: int
    name: str
    colour: Colour | None
    label: int


@dataclass(frozen=True)
class IdForm:
    """How a file holds ids: class `id` as `id - shift`, and `void` where there is nothing."""

    shift: int
    void: int


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """A tool's classes. `name` is the word for it on the command line, `title` the one in sentences.

    classes: by growing id. forms: those of its files of ids, the one to write first; none where it has only colours.
    written: for every label of ours (1 to 22) the class that stands for it.

    Raises ValueError for an id, a name or a colour that stands twice.
    """

    name: str
    title: str
    classes: tuple[Class, ...]
    forms: tuple[IdForm, ...]
    written: Mapping[int, Class]

    def __post_init__(self):
        coloured = [each.colour for each in self.classes if each.colour]
        for values in ([each.id for each in self.classes], [each.name for each in self.classes], coloured):
            if len(set(values)) != len(values):
                raise ValueError(f"{self.title} has an id, a name or a colour twice")

    @cached_property
    def labels(self) -> np.ndarray:
        """(256,) uint8: our label of each class id, 0 for none."""
        table = np.zeros(256, np.uint8)
        for each in self.classes:
            table[each.id] = each.label
        return table

    @cached_property
    def names(self) -> dict[int, str]:
        """The classes' names by id."""
        return {each.id: each.name for each in self.classes}

    def lost(self, label: int) -> str:
        """What our label reads as once it is written and read again: another label's name, or "" where it comes back."""
        back = self.written[label].label
        return "" if back == label else label_set.LABELS[back].name


def _voc_colour(number: int) -> Colour:
    """PASCAL VOC's colour of a class: the number's bits in turn into red, green and blue, the highest bits first (`VOClabelcolormap.m`)."""
    channels = [0, 0, 0]
    for bit in range(8):
        channels[bit % 3] |= (number >> bit & 1) << 7 - bit // 3
    return tuple(channels)


def _rows(table: str) -> list[Class]:
    """A table of `vocabularies.csv`, by growing id. Raises KeyError for a label that is none of ours."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["classes"] == table]
    return [Class(int(row["id"]), row["name"], tuple(bytes.fromhex(row["colour"])) or None, _label(row["label"])) for row in rows]


def _label(name: str) -> int:
    return label_set.BY_NAME[name].id if name else label_set.UNLABELLED


def _vocabulary(name: str, title: str, classes: list[Class], forms: tuple[IdForm, ...], renamed: dict[str, str]) -> Vocabulary:
    """`renamed`: the class that a label of ours is written as, where that isn't the class of the same name. Raises KeyError for no class."""
    by_name = {each.name: each for each in classes}
    written = {label.id: by_name[renamed.get(label.name, label.name)] for label in label_set.LABELS[1:]}
    return Vocabulary(name, title, tuple(classes), forms, written)


def _all() -> tuple[Vocabulary, ...]:
    gaugan = _rows("coco-stuff")
    coco = [Class(each.id, each.name, _voc_colour(each.id), each.label) for each in gaugan]
    ours = [Class(label.id, label.name, label.colour, label.id) for label in label_set.LABELS[1:]]
    # COCO-Stuff has neither a sun nor a waterfall.
    stuff = {"sky": "sky-other", "cloud": "clouds", "sun": "sky-other", "lake": "water-other", "waterfall": "river", "field": "straw"}
    merged = {label: f"{label}-merged" for label in ("mountain", "rock", "dirt", "grass", "tree")}
    merged |= dict.fromkeys(("sky", "cloud", "fog", "sun"), "sky-other-merged") | {"building": "building-other-merged"}
    merged |= {"hill": "mountain-merged", "stone": "gravel", "lake": "water-other", "waterfall": "river"}
    merged |= {"field": "grass-merged", "bush": "tree-merged"}
    # ADE20K has no snow either; its annotators' "earth" is bare ground.
    ade = dict.fromkeys(("cloud", "fog", "sun"), "sky") | {"stone": "rock", "dirt": "earth", "snow": "earth", "bush": "plant"}
    return (
        _vocabulary("veduta", "Veduta", ours, (IdForm(0, 0),), {}),
        _vocabulary("gaugan", "GauGAN", gaugan, (), stuff | {"building": "house"}),
        _vocabulary("coco", "COCO-Stuff", coco, (IdForm(1, 255), IdForm(0, 0)), stuff | {"building": "building-other"}),
        _vocabulary("coco-panoptic", "COCO panoptic", _rows("coco-panoptic"), (), merged),
        _vocabulary("ade20k", "ADE20K", _rows("ade20k"), (IdForm(0, 0), IdForm(1, 255)), ade),
    )


def _cityscapes() -> Vocabulary:
    # Streets: what lies around is terrain, what grows is vegetation. There is no water; flat things without a class are ground.
    street = dict.fromkeys(("cloud", "fog", "sun"), "sky") | dict.fromkeys(("flower", "bush", "tree"), "vegetation")
    street |= dict.fromkeys(("mountain", "hill", "rock", "stone", "sand", "dirt", "snow", "grass", "field"), "terrain")
    street |= dict.fromkeys(("sea", "lake", "river", "waterfall"), "ground")
    return _vocabulary("cityscapes", "Cityscapes", _rows("cityscapes"), (IdForm(0, 0),), street)


VOCABULARIES = {vocabulary.name: vocabulary for vocabulary in _all()}
OURS = VOCABULARIES["veduta"]
CITYSCAPES = _cityscapes()  # for painters that were taught by it; no maps are read or written in it
