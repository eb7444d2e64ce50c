"""Paint every map of a split with finished weights, in the folders that a judge of picture quality compares. Judging itself lives elsewhere."""
from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..painter import Painter
from ..request import Request
from .data import Photographs

SECOND_SEED = 100_000  # added to a picture's number for the painting that measures diversity


def paint_split(data: Path, split: str, size: int, painter: Painter, out: Path, styles: np.ndarray | None = None, again: bool = True) -> None:
    """Write photos/, labels/, painted/ and, if wanted, again/ (other seeds) into `out`: same-named PNG files of size x size pixels.

    A picture's seed is its number in the split. styles (N, 23, 64): one for each map, in place of the seeds'. Raises DataError for a folder
    without photographs of that split.
    """
    photographs = Photographs(data, split, size)
    seeds = {"painted": 0} | ({"again": SECOND_SEED} if again else {})  # folder: what is added to a picture's number
    folders = {name: out / name for name in ("photos", "labels", *seeds)}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(tqdm(photographs.names, unit="map")):
        picture, ids = photographs.centre(index)
        Image.fromarray(picture).save(folders["photos"] / f"{name}.png")
        Image.fromarray(ids).save(folders["labels"] / f"{name}.png")
        filled = fill(ids)
        for folder, further in seeds.items():
            request = Request(filled, index + further, None if styles is None else styles[index])
            (folders[folder] / f"{name}.png").write_bytes(painter.paint(request).png)


def fill(ids: np.ndarray) -> np.ndarray:
    """(H, W) ids with every unlabelled pixel given the nearest label of its column, or of the map's commonest label in an empty column."""
    common = np.bincount(ids[ids > 0], minlength=2)[1:].argmax() + 1 if (ids > 0).any() else 1
    rows = np.arange(len(ids))[:, None]
    above = np.maximum.accumulate(np.where(ids > 0, rows, -1), 0)
    below = np.minimum.accumulate(np.where(ids > 0, rows, 2 * len(ids))[::-1], 0)[::-1]
    nearest = np.where((above >= 0) & ((rows - above <= below - rows) | (below >= len(ids))), above, below)
    known = nearest < len(ids)
    taken = np.take_along_axis(ids, np.where(known, nearest, 0), 0)
    return np.where(known & (taken > 0), taken, common).astype(np.uint8)
