"""A handful of made-up photographs with label maps, for trainer tests; nothing is downloaded."""
from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image


def write_pictures(folder, names, size=(96, 80)):
    for k, name in enumerate(names):
        rng = np.random.default_rng(k)
        ids = np.full((size[1], size[0]), 1, np.uint8)
        ids[size[1] // 2 :] = (12, 9, 16, 20)[k % 4]
        picture = np.stack([np.where(ids == 1, c, 255 - c) for c in (90, 140, 200)], 2) + rng.integers(-20, 20, (*ids.shape, 3))
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"{name}.webp", lossless=True)
        Image.fromarray(ids).save(folder / f"{name}.png")


@pytest.fixture
def pictures_in():
    """Writes made-up photographs and their maps into a folder: (folder, names, size)."""
    return write_pictures


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A data folder of eight train and four val photographs, 96 x 80 px: sky above, another label below."""
    folder = tmp_path_factory.mktemp("photographs")
    names = [f"p{k}" for k in range(12)]
    write_pictures(folder, names)
    with (folder / "manifest.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["name", "split"])
        rows.writerows([name, "train" if k < 8 else "val"] for k, name in enumerate(names))
    return folder
