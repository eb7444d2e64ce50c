"""The painter's size and speed: parameters, file sizes, GMAC and seconds with both engines, beside plain SPADE of its published size.

    python benchmarks/speed.py [--weights weights] [--repeat 3]

One run on all the processor cores that this process may use; nothing else should run. GMAC are the multiplications of all convolutions and
matrix products of one painting, counted in torch while it paints, tiles' overlaps included. Seconds are the median of `--repeat` paintings
after one that does not count, from the request to the PNG file. Plain SPADE (1903.07291; ngf 64, its label maps of Veduta's labels, random
numbers: only its time is asked) was published for pictures of 256²; at 512² it shows what its size costs. Its time is the network's alone,
in torch. Needs the `train` extra.
"""
from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth_core import labels as label_set  # noqa: E402  (found by the line above)
from synth_core import weights as files  # noqa: E402
from synth_core.models.spade import Generator, Options  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.training.blockouts import blockout  # noqa: E402

SIZES = 512, 1024, 2048
SPADE_SIZES = 256, 512
NETWORKS = "composition", "detail"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    sizes = {name: parameters(arguments.weights, name) for name in NETWORKS}
    whole = sum(path.stat().st_size for path in arguments.weights.iterdir() if path.name != files.JUDGES) / 1e6
    print(f"{torch.get_num_threads()} threads; parameters: " + ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in sizes.items()))
    print(f"{files.TENSORS} {(arguments.weights / files.TENSORS).stat().st_size / 1e6:.1f} MB; all that ships {whole:.1f} MB\n")
    print("| | parameters | GMAC | onnx, s | torch, s |\n|---|---|---|---|---|")
    onnx, slow = Painter(arguments.weights), Painter(arguments.weights, "torch")
    for size in SIZES:
        request = Request(blockout(size, random.Random(3)), 1)
        row = gmac(lambda: slow.paint(request)), *(seconds(lambda: painter.paint(request), arguments.repeat) for painter in (onnx, slow))
        print(f"| Veduta {size}² | {sum(sizes.values()) / 1e6:.1f} M | {row[0]:.0f} | {row[1]:.2f} | {row[2]:.2f} |", flush=True)
    spade = Generator(Options(label_set.COUNT)).eval()
    count = sum(parameter.numel() for parameter in spade.parameters())
    for size in SPADE_SIZES:
        segmentation = one_hot(blockout(size, random.Random(3)))
        run = torch.inference_mode()(lambda: spade(segmentation))
        print(f"| plain SPADE {size}² | {count / 1e6:.1f} M | {gmac(run):.0f} | – | {seconds(run, arguments.repeat):.2f} |", flush=True)


def parameters(weights: Path, network: str) -> int:
    """Numbers of a network in the tensors' file."""
    return sum(int(np.prod(place.shape)) for name, place in files.places(weights / files.TENSORS).items() if name.startswith(f"{network}."))


def gmac(run: Callable[[], object]) -> float:
    """Thousand millions of multiplications in the convolutions and matrix products that torch does in `run`."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 2e9  # it counts an addition beside each


def seconds(run: Callable[[], object], repeat: int) -> float:
    """The median of so many runs after one that does not count."""
    run()
    spent = []
    for _ in range(repeat):
        started = time.perf_counter()
        run()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


def one_hot(ids: np.ndarray) -> torch.Tensor:
    """(H, W) ids -> (1, 23, H, W) float32."""
    return torch.from_numpy((np.arange(label_set.COUNT)[:, None, None] == ids).astype(np.float32))[None]


if __name__ == "__main__":
    main()
