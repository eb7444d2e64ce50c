"""Own photographs: does training on 30 of them move the look towards them, how long does it take, and what does it cost elsewhere?

    python benchmarks/own_photographs.py DATA OUT [--weights weights]

The 30 are `train` photographs spread evenly over the split, by rule, and graded alike (half their chroma, teal shadows, amber lights): a
look that the weights have not seen. They go through the command that a user runs. Then maps of `val` photographs, which neither learned
from, are painted by the weights before and after, in styles that seeds draw and in the photographs' look. A distance is the mean, over the
labels that both show, of how far the mean colours in CIELAB lie apart. A sheet is left in OUT. Weights that are
in OUT are not trained again.
"""
from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth_core.cli import main as command  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.styles import Styles  # noqa: E402
from synth_core.training.attributes import to_lab  # noqa: E402
from synth_core.training.data import Photographs  # noqa: E402
from synth_core.training.split import fill  # noqa: E402

COUNT, MAPS, SIZE, NAME = 30, 60, 256, "mine"
SHEET = 6  # maps on a sheet
SMALLEST = 0.02  # share of all pixels that a label must cover to be compared
SHADOW, LIGHT, CHROMA = np.array([0.62, 0.98, 1.12]), np.array([1.12, 0.98, 0.74]), 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, default=Path(__file__).resolve().parents[1] / "weights")
    arguments = parser.parse_args()
    mine, result = arguments.out / NAME, arguments.out / "weights"
    photographs = write_photographs(arguments.data, mine)
    if not (result / "manifest.json").is_file():
        train(arguments.weights, mine, result)
    own = mean_colours(photographs)
    split = Photographs(arguments.data, "val", SIZE, MAPS)
    maps = [fill(split.centre(index)[1]) for index in range(len(split))]
    style = Styles(result).look(NAME)
    rows = {"before, by seed": paint(arguments.weights, maps), "after, by seed": paint(result, maps),
            "before, the look's codes": paint(arguments.weights, maps, style), "after, the look": paint(result, maps, style)}
    cuts = [split.centre(index) for index in range(len(split))]
    measured = {name: list(zip(pictures, maps)) for name, pictures in rows.items()}
    measured |= {"the maps' photographs": cuts, "the same, graded": [(graded(picture), ids) for picture, ids in cuts]}
    for name, pairs in measured.items():
        print(f"{name:26} {distance(mean_colours(pairs), own):6.2f}")
    shown = [np.concatenate(pictures[:: len(maps) // SHEET][:SHEET], 1) for pictures in rows.values()]
    Image.fromarray(np.concatenate(shown)).save(arguments.out / "sheet.png")


def train(weights: Path, mine: Path, result: Path) -> None:
    """Run the user's command, and print what it took."""
    began = time.perf_counter(), time.process_time()
    if command(["train", "--from", str(weights), "--data", str(mine), "--out", str(result)]):
        sys.exit(1)
    wall, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    print(f"{COUNT} photographs: {wall:.0f} s from the command to the weights folder, {processor:.0f} s of one processor core")


def write_photographs(data: Path, folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """The graded photographs as a user's folder, and with their maps (H, W) for the measurement."""
    split = Photographs(data, "train", SIZE, COUNT)
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, (image, ids) in zip(split.names, split.pairs):
        picture = graded(np.asarray(image))
        Image.fromarray(picture).save(folder / f"{name}.jpg", quality=95)
        ids.save(folder / f"{name}.png")
        found.append((picture, np.asarray(ids)))
    return found


def graded(picture: np.ndarray) -> np.ndarray:
    """A photograph (H, W, 3) in bytes with less chroma, teal shadows and amber lights."""
    colour = picture / 255
    grey = colour @ np.array([0.299, 0.587, 0.114])
    toned = (grey[..., None] + CHROMA * (colour - grey[..., None])) * (SHADOW + grey[..., None] * (LIGHT - SHADOW))
    return np.clip(np.rint(toned * 255), 0, 255).astype(np.uint8)


def paint(weights: Path, maps: list[np.ndarray], style: np.ndarray | None = None) -> list[np.ndarray]:
    painter = Painter(weights)
    return [painter.paint(Request(ids, seed, style)).picture for seed, ids in enumerate(maps)]


def mean_colours(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[int, np.ndarray]:
    """The mean L, a and b (3,) under every label that covers enough of the pictures."""
    lab = np.concatenate([to_lab(picture[::2, ::2]).reshape(-1, 3) for picture, _ in pairs])
    ids = np.concatenate([labels[::2, ::2].ravel() for _, labels in pairs])
    return {label: lab[ids == label].mean(0) for label in range(1, 23) if (ids == label).mean() > SMALLEST}


def distance(one: dict[int, np.ndarray], other: dict[int, np.ndarray]) -> float:
    return float(np.mean([np.linalg.norm(one[label] - other[label]) for label in one.keys() & other.keys()]))


if __name__ == "__main__":
    main()
