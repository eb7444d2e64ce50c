"""The painter's figures beside honest baselines, on one split, by one judge, in one run.

    python benchmarks/baselines.py DATA --judge PATH/evaluate.py [--weights weights older/weights ...] [--spade spade.pt] [--out table.md]

Every method paints the `val` maps at 256 px from two seeds, and the judge (a program of its own, see synth_core/training/gates/judge.py)
compares all of them with the same photographs. The baselines: the training photograph whose label map is most like the asked one (the
second most for the other seed), each label's mean colour in the training photographs, and a plain SPADE generator that
plain_spade.py has taught on them (it draws nothing by seed). The photographs' own row is what the judge says
of photographs. Older weights are folders taken from the history: `git archive COMMIT weights | tar -x -C FOLDER`. Needs the `train` extra.
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from plain_spade import finished  # noqa: E402  (found by the line above)

from synth_core import labels as label_set  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.training.data import Photographs, one_hot  # noqa: E402
from synth_core.training.gates.judge import judge, lay  # noqa: E402
from synth_core.training.gates.seeds import shares  # noqa: E402
from synth_core.training.sheet import to_bytes  # noqa: E402
from synth_core.training.split import fill, paint_split  # noqa: E402
from synth_core.weights import load  # noqa: E402

SIDE = 256  # pixels, as the judge sees pictures
FIGURES = ("fd", "swd", "miou", "acc", "sharp", "lpd")
REAL = ("fd_floor", None, "miou_real", "acc_real", None, None)  # the same of photographs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--weights", type=Path, nargs="+", default=[ROOT / "weights"], help="weights folders, each a row")
    parser.add_argument("--spade", type=Path, help="what plain_spade.py wrote")
    parser.add_argument("--out", type=Path, help="file that gets the table too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        rows, found = {}, {}
        first = None
        for weights in arguments.weights:
            folder = Path(place) / str(len(rows))
            paint_split(arguments.data, "val", SIDE, Painter(weights), folder)
            first = first or folder
            rows[f"{weights}: {load(weights).version}"] = folder
        pictures = baselines(arguments.data) | (spade(arguments.data, arguments.spade) if arguments.spade else {})
        rows |= {name: lay_baseline(Path(place) / name, *both) for name, both in pictures.items()}
        for name, folder in rows.items():
            found[name] = judge(arguments.judge, first / "photos", first / "labels", folder / "painted", folder / "again")
            print(name, found[name], file=sys.stderr, flush=True)
    text = table(found)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


def baselines(data: Path) -> dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
    """By method: the pictures of the `val` maps, and those of another seed, by the photographs' names."""
    val, train = Photographs(data, "val", SIDE), Photographs(data, "train", SIDE)
    asked = [val.centre(index)[1] for index in range(len(val))]
    known = shares([train.centre(index)[1] for index in range(len(train))])
    best = np.stack([likest(one, known) for one in shares(asked)])
    nearest = [{name: train.centre(index)[0] for name, index in zip(val.names, column)} for column in best.T]
    colours = mean_colours([train.centre(index) for index in range(0, len(train), 4)])
    flat = {name: colours[fill(ids)] for name, ids in zip(val.names, asked)}
    return {"nearest training photograph by label map": tuple(nearest), "each label's mean colour": (flat, flat)}


@torch.inference_mode()
def spade(data: Path, path: Path) -> dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
    """The same of the plain SPADE generator in a file of plain_spade.py's."""
    generator, name = finished(path)
    val, painted = Photographs(data, "val", SIDE), {}
    for index, photograph in enumerate(val.names):
        ids = torch.from_numpy(fill(val.centre(index)[1]).astype(np.int64))[None]
        painted[photograph] = to_bytes(generator(one_hot(ids))[0])
    return {name: (painted, painted)}


def likest(one: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The two rows of `known` (M, C) that share most with `one` (C,), the most first."""
    return np.argsort(-np.minimum(known, one).sum(1), kind="stable")[:2]


def mean_colours(cuts: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(23, 3) bytes: each label's mean colour in photographs with their maps; of a label without pixels, grey."""
    sums, counts = np.zeros((label_set.COUNT, 3)), np.zeros(label_set.COUNT)
    for picture, ids in cuts:
        counts += np.bincount(ids.ravel(), minlength=label_set.COUNT)
        for channel in range(3):
            sums[:, channel] += np.bincount(ids.ravel(), picture[..., channel].ravel(), minlength=label_set.COUNT)
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], 128).round().astype(np.uint8)


def lay_baseline(folder: Path, painted: dict[str, np.ndarray], again: dict[str, np.ndarray]) -> Path:
    lay(folder / "painted", painted)
    lay(folder / "again", again)
    return folder


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures as a Markdown table; the last row is what the judge says of photographs."""
    rows = ["| | " + " | ".join(FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|"]
    for name, judged in found.items():
        cells = (f"{judged[figure]:.{0 if figure == 'swd' else 3}f}" for figure in FIGURES)
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    real = next(iter(found.values()))
    rows.append("| photographs | " + " | ".join(f"{real[figure]:.3f}" if figure else "–" for figure in REAL) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
