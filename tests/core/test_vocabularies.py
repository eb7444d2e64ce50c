"""The vocabularies of other tools: complete, without doubles, true to facts that their sources state elsewhere; labels come back."""
from __future__ import annotations

from dataclasses import replace

import pytest

from synth_core import labels
from synth_core.vocabularies import CITYSCAPES, OURS, VOCABULARIES

OTHERS = [vocabulary for name, vocabulary in VOCABULARIES.items() if name != "veduta"]
LOST = {  # our labels that a vocabulary has no class for, and what they come back as
    "gaugan": {"sun": "sky", "waterfall": "river"},
    "coco": {"sun": "sky", "waterfall": "river"},
    "coco-panoptic": {"cloud": "sky", "fog": "sky", "sun": "sky", "hill": "mountain", "waterfall": "river", "field": "grass", "bush": "tree"},
    "ade20k": {"cloud": "sky", "fog": "sky", "sun": "sky", "stone": "rock", "snow": "dirt"},
}


def _class(vocabulary: str, name: str):
    return next(each for each in VOCABULARIES[vocabulary].classes if each.name == name)


def test_how_many_classes_there_are():
    counts = {name: len(vocabulary.classes) for name, vocabulary in VOCABULARIES.items()}
    assert counts == {"veduta": 22, "gaugan": 182, "coco": 182, "coco-panoptic": 133, "ade20k": 150}
    for name in ("gaugan", "coco", "ade20k"):
        assert [each.id for each in VOCABULARIES[name].classes] == list(range(1, counts[name] + 1))


def test_ours_is_the_label_set():
    assert all(each.label == each.id and labels.LABELS[each.id].colour == each.colour for each in OURS.classes)


def test_gaugans_red_is_coco_stuffs_id_from_0():
    assert all(each.colour[0] == each.id - 1 for each in VOCABULARIES["gaugan"].classes)


@pytest.mark.parametrize(
    "vocabulary, name, id, colour",
    [
        ("gaugan", "sky-other", 157, 0x9CEEDD), ("gaugan", "sea", 155, 0x9AC6DA), ("gaugan", "tree", 169, 0xA8C832),
        ("gaugan", "water-other", 178, 0xB1C8FF), ("coco", "person", 1, 0x800000), ("coco", "bottle", 44, 0x4000C0),
        ("coco", "bowl", 51, 0x80C040), ("coco-panoptic", "sky-other-merged", 187, 0x4682B4),
        ("coco-panoptic", "tree-merged", 184, 0x6B8E23), ("ade20k", "lake", 129, 0x0ABED4),
        ("ade20k", "sky", 3, 0x06E6E6), ("ade20k", "tree", 5, 0x04C803), ("ade20k", "mountain", 17, 0x8FFF8C),
        ("ade20k", "flag", 150, 0x5C00FF),
    ],
)  # fmt: skip
def test_ids_and_colours_that_the_sources_state(vocabulary, name, id, colour):
    each = _class(vocabulary, name)
    assert (each.id, each.colour) == (id, tuple(colour.to_bytes(3)))


def test_ade20k_colours_two_classes_alike():
    assert _class("ade20k", "skyscraper").colour is None and _class("ade20k", "road").colour == (140, 140, 140)
    assert [each.name for vocabulary in OTHERS for each in vocabulary.classes if not each.colour] == ["skyscraper"]


@pytest.mark.parametrize("vocabulary", OTHERS, ids=lambda vocabulary: vocabulary.name)
def test_our_labels_come_back(vocabulary):
    assert sorted(vocabulary.written) == list(range(1, labels.COUNT))
    assert {labels.LABELS[id].name: vocabulary.lost(id) for id in vocabulary.written if vocabulary.lost(id)} == LOST[vocabulary.name]
    assert all(each.colour and vocabulary.labels[each.id] for each in vocabulary.written.values())
    assert all(vocabulary.labels[each.id] == each.label for each in vocabulary.classes)


@pytest.mark.parametrize("vocabulary", OTHERS, ids=lambda vocabulary: vocabulary.name)
def test_things_have_no_label_of_ours(vocabulary):
    things = {each.name for each in vocabulary.classes if not each.label}
    assert {"person", "car", "boat", "towel"} <= things and len(things) > len(vocabulary.classes) / 2


def test_every_label_is_written_in_cityscapes():
    assert [each.id for each in CITYSCAPES.classes] == list(range(1, 34)) and sorted(CITYSCAPES.written) == list(range(1, labels.COUNT))
    stated = {"sky": 23, "tree": 21, "grass": 22, "road": 7, "building": 11, "sea": 6}
    assert {name: CITYSCAPES.written[labels.BY_NAME[name].id].id for name in stated} == stated


@pytest.mark.parametrize("field", ["id", "name", "colour"])
def test_doubles_raise(field):
    first, second, *others = VOCABULARIES["coco"].classes
    twin = replace(second, **{field: getattr(first, field)})
    with pytest.raises(ValueError, match="twice"):
        replace(VOCABULARIES["coco"], classes=(first, twin, *others))
