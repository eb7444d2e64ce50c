"""How far tiles and views from above look from photographs of their label, beside ordinary paintings: the painter learned from neither.

    python benchmarks/tiles.py DATA [--photos 60] [--seeds 3]

DATA holds manifest.csv, NAME.webp and NAME.png (label ids); the photographs of its split `val` are the measure. Needs Pillow and ONNX
Runtime. For each label 7 x 7 patches that lie wholly within it are taken from three levels of a Laplacian pyramid (Burt and Adelson 1983),
scaled to the photographs' mean and deviation, and compared by the sliced Wasserstein distance (Rabin et al. 2011; as Karras et al. 2018
judge generators): the mean over 256 random directions of the distance between the sorted projections. Compared with photographs in one
run: paintings of the same photographs' label maps, tiles of one label (256 px, several seeds) at several heights of the view, and maps of
irregular patches of ground labels seen from above. `photos` is one half of the photographs against the other: what chance alone makes.
"""
from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from synth_core import labels as label_set  # noqa: E402  (found by the line above)
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402

SIDE, PATCH, LEVELS, DIRECTIONS = 256, 7, 3, 256
MOST, LEAST = 4000, 400  # patches of a level: more are thinned out, with fewer there is no figure
HEIGHTS = (0.0, -0.5)
GROUND = ("sand", "grass", "dirt", "rock", "stone", "snow", "tree", "field", "lake", "sea", "bush", "road")


