"""Baking pictures to UVs, against a loop over texels, and what lies between the islands."""
from __future__ import annotations

import numpy as np
import pytest

from synth_core import bake


def grid(columns: int, rows: int) -> np.ndarray:
    """(2 * columns * rows, 3, 2) triangles that tile the unit square."""
    triangles = []
    for row in range(rows):
        for column in range(columns):
            a, b, c, d = ((column + i, row + j) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1)))
            triangles += [(a, b, c), (a, c, d)]
    return np.array(triangles, np.float32) / (columns, rows)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.RandomState(3).randint(0, 256, (40, 64, 3)).astype(np.uint8)


def slow_texture(picture, places, corners, width, height):
    """The same by a loop over triangles and texels; uncovered texels black."""
    made = np.zeros((height, width, 3), np.uint8)
    for corner, place in zip(corners.astype(float), places.astype(float)):
        matrix = np.stack((corner[1] - corner[0], corner[2] - corner[0]), 1)
        for row in range(height):
            for column in range(width):
                point = np.array(((column + 0.5) / width, 1 - (row + 0.5) / height))
                u, v = np.linalg.solve(matrix, point - corner[0])
                if min(u, v, 1 - u - v) > -1e-5:
                    made[row, column] = bake.sampled(picture, ((1 - u - v) * place[0] + u * place[1] + v * place[2])[None])[0]
    return made


def test_a_full_unwrap_gives_the_picture_back(picture):
    corners = grid(5, 3)
    made = bake.texture([picture], np.zeros(len(corners), int), corners, corners, 64, 40)
    assert np.abs(made.astype(int) - picture).max() <= 1


def test_it_agrees_with_a_loop_over_texels(picture):
    random = np.random.RandomState(5)
    corners = (random.rand(6, 1, 2) * 0.7 + random.rand(6, 3, 2) * 0.3).astype(np.float32)
    places = (3 * random.rand(6, 3, 2) - 1).astype(np.float32)
    slow = slow_texture(picture, places, corners, 48, 32)
    fast = bake.texture([picture], np.zeros(6, int), places, corners, 48, 32)
    inside = slow.any(-1)
    differing = (np.abs(fast[inside].astype(int) - slow[inside]).max(-1) > 2).mean()
    assert differing < 0.02  # where triangles overlap, groups of one size are drawn together


def test_triangles_larger_than_a_band(picture):
    corners = np.array((((0, 0), (1, 0), (1, 1)), ((0, 0), (1, 1), (0, 1))), np.float32)
    made = bake.texture([picture], np.zeros(2, int), corners, corners, 32, 600)
    assert np.abs(np.diff(made.astype(int), axis=0)).max() < 255 and made[0, 0].any() and made[-1, -1].any()


def test_each_triangle_takes_its_own_picture():
    corners = grid(1, 1)
    red, blue = (np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))
    made = bake.texture([red, blue], np.array((0, 1)), corners, corners, 16, 16)
    assert tuple(made[12, 14]) == (200, 0, 0) and tuple(made[2, 1]) == (0, 0, 200)


def test_between_islands_the_nearest_colour_goes_on():
    corners = np.array((((0.1, 0.1), (0.4, 0.1), (0.1, 0.9)), ((0.9, 0.9), (0.6, 0.9), (0.9, 0.1))), np.float32)
    red, blue = (np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))
    made = bake.texture([red, blue], np.array((0, 1)), corners, corners, 64, 64)
    assert tuple(made[0, 0]) != (0, 0, 0) and made[60, 2, 0] > 150 and made[2, 61, 2] > 150
    covered = bake.texture([red], np.zeros(2, int), corners, corners, 64, 64)
    assert (covered == (200, 0, 0)).all(), "no dark rim anywhere"


def test_overlap_tells_shared_edges_from_shared_area():
    corners = grid(16, 16)  # its edges run through texels' centres
    area, twice = bake.overlap(corners, 128)
    assert area > 0.85 and twice == 0
    area, twice = bake.overlap(np.concatenate((corners, corners[:64])), 128)
    assert 0.08 < twice < 0.2
    assert bake.overlap(np.zeros((4, 3, 2), np.float32)) == (0.0, 0.0)
