"""Height, normals and roughness of a picture: they wrap exactly, and they point where they say."""
from __future__ import annotations

import numpy as np
import pytest

from synth_core import labels, material

ROCK = labels.BY_NAME["rock"].id


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, (96, 128, 3)).astype(np.uint8)


@pytest.mark.parametrize("shift", [(1, 0), (0, 1), (37, 50), (-5, 90)])
def test_a_rolled_picture_gives_the_rolled_maps(picture, shift):
    plain, rolled = material.maps(picture, ROCK), material.maps(np.roll(picture, shift, (0, 1)), ROCK)
    for name in ("height", "normal", "roughness"):
        assert np.array_equal(np.roll(getattr(plain, name), shift, (0, 1)), getattr(rolled, name)), name


def test_normals_lean_away_from_a_bump():
    y, x = np.mgrid[:64, :64] - 31.5
    normal = material.normals(np.exp(-(x**2 + y**2) / 72).astype(np.float32), 0.5).astype(int)
    assert normal[32, 40, 0] > 140 and normal[32, 23, 0] < 116, "+x lies to the right"
    assert normal[23, 32, 1] > 140 and normal[40, 32, 1] < 116, "+y lies up, which is the row above"
    assert np.abs(np.linalg.norm((normal - 127.5) / 127.5, axis=-1) - 1).max() < 0.02


def test_the_slope_is_the_labels(picture):
    smooth = sum(np.roll(picture.astype(int), (row, column), (0, 1)) for row in range(6) for column in range(6)) // 36
    normal = material.maps(smooth.astype(np.uint8), ROCK).normal.astype(float) - 127.5
    slope = np.sqrt(np.mean((normal[..., 0] / normal[..., 2]) ** 2 + (normal[..., 1] / normal[..., 2]) ** 2))
    assert slope == pytest.approx(material.SURFACES["rock"][1], rel=0.05)


def test_water_is_smooth_and_rock_is_matte(picture):
    means = {name: material.maps(picture, labels.BY_NAME[name].id).roughness.mean() / 255 for name in ("lake", "sand", "rock")}
    assert means["lake"] < 0.15 and means["sand"] > 0.75 and means["rock"] > 0.7


def test_wide_shading_makes_no_height():
    """Light that falls off across the whole picture is not shape; ripples are."""
    x = np.arange(256) / 256 * 2 * np.pi
    heights = []
    for waves in (1, 32):
        picture = np.broadcast_to((128 + 60 * np.sin(waves * x) + 0 * x[:, None])[..., None], (256, 256, 3)).astype(np.uint8)
        bands = list(material._bands(material._lightness(picture)))
        heights.append(sum(band * 2 ** (level / 2) for level, band in enumerate(bands)).std())
    assert heights[0] < 0.15 * heights[1]


def test_a_flat_picture_is_flat():
    maps = material.maps(np.full((64, 64, 3), 90, np.uint8), ROCK)
    assert (maps.height == 128).all() and (maps.normal == (128, 128, 255)).all()
    assert len(np.unique(maps.roughness)) == 1


def test_every_label_has_a_surface():
    assert {label.name for label in labels.LABELS[1:]} == set(material.SURFACES)
