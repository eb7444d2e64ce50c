"""Labels: stable ids, words people use, and no word, id or colour twice."""
from __future__ import annotations

import pytest

from synth_core import labels
from synth_core.labels import Label


def test_ids_are_those_of_the_training_data():
    words = "unlabelled sky cloud fog sun mountain hill rock stone sand dirt snow sea lake river waterfall grass field flower bush tree"
    assert [label.name for label in labels.LABELS] == [*words.split(), "road", "building"]
    assert [label.id for label in labels.LABELS] == list(range(23))


@pytest.mark.parametrize(
    "word, name",
    [("pond", "lake"), ("Beach ", "sand"), ("land", "dirt"), ("FOREST", "tree"), ("ocean", "sea"), ("house", "building"),
     ("gravel", "stone"), ("ice", "snow"), ("meadow", "field"), ("path", "road"), ("plant", "bush"), ("sky", "sky")],
)  # fmt: skip
def test_words_people_use(word, name):
    assert labels.find(word).name == name


def test_an_unknown_word_names_the_labels():
    with pytest.raises(KeyError, match="no label.*waterfall"):
        labels.find("spaceship")


@pytest.mark.parametrize(
    "twins",
    [
        (Label(0, "a", (0, 0, 0)), Label(0, "b", (1, 1, 1))),
        (Label(0, "a", (0, 0, 0)), Label(2, "b", (1, 1, 1))),
        (Label(0, "a", (0, 0, 0)), Label(1, "a", (1, 1, 1))),
        (Label(0, "a", (0, 0, 0), ("wet",)), Label(1, "b", (1, 1, 1), ("wet",))),
        (Label(0, "a", (0, 0, 0), ("b",)), Label(1, "b", (1, 1, 1))),
        (Label(0, "a", (0, 0, 0)), Label(1, "b", (0, 0, 0))),
    ],
)
def test_duplicates_raise(twins):
    with pytest.raises(ValueError):
        labels._index(twins)
