"""One scene's map written in four palettes, each read back and painted: the manual's proof that they are one painting.

    python scripts/palettes_sheet.py MAP docs/images/maps.jpg [--weights weights]

The sheet has the maps above their paintings, left to right in the order of PALETTES. Ends with exit code 1 where the paintings differ, as
they must for a scene with labels that a palette has no class for.
"""
from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth_core.cli import WEIGHTS  # noqa: E402
from synth_core.maps import converted, read_map  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.png import encode  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.vocabularies import VOCABULARIES  # noqa: E402

PALETTES = ("veduta", "gaugan", "coco", "ade20k")
SEED, SHOWN, GAP = 7, (384, 256), 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("map", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    labels, painter = read_map(options.map).labels, Painter(options.weights)
    columns, sums = [], set()
    with tempfile.TemporaryDirectory() as folder:
        for name in PALETTES:
            colours, words = converted(labels, VOCABULARIES[name], colours=True)
            path = Path(folder) / f"{name}.png"
            path.write_bytes(encode(colours))
            found = read_map(path)
            picture = painter.paint(Request(found.labels, SEED)).picture
            sums.add(hashlib.sha256(picture.tobytes()).hexdigest())
            print(f"{words}; read as {found}; painting {hashlib.sha256(picture.tobytes()).hexdigest()[:16]}")
            columns.append(np.concatenate([_cell(colours, Image.Resampling.NEAREST), _cell(picture, Image.Resampling.LANCZOS)]))
    Image.fromarray(np.concatenate(columns, 1)[GAP:, GAP:]).save(options.sheet, quality=88)
    print(f"{options.sheet}: {'one painting, bit for bit' if len(sums) == 1 else f'{len(sums)} different paintings'}")
    return len(sums) > 1


def _cell(picture: np.ndarray, resampling: Image.Resampling) -> np.ndarray:
    return np.pad(np.asarray(Image.fromarray(picture).resize(SHOWN, resampling)), ((GAP, 0), (GAP, 0), (0, 0)), constant_values=255)


if __name__ == "__main__":
    sys.exit(main())
