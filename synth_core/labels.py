"""The label set: the one place that lists every label, its id, name, viewport colour and aliases.

No drawing, no Blender and no network lives here. Ids are fixed for ever: they are what label maps, training data and weights hold.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """One label. `colour` is 8-bit sRGB; `aliases` are further lower-case words that mean it."""

    id: int
    name: str
    colour: tuple[int, int, int]
    aliases: tuple[str, ...] = ()


UNLABELLED = 0

LABELS: tuple[Label, ...] = (
    Label(0, "unlabelled", (0, 0, 0), ("none", "unlabeled", "other")),
    Label(1, "sky", (112, 173, 232), ("air", "heaven")),
    Label(2, "cloud", (226, 232, 240), ("clouds",)),
    Label(3, "fog", (178, 190, 200), ("mist", "haze")),
    Label(4, "sun", (255, 214, 64), ()),
    Label(5, "mountain", (122, 110, 134), ("mountains", "peak")),
    Label(6, "hill", (146, 164, 94), ("hills",)),
    Label(7, "rock", (126, 102, 84), ("rocks", "cliff", "boulder")),
    Label(8, "stone", (152, 148, 140), ("stones", "gravel", "pebbles")),
    Label(9, "sand", (232, 206, 140), ("beach", "desert", "dune", "dunes", "shore")),
    Label(10, "dirt", (142, 98, 56), ("land", "ground", "earth", "soil", "mud")),
    Label(11, "snow", (248, 250, 255), ("ice", "glacier")),
    Label(12, "sea", (24, 78, 152), ("ocean", "water", "waves")),
    Label(13, "lake", (56, 130, 190), ("pond", "lagoon")),
    Label(14, "river", (84, 160, 204), ("stream", "creek", "brook")),
    Label(15, "waterfall", (150, 214, 240), ("waterfalls", "cascade")),
    Label(16, "grass", (112, 184, 70), ("lawn",)),
    Label(17, "field", (190, 196, 88), ("meadow", "pasture", "crop", "crops")),
    Label(18, "flower", (220, 96, 168), ("flowers", "blossom")),
    Label(19, "bush", (86, 138, 66), ("bushes", "shrub", "hedge", "plant", "plants")),
    Label(20, "tree", (36, 98, 48), ("trees", "forest", "wood", "woods")),
    Label(21, "road", (96, 96, 104), ("path", "street", "track", "trail")),
    Label(22, "building", (184, 84, 68), ("house", "houses", "wall", "buildings", "tower", "bridge")),
)

COUNT = len(LABELS)
FAKE = COUNT  # what judges call a painting's pixel: the class beside the labels
BY_NAME = {label.name: label for label in LABELS}


def _index(labels: tuple[Label, ...]) -> dict[str, int]:
    """Every name and alias -> id. Raises ValueError when ids are not 0, 1, 2 … or a word or colour stands twice."""
    if [label.id for label in labels] != list(range(len(labels))):
        raise ValueError("label ids must count up from 0 without gaps")
    if len({label.colour for label in labels}) != len(labels):
        raise ValueError("two labels share a colour")
    words: dict[str, int] = {}
    for label in labels:
        for word in (label.name, *label.aliases):
            if word in words:
                raise ValueError(f"the word {word!r} names both {labels[words[word]].name} and {label.name}")
            words[word] = label.id
    return words


_WORDS = _index(LABELS)


def find(word: str) -> Label:
    """The label that `word` (any case, a name or an alias) means. Raises KeyError with the known names for an unknown word."""
    key = word.strip().lower()
    if key not in _WORDS:
        raise KeyError(f"{word!r} is no label; the labels are {', '.join(label.name for label in LABELS[1:])}")
    return LABELS[_WORDS[key]]
