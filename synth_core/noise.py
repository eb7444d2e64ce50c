"""Random numbers that stay the same for ever: a counter-based hash (splitmix64), and normal numbers from its bits.

numpy's generators may change their streams between versions; a painting's seed must not. Every number is addressed by (seed, stream,
place), so any window of a noise field can be made alone and agrees with the whole. A place is a pixel of a picture (`normal`) or a cell of
the world (`anchored`). What the numbers are used for is not known here.
"""
from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np

from .anchors import Anchors, Places

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


SAMPLES = 2  # of the world's cells, across and along each pixel of an anchored field
_AT_ONCE = 1 << 14  # pixels worked on together: few enough for the processor's cache
_AXES = np.array([0xD1342543DE82EF95, 0xAF251AF3B0F025B5, 0xB564EF22EC7AECE5], np.uint64)  # odd, of random bits: one for each axis
_LEVEL = np.uint64(0xF7C2EBC08F67F2B5)
_SKY = 1 << 12  # added to the level of cells of directions, which share none with places


def anchored(anchors: Anchors, seed: int, stream: int, channels: int, height: int, width: int, top: int = 0, left: int = 0,
             view: tuple[float, float] | None = None) -> np.ndarray:
    """A window of noise that stays with the world: (channels, height, width) float32, each number of mean 0 and variance 1.

    view: height and width of the whole view in these pixels; by itself the window's. What lies outside it goes on as the surfaces do.

    Space is cut into cells whose sides are powers of two, each with a normal number of its own for every channel. A pixel sums the cells
    that SAMPLES x SAMPLES points of it lie in, of the two sizes next to the distance of these points, and blends the two sums by
    weights whose squares sum to 1: as a camera comes closer, finer cells take over smoothly. Every sum is divided by its standard
    deviation (a cell met twice counts twice). Coarser cells would show as blocks and streaks; where one cell filled a pixel alone, a
    camera that moves by half a pixel would change the whole field at once.
    """
    places = anchors.window(top, left, height, width, *(view or (height, width)))
    flat = Places(*(part.reshape(height * width, -1) for part in vars(places).values()))
    key = _key(seed, stream)
    field = np.empty((channels, height * width), np.float32)
    for start in range(0, height * width, _AT_ONCE):
        chosen = slice(start, start + _AT_ONCE)
        field[:, chosen] = _pixels(key, channels, Places(*(part[chosen] for part in vars(flat).values())))
    return field.reshape(channels, height, width)


def _pixels(key: np.ndarray, channels: int, places: Places) -> np.ndarray:
    """The noise (channels, N) of N pixels; `places` holds (N, 3) and (N, 1) arrays."""
    share, exponent = np.frexp(places.footprint[:, 0] / np.float32(SAMPLES))  # share is 1/2 to 1, of 2**exponent
    blend = (np.log2(share) + np.float32(1)) * np.float32(np.pi / 2)  # 0 where the points lie a whole finer cell apart
    points = _points(places)
    finer, coarser = (
        _sums(key, channels, points, exponent - 1 + octave, places.sky[:, 0]) for octave in (0, 1))
    return finer * np.cos(blend) + coarser * np.sin(blend)


def _points(places: Places) -> np.ndarray:
    """(SAMPLES**2, N, 3) places spread evenly over each pixel."""
    offsets = ((np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5).astype(np.float32)
    return np.stack([places.point + y * places.down + x * places.right for y in offsets for x in offsets])


def _sums(key: np.ndarray, channels: int, points: np.ndarray, level: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """(channels, N) of variance 1: the cells of side 2**level that (S, N, 3) points lie in, summed."""
    cells = np.floor(np.ldexp(points, -level[:, None])).astype(np.int64).view(np.uint64)
    kind = (level.astype(np.int64) + _SKY * sky).view(np.uint64) * _LEVEL + key
    states = cells[..., 0] * _AXES[0] + cells[..., 1] * _AXES[1] + cells[..., 2] * _AXES[2] + kind  # (S, N)
    sums = np.empty((channels, points.shape[1]), np.float32)
    for four in range(0, channels, 4):
        bits = _mix(states + _places(four + 1, 1))
        numbers = _normals()[bits.astype("<u8", copy=False).view("<u2").reshape(*bits.shape, 4)[..., : channels - four]]
        sums[four : four + 4] = numbers.sum(0).T
    return sums / np.sqrt(_multiplicity(states))


def _multiplicity(states: np.ndarray) -> np.ndarray:
    """(N,) float32: the squares of how often each cell is met by the S points of a pixel, summed, for (S, N) states."""
    count = len(states)
    pairs = np.full(states.shape[1], count, np.float32)
    for one in range(count):
        for other in range(one):
            pairs += np.float32(2) * (states[one] == states[other])
    return pairs


@cache
def _normals() -> np.ndarray:
    """(65536,) float32: the middles of as many equally likely parts of the normal distribution, of variance 1 to 4 digits."""
    inverse = NormalDist().inv_cdf
    upper = np.array([inverse(0.5 + (place + 0.5) / 65536) for place in range(32768)], np.float32)
    return np.concatenate((-upper[::-1], upper))
