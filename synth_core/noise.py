"""Random numbers that stay the same for ever: a counter-based hash (splitmix64) and Box-Muller on top of it.

numpy's generators may change their streams between versions; a painting's seed must not. Every number is addressed by (seed, stream,
place), so any window of a noise field can be made alone and agrees with the whole. What the numbers are used for is not known here.
"""
from __future__ import annotations

import numpy as np

_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: splitmix64's increment
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def _mix(state: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser, elementwise and in place on a uint64 array of at least one dimension (which wraps silently)."""
    state ^= state >> np.uint64(30)
    state *= _FIRST
    state ^= state >> np.uint64(27)
    state *= _SECOND
    state ^= state >> np.uint64(31)
    return state


def _places(start: int, count: int) -> np.ndarray:
    """`count` whole numbers from `start` on, negative ones as two's complement, each times splitmix64's increment."""
    return np.arange(start, start + count, dtype=np.int64).view(np.uint64) * _STEP


def _key(*numbers: int) -> np.ndarray:
    """One uint64 (shape (1,)) that depends on all the numbers and on their order."""
    key = np.zeros(1, np.uint64)
    for number in numbers:
        key = _mix((key ^ np.array([number % (1 << 64)], np.uint64)) + _STEP)
    return key


def uniform(seed: int, stream: int, count: int) -> np.ndarray:
    """`count` numbers, (count,) float64 in [0, 1)."""
    bits = _mix(_key(seed, stream) + _places(1, count))
    return (bits >> np.uint64(11)) * 2.0**-53


def normal(seed: int, stream: int, channels: int, height: int, width: int, top: int = 0, left: int = 0) -> np.ndarray:
    """A window of white noise: (channels, height, width) float32 of mean 0 and variance 1.

    The field of (seed, stream) has no ends; the window's first row and column are `top` and `left` (whole numbers, also below 0).
    """
    field = np.empty((channels, height, width), np.float32)
    for pair in range(0, channels, 2):
        rows = _mix(_key(seed, stream, pair) + _places(top, height))
        field[pair : pair + 2] = _box_muller(_mix(rows[:, None] + _places(left, width)))[: channels - pair]
    return field


def _box_muller(bits: np.ndarray) -> np.ndarray:
    """Two independent unit normals, (2, ...) float32, from every 64 random bits."""
    radius = (bits >> np.uint64(32)).astype(np.float32)
    radius += np.float32(0.5)
    radius *= np.float32(2.0**-32)  # in (0, 1]
    np.log(radius, out=radius)
    radius *= np.float32(-2)
    np.sqrt(radius, out=radius)
    angle = bits.astype(np.uint32).astype(np.float32)  # the low 32 bits
    angle *= np.float32(2 * np.pi * 2.0**-32)
    return np.stack((np.cos(angle), np.sin(angle))) * radius
