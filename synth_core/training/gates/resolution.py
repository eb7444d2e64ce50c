"""Is a painting as sharp as a photograph at 512, 1024 and 2048 pixels, and does it look like one crop by crop, at its own resolution?

No photograph has 2048 pixels. What photographs' gradient would be there is an extrapolation: it goes on as from 512 to 1024 pixels.
"""
from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from .figures import Figure, bootstrap, gradient, ratio
from .judge import FEWEST, judge, lay
from .studio import SIDE, Studio, shrunk

SIZES = {512: 24, 1024: 16}  # pixels a side: the most photographs that are compared
LARGEST, FEW = 2048, 4  # pixels a side without photographs, and how many maps are painted at it

Pair = tuple[np.ndarray, np.ndarray]


def gate(studio: Studio) -> list[Figure]:
    pairs = {size: studio.native(size, most) for size, most in SIZES.items()}
    painted = {size: [studio.paint(ids, index) for index, (_, ids) in enumerate(found)] for size, found in pairs.items()}
    figures = [sharp(f"{size}²: sharp", painted[size], [picture for picture, _ in pairs[size]]) for size in SIZES if pairs[size]]
    if pairs[1024]:
        few = pairs[1024][:FEW]
        large = [studio.paint(np.repeat(np.repeat(ids, 2, 0), 2, 1), index) for index, (_, ids) in enumerate(few)]
        figures.append(beyond([picture for picture, _ in few], large))
    return figures + judged(studio.evaluate, pairs, painted) if studio.evaluate else figures


def sharp(name: str, painted: list[np.ndarray], photographs: list[np.ndarray]) -> Figure:
    """The mean gradient of paintings over that of photographs of their size."""
    one, other = (np.array([gradient(picture) for picture in pictures]) for pictures in (painted, photographs))
    return bootstrap(name, ratio, one, other, least=0.9, most=1.1)


def beyond(photographs: list[np.ndarray], painted: list[np.ndarray]) -> Figure:
    """The mean gradient of paintings twice as large as photographs over what those would have there, by their step from half their size."""
    whole = np.array([gradient(picture) for picture in photographs])
    half = np.array([gradient(shrunk(picture, len(picture) // 2)) for picture in photographs])
    own = np.array([gradient(picture) for picture in painted])
    expected = lambda p, w, h: float(p.mean() * h.mean() / w.mean() ** 2)
    return bootstrap(f"{len(painted[0])}²: sharp", expected, own, whole, half, least=0.9, most=1.1,
                     note="photographs' is extrapolated from 512² and 1024²")  # fmt: skip


def judged(evaluate: Path, pairs: dict[int, list[Pair]], painted: dict[int, list[np.ndarray]]) -> list[Figure]:
    """What the judge says of squares of SIDE pixels cut from the paintings, four of each, and from the photographs at the same places."""
    cuts = {"photos": {}, "labels": {}, "painted": {}}
    for size, found in pairs.items():
        for index, ((picture, ids), own) in enumerate(zip(found, painted[size])):
            for name, array in (("photos", picture), ("labels", ids), ("painted", own)):
                cuts[name] |= {f"{size} {index} {place}": cut for place, cut in enumerate(squares(array))}
    if len(cuts["photos"]) < FEWEST:
        return []
    with tempfile.TemporaryDirectory() as folder:
        figures = judge(evaluate, *(lay(Path(folder) / name, pictures) for name, pictures in cuts.items()))
    note = f"{figures['images']} squares; photographs against photographs {figures['fd_floor']:.3f}"
    return [Figure(f"{name} of 256² at native resolution", figures[name], note=note) for name, note in (("fd", note), ("swd", ""))]


def squares(array: np.ndarray) -> list[np.ndarray]:
    """Four squares of SIDE pixels from the middles of a square array's quarters."""
    quarter = len(array) // 4
    starts = [max(0, centre - SIDE // 2) for centre in (quarter, 3 * quarter)]
    return [array[top : top + SIDE, left : left + SIDE] for top in starts for left in starts]
