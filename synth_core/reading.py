"""What stylist, critic and segmenter share: opening one of the weights' parts, and pictures and maps at the sizes that they read. numpy alone."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from . import labels as label_set
from . import weights as files
from .weights import Weights, WeightsError

LONGEST = 2  # stylist and critic read the long side at this many times the short side at the most


def open_part(weights: Weights | Path | str, name: str, threads: int):
    """The session of one of `weights.PARTS` or of the segmenter. Raises WeightsError when the folder is damaged or lacks it, EngineError without ONNX Runtime."""
    from .engines.onnx import open_session

    found = weights if isinstance(weights, Weights) else files.load(Path(weights))
    if name not in found.networks:
        raise WeightsError(f"The weights in {found.folder} hold no {name}; choose weights that have one, such as Veduta's own.")
    return open_session(found.folder / f"{name}.onnx", threads)


def reading_size(height: int, width: int, short: int, stride: int, longest: int = LONGEST) -> tuple[int, int]:
    """Height and width, multiples of `stride`, at which a picture of height x width is read: `short` on its short side, at most `longest`
    times that on the other."""
    scale = short / min(height, width)
    return tuple(int(min(longest * short, max(short, round(side * scale / stride) * stride))) for side in (height, width))


def shrink(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W, 3) bytes -> (1, 3, height, width) float32 in [-1, 1], each new pixel the mean of those it covers, or linear between them when enlarged."""
    small = np.moveaxis(picture.astype(np.float32), 2, 0)
    for axis, count in ((1, height), (2, width)):
        old = small.shape[axis]
        small = means(small, count, axis) if count <= old else between(small, *places(old, count), axis - 3)
    return np.ascontiguousarray(small[None] / 127.5 - 1)


def means(array: np.ndarray, count: int, axis: int) -> np.ndarray:
    """The array of three axes with `count` places along `axis`, each the mean of those it covers."""
    starts = np.arange(count) * array.shape[axis] // count
    sizes = np.maximum(np.diff(np.append(starts, array.shape[axis])), 1)
    return np.add.reduceat(array, starts, axis) / sizes.astype(np.float32).reshape([-1 if k == axis else 1 for k in range(3)])


def stretch(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """(..., h, w) -> (..., height, width), linear between the cells' middles."""
    return between(between(plane, *places(plane.shape[-2], height), -2), *places(plane.shape[-1], width), -1)


def places(old: int, new: int, first: int = 0, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Where the middles of the new cells first ... last lie among the old ones: the cell before, and the share of the next."""
    middles = ((np.arange(first, new if last is None else last) + 0.5) * (old / new) - 0.5).clip(0, old - 1)
    before = np.minimum(middles.astype(np.intp), max(old - 2, 0))
    return before, (middles - before).astype(np.float32)


def between(array: np.ndarray, before: np.ndarray, share: np.ndarray, axis: int) -> np.ndarray:
    """The array at such places along `axis`, the last or the last but one."""
    here = array.take(before, axis)
    share = share if axis == -1 else share[:, None]
    return here + (array.take(np.minimum(before + 1, array.shape[axis] - 1), axis) - here) * share


def planes(ids: np.ndarray, height: int, width: int) -> np.ndarray:
    """Label ids (H, W) -> one-hot (1, 23, height, width) float32, each pixel the label at its centre."""
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip((height, width), ids.shape))
    small = ids[rows[:, None], columns]
    return (np.arange(label_set.COUNT)[:, None, None] == small).astype(np.float32)[None]
