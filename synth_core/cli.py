"""The command line, `python -m synth_core COMMAND`. Nothing is painted or trained here.

Whatever is wrong with what the user gave is told in one sentence on standard error, with exit code 2. A batch of which some frames
could not be painted ends with exit code 1.
"""
from __future__ import annotations

import argparse
import contextlib
import errno
import functools
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from . import png
from .engines import NAMES, EngineError
from .files import write_whole
from .maps import AUTO, MapError, converted, read_map, read_photograph, resize
from .request import LARGEST, SMALLEST, Request, RequestError
from .styles import StyleError, Styles
from .vocabularies import VOCABULARIES
from .weights import WeightsError, load

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
SOME_FAILED, BAD_INPUT = 1, 2  # exit codes


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    if hasattr(sys.stdout, "reconfigure"):  # a file's name may have characters that the console's encoding lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except (MapError, RequestError, StyleError, WeightsError, EngineError) as error:
        return _complain(error)
    except MemoryError:
        return _complain("The computer ran out of memory; ask for a smaller size, or close other programs.")
    except OSError as error:
        return _complain(f"{error.filename or 'A file'} can't be read or written ({error.strerror or error}).")


def _complain(sentence: Exception | str) -> int:
    print(f"synth_core: {sentence}", file=sys.stderr)
    return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m synth_core", description="Paints photoreal scenery from label maps.")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_paint(commands.add_parser("paint", help="paint a label map"))
    _add_paint_batch(commands.add_parser("paint-batch", help="paint a folder of captured frames, here or on a Ray cluster"))
    _add_convert(commands.add_parser("convert", help="write a label map in another tool's palette, or another tool's in ours"))
    _add_label(commands.add_parser("label", help="make label maps of photographs"))
    if importlib.util.find_spec(f"{__package__}.training"):  # not in the extension
        _add_import_spade(commands.add_parser("import-spade", help="make a weights folder from a SPADE checkpoint of NVlabs'"))
        _add_export(commands.add_parser("export", help="make a weights folder from training checkpoints"))
        _add_train(commands.add_parser("train", help="train the networks"))
        _add_average(commands.add_parser("average", help="make one checkpoint of several: the painters' mean"))
        _add_campaign(commands.add_parser("campaign", help="train on a machine that is reached by commands alone"))
        _add_paint_split(commands.add_parser("paint-split", help="paint every map of a split, to judge the weights by"))
        _add_gates(commands.add_parser("gates", help="ask weights what one figure misses, and print the model card's table"))
        _add_looks(commands.add_parser("looks", help="find the named looks and the styles that seeds draw from"))
        _add_distil(commands.add_parser("distil-stylist", help="teach the small network that takes a photograph's style"), "stylist", 24_000)
        _add_distil(commands.add_parser("distil-critic", help="teach the small network that judges paintings"), "critic", 12_000)
        _add_segmenter(commands.add_parser("train-segmenter", help="teach the large network that labels photographs"), "train", 20_000)
        _add_segmenter(commands.add_parser("distil-segmenter", help="teach the small network that labels photographs"), "distil", 20_000)
    return parser


def _add_paint(parser: argparse.ArgumentParser) -> None:
    _add_map(parser)
    parser.add_argument("--seed", type=int, default=0, help="0 to 2^63 - 1: draws style and noise (default 0)")
    looks = parser.add_mutually_exclusive_group()
    looks.add_argument("--look", help="paint in one of the weights' named looks, such as 'golden hour'")
    looks.add_argument("--style-photo", type=Path, help="paint in the style of a photograph")
    parser.add_argument("--best-of", type=int, default=1, help="keep the critic's favourite of so many seeds, from --seed on (default 1)")
    parser.add_argument("--size", type=_size, help=f"WIDTHxHEIGHT to paint, {SMALLEST} to {LARGEST} pixels each (default: the map's)")
    _add_painter(parser)
    parser.set_defaults(command=functools.partial(_with_folder, _paint))


def _add_paint_batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="folder of captured frames (*.vframe); NAME.vframe becomes NAME.png")
    parser.add_argument("-o", "--out", type=Path, help="folder to write the pictures to (default: the frames' own)")
    parser.add_argument("--skip-existing", action="store_true", help="paint only what has no picture yet")
    parser.add_argument("--ray", metavar="ADDRESS", nargs="?", const="", help="spread the frames over the Ray cluster at ADDRESS (default: "
                        "the one that Ray finds, or this machine)")
    _add_painter(parser)
    parser.set_defaults(command=_paint_batch)


def _add_convert(parser: argparse.ArgumentParser) -> None:
    _add_map(parser)
    parser.add_argument("--to", choices=VOCABULARIES, required=True, help="whose palette to write")
    parser.add_argument("--ids", dest="colours", action="store_false", help="write the palette's ids, as grey values, instead of its colours")
    parser.set_defaults(command=_convert)


