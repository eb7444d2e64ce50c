"""The command lines of `python -m synth_core train`, `paint-split`, `gates`, `looks`, `distil-stylist` and `distil-critic`; torch is
imported only when they run."""
from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from . import config


def add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run; a run that was stopped goes on there")
    parser.add_argument("--run", default="composition128", help="name of a file of synth_core/training/runs, or a path to one")
    parser.add_argument("--start", type=Path, help="checkpoint.pt of another run, or a weights folder, to begin from")
    parser.add_argument("--composition", type=Path, help="checkpoint.pt or weights folder whose composition the detail stage learns beside")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=0, help="processor threads, 0 for all")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--images", type=int, help="stop after so many images in all, instead of the run's own number")
    parser.add_argument("--limit", type=int, help="learn from so many photographs only (for trials)")


def train(args: argparse.Namespace) -> int:
    """Train as the arguments say. Raises ConfigError and DataError with one sentence each."""
    import torch

    from .loop import Loop

    if args.threads:
        torch.set_num_threads(args.threads)
    configuration = config.load(args.run)
    if args.images:
        configuration = replace(configuration, images=args.images)
    loop = Loop(configuration, args.data, args.out, args.device, args.limit, args.composition)
    loop.resume(args.start)
    loop.train(args.minutes)
    return 0


def add_paint_split(parser: argparse.ArgumentParser, weights: Path) -> None:
    """`weights` is the folder that is taken unless another is named."""
    parser.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets photos/, labels/, painted/ and again/ (other seeds)")
    parser.add_argument("--split", default="val", help="which of the manifest's splits (default val)")
    parser.add_argument("--weights", type=Path, default=weights, help="weights folder")
    parser.add_argument("--size", type=int, default=256, help="side of the squares, pixels (default 256)")


def paint_split(args: argparse.Namespace) -> int:
    """Paint a split as the arguments say. Raises DataError and WeightsError with one sentence each."""
    from ..painter import Painter
    from . import split

    split.paint_split(args.data, args.split, args.size, Painter(args.weights), args.out)
    return 0


def add_gates(parser: argparse.ArgumentParser, weights: Path) -> None:
    """`weights` is the folder that is taken unless another is named."""
    from .gates import TITLES

    parser.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--weights", type=Path, default=weights, help="weights folder")
    parser.add_argument("-o", "--out", type=Path, default=Path("gates.json"), help="file of all figures; gates that it holds for these "
                        "weights are not asked again (default gates.json)")
    parser.add_argument("--judge", type=Path, help="path of the outside judge's evaluate.py, for its figures beside the gates' own")
    parser.add_argument("--only", metavar="GATE", nargs="+", default=list(TITLES), help=f"of {', '.join(TITLES)}")


def gates(args: argparse.Namespace) -> int:
    """Ask the gates as the arguments say, and print their table; 1 when one fails. Raises GateError, DataError, ConfigError and
    WeightsError with one sentence each."""
    from .gates import ask, table

    answers = ask(args.data, args.weights, args.out, args.only, args.judge)
    print(table(answers))
    return int(any(figure.passed is False for figures in answers.values() for figure in figures))


def add_looks(parser: argparse.ArgumentParser, weights: Path) -> None:
    """`weights` is the folder that is taken unless another is named."""
    parser.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--weights", type=Path, default=weights, help="weights folder that gets the looks, in place of those it has")


def looks(args: argparse.Namespace) -> int:
    """Find the named looks as the arguments say. Raises DataError, ConfigError and WeightsError with one sentence each."""
    from .looks import find_looks

    find_looks(args.data, args.weights)
    return 0


def add_distil(parser: argparse.ArgumentParser, weights: Path, images: int) -> None:
    """What both distilling commands take; `weights` and `images` are taken unless others are given."""
    parser.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--weights", type=Path, default=weights, help="weights folder that gets the network, in place of the one it has")
    parser.add_argument("--images", type=int, default=images, help=f"how many images it learns from, the same ones again (default {images})")


def distil_stylist(args: argparse.Namespace) -> int:
    """Teach the stylist as the arguments say. Raises DataError, ConfigError and WeightsError with one sentence each."""
    from .stylist import distil

    distil(args.data, args.weights, args.images)
    return 0


def distil_critic(args: argparse.Namespace) -> int:
    """Teach the critic as the arguments say. Raises DataError, ConfigError and WeightsError with one sentence each."""
    from .critic import distil

    distil(args.data, args.weights, args.images)
    return 0
