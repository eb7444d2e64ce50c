"""Paint every map of a split with finished weights, in the folders that a judge of picture quality compares. Judging itself lives elsewhere."""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..painter import Painter
from ..request import Request
from .data import Photographs

SECOND_SEED = 100_000  # added to a picture's number for the painting that measures diversity


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets photos/, labels/, painted/ and again/ (other seeds)")
    parser.add_argument("--split", default="val", help="which of the manifest's splits")
    parser.add_argument("--weights", type=Path, required=True, help="folder with painter.safetensors")
    parser.add_argument("--engine", default="onnx", choices=("onnx", "torch"))
    parser.add_argument("--size", type=int, default=256, help="side of the squares, pixels")


def run(args: argparse.Namespace) -> int:
    """Write the four folders of same-named PNG files; a picture's seed is its number in the split. Raises DataError and WeightsError."""
    photographs = Photographs(args.data, args.split, args.size)
    painter = Painter(args.weights, args.engine)
    folders = {name: args.out / name for name in ("photos", "labels", "painted", "again")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(tqdm(photographs.names, unit="map")):
        picture, ids = photographs.centre(index)
        Image.fromarray(picture).save(folders["photos"] / f"{name}.png")
        Image.fromarray(ids).save(folders["labels"] / f"{name}.png")
        filled = fill(ids)
        for folder, seed in (("painted", index), ("again", index + SECOND_SEED)):
            (folders[folder] / f"{name}.png").write_bytes(painter.paint(Request(filled, seed)).png)
    return 0


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
