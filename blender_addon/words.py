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
_WHOLE = 4  # letters from which a word is also found inside a longer one ("pinetree", "rockface"): "sea" is in "season"
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def label_of(name: str) -> int:
    """The label id that a name speaks of; 0 when it speaks of none. Of several words the last counts, as in English: a "forest road" is one."""
    found = [label for label in map(_meaning, _TOKEN.findall(name)) if label]
    return found[-1] if found else labels.UNLABELLED


def _meaning(token: str) -> int:
    """The label id of one word, singular or plural, a noun or its adjective."""
    word = token.lower()
    for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("y"), word[:-2] if word[-3:-2] == word[-2:-1] else word):
        if form in _MEANING:
            return _MEANING[form]
    inside = [known for known in _MEANING if len(known) >= _WHOLE and len(word) > len(known)]
    ending = next((known for known in inside if word.endswith(known)), None)
    beginning = next((known for known in inside if word.startswith(known)), None)
    return _MEANING.get(ending or beginning, labels.UNLABELLED)