def _add_map(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("map", type=Path, help="label map: label ids (mode L or P), or colours of a palette")
    parser.add_argument("-o", "--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--palette", choices=(AUTO, *VOCABULARIES), default=AUTO, help="whose ids or colours (default: recognised)")


def _add_painter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engine", choices=NAMES, default="onnx", help="what runs the networks (default onnx)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="weights folder; for `paint` also a SPADE checkpoint, *_net_G.pth")
    parser.add_argument("--threads", type=_threads, default=0, help="processor threads of each painter, 0 for all (default)")


def _add_import_spade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="latest_net_G.pth")
    parser.add_argument("-o", "--out", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--name", default="", help="what people know these weights by (default: SPADE and its classes)")
    parser.add_argument("--licence", help="one short sentence on what they may be used for (default: NVIDIA's terms for its own)")
    parser.add_argument("--layers", choices=("normal", "more", "most"), default="",
                        help="num_upsampling_layers, where the checkpoint was not trained as published (default: found)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="weights folder whose detail network enlarges the pictures")
    parser.set_defaults(command=_import_spade)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="checkpoint.pt of the composition stage")
    parser.add_argument("--detail", type=Path, required=True, help="checkpoint.pt of the detail stage")
    parser.add_argument("--out", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--name", default="Veduta", help="what people know these weights by (default Veduta)")
    parser.add_argument("--licence", default="", help="one short sentence on what they may be used for")
    parser.set_defaults(command=_export)


def _add_train(parser: argparse.ArgumentParser) -> None:
    from .training import arguments

    arguments.add_train(parser)
    parser.set_defaults(command=_teach, teach=arguments.train)


def _add_average(parser: argparse.ArgumentParser) -> None:
    from .training import arguments

    arguments.add_average(parser)
    parser.set_defaults(command=_teach, teach=arguments.average)


def _add_campaign(parser: argparse.ArgumentParser) -> None:
    from .training import arguments

    arguments.add_campaign(parser)
    parser.set_defaults(command=_teach, teach=arguments.campaign)


def _add_paint_split(parser: argparse.ArgumentParser) -> None:
    from .training import arguments

    arguments.add_paint_split(parser, WEIGHTS)
    parser.set_defaults(command=_teach, teach=arguments.paint_split)


def _add_gates(parser: argparse.ArgumentParser) -> None:
    from .training import arguments

    arguments.add_gates(parser, WEIGHTS)
    parser.set_defaults(command=_teach, teach=arguments.gates)


def _add_looks(parser: argparse.ArgumentParser) -> None:
    from .training import arguments

    arguments.add_looks(parser, WEIGHTS)
    parser.set_defaults(command=_teach, teach=arguments.looks)


def _add_distil(parser: argparse.ArgumentParser, name: str, images: int) -> None:
    from .training import arguments

    arguments.add_distil(parser, WEIGHTS, images)
    parser.set_defaults(command=_teach, teach=getattr(arguments, f"distil_{name}"))


def _add_label(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photographs", type=Path, nargs="+", help="JPEG, PNG and WebP files, or folders of them")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the maps, made when missing: NAME.jpg gets NAME.png, of its "
                        "size. Photographs that have a whole map there are left out")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="weights folder")
    parser.add_argument("--threads", type=_threads, default=0, help="processor threads, 0 for all (default)")
    parser.set_defaults(command=_label)


def _add_segmenter(parser: argparse.ArgumentParser, verb: str, images: int) -> None:
    from .training import arguments

    arguments.add_segmenter(parser, WEIGHTS, images)
    parser.set_defaults(command=_teach, teach=getattr(arguments, f"{verb}_segmenter"))


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    return int(width), int(height)


def _threads(text: str) -> int:
    if int(text) < 0:
        raise ValueError
    return int(text)


_size.__name__, _threads.__name__ = "size", "threads"  # what argparse calls the types in its complaint


def _paint(arguments: argparse.Namespace) -> int:
    from .painter import Painter

    found = read_map(arguments.map, arguments.palette)
    _check_folder(arguments.out)
    ids = resize(found.labels, *arguments.size) if arguments.size else found.labels
    request = Request(ids, arguments.seed, _style(arguments), best_of=arguments.best_of, texts={"Software": "Veduta"})
    painter = Painter(arguments.weights, arguments.engine, arguments.threads)
    print(f"{arguments.map}: {found}", flush=True)
    result = painter.paint(request)
    write_whole(arguments.out, result.png)
    height, width = ids.shape
    print(f"{arguments.out}: {width} x {height} pixels in {result.seconds:.2f} s, seed {result.seed}, {result.engine}")
    for sentence in filter(None, (painter.note, result.licence)):
        print(sentence)
    return 0


def _paint_batch(arguments: argparse.Namespace) -> int:
    from .batch import Batch, BatchError, paint_here
    from .painter import Painter

    try:
        say = functools.partial(print, flush=True)
        batch = Batch(arguments.folder, arguments.out or arguments.folder, arguments.skip_existing, say)
        if arguments.ray is None:
            paint_here(batch, Painter(arguments.weights, arguments.engine, arguments.threads))
        else:
            from .cluster import paint_there

            paint_there(batch, arguments.ray, arguments.weights, arguments.engine, arguments.threads)
    except BatchError as error:
        return _complain(error)
    print(batch.summary())
    return SOME_FAILED if batch.failed else 0


def _convert(arguments: argparse.Namespace) -> int:
    found, to = read_map(arguments.map, arguments.palette), VOCABULARIES[arguments.to]
    _check_folder(arguments.out)
    pixels, words = converted(found.labels, to, arguments.colours)
    write_whole(arguments.out, png.encode(pixels) if arguments.colours else png.encode_data(pixels))
    print(f"{arguments.map}: {found}")
    print(f"{arguments.out}: {words}")
    return 0


def _check_folder(out: Path) -> None:
    if not out.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "its folder does not exist", str(out))


