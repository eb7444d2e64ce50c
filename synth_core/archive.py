"""A weights folder as one zip file to hand on, and its way back into a folder of one's own. What the files mean is `weights`'s.

A zip, or a folder, may come from anybody. Only files that weights have are taken, by names that this project gives them, so that none can
land elsewhere; each is checked by its SHA-256. They hold numbers, graphs and a picture: nothing is unpickled, nothing is run.
"""
from __future__ import annotations

import shutil
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from . import weights as files
from .weights import Weights, WeightsError

LARGEST = 1 << 30  # bytes of all files together
LARGEST_MANIFEST = 1 << 20  # bytes
BESIDE = (files.JUDGES, "MODEL_CARD.md", "LICENSE")  # that a folder may hold besides what its manifest names
_CHUNK = 1 << 20


def pack(folder: Path, target: Path) -> None:
    """Write the checked weights folder as one zip file, whole or not at all. Raises WeightsError, and OSError that names a file."""
    weights = files.load(folder)
    names = [files.MANIFEST, *weights.sums, *(name for name in BESIDE if (folder / name).is_file())]
    new = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for name in names:
                archive.write(folder / name, name)
        new.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error
    finally:
        new.unlink(missing_ok=True)


def install(source: Path, shelf: Path) -> Weights:
    """Copy weights into a folder of their own on `shelf`, named by their hash, in place of the same ones. Returns them, checked.

    source: a weights folder, the manifest in it, or a zip of one. Raises WeightsError, and OSError that names a file.
    """
    if source.name == files.MANIFEST:
        source = source.parent
    shelf.mkdir(parents=True, exist_ok=True)
    unfinished = shelf / f".{uuid.uuid4().hex}"
    try:
        unfinished.mkdir()
        with _opened(source) as origin:
            weights = _copy(source, origin, unfinished)
        place = shelf / weights.sha256[:16]
        shutil.rmtree(place, ignore_errors=True)
        unfinished.replace(place)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), error.filename or str(source)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return files.describe(place)


class _Folder:
    """A weights folder's files by name."""

    def __init__(self, folder: Path):
        self._folder = folder

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""
        path = self._folder / name
        return path.stat().st_size if path.is_file() else None

    def open(self, name: str) -> BinaryIO:
        return (self._folder / name).open("rb")


class _Zip:
    """The same for a zip of one, which may lie in a folder inside it, as zips made by hand do."""

    def __init__(self, archive: zipfile.ZipFile):
        self._archive = archive
        places = [PurePosixPath(name) for name in archive.namelist() if PurePosixPath(name).name == files.MANIFEST]
        self._root = min((place.parent for place in places), key=lambda place: len(place.parts), default=PurePosixPath())

    def size(self, name: str) -> int | None:
        try:
            return self._archive.getinfo(str(self._root / name)).file_size
        except KeyError:
            return None

    def open(self, name: str) -> BinaryIO:
        return self._archive.open(str(self._root / name))


@contextmanager
def _opened(source: Path) -> Iterator[_Folder | _Zip]:
    if source.is_dir():
        yield _Folder(source)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield _Zip(archive)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:  # encrypted ones raise RuntimeError
        raise WeightsError(f"{source.name} is no zip file that can be read ({error}); choose the zip of a weights folder.") from error


def _copy(source: Path, origin: _Folder | _Zip, target: Path) -> Weights:
    """Copy what belongs to the weights, and nothing else; returns them, every file checked. Raises WeightsError."""
    weights = _described(source, origin, target)
    names = [*weights.sums, *(name for name in BESIDE if origin.size(name) is not None)]
    sizes = {name: origin.size(name) for name in names}
    missing = [name for name, size in sizes.items() if size is None]
    if missing:
        raise WeightsError(f"{source.name} lacks {missing[0]}, which its manifest names; ask for a whole copy of it.")
    if sum(sizes.values()) > LARGEST:
        raise WeightsError(f"{source.name} holds {sum(sizes.values()) / 1e9:.1f} GB; weights have at most {LARGEST / 1e9:.1f} GB.")
    for name in names:
        with origin.open(name) as reader, (target / name).open("wb") as writer:
            shutil.copyfileobj(reader, writer, _CHUNK)
        if name in weights.sums and files.sha256(target / name) != weights.sums[name]:
            raise WeightsError(f"{source.name} is damaged (the SHA-256 of {name} is not the manifest's); ask for a whole copy of it.")
    files.places(target / files.TENSORS)
    return weights


def _described(source: Path, origin: _Folder | _Zip, target: Path) -> Weights:
    """What the manifest says, which is copied first. Raises WeightsError where there is none that can be read."""
    size = origin.size(files.MANIFEST)
    if size is None or size > LARGEST_MANIFEST:
        raise WeightsError(f"{source.name} holds no weights ({files.MANIFEST} is missing); choose a weights folder or the zip of one.")
    with origin.open(files.MANIFEST) as reader:
        (target / files.MANIFEST).write_bytes(reader.read())
    try:
        return files.describe(target)
    except WeightsError as error:
        raise WeightsError(f"{source.name} holds no weights that this Veduta knows ({files.MANIFEST} can't be read).") from error
