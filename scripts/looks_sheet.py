"""Paints one label map in every named look, for the README: `python scripts/looks_sheet.py demo/labels.png docs/images/looks-sheet.jpg`."""
from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth_core.cli import WEIGHTS  # noqa: E402
from synth_core.maps import read_map, resize  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.styles import Styles  # noqa: E402

PAINTED, SHOWN, COLUMNS = (640, 360), (320, 180), 5


def main(source: Path, target: Path) -> None:
    """Write the sheet, row by row in the order of the weights' looks."""
    ids, painter, styles = resize(read_map(source).labels, *PAINTED), Painter(WEIGHTS), Styles(WEIGHTS)
    rows = -(-len(styles.names) // COLUMNS)
    sheet = Image.new("RGB", (SHOWN[0] * COLUMNS, SHOWN[1] * rows))
    for index, name in enumerate(styles.names):
        picture = Image.fromarray(painter.paint(Request(ids, 1, styles.look(name))).picture).resize(SHOWN, Image.LANCZOS)
        sheet.paste(picture, (index % COLUMNS * SHOWN[0], index // COLUMNS * SHOWN[1]))
    sheet.save(target, quality=88)


main(Path(sys.argv[1]), Path(sys.argv[2]))
