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



HALVINGS = 6  # how often composition halves its noise (canvas.STRIDE = 2**6)
_SAMPLES = (0, 1, 1, 2, 2, 4, 8)  # of the world, across and along each block of 2**level pixels
_AXES = np.array([0xD1342543DE82EF95, 0xAF251AF3B0F025B5, 0xB564EF22EC7AECE5], np.uint64)  # odd, of random bits: one for each axis
_SIZE = np.uint64(0xF7C2EBC08F67F2B5)
_SKY = 1 << 12  # added to the size of cells of directions, which share none with places
_CORNERS = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.int64)


def anchored(anchors: Anchors, seed: int, stream: int, channels: int, height: int, width: int,
             view: tuple[float, float] | None = None) -> np.ndarray:
    """Noise that stays with the world: (channels, height, width) float32, each number of mean 0 and variance 1,
    neighbours related by 0.3 at most (white noise: 0).

    height and width are multiples of 2**HALVINGS. view: how many of these pixels the view fills from the top left corner (height, width);
    by itself all. The rest goes on as the surfaces do.

    A network that halves its noise again and again (`layers.halve_noise`) hears the coarse levels most, so each level is anchored by
    itself. The field is a sum of Haar wavelets: of every block of 2 x 2, 4 x 4 ... 64 x 64 pixels three numbers that say how its quarters
    differ, and of the largest the mean. These numbers are what the world gives, all of variance 1, so that the field has variance 1 however
    often it is halved.

    What the world gives: space is cut into cells whose sides are powers of two, with a normal number of its own in the middle of each for
    every level and channel. Between the middles numbers are blended linearly; of the two sizes of cells next to the block's own size, by
    weights whose squares sum to 1. So a number changes smoothly while the camera turns, moves or comes closer, and white noise moves
    with the world as well as white noise can. A block takes the sum of several points in it, so that an outline that moves through
    it changes it little by little. Each sum is divided by its standard deviation.
    """
    rows, columns = view or (height, width)
    field = None
    for level in range(HALVINGS, 0, -1):
        block, samples = 2**level, _SAMPLES[level]
        share = samples / block
        places = anchors.places(height // block * samples, width // block * samples, rows * share, columns * share)
        key, kinds = _key(seed, stream, level), 3 if field is not None else 4
        numbers = _numbers(key, kinds * channels, places, samples, smooth=level > 1)
        numbers = numbers.reshape(kinds, channels, height // block, width // block)
        field = _refine(numbers[3] if field is None else field, numbers[:3])
    return field


def _refine(means: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """The inverse Haar transform of one level: (C, h, w) and (3, C, h, w), of variance 1 -> (C, 2h, 2w) of variance 1."""
    across, down, both = differences
    channels, height, width = means.shape
    field = np.empty((channels, 2 * height, 2 * width), np.float32)
    field[:, ::2, ::2] = means + across + down + both
    field[:, ::2, 1::2] = means - across + down - both
    field[:, 1::2, ::2] = means + across - down - both
    field[:, 1::2, 1::2] = means - across - down + both
    field *= np.float32(0.5)
    return field


def _numbers(key: np.ndarray, channels: int, places: Places, samples: int, smooth: bool) -> np.ndarray:
    """(channels, h * w) numbers of variance 1 for the h x w blocks of samples x samples of the places. Cells are blended if `smooth`."""
    share, exponent = np.frexp(places.footprint * np.float32(samples))  # the block's own size is `share`, 1/2 to 1, of 2**exponent
    blend = (np.log2(share) + np.float32(1)) * np.float32(np.pi / 2)  # 0 for a block as large as the smaller cells
    states, weights = [], []
    for size, weight in ((exponent - 1, np.cos(blend)), (exponent, np.sin(blend))):
        cells, parts = _cells(np.ldexp(places.point, -size[..., None]), smooth)
        kind = (size.astype(np.int64) + _SKY * places.sky).view(np.uint64) * _SIZE + key
        states.append((cells.view(np.uint64) * _AXES).sum(-1, dtype=np.uint64) + kind)
        weights.append(parts * weight)
    states, weights = _blocks(np.concatenate(states), samples), _blocks(np.concatenate(weights), samples)
    sums = np.empty((channels, len(states)), np.float32)
    for four in range(0, channels, 4):
        bits = _mix(states + _places(four + 1, 1))
        numbers = _normals()[bits.astype("<u8", copy=False).view("<u2").reshape(*bits.shape, 4)[..., : channels - four]]
        sums[four : four + 4] = np.einsum("nsc,ns->cn", numbers, weights)
    return sums / _deviation(states, weights)


def _cells(points: np.ndarray, smooth: bool) -> tuple[np.ndarray, np.ndarray]:
    """The cells of side 1 about (h, w, 3) points: (S, h, w, 3) int64 and their weights (S, h, w), whose squares sum to 1."""
    if not smooth:
        return np.floor(points).astype(np.int64)[None], np.ones((1, *points.shape[:2]), np.float32)
    low = np.floor(points - np.float32(0.5))
    high_share = points - np.float32(0.5) - low
    shares = np.stack((1 - high_share, high_share))  # (2, h, w, 3)
    weights = np.stack([shares[x, ..., 0] * shares[y, ..., 1] * shares[z, ..., 2] for x, y, z in _CORNERS])
    return low.astype(np.int64) + _CORNERS[:, None, None], weights / np.sqrt(np.square(weights).sum(0))


def _blocks(values: np.ndarray, samples: int) -> np.ndarray:
    """(S, h * samples, w * samples) -> (h * w, S * samples**2): all of a block's values in a row."""
    count, height, width = values.shape
    parts = values.reshape(count, height // samples, samples, width // samples, samples)
    return np.ascontiguousarray(parts.transpose(1, 3, 0, 2, 4).reshape(-1, count * samples**2))


def _deviation(states: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(N,) the standard deviation of the weighted sums of (N, S) cells; one cell may come several times."""
    order = np.argsort(states, axis=1)
    ordered, heaped = np.take_along_axis(states, order, 1), np.take_along_axis(weights, order, 1)
    first = np.ones(states.shape, bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    totals = np.add.reduceat(heaped.ravel(), np.flatnonzero(first))
    ends = np.cumsum(first.sum(1))
    return np.sqrt(np.add.reduceat(np.square(totals), np.concatenate(([0], ends[:-1]))))


@cache
def _normals() -> np.ndarray:
    """(65536,) float32: the middles of as many equally likely parts of the normal distribution, of variance 1 to 4 digits."""
    inverse = NormalDist().inv_cdf
    upper = np.array([inverse(0.5 + (place + 0.5) / 65536) for place in range(32768)], np.float32)
    return np.concatenate((-upper[::-1], upper))
