"""Label maps as Blender makes them, to paint at every sheet: the sample terrain and five blockouts, captured from `scripts/scenes.py`.

PNGs of 768 x 512 pixels in the labels' colours, made anew by `scripts/blockout_sheet.py OUT --size 768x512` (OUT/NAME_labels.png).
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

from ...maps import read_map, resize
from ...vocabularies import OURS

NAMES = ("sample", "coast", "alpine_lake", "desert", "forest_river", "snow_field")
WIDTH, HEIGHT = 768, 512


def label_map(name: str, height: int = HEIGHT) -> np.ndarray:
    """The scene's map, (height, 3/2 height) uint8; each pixel takes the label at its centre."""
    return resize(read_map(Path(__file__).with_name(f"{name}.png"), OURS.name).labels, height * WIDTH // HEIGHT, height)
