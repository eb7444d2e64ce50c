"""A blind trial of label maps: where the segmenter and a photograph's own map disagree, which of the two names would fresh eyes give the place?

    python scripts/blind_labels.py make DATA FOLDER [--weights weights] [--count 60]
    python scripts/blind_labels.py mark FOLDER/key.json ANSWERS

`make` labels the photographs of the `val` split, draws pixels evenly from all that are misread, and half as many from those that are read right
(there the second name is the segmenter's second choice), and writes sheets of eight: each photograph with a ring around the place, the place from
near, and the two names A and B in an order drawn by a secret seed; FOLDER/key.json is what the eyes must not see. ANSWERS is a text file with
one line a place: its number and `A`, `B`, `both` (either name is as good) or `neither`. Needs the `train` extra.
"""
from __future__ import annotations

import json
import secrets
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from blind import TrialError, command_line, read_answers  # noqa: E402  (found by the line above)
from synth_core import edges, labels  # noqa: E402
from synth_core.reading import stretch  # noqa: E402
from synth_core.segmenter import Segmenter, best  # noqa: E402
from synth_core.training.data import read_manifest  # noqa: E402

SIDE, NEAR, LEGEND = 380, 0.35, 30  # pixels of a view; the near view's share of the photograph's short side; pixels of the names' line
COLUMNS, ON_A_SHEET = 2, 8
KINDS = "misread", "right"
WORDS = "a", "b", "both", "neither"
RING = 9  # pixels, radius
RELIABLE = 1.96  # deviations that hold 95 %


