"""What stylist, critic and segmenter share: opening one of the weights' parts, and pictures and maps at the small sizes that they read. numpy alone."""
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
    """(H, W, 3) bytes -> (1, 3, height, width) float32 in [-1, 1], each new pixel the mean of those it covers (the nearest when enlarged)."""
    small = means(means(picture.astype(np.float32), height, 0), width, 1)
    return np.ascontiguousarray(np.moveaxis(small, 2, 0)[None] / 127.5 - 1)


def means(array: np.ndarray, count: int, axis: int) -> np.ndarray:
    """The (H, W, C) array with `count` places along `axis`, each the mean of those it covers."""
    starts = np.arange(count) * array.shape[axis] // count
    sizes = np.maximum(np.diff(np.append(starts, array.shape[axis])), 1)
    return np.add.reduceat(array, starts, axis) / sizes.astype(np.float32).reshape([-1 if k == axis else 1 for k in range(3)])


def planes(ids: np.ndarray, height: int, width: int) -> np.ndarray:
    """Label ids (H, W) -> one-hot (1, 23, height, width) float32, each pixel the label at its centre."""
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip((height, width), ids.shape))
    small = ids[rows[:, None], columns]
    return (np.arange(label_set.COUNT)[:, None, None] == small).astype(np.float32)[None]
