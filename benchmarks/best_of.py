"""Does the critic choose well? The `val` maps painted from seeds of their own: the first of each map's, and the one that the critic keeps.

    python benchmarks/best_of.py DATA --judge PATH/evaluate.py [--weights weights] [--of 8]

The judge (a program of its own, see synth_core/training/gates/judge.py) compares both with the same photographs, at 256 px.
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.training.data import Photographs  # noqa: E402
from synth_core.training.gates.judge import judge, lay  # noqa: E402
from synth_core.training.split import fill  # noqa: E402

SIDE = 256  # pixels, as the judge sees pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    parser.add_argument("--of", type=int, default=8, help="seeds of each map")
    arguments = parser.parse_args()
    val, painter = Photographs(arguments.data, "val", SIDE), Painter(arguments.weights)
    cuts = {name: val.centre(index) for index, name in enumerate(val.names)}
    first, kept = {}, {}
    for index, (name, (_, ids)) in enumerate(tqdm(cuts.items(), unit="map")):
        seed, filled = index * arguments.of, fill(ids)
        first[name] = painter.paint(Request(filled, seed)).picture
        kept[name] = painter.paint(Request(filled, seed, best_of=arguments.of)).picture
    with tempfile.TemporaryDirectory() as place:
        truth = {"photos": {name: picture for name, (picture, _) in cuts.items()}, "labels": {name: ids for name, (_, ids) in cuts.items()}}
        real = [lay(Path(place) / part, pictures) for part, pictures in truth.items()]
        for title, pictures in ((f"first of {arguments.of}", first), (f"kept of {arguments.of}", kept)):
            print(title, judge(arguments.judge, *real, lay(Path(place) / title, pictures)))


if __name__ == "__main__":
    main()
