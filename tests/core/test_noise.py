"""Noise: the same for ever, the same in any window, and as random as it says."""
from __future__ import annotations

import numpy as np
import pytest

from synth_core import noise


def _slow(seed: int, stream: int, pair: int, y: int, x: int) -> tuple[float, float]:
    """The two values of a pair of channels at one place, in Python's own whole numbers."""
    mask, step = (1 << 64) - 1, 0x9E3779B97F4A7C15

    def mix(state):
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
        state = (state ^ state >> 27) * 0x94D049BB133111EB & mask
        return state ^ state >> 31

    key = 0
    for number in (seed, stream, pair):
        key = mix(((key ^ number) + step) & mask)
    bits = mix((mix((key + y * step) & mask) + x * step) & mask)
    radius = np.sqrt(-2 * np.log(((bits >> 32) + 0.5) / 2**32))
    angle = 2 * np.pi * (bits % 2**32) / 2**32
    return radius * np.cos(angle), radius * np.sin(angle)


def test_equals_its_slow_twin():
    field = noise.normal(2**63 - 1, 7, 4, 3, 5, top=-1, left=10)
    for pair, y, x in ((0, -1, 10), (2, 1, 14), (0, 0, 12)):
        assert field[pair : pair + 2, y + 1, x - 10] == pytest.approx(_slow(2**63 - 1, 7, pair, y, x), abs=1e-5)


def test_stays_the_same_for_ever():
    assert noise.uniform(42, 0, 3) == pytest.approx([0.3869742762400409, 0.9213172250065323, 0.08311634105516119], abs=0)
    field = noise.normal(42, 1, 3, 1, 2)
    assert field.ravel() == pytest.approx([-1.8473400, 0.6010606, 0.0283752, -0.8341119, -0.1253941, 0.2166537], abs=1e-6)


def test_any_window_agrees_with_the_whole():
    whole = noise.normal(3, 1, 3, 40, 50, top=-7, left=-5)
    assert np.array_equal(noise.normal(3, 1, 3, 11, 9, top=4, left=20), whole[:, 11:22, 25:34])


def test_is_white_and_normal():
    field = noise.normal(0, 0, 8, 256, 256).reshape(8, -1)
    assert abs(field.mean()) < 0.005 and abs(field.var() - 1) < 0.01
    assert abs((field**4).mean() - 3) < 0.05
    assert np.abs(np.corrcoef(field) - np.eye(8)).max() < 0.02
    shifted = [np.mean(field[:, shift:] * field[:, :-shift]) for shift in (1, 2, 256)]
    assert np.abs(shifted).max() < 0.01


@pytest.mark.parametrize("other", [(1, 2), (2, 1), (0, 0), (1, 0)])
def test_seeds_and_streams_are_unrelated(other):
    one, two = (noise.normal(*key, 2, 128, 128).ravel() for key in ((0, 1), other))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.03


def test_uniform_fills_its_interval():
    numbers = noise.uniform(9, 2, 10_000)
    assert 0 <= numbers.min() < 0.001 and 0.999 < numbers.max() < 1
    assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx([1000] * 10, rel=0.12)