def pyramid(picture: np.ndarray) -> list[np.ndarray]:
    """LEVELS bands of a picture (H, W, 3), fine to coarse; the last holds what is left."""
    bands, image = [], picture.astype(np.float32) / 255
    for _ in range(LEVELS - 1):
        height, width = (side // 2 * 2 for side in image.shape[:2])
        image = image[:height, :width]
        small = image.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
        bands.append(image - small.repeat(2, 0).repeat(2, 1))
        image = small
    return [*bands, image]


def patches(picture: np.ndarray, ids: np.ndarray, random: np.random.RandomState, most: int = 300) -> dict[int, list[np.ndarray]]:
    """label -> for each level (N, 147) patches that lie wholly within the label, at most `most`."""
    found: dict[int, list[np.ndarray]] = {}
    for label in np.unique(ids):
        mask, levels = ids == label, []
        for band in pyramid(picture):
            while mask.shape[0] > band.shape[0]:
                height, width = (side // 2 * 2 for side in mask.shape)
                mask = mask[:height, :width].reshape(height // 2, 2, width // 2, 2).all((1, 3))
            whole = np.lib.stride_tricks.sliding_window_view(mask, (PATCH, PATCH)).all((2, 3))
            places = np.argwhere(whole)
            places = places[random.permutation(len(places))[:most]]
            levels.append(np.array([band[row : row + PATCH, column : column + PATCH].ravel() for row, column in places]).reshape(-1, PATCH**2 * 3))
        found[int(label)] = levels
    return found


def gathered(pairs, seed: int = 0) -> dict[int, list[np.ndarray]]:
    """The patches of many (picture, ids), by label and level."""
    random, whole = np.random.RandomState(seed), {}
    for picture, ids in pairs:
        for label, levels in patches(picture, ids, random).items():
            into = whole.setdefault(label, [[] for _ in range(LEVELS)])
            for level, group in enumerate(levels):
                into[level].append(group)
    return {label: [thinned(np.concatenate(groups), random) for groups in levels] for label, levels in whole.items()}


def thinned(group: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    return group[random.permutation(len(group))[:MOST]]


def distance(one: list[np.ndarray] | None, other: list[np.ndarray] | None) -> float:
    """The sliced Wasserstein distance of patches to those of photographs (`other`), the mean of the levels; not a number without enough."""
    if one is None or other is None or min(len(group) for group in (*one, *other)) < LEAST:
        return float("nan")
    random, total = np.random.RandomState(1), 0.0
    for a, b in zip(one, other):
        mean = b.reshape(-1, 3).mean(0)
        spread = b.reshape(-1, 3).std(0) + 1e-6
        a, b = (((group.reshape(-1, PATCH**2, 3) - mean) / spread).reshape(len(group), -1) for group in (a, b))
        directions = random.randn(a.shape[1], DIRECTIONS)
        directions /= np.linalg.norm(directions, axis=0)
        ranks = np.linspace(0, 1, 500)
        total += np.abs(np.quantile(a @ directions, ranks, axis=0) - np.quantile(b @ directions, ranks, axis=0)).mean()
    return total / LEVELS


def photographs(data: Path, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(picture, ids) of `val` photographs, SIDE pixels on the short side, centre cropped to a square; unlabelled pixels keep id 0."""
    rows = [row["name"] for row in csv.DictReader((data / "manifest.csv").open()) if row["split"] == "val"]
    step = max(1, len(rows) // most)
    pairs = []
    for name in rows[::step][:most]:
        picture, ids = Image.open(data / f"{name}.webp").convert("RGB"), Image.open(data / f"{name}.png")
        edge = min(picture.size)
        left, top = ((side - edge) // 2 for side in picture.size)
        box = left, top, left + edge, top + edge
        pairs.append((np.asarray(picture.resize((SIDE, SIDE), Image.LANCZOS, box)), np.asarray(ids.resize((SIDE, SIDE), Image.NEAREST, box))))
    return pairs


def complete(ids: np.ndarray) -> np.ndarray:
    """The map with its holes as the label that is most of it: the patches compared lie in known labels anyway."""
    known = np.bincount(ids.ravel(), minlength=label_set.COUNT)
    known[0] = 0
    return np.where(ids == 0, known.argmax(), ids).astype(np.uint8)


def from_above(seed: int) -> np.ndarray:
    """A map (SIDE, SIDE) of irregular patches of ground labels: the nearest of random points, bent by waves."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    x, y = x + 0.03 * np.sin(9 * y + seed), y + 0.03 * np.sin(11 * x + 2 * seed)
    points = random.rand(7, 2)
    names = random.choice(GROUND, 7)
    nearest = ((x[..., None] - points[:, 0]) ** 2 + (y[..., None] - points[:, 1]) ** 2).argmin(-1)
    return np.array([label_set.BY_NAME[name].id for name in names], np.uint8)[nearest]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=int, default=60, help="photographs compared with (default 60)")
    parser.add_argument("--seeds", type=int, default=3, help="tiles of each label, and four times as many views from above (default 3)")
    options = parser.parse_args()
    painter = Painter(ROOT / "weights")
    real = photographs(options.data, options.photos)
    truth = gathered(real)
    halves = gathered(real[::2]), gathered(real[1::2])
    columns = {"ordinary": gathered((painter.paint(Request(complete(ids), seed)).picture, ids) for seed, (_, ids) in enumerate(real))}
    for height in HEIGHTS:
        def tiles():
            for label in range(1, label_set.COUNT):
                ids = np.full((SIDE, SIDE), label, np.uint8)
                for seed in range(options.seeds):
                    yield painter.paint(Request(ids, seed, wrap="xy", view=(height, height))).picture, ids

        def above():
            for seed in range(4 * options.seeds):
                ids = from_above(seed)
                yield painter.paint(Request(ids, seed, view=(height, height))).picture, ids

        columns[f"tile {height:g}"] = gathered(tiles())
        columns[f"above {height:g}"] = gathered(above())
    print(f"{'label':<11}{'photos':>8}" + "".join(f"{name:>11}" for name in columns) + "   beyond twice the ordinary")
    for label in label_set.LABELS[1:]:
        chance = distance(halves[0].get(label.id), halves[1].get(label.id))
        found = {name: distance(column.get(label.id), truth.get(label.id)) for name, column in columns.items()}
        beyond = [name for name, value in found.items() if value > 2 * found["ordinary"]]
        print(f"{label.name:<11}{chance:8.3f}" + "".join(f"{value:11.3f}" for value in found.values()) + f"   {', '.join(beyond)}", flush=True)


if __name__ == "__main__":
    main()
