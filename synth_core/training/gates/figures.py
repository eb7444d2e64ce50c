"""What the gates measure with: pure functions of pictures and numbers, and the figure that a gate answers with. No network, no painter."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ... import labels as label_set
from ...light import LUMINANCE
from ..attributes import to_lab

SMALLEST = 0.02  # share of a picture below which a label's colours are not measured
DRAWS = 500  # of a bootstrap
LAG = 32  # pixels; nearer than that a picture is like itself without repeating anything
COARSE = 16  # radius, pixels, of the mean that is taken away before a picture is compared with itself
COARSEST = 6  # waves across a texture from which on they count
STANDS_OUT = 20  # times the median power: one frequency in a million of a random field passes it
CELL, BLANK = 16, 1.5  # side of the cells that may be blank, pixels; grey levels of deviation below which one is
AIR = tuple(label_set.BY_NAME[name].id for name in ("sky", "cloud", "fog", "sun"))  # may be blank


@dataclass(frozen=True)
class Figure:
    """One line of a gate's answer.

    low and high: the 95 % bootstrap interval, None where there is none. least and most: the target, None where it is open on that side;
    without both, the figure is only told.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the value lies within the target; None without one. What is no number has not passed."""
        if self.least is None and self.most is None:
            return None
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


def bootstrap(name: str, figure: Callable[..., float], *samples: np.ndarray, **target) -> Figure:
    """`figure` of arrays whose first axis counts the same pictures, with the interval in which it lies when the pictures are drawn anew
    (Efron 1979, percentiles). `target` is the rest of the Figure."""
    count, rng = len(samples[0]), np.random.default_rng(0)
    draws = (rng.integers(count, size=count) for _ in range(DRAWS))
    drawn = [figure(*(sample[chosen] for sample in samples)) for chosen in draws]
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Figure(name, float(figure(*samples)), float(low), float(high), **target)


def ratio(one: np.ndarray, other: np.ndarray) -> float:
    """The mean of `one` over the mean of `other`; what is no number counts in neither."""
    return float(np.nanmean(one) / np.nanmean(other))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's r, over all numbers that both have."""
    both = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[both], other[both])[0, 1])


def grey(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) bytes -> (H, W) float32, the luma of the sRGB values in grey levels."""
    return picture.astype(np.float32) @ LUMINANCE


def gradient(picture: np.ndarray) -> float:
    """Mean absolute difference of horizontal neighbours, in grey levels: what sharpness is measured by."""
    return float(np.abs(np.diff(picture.astype(np.int16), axis=1)).mean())


def regions(picture: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(23, 5) of a picture (H, W, 3) in bytes and its map (H, W): under each label the mean L, a and b (CIELAB), the mean chroma and the
    deviation of L; nan where the label covers less than `SMALLEST`, and for what is unlabelled."""
    lab, found = to_lab(picture), np.full((label_set.COUNT, 5), np.nan)
    for label in np.unique(ids[ids > 0]):
        mask = ids == label
        if mask.mean() >= SMALLEST:
            light, red, yellow = lab[mask].T
            found[label] = light.mean(), red.mean(), yellow.mean(), np.hypot(red, yellow).mean(), light.std()
    return found


def repetition(picture: np.ndarray) -> float:
    """The highest autocorrelation of a picture (H, W, 3) at any shift by `LAG` pixels or more, up to half the picture: 1 for a picture of
    equal tiles, near 0 for one without pattern. Shading coarser than `COARSE` pixels does not count."""
    field = grey(picture)
    field -= box_mean(field, COARSE)
    height, width = field.shape
    power = np.abs(np.fft.rfft2(field, (2 * height, 2 * width))) ** 2
    down, across = height // 2 + 1, width // 2 + 1
    down_lag, across_lag = np.arange(1 - down, down), np.arange(across)
    shared = np.fft.irfft2(power)[down_lag[:, None], across_lag]
    shared /= (height - np.abs(down_lag))[:, None] * (width - across_lag)
    far = (np.abs(down_lag)[:, None] >= LAG) | (across_lag >= LAG)
    return float(shared[far].max() / max(shared[down - 1, 0], 1e-6))


def locked(pictures: list[np.ndarray], cell: int) -> float:
    """The share of the variance of pictures (H, W, 3) of one thing, shading coarser than a cell left out, that lies at the same place in every
    cell of `cell` x `cell` pixels of all of them, measured from picture to picture: about 0 where nothing follows such a grid."""
    fields = [field - box_mean(field, cell) for field in map(grey, pictures)]
    rows, columns = (side // cell for side in fields[0].shape)
    means = np.stack([cells(field[: rows * cell, : columns * cell], rows, columns).mean(0) for field in fields])
    shared = np.square(means.sum(0)).mean() - np.square(means).mean(1).sum()
    return float(shared / (len(means) * (len(means) - 1)) / max(np.var(fields), 1e-6))


def box_mean(field: np.ndarray, radius: int) -> np.ndarray:
    """The mean of the (2 radius + 1) squared pixels around each, the border repeated."""
    for axis in (0, 1):
        padding = [(radius + 1, radius) if axis == a else (0, 0) for a in (0, 1)]
        sums = np.cumsum(np.pad(field.astype(np.float64), padding, "edge"), axis)
        length, side = field.shape[axis], 2 * radius + 1
        field = (np.take(sums, np.arange(side, side + length), axis) - np.take(sums, np.arange(length), axis)) / side
    return field


def spikes(texture: np.ndarray) -> float:
    """The share of a texture's (S, S, 3) variance, coarse shading left out, in frequencies that stand out: with more than `STANDS_OUT`
    times the median power at their wavelength in all directions. Grids and stripes have much; noise of any colour none."""
    field = grey(texture)
    side = len(field)
    window = np.hanning(side + 2)[1:-1]
    power = np.abs(np.fft.fft2((field - field.mean()) * window[:, None] * window)) ** 2
    frequency = np.fft.fftfreq(side, 1 / side)
    radius = np.rint(np.hypot(frequency[:, None], frequency)).astype(int)
    rings = [power[radius == ring] for ring in range(COARSEST, side // 2)]
    out = sum(ring[ring > STANDS_OUT * np.median(ring)].sum() for ring in rings)
    return float(out / max(sum(ring.sum() for ring in rings), 1e-6))


def blank(picture: np.ndarray, ids: np.ndarray) -> tuple[int, int]:
    """(blank cells, cells) of the cells that lie wholly in one label other than air: blank is what has hardly any texture."""
    rows, columns = (side // CELL for side in ids.shape)
    labels, values = (cells(array[: rows * CELL, : columns * CELL], rows, columns) for array in (ids, grey(picture)))
    counted = (labels == labels[:, :1]).all(1) & ~np.isin(labels[:, 0], AIR)
    return int((values[counted].std(1) < BLANK).sum()), int(counted.sum())


def cells(array: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """An array cut into rows x columns equal cells: (cells, pixels of one)."""
    height, width = (side // count for side, count in zip(array.shape, (rows, columns)))
    return array.reshape(rows, height, columns, width).transpose(0, 2, 1, 3).reshape(rows * columns, -1)


def nearest(queries: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,) Euclidean distance of each row of `queries` (N, C) to the nearest row of `known` (M, C)."""
    squares = np.square(queries).sum(1)[:, None] + np.square(known).sum(1) - 2 * queries @ known.T
    return np.sqrt(np.maximum(squares.min(1), 0))