def make(data: Path, folder: Path, weights: Path, count: int) -> None:
    """Write the sheets and the key. Raises TrialError when fewer pixels are misread than are asked for."""
    seed = secrets.randbits(32)
    rng = np.random.default_rng(seed)
    names = [row["name"] for row in read_manifest(data) if row["split"] == "val"]
    segmenter = best(weights)
    read = [reading(data, name, segmenter) for name in tqdm(names, unit="photograph")]
    places = [(KINDS[0], *place) for place in drawn(read, lambda truth, first, _: truth != first, count, rng)]
    places += [(KINDS[1], *place) for place in drawn(read, lambda truth, first, _: truth == first, count // 2, rng)]
    folder.mkdir(parents=True, exist_ok=True)
    views, key = [], {}
    for number, index in enumerate(rng.permutation(len(places)), 1):
        kind, photograph, row, column = places[index]
        truth, first, second = (int(ids[row, column]) for ids in read[photograph])
        pair = [truth, first if kind == KINDS[0] else second]
        order = rng.permutation(2)
        said = [labels.LABELS[pair[place]].name for place in order]
        views.append(view(Image.open(data / f"{names[photograph]}.webp").convert("RGB"), row, column, f"{number:02}   A {said[0]}   B {said[1]}"))
        key[f"{number:02}"] = {"kind": kind, "map": WORDS[int(np.argmin(order))], "names": said, "photograph": names[photograph]}
    for start in range(0, len(views), ON_A_SHEET):
        sheet(views[start : start + ON_A_SHEET]).save(folder / f"sheet-{start // ON_A_SHEET + 1:02}.png")
    right, known = (sum(int(part.sum()) for part in parts) for parts in zip(*((t[t > 0] == f[t > 0], t > 0) for t, f, _ in read)))
    (folder / "key.json").write_text(json.dumps({"seed": seed, "right": right / known, "places": key}, indent=1))


def reading(data: Path, name: str, segmenter: Segmenter) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photograph's own map (H, W), the segmenter's, and what it would have said second (uint8 ids)."""
    picture = np.asarray(Image.open(data / f"{name}.webp").convert("RGB"))
    beliefs = segmenter.beliefs(picture)
    first = edges.snap(picture, beliefs)
    laid = stretch(beliefs, *first.shape)
    np.put_along_axis(laid, first[None].astype(np.intp), -1, 0)
    second = laid.argmax(0)
    return np.asarray(Image.open(data / f"{name}.png")), first + np.uint8(1), second.astype(np.uint8) + np.uint8(1)


def drawn(read: list, wanted, count: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Places (photograph, row, column), drawn evenly from all labelled pixels that are `wanted`. Raises TrialError for too few."""
    pixels = [np.flatnonzero((maps[0] > 0) & wanted(*maps)) for maps in read]
    ends = np.cumsum([len(found) for found in pixels])
    if ends[-1] < count:
        raise TrialError(f"{ends[-1]} pixels are of this kind; {count} are needed.")
    places = []
    for pick in rng.choice(ends[-1], count, replace=False):
        photograph = int(np.searchsorted(ends, pick, "right"))
        place = pixels[photograph][pick - ends[photograph]]  # from the end of this photograph's own
        places.append((photograph, *(int(part) for part in np.unravel_index(place, read[photograph][0].shape))))
    return places


def view(photograph: Image.Image, row: int, column: int, legend: str) -> Image.Image:
    """The photograph and a part of it around the place, side by side, each with a ring; the legend below."""
    whole = Image.new("RGB", (2 * SIDE, SIDE + LEGEND))
    half = NEAR * min(photograph.size) / 2
    around = (column - half, row - half, column + half, row + half)
    shown = [(0, 0, *photograph.size), around]
    pen = ImageDraw.Draw(whole)
    for place, (left, top, right, bottom) in enumerate(shown):
        scale = SIDE / max(right - left, bottom - top)
        part = photograph.crop(tuple(round(edge) for edge in (left, top, right, bottom)))
        part = part.resize((round((right - left) * scale), round((bottom - top) * scale)), Image.BICUBIC)
        whole.paste(part, (place * SIDE, 0))
        x, y = place * SIDE + (column + 0.5 - left) * scale, (row + 0.5 - top) * scale
        for radius, colour in ((RING + 2, "black"), (RING, "yellow")):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)
    pen.text((6, SIDE + 4), legend, fill="white", font_size=20)
    return whole


def sheet(views: list[Image.Image]) -> Image.Image:
    """Views of one size in rows of COLUMNS."""
    width, height = views[0].size
    whole = Image.new("RGB", (COLUMNS * width + 8, -(-len(views) // COLUMNS) * (height + 8)))
    for place, each in enumerate(views):
        whole.paste(each, (place % COLUMNS * (width + 8), place // COLUMNS * (height + 8)))
    return whole


def marked(key: dict, text: str) -> str:
    """How often the map's name was preferred, the segmenter's, both or neither, where they disagree and where they don't; and what share of all
    pixels is then read at least as well as the map names it. Raises TrialError as read_answers does."""
    answers = read_answers(text, WORDS, key["places"])
    lines = []
    for kind in KINDS:
        found = Counter(preferred(place, answers[number]) for number, place in key["places"].items() if place["kind"] == kind)
        lines.append(f"{kind}, {found.total()} places: " + ", ".join(f"{word} {found[word]}" for word in ("map", "other", "both", "neither")))
        if kind == KINDS[0] and found.total():
            share = (found["other"] + found["both"]) / found.total()
            spread = RELIABLE * (share * (1 - share) / found.total()) ** 0.5
            low, middle, high = (key["right"] + (1 - key["right"]) * min(1, max(0, share + step)) for step in (-spread, 0, spread))
            lines.append(f"pixels right by the maps {key['right']:.3f}; named at least as well as by the maps {middle:.3f} ({low:.3f} to {high:.3f})")
    return "\n".join(lines)


def preferred(place: dict, word: str) -> str:
    """Whose name the answer prefers: the map's, the other, both or neither."""
    return word if word in ("both", "neither") else "map" if word == place["map"] else "other"


if __name__ == "__main__":
    command_line(__doc__, 60, "misread places, and half as many read right", make, marked)
