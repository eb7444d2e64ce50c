"""A blind sheet: photographs and paintings, mixed by a secret seed, for eyes that have seen neither; and the marking of the answers.

    python scripts/blind_sheet.py make DATA FOLDER [--weights weights] [--count 24]
    python scripts/blind_sheet.py mark FOLDER/key.json ANSWERS

`make` writes FOLDER/01.png ... (512 x 512 pixels each), sheets of twelve with their numbers, and FOLDER/key.json, which the eyes must not
see. Both kinds come from `val` photographs of at least 512 pixels on the short side, so that none is enlarged; no shown photograph's own map is
painted, so that no pair gives itself away. Styles are drawn by seed. ANSWERS is a text file with one line a picture: its number and `photo`
or `painting` (other words may follow). Needs the `train` extra.
"""
from __future__ import annotations

import json
import secrets
import sys
from math import comb
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from blind import TrialError, command_line, read_answers  # noqa: E402  (found by the line above)
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.training.data import Photographs  # noqa: E402
from synth_core.training.split import fill  # noqa: E402

SIDE, COLUMNS, ON_A_SHEET = 512, 4, 12
KINDS = "photo", "painting"


def make(data: Path, folder: Path, weights: Path, count: int) -> None:
    """Write the pictures, the sheets and the key. Raises TrialError for too few photographs of this size."""
    seed = secrets.randbits(32)
    rng = np.random.default_rng(seed)
    photographs, painter = Photographs(data, "val", SIDE), Painter(weights)
    large = [index for index, (image, _) in enumerate(photographs.pairs) if min(image.size) >= SIDE]
    if len(large) < 2 * count:
        raise TrialError(f"{data} has {len(large)} val photographs of {SIDE} pixels; {2 * count} are needed.")
    chosen = rng.permutation(large)[: 2 * count]
    pictures = [(KINDS[0], photographs.names[index], photographs.centre(index)[0]) for index in chosen[:count]]
    for index in chosen[count:]:
        painting = painter.paint(Request(fill(photographs.centre(index)[1]), int(rng.integers(1 << 31)))).picture
        pictures.append((KINDS[1], photographs.names[index], painting))
    pictures = [pictures[place] for place in rng.permutation(len(pictures))]
    folder.mkdir(parents=True, exist_ok=True)
    for number, (_, _, picture) in enumerate(pictures, 1):
        Image.fromarray(picture).save(folder / f"{number:02}.png")
    for first in range(0, len(pictures), ON_A_SHEET):
        shown = [picture for _, _, picture in pictures[first : first + ON_A_SHEET]]
        sheet(shown, first + 1).save(folder / f"sheet-{first // ON_A_SHEET + 1}.png")
    key = {f"{number:02}": {"kind": kind, "name": name} for number, (kind, name, _) in enumerate(pictures, 1)}
    (folder / "key.json").write_text(json.dumps({"seed": seed, "pictures": key}, indent=1))


def sheet(pictures: list[np.ndarray], first: int) -> Image.Image:
    """The pictures in rows of COLUMNS, each with its number in the corner."""
    whole = Image.new("RGB", (COLUMNS * SIDE, -(-len(pictures) // COLUMNS) * SIDE))
    pen = ImageDraw.Draw(whole)
    for place, picture in enumerate(pictures):
        x, y = place % COLUMNS * SIDE, place // COLUMNS * SIDE
        whole.paste(Image.fromarray(picture), (x, y))
        pen.rectangle((x, y, x + 34, y + 22), fill="black")
        pen.text((x + 4, y + 2), f"{first + place:02}", fill="white", font_size=18)
    return whole


def marked(key: dict, text: str) -> str:
    """What was taken for what, and how likely so many right answers are by guessing. Raises TrialError as read_answers does."""
    truth = {number: picture["kind"] for number, picture in key["pictures"].items()}
    answers = read_answers(text, KINDS, truth)
    right = sum(answers[number] == kind for number, kind in truth.items())
    fooled = sorted(number for number, kind in truth.items() if kind == KINDS[1] and answers[number] == KINDS[0])
    doubted = sorted(number for number, kind in truth.items() if kind == KINDS[0] and answers[number] == KINDS[1])
    paintings, count = sum(kind == KINDS[1] for kind in truth.values()), len(truth)
    chance = sum(comb(count, hits) for hits in range(right, count + 1)) / 2**count
    return (f"{len(fooled)} of {paintings} paintings taken for photographs ({', '.join(fooled) or 'none'}); "
            f"{len(doubted)} of {count - paintings} photographs taken for paintings ({', '.join(doubted) or 'none'}); "
            f"{right} of {count} right, by guessing alone at least as many with probability {chance:.2g}")  # fmt: skip


if __name__ == "__main__":
    command_line(__doc__, 24, "photographs, and as many paintings", make, marked)
