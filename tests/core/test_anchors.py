"""Noise that stays with the world: white, the same where the camera looks again, and steady while the camera moves."""
from __future__ import annotations

import itertools
import math
import time
from statistics import NormalDist

import numpy as np
import pytest

from synth_core import noise
from synth_core.anchors import Anchors
from synth_core.fields import RequestError

HEIGHT, WIDTH = 128, 192


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


def slow(anchors: Anchors, seed: int, stream: int, channels: int, channel: int, y: int, x: int) -> float:
    """One number of the field over all the anchors, in Python's own numbers."""
    height, width = anchors.sky.shape
    value = None
    for level, samples in ((6, 8), (5, 4), (4, 2), (3, 2), (2, 1), (1, 1)):
        block = 2**level
        places = anchors.places(height // block * samples, width // block * samples, height / block * samples, width / block * samples)
        row, column = y // block, x // block
        points = [(places.point[i, j].tolist(), float(places.footprint[i, j]) * samples, bool(places.sky[i, j]))
                  for i in range(row * samples, (row + 1) * samples) for j in range(column * samples, (column + 1) * samples)]
        across, down, both, *mean = (slow_number(points, key_of(seed, stream, level), kind * channels + channel, level > 1)
                                     for kind in range(3 if value is not None else 4))
        right, below = x // (block // 2) % 2, y // (block // 2) % 2
        value = mean[0] if mean else value
        value = (value + across * (-1) ** right + down * (-1) ** below + both * (-1) ** (right + below)) / 2
    return value


MASK, STEP = (1 << 64) - 1, 0x9E3779B97F4A7C15


def mix(state: int) -> int:
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
    state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
    return state ^ state >> 31


def key_of(*numbers: int) -> int:
    key = 0
    for number in numbers:
        key = mix((key ^ number) + STEP & MASK)
    return key


def slow_number(points, key: int, channel: int, smooth: bool) -> float:
    """The number of one block that (place, size of the block there, whether sky) triples lie in."""
    met: dict[tuple, float] = {}
    for point, footprint, sky in points:
        size = math.log2(footprint)
        lower = math.floor(size)
        for exponent, blend in ((lower, math.cos), (lower + 1, math.sin)):
            at = [axis / 2.0**exponent for axis in point]
            cells = {tuple(math.floor(axis) for axis in at): 1.0}
            if smooth:
                low = [math.floor(axis - 0.5) for axis in at]
                cells = {tuple(np.add(low, corner)): math.prod(1 - abs(axis - 0.5 - cell) for axis, cell in zip(at, np.add(low, corner)))
                         for corner in itertools.product((0, 1), repeat=3)}
            length = math.sqrt(sum(weight**2 for weight in cells.values()))
            for cell, weight in cells.items():
                name = (exponent + 4096 * sky, *map(int, cell))
                met[name] = met.get(name, 0) + weight / length * blend((size - lower) * math.pi / 2)
    total = 0.0
    for (kind, *cell), weight in met.items():
        state = key + kind * 0xF7C2EBC08F67F2B5
        state += sum(c * axis for c, axis in zip(cell, (0xD1342543DE82EF95, 0xAF251AF3B0F025B5, 0xB564EF22EC7AECE5)))
        bits = mix(state + (channel // 4 * 4 + 1) * STEP & MASK)
        total += weight * NormalDist().inv_cdf(((bits >> 16 * (channel % 4) & 0xFFFF) + 0.5) / 65536)
    return total / math.sqrt(sum(weight**2 for weight in met.values()))


def field_of(anchors: Anchors, seed: int = 3, stream: int = 1) -> np.ndarray:
    return noise.anchored(anchors, seed, stream, 8, *anchors.sky.shape)


def halved(field: np.ndarray) -> np.ndarray:
    """As the network halves its noise."""
    channels, height, width = field.shape
    return 2 * field.reshape(channels, height // 2, 2, width // 2, 2).mean((2, 4))


def test_equals_its_slow_twin():
    anchors = ground()
    field = noise.anchored(anchors, 2**63 - 1, 3, 6, HEIGHT, WIDTH)
    for channel, y, x in ((0, 3, 5), (5, 0, 0), (4, HEIGHT - 1, WIDTH - 1), (2, 70, 100), (3, 66, 17)):
        assert field[channel, y, x] == pytest.approx(slow(anchors, 2**63 - 1, 3, 6, channel, y, x), abs=2e-3)


def test_stays_the_same_for_ever():
    assert field_of(plane(), 42)[0, 5, 7:11] == pytest.approx([0.40988, -0.85337, 2.50402, -0.72343], abs=1e-4)


@pytest.mark.parametrize("anchors", [*(plane(pixel=pixel, height=256, width=256) for pixel in (0.1, 0.125, 0.2499)), ground(0, 256, 256)],
                         ids=["0.1", "0.125", "0.25", "ground"])
def test_is_normal_and_nearly_white_however_often_it_is_halved(anchors):
    field = field_of(anchors, 5)
    assert abs((field**4).mean() - 3) < 0.1
    assert np.abs(np.corrcoef(field.reshape(8, -1)) - np.eye(8)).max() < 0.05
    for level in range(4):
        assert abs(field.mean()) < 0.06 and abs(field.var() - 1) < 0.04 * 2**level
        for shift in (1, 2):
            assert abs(np.mean(field[:, shift:] * field[:, :-shift])) < 0.3 + 0.03 * level**2
            assert abs(np.mean(field[..., shift:] * field[..., :-shift])) < 0.3 + 0.03 * level**2
        field = halved(field)


def test_every_number_has_variance_1():
    """Over many seeds, at places with and without an outline, on the ground, in the sky and beyond the view."""
    numbers = np.stack([noise.anchored(ground(0, 64, 64), seed, 1, 8, 64, 128, (64, 64))[:, ::9, ::9] for seed in range(120)])
    assert np.abs(numbers.mean((0, 1))).max() < 0.15 and np.abs(numbers.var((0, 1)) - 1).max() < 0.25


def test_seeds_and_streams_are_unrelated():
    fields = [field_of(plane(), *key).ravel() for key in ((0, 1), (1, 1), (0, 2))]
    assert np.abs(np.corrcoef(fields) - np.eye(3)).max() < 0.02


def test_a_camera_that_pans_by_whole_blocks_sees_the_same_noise():
    still, panned = field_of(plane(0.0)), field_of(plane(6.4))
    assert np.mean(np.isclose(still[:, :, 64:], panned[:, :, :-64], atol=1e-3)) > 0.99  # but where rounding crosses a cell's side


@pytest.mark.parametrize(("halvings", "most"), [(6, 0.001), (5, 0.003), (4, 0.01), (3, 0.04), (2, 0.13)])
def test_coarse_levels_barely_change_when_the_camera_moves_by_half_a_pixel(halvings, most):
    still, panned = field_of(plane(0.01)), field_of(plane(0.06))
    for _ in range(halvings):
        still, panned = halved(still), halved(panned)
    assert np.mean((still - panned) ** 2) < most


def test_finer_cells_take_over_smoothly():
    """As the camera comes closer, no small step changes the noise by much, across an octave's end as elsewhere."""
    fixed = plane(pixel=0.125)
    sizes = 0.125 * 2 ** np.linspace(-0.06, 0.06, 13)
    fields = [field_of(Anchors(fixed.point, np.full_like(fixed.footprint, size), fixed.sky)) for size in sizes]
    assert all(np.sqrt(np.mean((one - other) ** 2)) < 0.03 for one, other in zip(fields, fields[1:]))


def test_the_place_decides_not_the_array_that_holds_it():
    """Half as many anchors over the same view give nearly the same noise at every level that they can hold."""
    fine, thin = field_of(plane(pixel=0.1)), noise.anchored(plane(pixel=0.2, height=64, width=96), 3, 1, 8, HEIGHT, WIDTH)
    assert np.mean(np.isclose(fine, thin, atol=1e-2)) > 0.98


def test_what_lies_outside_the_view_leaves_the_view_as_it_is():
    corner = 0.013, 0.007  # off the cells' sides
    padded = noise.anchored(plane(*corner), 3, 1, 8, HEIGHT + 64, WIDTH + 64, (HEIGHT, WIDTH))
    assert np.allclose(padded[:, :HEIGHT, :WIDTH], field_of(plane(*corner)), atol=1e-4)
    wider = field_of(plane(*corner, height=HEIGHT + 64, width=WIDTH + 64))
    assert np.mean(np.isclose(padded, wider, atol=1e-2)) > 0.97


def test_an_outline_keeps_its_own_surface():
    """Beside a wall that stands before another, places go on along the nearer wall, not towards the farther one."""
    near = plane()
    point = near.point.copy()
    point[:, WIDTH // 2:] += 50
    x = Anchors(point, near.footprint, near.sky).places(HEIGHT * 2, WIDTH * 2, HEIGHT * 2, WIDTH * 2).point[0, :, 0]
    steps = np.diff(x)
    assert np.sum(np.abs(steps - 0.05) > 1e-4) == 1 and steps.max() == pytest.approx(50.05, abs=1e-3)


def test_is_fast():
    anchors = ground(0, 256, 455)
    noise.anchored(plane(height=64, width=64), 0, 0, 8, 64, 64)
    started = time.process_time()
    noise.anchored(anchors, 0, 0, 8, 256, 512, (256, 455))
    assert time.process_time() - started < 0.6  # 0.15 s on a processor that does nothing else


@pytest.mark.parametrize("change", [
    {"point": np.zeros((4, 4, 2), np.float32)}, {"sky": np.zeros((4, 5), bool)}, {"footprint": np.zeros((4, 4), np.float32)},
    {"footprint": np.ones(16, np.float32)}, {"point": np.full((4, 4, 3), np.nan, np.float32)}])
def test_what_is_no_anchors_is_refused(change):
    good = vars(plane(height=4, width=4))
    fields = {name: good[name] for name in ("point", "footprint", "sky")}
    with pytest.raises(RequestError, match="nchors"):
        Anchors(**{**fields, **change})
