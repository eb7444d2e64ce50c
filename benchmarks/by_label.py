"""Which labels look wrong: figures label by label of paintings beside photographs, and a sheet of crops of both to look at.

    python benchmarks/by_label.py DATA --judge PATH/evaluate.py [--weights weights] [--out by_label.png]

The `val` maps are painted at 256 px, seeds by number. The segmenter that lies beside the judge (`networks.py`, Segmenter; trained on
photographs alone, never taught from) reads paintings and photographs; IoU is over all pixels of the split, and *read as* is the label that
most of the misread pixels of paintings get. Chroma, contrast and sharpness are those under the label over photographs' of the same maps.
The sheet has a row a label, the worst IoU against photographs' first: pairs of a painting and the photograph, cut where most of the label
is. Needs the `train` extra.
"""
from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth_core import labels as label_set  # noqa: E402  (found by the line above)
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.training.data import Photographs, to_tensor  # noqa: E402
from synth_core.training.gates.figures import grey, regions  # noqa: E402
from synth_core.training.split import fill  # noqa: E402

SIDE, CROP, PAIRS = 256, 128, 5  # pixels of what is painted and of a crop; pairs in a row
LEGEND = 170  # pixels beside a row
FEWEST = 2000  # pixels of a label in the split below which it has no figures
NAMES = [label.name for label in label_set.LABELS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    parser.add_argument("--out", type=Path, default=Path("by_label.png"))
    arguments = parser.parse_args()
    photographs, painter, read = Photographs(arguments.data, "val", SIDE), Painter(arguments.weights), reader(arguments.judge)
    cuts = [photographs.centre(index) for index in range(len(photographs))]
    real, maps = [picture for picture, _ in cuts], np.stack([ids for _, ids in cuts])
    painted = [painter.paint(Request(fill(ids), index)).picture for index, ids in enumerate(tqdm(maps, unit="painting"))]
    matrices = [confusion(read(pictures), maps) for pictures in (painted, real)]
    colours = [np.stack([under(picture, ids) for picture, ids in zip(pictures, maps)]) for pictures in (painted, real)]
    rows = ranked(*matrices)
    print(table(rows, matrices, colours))
    sheet(rows, [iou(matrix) for matrix in matrices], painted, real, maps).save(arguments.out)
    print(arguments.out)


def reader(evaluate: Path):
    """Pictures (N, SIDE, SIDE, 3) -> (N, SIDE, SIDE) labels, by the segmenter beside the judge."""
    spec = importlib.util.spec_from_file_location("networks", evaluate.with_name("networks.py"))
    networks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(networks)
    segmenter = networks.Segmenter()

    @torch.inference_mode()
    def read(pictures: list[np.ndarray]) -> np.ndarray:
        batches = range(0, len(pictures), 8)
        return np.concatenate([segmenter(to_tensor(pictures[start : start + 8])).argmax(1).byte().numpy() for start in batches])

    return read


def confusion(read: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(23, 23) pixels: rows are the map's labels, columns what was read; unlabelled pixels count nothing."""
    count, known = label_set.COUNT, truth > 0
    return np.bincount(truth[known].astype(int) * count + read[known], minlength=count * count).reshape(count, count)


def iou(matrix: np.ndarray) -> np.ndarray:
    """(23,) intersection over union of each label."""
    return np.diag(matrix) / np.maximum(matrix.sum(0) + matrix.sum(1) - np.diag(matrix), 1)


def ranked(painted: np.ndarray, real: np.ndarray) -> list[int]:
    """The labels that the split shows, those first whose IoU in paintings lies farthest below that in photographs."""
    shown = np.flatnonzero(real.sum(1) >= FEWEST)
    return sorted(shown.tolist(), key=lambda label: iou(painted)[label] - iou(real)[label])


def under(picture: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(23, 3) chroma, contrast and gradient of a picture under each label, nan where the label is hardly there."""
    found = regions(picture, ids)
    steps = np.abs(np.diff(grey(picture), axis=1))
    steep = [steps[ids[:, 1:] == label].mean() if np.isfinite(found[label, 0]) else np.nan for label in range(label_set.COUNT)]
    return np.column_stack((found[:, 3:], steep))


def table(rows: list[int], matrices: list[np.ndarray], colours: list[np.ndarray]) -> str:
    """The figures as a Markdown table."""
    lines = ["| label | share | IoU painted | IoU photographs | read as | chroma | contrast | sharp |", "|---|---|---|---|---|---|---|---|"]
    painted, real = matrices
    for label in rows:
        missed = painted[label].copy()
        missed[label] = 0
        share = real[label].sum() / real.sum()
        wrong = f"{NAMES[missed.argmax()]} {missed.max() / painted[label].sum():.0%}"
        over = np.nanmean(colours[0][:, label], 0) / np.nanmean(colours[1][:, label], 0)
        figures = " | ".join(f"{value:.2f}" for value in over)
        lines.append(f"| {NAMES[label]} | {share:.1%} | {iou(painted)[label]:.2f} | {iou(real)[label]:.2f} | {wrong} | {figures} |")
    return "\n".join(lines)


def sheet(rows: list[int], ious: list[np.ndarray], painted: list[np.ndarray], real: list[np.ndarray], maps: np.ndarray) -> Image.Image:
    """A row a label: its name and IoUs, then pairs of a painting's crop and the photograph's."""
    whole = Image.new("RGB", (LEGEND + PAIRS * (2 * CROP + 8), len(rows) * (CROP + 6)), "white")
    pen = ImageDraw.Draw(whole)
    for row, label in enumerate(rows):
        y = row * (CROP + 6)
        pen.text((6, y + 30), f"{NAMES[label]}\npainted {ious[0][label]:.2f}\nphotographs {ious[1][label]:.2f}", fill="black", font_size=18)
        for pair, (index, window) in enumerate(places(maps, label)):
            for side, pictures in enumerate((painted, real)):
                whole.paste(Image.fromarray(pictures[index][window]), (LEGEND + pair * (2 * CROP + 8) + side * CROP, y))
    return whole


def places(maps: np.ndarray, label: int) -> list[tuple[int, tuple[slice, slice]]]:
    """(map, rows and columns of a crop): where most of the label is in PAIRS maps, spread over those that show most of it."""
    found = []
    for index, ids in enumerate(maps):
        sums = np.pad(np.cumsum(np.cumsum(ids == label, 0), 1), ((1, 0), (1, 0)))
        starts = np.arange(0, SIDE - CROP + 1, 16)
        ends = starts + CROP
        inside = sums[np.ix_(ends, ends)] - sums[np.ix_(starts, ends)] - sums[np.ix_(ends, starts)] + sums[np.ix_(starts, starts)]
        y, x = np.unravel_index(inside.argmax(), inside.shape)
        found.append((int(inside.max()), index, (slice(starts[y], ends[y]), slice(starts[x], ends[x]))))
    most = [place for place in sorted(found, key=lambda place: -place[0]) if place[0] >= 0.2 * CROP * CROP][: 4 * PAIRS]
    most = most or sorted(found, key=lambda place: -place[0])[:PAIRS]
    return [place[1:] for place in most[:: max(1, len(most) // PAIRS)][:PAIRS]]


if __name__ == "__main__":
    main()
