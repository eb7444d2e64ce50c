"""Relief on pictures made by hand: what each effect does, that none does anything at 0, and that strips and reduction leave no mark."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth_core import labels as label_set
from synth_core import light
from synth_core import relief as reliefs
from synth_core.relief import Relief

SKY, MOUNTAIN, LAKE, GRASS = (label_set.BY_NAME[name].id for name in ("sky", "mountain", "lake", "grass"))
FRAME = np.array((-0.5, 0.5, -0.5, 0.5), np.float32)
LEVEL = np.array(((1, 0, 0, 0), (0, 0, 1, 0), (0, -1, 0, 0), (0, 0, 0, 1)), np.float32)  # looks along +y, z up


def grain(height: int, width: int, low: int = 90, high: int = 140) -> np.ndarray:
    return np.random.default_rng(1).integers(low, high, (height, width, 3)).astype(np.uint8)


def slope(height: int = 96, width: int = 128, **amounts) -> Relief:
    """Sky above a mountain at 1 km whose left half faces the Sun and whose right half turns away from it."""
    labels = np.full((height, width), MOUNTAIN, np.uint8)
    labels[:height // 4] = SKY
    depth = np.where(labels == SKY, np.inf, 1000).astype(np.float32)
    slopes = np.full((height, width, 2), 190, np.uint8)
    slopes[:, :width // 2, 0], slopes[:, width // 2:, 0] = 255, 128
    return Relief(labels, depth, slopes, np.zeros((height, width), np.uint8), LEVEL, FRAME, **amounts)


def mirror_scene(**amounts) -> tuple[np.ndarray, Relief]:
    """A red wall, 20 m off and 4 m high, behind a lake, seen from 2 m above it; blue sky. The horizon is the middle row."""
    height, width = 128, 64
    rays = 0.5 - (np.arange(height) + 0.5) / height  # a pixel's rise for 1 m of depth
    labels = np.full((height, width), SKY, np.uint8)
    depth = np.full((height, width), np.inf, np.float32)
    wall = (20 * rays < 2) & (20 * rays > -2)
    water = ~wall & (rays < 0)
    labels[wall], depth[wall] = MOUNTAIN, 20
    labels[water], depth[water] = LAKE, (-2 / rays[water])[:, None]
    picture = np.empty((height, width, 3), np.uint8)
    picture[labels == SKY], picture[labels == MOUNTAIN], picture[labels == LAKE] = (90, 140, 220), (200, 30, 30), (20, 40, 30)
    slopes = np.full((height, width, 2), 255, np.uint8)
    view = LEVEL.copy()
    view[1, 3] = -2  # the eye is 2 m up
    return picture, Relief(labels, depth, slopes, np.zeros((height, width), np.uint8), view, FRAME, **amounts)


def luminance(picture: np.ndarray) -> np.ndarray:
    return picture.astype(float) @ (0.2, 0.7, 0.1)


def test_nothing_asked_for_changes_nothing():
    picture = grain(96, 128)
    assert reliefs.apply(picture, slope()) is picture


def test_effects_that_find_nothing_to_do_leave_every_byte():
    picture = grain(96, 128)
    assert np.array_equal(reliefs.apply(picture, slope(reflection=1.0, shadow=1.0)), picture)


def test_haze_alone_smooths_no_slopes(monkeypatch):
    monkeypatch.setattr(reliefs, "_Slopes", None)
    assert not np.array_equal(reliefs.apply(grain(96, 128), slope(haze=1.0)), grain(96, 128))


def test_slopes_to_the_sun_are_lighter_and_warmer_and_the_sky_stays():
    picture = grain(96, 128)
    lit = reliefs.apply(picture, slope(shading=1.0))
    assert np.array_equal(lit[:24], picture[:24])
    sunny, shady = lit[24:, 8:56].mean((0, 1)), lit[24:, 72:120].mean((0, 1))
    assert (sunny > shady + 25).all()
    assert sunny[0] / sunny[2] > 1.05 * shady[0] / shady[2]


def test_shading_grows_with_its_amount_and_keeps_the_labels_brightness():
    picture = grain(96, 128)
    contrast = [np.ptp(luminance(reliefs.apply(picture, slope(shading=amount)))[24:].mean(0)) for amount in (0.25, 0.5, 1.0)]
    assert contrast[0] < contrast[1] < contrast[2]
    assert abs(luminance(reliefs.apply(picture, slope(shading=0.6)))[24:].mean() - luminance(picture)[24:].mean()) < 12


def test_shading_keeps_painted_detail():
    picture = grain(96, 128)
    lit = luminance(reliefs.apply(picture, slope(shading=1.0)))
    detail = luminance(picture) - luminance(picture).mean()
    assert np.corrcoef(lit[30:90, 10:54].ravel(), detail[30:90, 10:54].ravel())[0, 1] > 0.9


def test_the_painted_light_gives_way():
    picture = grain(96, 128)
    picture[:, 64:] = np.minimum(255, picture[:, 64:] * 1.6).astype(np.uint8)  # painted bright where the scene is in shade
    lit = luminance(reliefs.apply(picture, slope(shading=1.0)))
    assert lit[30:, 10:54].mean() > lit[30:, 74:118].mean()


def test_haze_takes_the_horizons_colour_and_grows_with_distance():
    picture = np.full((96, 128, 3), 40, np.uint8)
    picture[:24] = (150, 180, 220)
    relief = slope(haze=1.0, visibility=4000.0)
    relief.depth[24:, 64:] = 8000
    hazed = reliefs.apply(picture, relief).astype(int)
    near, far = hazed[60, 10], hazed[60, 120]
    assert (hazed[:24] == picture[:24]).all()
    assert (near > 40).all() and (far > near).all()
    assert np.abs(far - (150, 180, 220)).max() < 12


def test_ground_filled_in_below_the_horizon_is_hazed_as_the_farthest():
    picture = np.full((96, 128, 3), 40, np.uint8)
    picture[:24] = (150, 180, 220)
    relief = slope(haze=1.0)
    relief.depth[30:40] = np.inf
    hazed = reliefs.apply(picture, relief)
    assert (hazed[35, 64] > 40).all()


def test_water_mirrors_what_stands_above_it():
    picture, relief = mirror_scene(reflection=1.0)
    mirrored = reliefs.apply(picture, relief)
    water = relief.labels == LAKE
    assert np.array_equal(mirrored[~water], picture[~water])
    # At this size the near ripples bend a ray by a few pixels: the wall's foot mirrors the wall, and far below it the sky shows.
    first = np.flatnonzero(water[:, 32])[0]
    wall, sky = mirrored[first + 2, 8:56].mean(0), mirrored[first + 40, 8:56].mean(0)
    assert wall[0] > 1.5 * wall[2] and sky[2] > 1.3 * sky[0]


def test_grazing_water_mirrors_more():
    picture, relief = mirror_scene(reflection=1.0)
    picture[relief.labels != LAKE] = 200
    mirrored = luminance(reliefs.apply(picture, relief))
    rows = np.flatnonzero(relief.labels[:, 32] == LAKE)
    assert mirrored[rows[1], 20:44].mean() > mirrored[rows[-1], 20:44].mean() + 10


def test_a_camera_that_looks_straight_down_mirrors_nothing():
    picture, relief = mirror_scene(reflection=1.0)
    down = np.eye(4, dtype=np.float32)
    relief.labels[:], relief.depth[:] = LAKE, 10
    assert np.array_equal(reliefs.apply(picture, replace(relief, view=down)), picture)


def test_kept_objects_darken_what_they_shade():
    picture = np.full((96, 128, 3), 120, np.uint8)
    relief = slope(shadow=1.0)
    relief.shade[40:60, 20:60] = 255
    relief.shade[40:60, 80:100] = 255  # where the Sun doesn't reach in any case
    shaded = luminance(reliefs.apply(picture, relief))
    assert shaded[50, 40] < 80 and shaded[70, 40] == 120
    assert shaded[50, 90] > 110
    half = luminance(reliefs.apply(picture, replace(relief, shadow=0.5)))
    assert shaded[50, 40] < half[50, 40] < 120


def test_strips_leave_no_mark(monkeypatch):
    picture, relief = mirror_scene(shading=0.7, haze=0.4, reflection=0.8)
    whole = reliefs.apply(picture, relief)
    monkeypatch.setattr(reliefs, "_STRIP", 64 * 7)
    assert np.array_equal(reliefs.apply(picture, relief), whole)


def test_a_large_painting_is_lit_as_a_small_one(monkeypatch):
    picture = np.repeat(np.repeat(grain(24, 32), 4, 0), 4, 1)
    whole = reliefs.apply(picture, slope(shading=0.8)).astype(int)
    monkeypatch.setattr(reliefs, "REDUCED", 64)
    reduced = reliefs.apply(picture, slope(shading=0.8)).astype(int)
    inside = np.r_[4:60, 68:124]  # the edge between the slopes is as sharp as the reduced size
    assert np.abs(whole - reduced)[28:, inside].mean() < 2.5


def test_light_goes_to_linear_and_back_unchanged():
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(light.to_bytes(light.TO_LINEAR[every]), every)


@pytest.mark.parametrize("wrong", [
    {"shading": 1.5}, {"haze": -0.1}, {"visibility": 0.0}, {"depth": np.zeros((3, 3), np.float32)}, {"frame": np.zeros(3, np.float32)},
])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(reliefs.RequestError):
        replace(slope(), **wrong)


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(reliefs.RequestError, match="64"):
        reliefs.apply(grain(64, 64), slope(shading=1.0))