def _label(arguments: argparse.Namespace) -> int:
    from . import segmenter
    from .progress import Bar

    try:
        from . import labelling
    except ImportError:
        raise MapError("Labelling photographs needs Pillow; `pip install pillow` brings it.") from None
    try:
        tasks = labelling.plan(arguments.photographs, arguments.out)
    except labelling.LabellingError as error:
        return _complain(error)
    arguments.out.mkdir(parents=True, exist_ok=True)
    network = segmenter.best(arguments.weights, arguments.threads)
    with Bar(len(tasks), f"{network.name} segmenter") as bar:
        for progress in labelling.run(tasks, network, bar.say):
            bar.advance()
    print(progress.summary())
    return SOME_FAILED if progress.failed else 0


def _style(arguments: argparse.Namespace) -> np.ndarray | None:
    """The style (23, 64) that the command line asks for; None for the seed's. Raises StyleError, MapError, WeightsError and OSError."""
    from .stylist import Stylist

    if arguments.style_photo:
        return Stylist(arguments.weights, arguments.threads).style(read_photograph(arguments.style_photo))
    return Styles(arguments.weights).look(arguments.look) if arguments.look else None


def _with_folder(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Run a command whose `weights` may also be a SPADE checkpoint."""
    with _folder_of(arguments.weights) as arguments.weights:
        return command(arguments)


@contextlib.contextmanager
def _folder_of(weights: Path) -> Iterator[Path]:
    """The weights folder itself, or one for a while that is made of a SPADE checkpoint. Raises WeightsError, ForeignError and OSError."""
    if not weights.is_file():
        yield weights
        return
    with tempfile.TemporaryDirectory() as folder:
        _foreign().take_over(weights, Path(folder), WEIGHTS)
        yield Path(folder)


def _foreign():
    """The module that reads other people's checkpoints. Raises EngineError where torch or onnx is missing."""
    try:
        from . import foreign
    except ImportError as error:
        raise EngineError(f"Reading a checkpoint needs torch and onnx ({error}); `pip install torch onnx` brings them.") from error
    return foreign


def _import_spade(arguments: argparse.Namespace) -> int:
    foreign = _foreign()
    from .export import present

    licence = foreign.LICENCE if arguments.licence is None else arguments.licence
    foreign.take_over(arguments.checkpoint, arguments.out, arguments.weights, arguments.name, licence, arguments.layers)
    made = load(arguments.out)
    present(arguments.out, made.name, made.licence)
    print(f"{arguments.out}: {made.version}\n{made.licence}")
    return 0


@contextlib.contextmanager
def _training_extra() -> Iterator[None]:
    """What trains or exports runs in it. Raises EngineError where a package of the training extra is missing."""
    try:
        yield
    except ImportError as error:
        raise EngineError(f"This needs the training extra ({error}); `pip install -e .[paint,train]` brings it.") from error


@_training_extra()
def _export(arguments: argparse.Namespace) -> int:
    from .export import ExportError, export_checkpoints, present

    try:
        export_checkpoints(arguments.checkpoint, arguments.detail, arguments.out)
        present(arguments.out, arguments.name, arguments.licence)
    except ExportError as error:
        return _complain(error)
    print(f"{arguments.out}: exported")
    return 0


@_training_extra()
def _teach(arguments: argparse.Namespace) -> int:
    from .training.config import ConfigError
    from .training.data import DataError
    from .training.gates import GateError

    try:
        return arguments.teach(arguments)
    except (ConfigError, DataError, GateError) as error:
        return _complain(error)
