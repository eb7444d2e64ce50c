"""At which sizes paintings are flatter or harsher than photographs: contrast by label in octaves.

    python benchmarks/contrast.py DATA [--weights weights]

The middle squares, at 512 px, of the `val` photographs that are as large are painted in their own styles and in ones drawn by seed, whole
views as they come. Lightness (luma) is cut into octaves by Gaussians in the frequency domain, and of each octave the deviation under every
label that covers 3 % of a picture is summed over the pictures, by the label's share: what is printed is the paintings' sum over the
photographs'. 1 is as contrasted as photographs there, less is flatter. Needs the `train` extra.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth_core import labels as label_set  # noqa: E402  (found by the line above)
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.training import teacher  # noqa: E402
from synth_core.training.data import Photographs  # noqa: E402
from synth_core.training.gates.figures import grey  # noqa: E402
from synth_core.training.split import fill  # noqa: E402

SIDE = 512  # pixels
PERIODS = (4, 8, 16, 32, 64, 128, 256)  # pixels a wave, between octaves; what is finer and what is broader make one each
SMALLEST = 0.03  # share of a picture that a label covers, to be measured there
RARE = 0.01  # share of all that a label has, to be printed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    arguments = parser.parse_args()
    photographs, painter = Photographs(arguments.data, "val", SIDE), Painter(arguments.weights)
    codes = teacher.encode(photographs, arguments.weights)[0]
    large = [index for index, (image, _) in enumerate(photographs.pairs) if min(image.size) >= SIDE]
    real, own, drawn = (np.zeros((label_set.COUNT, len(PERIODS) + 1)) for _ in range(3))
    shares = np.zeros(label_set.COUNT)
    for index in tqdm(large, unit="map"):
        picture, ids = photographs.centre(index)
        painted = [painter.paint(Request(fill(ids), index, style)).picture for style in (codes[index], None)]
        shares += covered(ids)
        for total, image in zip((real, own, drawn), (picture, *painted)):
            total += covered(ids)[:, None] * deviations(image, ids)
    print("\n\n".join(f"{name} styles, {len(large)} maps\n\n{table(total, real, shares)}" for name, total in (("own", own), ("drawn", drawn))))


def covered(ids: np.ndarray) -> np.ndarray:
    """(23,) share of a map (H, W) that each label covers; 0 where it is small, and for what is unlabelled."""
    shares = np.bincount(ids.ravel(), minlength=label_set.COUNT)[: label_set.COUNT] / ids.size
    shares[label_set.UNLABELLED] = 0
    return np.where(shares < SMALLEST, 0, shares)


def deviations(picture: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(23, 8) grey levels: the deviation of each octave, fine to broad, under each label of the map; 0 for labels that it does not show."""
    bands = octaves(grey(picture))
    return np.array([[band[ids == label].std() if (ids == label).any() else 0 for band in bands] for label in range(label_set.COUNT)])


def octaves(field: np.ndarray) -> list[np.ndarray]:
    """A field (S, S) as the sum of as many, fine to broad: between two octaves a wave is halved. The field goes on mirrored at its sides."""
    side = len(field)
    frequency = np.hypot(np.fft.fftfreq(2 * side)[:, None], np.fft.rfftfreq(2 * side)[None])
    spectrum = np.fft.rfft2(np.pad(field, ((0, side), (0, side)), "symmetric"))
    kept = [np.exp2(-np.square(frequency * period)) for period in PERIODS]
    passed = [finer - broader for finer, broader in zip([1.0, *kept], [*kept, 0.0])]
    return [np.fft.irfft2(spectrum * share)[:side, :side] for share in passed]


def table(painted: np.ndarray, real: np.ndarray, shares: np.ndarray) -> str:
    """Sums (23, 8) of paintings' deviations over photographs', as a Markdown table, the commonest label first; `shares` (23,)."""
    names = [f"< {PERIODS[0]}", *(f"{a}–{b}" for a, b in zip(PERIODS, PERIODS[1:])), f"> {PERIODS[-1]} px"]
    lines = [f"| label | share | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    rows = [("all", 1.0, painted.sum(0) / real.sum(0))]
    rows += [(label_set.LABELS[label].name, shares[label] / shares.sum(), painted[label] / real[label])
             for label in np.argsort(-shares) if shares[label] > RARE * shares.sum()]
    lines += [f"| {name} | {share:.0%} | {' | '.join(f'{value:.2f}' for value in over)} |" for name, share, over in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
