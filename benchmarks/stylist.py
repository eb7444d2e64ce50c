"""The stylist beside the encoder that taught it: the mean cosine of their codes, over the labels that the `val` photographs hold.

    python benchmarks/stylist.py DATA [--weights weights]

With a map, without one, and of the photograph's style by the encoder to the mean style, which knows nothing of the photograph.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth_core.styles import Styles  # noqa: E402
from synth_core.stylist import Stylist  # noqa: E402
from synth_core.training.data import Photographs  # noqa: E402
from synth_core.training.teacher import SIZE, encode  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, default=Path(__file__).resolve().parents[1] / "weights")
    arguments = parser.parse_args()
    photographs = Photographs(arguments.data, "val", SIZE)
    wanted, _, present = encode(photographs, arguments.weights)
    stylist = Stylist(arguments.weights)
    cuts = [photographs.centre(index) for index in range(len(photographs))]
    answers = {
        "with a map": np.stack([stylist.style(picture, ids) for picture, ids in cuts]),
        "without": np.stack([stylist.style(picture) for picture, _ in cuts]),
        "the mean style": np.broadcast_to(Styles(arguments.weights).mean, wanted.shape),
    }
    for name, codes in answers.items():
        print(f"{name:16} {cosine(codes, wanted, present):.3f}")


def cosine(codes: np.ndarray, wanted: np.ndarray, present: np.ndarray) -> float:
    """The mean cosine of codes (N, 23, C) to those that are wanted, over the labels that are present (N, 23)."""
    lengths = np.linalg.norm(codes, axis=2) * np.linalg.norm(wanted, axis=2)
    return float(((codes * wanted).sum(2) / lengths)[present].mean())


if __name__ == "__main__":
    main()
