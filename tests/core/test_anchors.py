"""Noise that stays with the world: white, the same where the camera looks again, and steady while the camera moves."""
from __future__ import annotations

import math
import time
from statistics import NormalDist

import numpy as np
import pytest

from synth_core import noise
from synth_core.anchors import Anchors
from synth_core.fields import RequestError

HEIGHT, WIDTH = 64, 96


def plane(left: float = 0.0, top: float = 0.0, pixel: float = 0.1, height: int = HEIGHT, width: int = WIDTH) -> Anchors:
    """A wall seen by an orthographic camera, its pixels `pixel` wide, the frame's corner at (left, top)."""
    x, y = np.meshgrid(left + (np.arange(width) + 0.5) * pixel, top + (np.arange(height) + 0.5) * pixel)
    point = np.stack((x, y, np.full_like(x, 0.37)), -1).astype(np.float32)
    return Anchors(point, np.full((height, width), pixel, np.float32), np.zeros((height, width), bool))


def ground(forward: float = 0.0, height: int = HEIGHT, width: int = WIDTH) -> Anchors:
    """Ground below and sky above a camera 10 m high, that has moved `forward` metres."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width - 0.5, 0.5 - (np.arange(height) + 0.5) / height)
    ray = np.stack((x, np.ones_like(x), y * height / width), -1)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    sky = ray[..., 2] > -0.01
    distance = np.where(sky, 1, -10 / np.minimum(ray[..., 2], -0.01))
    point = np.where(sky[..., None], ray, ray * distance[..., None] + (0, forward, 10))
    return Anchors(point.astype(np.float32), (distance / width).astype(np.float32), sky)


def slow(anchors: Anchors, seed: int, stream: int, channel: int, y: int, x: int) -> float:
    """One number of the field on the anchors' own pixels, in Python's own numbers."""
    mask, step = (1 << 64) - 1, 0x9E3779B97F4A7C15

    def mix(state):
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
        state = (state ^ state >> 27) * 0x94D049BB133111EB & mask
        return state ^ state >> 31

    key = 0
    for number in (seed, stream):
        key = mix((key ^ number) + step & mask)
    places = anchors.point.astype(float)

    def slope(*neighbours):
        there = [(row, column) for row, column in neighbours if 0 <= row < places.shape[0] and 0 <= column < places.shape[1]]
        changes = [(places[spot] - places[y, x]) * (1 if spot > (y, x) else -1) for spot in there]
        return min(changes, key=lambda change: float(change @ change))

    down, right = slope((y - 1, x), (y + 1, x)), slope((y, x - 1), (y, x + 1))
    size = math.log2(anchors.footprint[y, x] / 2)
    total = 0.0
    for level, weight in ((math.floor(size), math.cos), (math.floor(size) + 1, math.sin)):
        met = {}
        for i in (-0.25, 0.25):
            for j in (-0.25, 0.25):
                cell = tuple(math.floor(c / 2.0**level) for c in places[y, x] + i * down + j * right)
                met[cell] = met.get(cell, 0) + 1
        octave = 0.0
        for cell, times in met.items():
            state = key + (level + (4096 if anchors.sky[y, x] else 0)) * 0xF7C2EBC08F67F2B5
            state += sum(c * axis for c, axis in zip(cell, (0xD1342543DE82EF95, 0xAF251AF3B0F025B5, 0xB564EF22EC7AECE5)))
            bits = mix(state + (channel // 4 * 4 + 1) * step & mask)
            octave += times * NormalDist().inv_cdf(((bits >> 16 * (channel % 4) & 0xFFFF) + 0.5) / 65536)
        total += weight((size - math.floor(size)) * math.pi / 2) * octave / math.sqrt(sum(times**2 for times in met.values()))
    return total


def test_equals_its_slow_twin():
    anchors = ground()
    field = noise.anchored(anchors, 2**63 - 1, 3, 6, HEIGHT, WIDTH)
    for channel, y, x in ((0, 3, 5), (5, 0, 0), (4, HEIGHT - 1, WIDTH - 1), (2, 40, 50), (3, 60, 17), (1, 35, 90)):
        assert field[channel, y, x] == pytest.approx(slow(anchors, 2**63 - 1, 3, channel, y, x), abs=1e-3)


@pytest.mark.parametrize("anchors", [plane(pixel=pixel, height=256, width=256) for pixel in (0.1, 0.125, 0.2499)] + [ground(0, 256, 256)])
def test_is_white_and_normal(anchors):
    field = noise.anchored(anchors, 5, 1, 8, 256, 256)
    assert abs(field.mean()) < 0.01 and abs(field.var() - 1) < 0.02
    assert abs((field**4).mean() - 3) < 0.1
    assert np.abs(np.corrcoef(field.reshape(8, -1)) - np.eye(8)).max() < 0.03
    assert max(abs(np.mean(field[:, 1:] * field[:, :-1])), abs(np.mean(field[..., 1:] * field[..., :-1]))) < 0.35  # cells that two share
    assert abs(np.mean(field[:, 3:] * field[:, :-3])) < 0.02


def test_seeds_and_streams_are_unrelated():
    one, other, third = (noise.anchored(plane(), *key, 8, HEIGHT, WIDTH).ravel() for key in ((0, 1), (1, 1), (0, 2)))
    assert np.abs(np.corrcoef((one, other, third)) - np.eye(3)).max() < 0.02


def test_a_camera_that_pans_sees_the_same_noise():
    """By whole pixels exactly the same."""
    still, panned = (noise.anchored(plane(left), 3, 1, 8, HEIGHT, WIDTH) for left in (0.0, 0.8))
    assert np.mean(np.isclose(still[:, :, 8:], panned[:, :, :-8], atol=1e-5)) > 0.999  # but where rounding crosses a cell's side


def test_a_part_of_a_pixel_changes_little():
    still, panned = (noise.anchored(plane(left), 3, 1, 8, HEIGHT, WIDTH) for left in (0.0, 0.02))
    assert np.mean(still * panned) > 0.7
    whole = [noise.anchored(plane(left), 3, 1, 8, HEIGHT, WIDTH) for left in (0.0, 0.1)]
    assert abs(np.mean(whole[0] * whole[1])) < 0.35


def test_finer_cells_take_over_smoothly():
    """As the camera comes closer, no small step changes the noise by much, across the octave's end as elsewhere."""
    sizes = 0.125 * 2 ** np.linspace(-0.06, 0.06, 13)
    fixed = plane(pixel=0.125)
    fields = [noise.anchored(Anchors(fixed.point, np.full_like(fixed.footprint, size), fixed.sky), 3, 1, 8, HEIGHT, WIDTH) for size in sizes]
    for one, other in zip(fields, fields[1:]):
        assert np.sqrt(np.mean((one - other) ** 2)) < 0.03


