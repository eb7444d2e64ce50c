"""Labels from names: "SM_Rock_Large_01", "pineTree.003" and the like. Words alone: no Blender is here."""
from __future__ import annotations

import re

from .synth_core import labels

# English words for what has a label, besides the names and aliases of the label set, which the command line takes too.
_WORDS = {
    "sky": "skydome skybox", "mountain": "ridge summit alp volcano", "hill": "knoll mound", "rock": "crag outcrop",
    "stone": "cobble cobblestone scree rubble", "sand": "coast seashore", "dirt": "clay dust", "snow": "frost iceberg",
    "sea": "bay fjord harbor harbour", "lake": "puddle pool", "river": "canal rapids", "grass": "turf moss weed",
    "field": "farmland wheat paddock", "flower": "rose tulip daisy poppy petal", "bush": "fern ivy foliage scrub",
    "tree": "pine oak birch spruce fir conifer palm willow maple trunk bark leaf leaves log jungle grove",
    "road": "asphalt highway pavement sidewalk pathway", "building": "hut barn church castle roof facade skyscraper cottage temple ruin",
}
_MEANING = {word: labels.BY_NAME[name].id for name, words in _WORDS.items() for word in words.split()}
_MEANING.update({word: label.id for label in labels.LABELS[1:] for word in (label.name, *label.aliases)})
_BUILDING = labels.BY_NAME["building"].id
_BUILT_OF = {"wood", "stone", "rock", "cobblestone"}
_WHOLE = 4  # letters from which a word is also found inside a longer one ("pinetree", "rockface"): "sea" is in "season"
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def label_of(name: str) -> int:
    """The label id that a name speaks of; 0 when it speaks of none. Of several words the last counts, as in English: a "forest road" is one.

    Game kits put what a thing is made of or covered with last, "Wall_Stone" or "Rock_Mossy": such words count only where no other does.
    """
    words = [word.lower() for word in _TOKEN.findall(name)]
    found = [(word, label) for word, label in zip(words, map(_meaning, words)) if label]
    built = any(label == _BUILDING for _, label in found)
    things = [label for word, label in found if not (_is_adjective(word) or built and word in _BUILT_OF)]
    return (things or [label for _, label in found] or [labels.UNLABELLED])[-1]


def _is_adjective(word: str) -> bool:
    """Whether a word is a label's noun with a y behind: "mossy", "rocky", "sunny"."""
    stem = word.removesuffix("y")
    return stem != word and word not in _MEANING and (stem in _MEANING or stem[-2:-1] == stem[-1:] and stem[:-1] in _MEANING)


def _meaning(word: str) -> int:
    """The label id of one word in small letters, singular or plural, a noun or its adjective."""
    for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("y"), word[:-2] if word[-3:-2] == word[-2:-1] else word):
        if form in _MEANING:
            return _MEANING[form]
    inside = [known for known in _MEANING if len(known) >= _WHOLE and len(word) > len(known)]
    ending = next((known for known in inside if word.endswith(known)), None)
    beginning = next((known for known in inside if word.startswith(known)), None)
    return _MEANING.get(ending or beginning, labels.UNLABELLED)
