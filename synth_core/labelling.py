"""Label maps of a folder of photographs, one after the other: which photographs, which files, what is done already, what failed.

How a photograph is read as labels is `segmenter`'s. Pillow reads the photographs and writes the maps.
"""
from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from . import labels as label_set
from .files import write_whole
from .maps import MapError, read_photograph
from .segmenter import Segmenter

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
_PALETTE = [value for label in label_set.LABELS for value in label.colour]
_ORIENTATION, _TURNED = 0x0112, (5, 6, 7, 8)  # EXIF's tag, and its values that stand for a picture that lies on its side


class LabellingError(Exception):
    """Photographs that can't be labelled at all; the message is one sentence for the user."""


@dataclass(frozen=True)
class Task:
    """One photograph and the map to be made of it."""

    source: Path
    target: Path


@dataclass
class Labelling:
    """How many of `count` photographs were labelled here and now, had a whole map already, or failed."""

    count: int
    labelled: int = 0
    present: int = 0
    failed: int = 0

    def summary(self) -> str:
        """One line on all photographs."""
        return f"{self.count} photographs: {self.labelled} labelled, {self.present} there already, {self.failed} failed"


def plan(sources: Iterable[Path], out: Path) -> list[Task]:
    """The photographs that `sources`, files and folders, name, in order, each with its map in the folder `out`.

    NAME.jpg gets NAME.png; two photographs of one name get NAME.jpg.png and NAME.webp.png. Raises LabellingError, OSError.
    """
    photographs = list(dict.fromkeys(path for source in sources for path in _photographs(source)))
    if any(path.parent.resolve() == out.resolve() for path in photographs):
        raise LabellingError(f"The maps would lie among the photographs in {out}; give them a folder of their own by -o.")
    if repeated := [name for name, count in Counter(path.name.lower() for path in photographs).items() if count > 1]:
        raise LabellingError(f"{repeated[0]} is there twice, in different folders; label each folder into a folder of its own.")
    times = Counter(path.stem.lower() for path in photographs)
    return [Task(path, out / f"{path.stem if times[path.stem.lower()] == 1 else path.name}.png") for path in photographs]


def _photographs(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    found = sorted(path for path in source.iterdir() if path.suffix.lower() in ENDINGS and not path.name.startswith("."))
    if not found:
        raise LabellingError(f"{source} holds no photographs ({', '.join(f'*{ending}' for ending in ENDINGS)}).")
    return found


def run(tasks: list[Task], segmenter: Segmenter, say: Callable[[str], None]) -> Iterator[Labelling]:
    """Label the photographs that have no whole map yet; yields after each. `say` gets one sentence on each that fails.

    Raises OSError when maps can't be written.
    """
    progress = Labelling(len(tasks))
    for task in tasks:
        try:
            _label(task, segmenter, progress)
        except (OSError, MemoryError, MapError) as error:
            if isinstance(error, OSError) and error.filename == str(task.target):
                raise  # the folder of maps: the next would fail as well
            progress.failed += 1
            say(_sentence(task.source, error))
        yield progress


def _label(task: Task, segmenter: Segmenter, progress: Labelling) -> None:
    if is_whole(task.target, task.source):
        progress.present += 1
        return
    write_whole(task.target, encode(segmenter.label(read_photograph(task.source))))
    progress.labelled += 1


def _sentence(source: Path, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"{source} is too large for this computer's memory; make it smaller first."
    return f"{source} can't be read ({error.strerror})." if isinstance(error, OSError) else str(error)


def is_whole(target: Path, source: Path) -> bool:
    """Whether `target` is a label map of the upright photograph's size. A photograph that can't be opened has none."""
    try:
        with Image.open(source) as photograph, Image.open(target) as made:
            made.load()
            size = photograph.size[::-1] if photograph.getexif().get(_ORIENTATION) in _TURNED else photograph.size
            return made.mode in ("L", "P") and made.size == size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def encode(ids: np.ndarray) -> bytes:
    """The PNG file of a label map (H, W) uint8: palette indices are the ids, and its colours the labels'."""
    image = Image.fromarray(ids)
    image.putpalette(_PALETTE)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