def test_any_window_agrees_with_the_whole():
    anchors = ground()
    whole = noise.anchored(anchors, 3, 1, 3, 100, 150)
    part = noise.anchored(anchors, 3, 1, 3, 20, 30, top=41, left=77, view=(100, 150))
    assert np.array_equal(part, whole[:, 41:61, 77:107])


def test_goes_on_beyond_the_view():
    """What lies outside the view is as random as the rest, and what lies inside does not change for it."""
    corner = 0.013, 0.007  # off the cells' sides
    padded = noise.anchored(plane(*corner), 3, 1, 8, HEIGHT + 40, WIDTH + 40, view=(HEIGHT, WIDTH))
    assert np.allclose(padded[:, :HEIGHT, :WIDTH], noise.anchored(plane(*corner), 3, 1, 8, HEIGHT, WIDTH))
    wider = noise.anchored(plane(*corner, height=HEIGHT + 40, width=WIDTH + 40), 3, 1, 8, HEIGHT + 40, WIDTH + 40)
    assert np.mean(np.isclose(padded, wider, atol=1e-4)) > 0.99


def test_an_outline_keeps_its_own_surface():
    """Beside a wall that stands before another, points go on along the nearer wall, not towards the farther one."""
    near = plane()
    point = near.point.copy()
    point[:, WIDTH // 2:] += 50
    places = Anchors(point, near.footprint, near.sky).window(0, 0, HEIGHT * 2, WIDTH * 2, HEIGHT * 2, WIDTH * 2)
    assert np.abs(places.right[..., 0] - 0.05).max() < 1e-4


def test_is_fast():
    anchors = ground(0, 256, 455)
    noise.anchored(anchors, 0, 0, 8, 64, 64)
    started = time.process_time()
    noise.anchored(anchors, 0, 0, 8, 256, 455)
    assert time.process_time() - started < 0.6  # 0.08 s on a processor that does nothing else


@pytest.mark.parametrize("change", [
    {"point": np.zeros((4, 4, 2), np.float32)}, {"sky": np.zeros((4, 5), bool)}, {"footprint": np.zeros((4, 4), np.float32)},
    {"footprint": np.ones(16, np.float32)}, {"point": np.full((4, 4, 3), np.nan, np.float32)}])
def test_what_is_no_anchors_is_refused(change):
    good = vars(plane(height=4, width=4))
    fields = {name: good[name] for name in ("point", "footprint", "sky")}
    with pytest.raises(RequestError, match="nchors"):
        Anchors(**{**fields, **change})
