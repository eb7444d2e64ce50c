"""The command lines of `python -m synth_core train`, `average`, `paint-split`, `gates`, `looks`, the `distil` commands and `train-segmenter`; torch is
imported only when they run."""
from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import replace
from pathlib import Path

from . import config


def add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", metavar="data", help="the same as --data")
    parser.add_argument("--data", type=Path, help="folder of photographs: any picture files with --from, otherwise manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--out", type=Path, required=True, help="folder that the weights, or the run, are written to; one that was stopped goes on")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=0, help="processor threads, 0 for all")
    own = parser.add_argument_group("on your own photographs, from finished weights, which a new weights folder comes out of")
    own.add_argument("--from", dest="source", type=Path, metavar="WEIGHTS", help="weights folder to begin from")
    own.add_argument("--name", help="what people know the new weights by (default: the data folder's name)")
    own.add_argument("--licence", default="", help="one short sentence on what the new weights may be used for")
    own.add_argument("--steps", type=int, help="steps to learn (default 200)")
    own.add_argument("--zip", action="store_true", help="write the new weights as OUT.zip too, for others to install")
    run = parser.add_argument_group("a painter from the beginning, or on, as a run says")
    run.add_argument("--run", help="name of a file of synth_core/training/runs, or a path to one (default composition128)")
    run.add_argument("--start", type=Path, nargs="+", default=[], help="another run's checkpoint.pt, or a weights folder, to begin from; of "
                     "several, later ones come over earlier ones")
    run.add_argument("--composition", type=Path, help="checkpoint.pt or weights folder whose composition the detail stage learns beside")
    run.add_argument("--minutes", type=float, help="stop after so many minutes")
    run.add_argument("--images", type=int, help="stop after so many images in all, instead of the run's own number")
    run.add_argument("--minutes-in-all", type=float, help="end the run, its rate fallen, after so many minutes, those before a stop included")
    run.add_argument("--workers", type=int, default=0, help="processes that cut batches ahead, for a graphics card; 0 to cut them in between")
    run.add_argument("--limit", type=int, help="learn from so many photographs only (for trials)")


_OWN = ("name", "licence", "steps", "zip")  # options that go with --from alone,
_RUNS = ("run", "start", "composition", "minutes", "images", "minutes_in_all", "workers", "limit")  # and without it


def train(args: argparse.Namespace) -> int:
    """Train as the arguments say. Raises ConfigError, DataError and WeightsError with one sentence each."""
    import torch

    args.data = args.data or args.folder
    if args.data is None:
        raise config.ConfigError("No photographs are named; name their folder with --data.")
    strange = [name for name in (_RUNS if args.source else _OWN) if getattr(args, name)]
    if strange:
        raise config.ConfigError(f"--{strange[0].replace('_', '-')} {'does not go with' if args.source else 'needs'} --from; see `train --help`.")
    if args.threads:
        torch.set_num_threads(args.threads)
    return _train_own(args) if args.source else _train_run(args)


def _train_own(args: argparse.Namespace) -> int:
    from .. import archive
    from . import own

    run = config.load(own.RUN)
    if args.steps:
        run = replace(run, images=args.steps * run.batch)
    own.train(run, args.source, args.data, args.out, args.name or args.data.resolve().name, args.licence, args.device)
    print(f"{args.out}: weights to install in Veduta's preferences")
    if args.zip:
        target = args.out.with_name(f"{args.out.name}.zip")
        archive.pack(args.out, target)
        print(f"{target}: the same for others")
    return 0


def _train_run(args: argparse.Namespace) -> int:
    from . import parallel
    from .loop import Loop

    configuration = config.load(args.run or "composition128")
    if args.images:
        configuration = replace(configuration, images=args.images)
    if args.minutes_in_all:
        configuration = replace(configuration, minutes=args.minutes_in_all)
    device = parallel.join(args.device)
    loop = Loop(configuration, args.data, args.out, device, args.limit, args.composition, args.workers)
    loop.resume(*args.start)
    loop.train(args.minutes)
    parallel.leave()
    return 0


def add_average(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("states", type=Path, nargs="+", help="checkpoints of one run, or of runs that began alike; weights folders but for the last")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")


def average(args: argparse.Namespace) -> int:
    """Write the mean of some states as the arguments say. Raises ConfigError with one sentence."""
    from . import checkpoint

    *states, last = args.states
    checkpoint.average(states, last, args.out)
    return 0


def add_campaign(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_subparsers(required=True, metavar="step")
    pack = steps.add_parser("pack", help="here: a data folder and the backbone into archives that can be carried")
    pack.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    pack.add_argument("--mib", type=float, default=39.0, help="size of an archive at the most (default 39)")
    pack.add_argument("--short", type=int, default=640, help="short side of the photographs, pixels (default 640: 2.5 times 256)")
    pack.add_argument("--quality", type=int, default=85, help="WebP quality of those that are reduced (default 85)")
    pack.add_argument("--large-mib", type=float, default=39.0, help="how much of large photographs to bring for detail (default 39)")
    unpack = steps.add_parser("unpack", help="there: archives into a data folder")
    unpack.add_argument("parts", type=Path, nargs="+", help="the archives")
    split = steps.add_parser("split", help="there: a checkpoint into files that can be brought back")
    split.add_argument("checkpoint", type=Path, help="checkpoint.pt of the run")
    split.add_argument("--mib", type=float, default=15.0, help="size of a file at the most (default 15)")
    join = steps.add_parser("join", help="here: the files that came back into STAGE.pt")
    join.add_argument("folder", type=Path, help="where they lie")
    for step in (pack, unpack, split, join):
        step.add_argument("--out", type=Path, required=True, help="folder to write to")
        step.set_defaults(step=step.prog.rsplit(" ", 1)[1])


def campaign(args: argparse.Namespace) -> int:
    """One step of a campaign as the arguments say. Raises ConfigError and DataError with one sentence each."""
    from . import campaign as steps

    if args.step == "unpack":
        steps.unpack(args.parts, args.out)
        return 0
    if args.step == "pack":
        written = steps.pack(args.data, args.out, args.mib, args.short, args.quality, args.large_mib)
    elif args.step == "split":
        written = steps.split(args.checkpoint, args.out, args.mib)
    else:
        written = steps.join(args.folder, args.out)
    for path in written:
        print(f"{path}: {path.stat().st_size / (1 << 20):.1f} MiB")
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

    with contextlib.redirect_stdout(sys.stderr):  # the table alone goes to standard output, without what libraries print
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


def add_segmenter(parser: argparse.ArgumentParser, weights: Path, images: int) -> None:
    """What both commands that teach a segmenter take; `weights` and `images` are taken unless others are given."""
    parser.add_argument("data", type=Path, help="folder with manifest.csv, NAME.webp and NAME.png")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run; a run that was stopped goes on there")
    parser.add_argument("--weights", type=Path, default=weights, help="weights folder that gets the network, in place of the one it has")
    parser.add_argument("--images", type=int, default=images, help=f"how many images it learns from, the same ones again (default {images})")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")


def train_segmenter(args: argparse.Namespace) -> int:
    """Teach the large segmenter as the arguments say. Raises DataError, ConfigError and WeightsError with one sentence each."""
    from .segmenter import train_large

    train_large(args.data, args.weights, args.out, args.images, args.minutes)
    return 0


def distil_segmenter(args: argparse.Namespace) -> int:
    """Teach the small segmenter as the arguments say. Raises DataError, ConfigError and WeightsError with one sentence each."""
    from .segmenter import distil_small

    distil_small(args.data, args.weights, args.out, args.images, args.minutes)
    return 0
