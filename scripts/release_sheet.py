"""What every release of weights is looked at by: the sample terrain, five blockouts and 16 layouts, at full size, with seeds that nobody
chose.

    python scripts/release_sheet.py LAYOUTS sheet.jpg [--weights weights] [--first-seed 1]

LAYOUTS is a folder of label maps (PNG). Of its maps, in the order of their names, 16 are taken at equal distances. The scenes come first,
each map beside its painting; picture number n (from 0, in reading order) has the seed first-seed + n. The names and seeds are printed.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth_core import labels as label_set  # noqa: E402
from synth_core.cli import WEIGHTS  # noqa: E402
from synth_core.maps import MapError, read_map, resize  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request, RequestError  # noqa: E402
from synth_core.training import scenes  # noqa: E402
from synth_core.weights import WeightsError  # noqa: E402

LAYOUTS, COLUMNS, GAP = 16, 4, 8
PALETTE = np.array([label.colour for label in label_set.LABELS], np.uint8)


def layouts(folder: Path, count: int = LAYOUTS) -> list[Path]:
    """`count` of the folder's maps at equal distances, in the order of their names. Raises MapError where there are fewer."""
    files = sorted(folder.glob("*.png"))
    if len(files) < count:
        raise MapError(f"{folder} has {len(files)} label maps (*.png); {count} are needed.")
    return [files[number * len(files) // count] for number in range(count)]


def maps(folder: Path, height: int) -> dict[str, np.ndarray]:
    """The sheet's label maps by name, (height, W) uint8 in their own proportions."""
    found = {name: scenes.label_map(name) for name in scenes.NAMES} | {path.stem: read_map(path).labels for path in layouts(folder)}
    return {name: resize(labels, round(height * labels.shape[1] / labels.shape[0]), height) for name, labels in found.items()}


def sheet(cells: list[np.ndarray]) -> np.ndarray:
    """The cells (H, W, 3) uint8, of one height, in rows of COLUMNS on white."""
    width = max(cell.shape[1] for cell in cells) + GAP
    framed = [np.pad(cell, ((0, GAP), (0, width - cell.shape[1]), (0, 0)), constant_values=255) for cell in cells]
    framed += [np.full_like(framed[0], 255)] * (-len(framed) % COLUMNS)
    return np.concatenate([np.concatenate(framed[at : at + COLUMNS], 1) for at in range(0, len(framed), COLUMNS)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layouts", type=Path)
    parser.add_argument("sheet", type=Path, help="JPEG or PNG to write")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--height", type=int, default=scenes.HEIGHT, help="of each picture, in pixels (default %(default)s)")
    options = parser.parse_args()
    try:
        shown, painter, cells = maps(options.layouts, options.height), Painter(options.weights), []
    except (MapError, RequestError, WeightsError) as error:
        print(f"release_sheet: {error}", file=sys.stderr)
        return 2
    for number, (name, labels) in enumerate(tqdm(shown.items(), unit="picture")):
        seed = options.first_seed + number
        cells += [PALETTE[labels], painter.paint(Request(labels, seed)).picture]
        tqdm.write(f"row {number * 2 // COLUMNS + 1}, picture {number % (COLUMNS // 2) + 1}: {name}, seed {seed}")
    Image.fromarray(sheet(cells)).save(options.sheet, quality=90)
    return 0


if __name__ == "__main__":
    sys.exit(main())
