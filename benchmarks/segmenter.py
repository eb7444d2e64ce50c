"""How well photographs are read as labels: python benchmarks/segmenter.py DATA [--weights W] [--split val] [--limit N]

For the large and the small segmenter, with and without edges that follow the picture: the share of labelled pixels that are right (of all
pixels together, and the mean over the photographs), the same near the borders between labels, mean IoU and each label's, and seconds a picture.
A last line calls labels that are sometimes a matter of taste by one name. DATA is a training folder; its photographs' own size counts.
"""
from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth_core import edges, labels  # noqa: E402
from synth_core.cli import WEIGHTS  # noqa: E402
from synth_core.segmenter import Segmenter, best  # noqa: E402
from synth_core.weights import WeightsError  # noqa: E402

NEAR = 3  # pixels around a border that count as near it
ALIKE = (("sky", "cloud", "fog"), ("mountain", "hill"), ("grass", "field", "bush", "flower"), ("sea", "lake", "river"), ("rock", "stone"))


class Score:
    """Confusions of maps (H, W) with the truth, where that has a label."""

    def __init__(self):
        self.confusion = np.zeros((labels.COUNT, labels.COUNT), np.int64)
        self.each: list[float] = []
        self.near = np.zeros(2, np.int64)  # pixels near borders: right, all

    def add(self, found: np.ndarray, truth: np.ndarray) -> None:
        known, right = truth > 0, found == truth
        self.confusion += np.bincount(truth[known].astype(int) * labels.COUNT + found[known], minlength=labels.COUNT**2).reshape(labels.COUNT, -1)
        if known.any():
            self.each.append(float(right[known].mean()))
        near = known & borders(truth)
        self.near += np.array([(right & near).sum(), near.sum()])

    def share(self) -> float:
        return float(np.trace(self.confusion) / self.confusion.sum())

    def merged(self) -> float:
        table = np.arange(labels.COUNT)
        for names in ALIKE:
            table[[labels.BY_NAME[name].id for name in names]] = labels.BY_NAME[names[0]].id
        rows, columns = np.nonzero(self.confusion)
        same = table[rows] == table[columns]
        return float(self.confusion[rows[same], columns[same]].sum() / self.confusion.sum())

    def overlaps(self) -> np.ndarray:
        """Intersection over union by label; NaN where the photographs hold none of it."""
        right = np.diag(self.confusion)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = right / (self.confusion.sum(0) + self.confusion.sum(1) - right)
        return np.where(self.confusion.sum(1) > 0, found, np.nan)


def borders(ids: np.ndarray) -> np.ndarray:
    """Where (H, W) another label lies within NEAR pixels, up, down, left or right."""
    found = np.zeros(ids.shape, bool)
    for step in range(1, NEAR + 1):
        for axis in (0, 1):
            size = ids.shape[axis] - step
            here, there = (np.take(ids, np.arange(start, start + size), axis) for start in (0, step))
            places = np.zeros(ids.shape, bool)
            other = here != there
            view = np.moveaxis(places, axis, 0)
            view[:size] |= np.moveaxis(other, axis, 0)
            view[step:] |= np.moveaxis(other, axis, 0)
            found |= places
    return found


def found(weights: Path) -> Iterator[Segmenter]:
    """The best segmenter that can run here, and the small one where the weights hold it."""
    yield best(weights)
    try:
        yield Segmenter(weights)
    except WeightsError as error:
        print(error)


def measure(segmenter: Segmenter, data: Path, names: list[str]) -> dict[str, Score]:
    scores, seconds = {"laid over": Score(), "snapped": Score()}, 0.0
    for name in names:
        picture = np.asarray(Image.open(data / f"{name}.webp").convert("RGB"))
        truth = np.asarray(Image.open(data / f"{name}.png"))
        beliefs = segmenter.beliefs(picture)
        scores["laid over"].add(edges.lay(picture, beliefs) + 1, truth)
        started = time.perf_counter()
        scores["snapped"].add(segmenter.label(picture), truth)
        seconds += time.perf_counter() - started
    print(f"\n{segmenter.name} segmenter, {len(names)} photographs, {seconds / len(names):.2f} s each")
    print(f"{'edges':10} {'right':>7} {'mean':>7} {'borders':>8} {'mIoU':>7} {'alike':>7}")
    for way, score in scores.items():
        print(f"{way:10} {score.share():7.3f} {np.mean(score.each):7.3f} {score.near[0] / score.near[1]:8.3f} {np.nanmean(score.overlaps()):7.3f} {score.merged():7.3f}")
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, help="only so many photographs, evenly picked")
    options = parser.parse_args()
    with (options.data / "manifest.csv").open(newline="", encoding="utf-8") as rows:
        names = [row["name"] for row in csv.DictReader(rows) if row["split"] == options.split]
    if options.limit:
        names = names[:: max(1, len(names) // options.limit)][: options.limit]
    networks = {network.name: network for network in found(options.weights)}
    overlaps = {name: measure(network, options.data, names)["snapped"].overlaps() for name, network in networks.items()}
    print("\nIoU " + " ".join(f"{name:>7}" for name in overlaps))
    for label in labels.LABELS[1:]:
        print(f"{label.name:10}" + " ".join(f"{found[label.id]:7.3f}" for found in overlaps.values()))


if __name__ == "__main__":
    main()
