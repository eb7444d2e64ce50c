"""Tiles: with the shipped weights, the last column continues in the first and the last row in the first, to the last bit."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synth_core import labels, tile
from synth_core.painter import Painter
from synth_core.request import Request, RequestError, TileRequest

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
ROCK = labels.BY_NAME["rock"].id


@pytest.fixture(scope="module")
def painted():
    return tile.paint(Painter(WEIGHTS), TileRequest(ROCK, 256, seed=3))


def test_the_seam_is_a_column_like_any_other(painted):
    """What is painted may have an edge of its own just there, so one tile proves nothing: a seam would be the sharpest step of each."""
    tiles = [painted, *(tile.paint(Painter(WEIGHTS), TileRequest(ROCK, 256, seed)) for seed in (4, 5))]
    sharper = []
    for picture, axis in ((made.picture.astype(int), axis) for made in tiles for axis in (0, 1)):
        steps = np.abs(np.roll(picture, -1, axis) - picture).mean(axis=(1 - axis, 2))
        sharper.append((steps[:-1] < steps[-1]).mean())
    assert 0.1 < np.mean(sharper) < 0.9, f"shares of steps that are softer than the seam: {np.round(sharper, 2)}"


def test_it_is_the_painting_of_a_map_that_wraps(painted):
    ids = np.full((256, 256), ROCK, np.uint8)
    whole = Painter(WEIGHTS).paint(Request(ids, 3, wrap="xy", view=tile.VIEW))
    assert np.array_equal(painted.picture, whole.picture)


def test_every_map_is_a_png(painted):
    assert all(file.startswith(b"\x89PNG") for file in (painted.png, painted.height, painted.normal, painted.roughness))


@pytest.mark.parametrize("label, size", [(0, 256), (labels.COUNT, 256), (ROCK, 300), (ROCK, 128)])
def test_what_is_no_tile_is_refused(label, size):
    with pytest.raises(RequestError):
        TileRequest(label, size)
