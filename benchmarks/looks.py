"""Looks: a contact sheet of every look on the same four maps, how much of what it wants each look's paintings show, and how even blends are.

    python benchmarks/looks.py DATA [--weights weights] [--out /tmp/looks.png]

The maps are four spread evenly over the `val` maps with sky, plants and trees, by rule. Own: what the look wants (its wants but shares),
measured on its own paintings, in deviations of photographs' attributes; best other: the look whose paintings show most of it.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.styles import Styles  # noqa: E402
from synth_core.training import attributes  # noqa: E402
from synth_core.training.data import Photographs  # noqa: E402
from synth_core.training.looks import LOOKS, Look, scored  # noqa: E402
from synth_core.training.split import fill  # noqa: E402

MAPS, SIZE, STEPS = 4, 256, 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, default=Path(__file__).resolve().parents[1] / "weights")
    parser.add_argument("--out", type=Path, default=Path("/tmp/looks.png"))
    arguments = parser.parse_args()
    photographs = Photographs(arguments.data, "val", SIZE)
    cuts = [photographs.centre(index) for index in range(len(photographs))]
    measured = np.stack([attributes.measure(picture[::2, ::2], ids[::2, ::2]) for picture, ids in cuts])
    maps = [fill(cuts[index][1]) for index in suitable(measured)]
    painter, styles = Painter(arguments.weights), Styles(arguments.weights)

    def paint(style: np.ndarray) -> list[np.ndarray]:
        return [painter.paint(Request(ids, seed, style)).picture for seed, ids in enumerate(maps)]

    painted = [paint(styles.look(name)) for name in styles.names]
    Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in painted])).save(arguments.out)
    seen = np.stack([np.nanmean([attributes.measure(p[::2, ::2], m[::2, ::2]) for p, m in zip(row, maps)], 0) for row in painted])
    for look in LOOKS:
        wants = {name: weight for name, weight in look.wants.items() if not name.endswith("share")}
        score = scored(seen, Look(look.name, wants), measured) / sum(map(abs, wants.values()))
        own = styles.names.index(look.name)
        rest = np.delete(score, own)
        best = [name for name in styles.names if name != look.name][rest.argmax()]
        print(f"{look.name:12} own {score[own]:5.2f}   others' mean {rest.mean():5.2f}   best other {rest.max():5.2f} ({best})")
    blends = [painter.paint(Request(maps[0], 0, styles.blend(styles.look("clear noon"), styles.look("sunset"), share))).picture
              for share in np.linspace(0, 1, STEPS + 1)]  # fmt: skip
    steps = np.array([np.abs(a.astype(float) - b).mean() for a, b in zip(blends, blends[1:])])
    print(f"{STEPS} blends, clear noon to sunset: largest step {steps.max() / steps.mean():.2f} of the mean ({steps.mean():.2f} grey levels)")
    print(arguments.out)


def suitable(measured: np.ndarray) -> np.ndarray:
    """Four maps spread over those that show sky, plants and trees."""
    share = {name: measured[:, attributes.NAMES.index(f"{name} share")] for name in ("sky", "cloud", "plants", "trees", "building")}
    sky = share["sky"] + share["cloud"]
    good = (sky > 0.15) & (sky < 0.6) & (share["plants"] > 0.2) & (share["trees"] > 0.05) & (share["building"] < 0.02)
    return np.flatnonzero(good)[np.linspace(0, good.sum() - 1, MAPS).astype(int)]


if __name__ == "__main__":
    main()
