"""The weights folder: its manifest, its checksums, and the safetensors format, read and written with numpy alone.

Blender's Python has no safetensors package, and nothing here ever unpickles. What the tensors mean is the networks' business.
"""
from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .canvas import Cut

TENSORS = "painter.safetensors"
GRAPHS = {"composition": "composition.onnx", "detail": "detail.onnx"}
WRAPS = {"x": "composition_x.onnx", "xy": "composition_xy.onnx"}  # composition for pictures that wrap; folders of earlier versions lack them
PARTS = {"stylist": "stylist.onnx", "critic": "critic.onnx"}  # a folder may lack them: they are made after the painter
SEGMENTER = ("segmenter.onnx", "segmenter.safetensors")  # made from photographs alone, so it outlives the painter; a folder may lack it
LARGE_SEGMENTER = "segmenter_large.safetensors"  # a better one, for where the trainer's backbone is installed; never staged with the extension
MANIFEST = "manifest.json"
THUMBNAIL = "thumbnail.png"  # a small picture that these weights painted; a folder may lack it
JUDGES = "discriminator.safetensors"  # what the painter was taught by: read by the trainer alone, never staged with the extension

_DTYPES = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8")}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LONGEST = {"name": 60, "licence": 200, "created": 10}  # characters of what people read
_LARGEST_HEADER = 16 << 20  # bytes; a longer one is no header


class WeightsError(Exception):
    """Weights that are missing or damaged; the message is one sentence for the user."""


@dataclass(frozen=True)
class Place:
    """Where a tensor lies in its file: `offset` bytes from the file's start, `length` bytes, little-endian, row-major."""

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int
    length: int


@dataclass(frozen=True)
class Weights:
    """A weights folder.

    sha256: of the tensors' file; networks: the constructor arguments of each network that is there, by the network's name; wraps: the keys of
    WRAPS whose graphs are there; looks: the names of the tensor `styles.looks`, one a row. name: for people, the version where the manifest
    names none; licence: one short sentence, and created: an ISO date, "" where the manifest tells neither. sums: the SHA-256 of each file.
    cut: how composition's pictures may be cut, as Veduta's own network wants it where the manifest says nothing.
    """

    folder: Path
    version: str
    sha256: str
    networks: dict[str, dict]
    wraps: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()
    name: str = ""
    licence: str = ""
    created: str = ""
    sums: dict[str, str] = field(default_factory=dict)
    cut: Cut = Cut()

    def tensors(self, prefix: str) -> dict[str, np.ndarray]:
        """The tensors whose names begin with `prefix` (left out of the keys) as float32 arrays."""
        return {name.removeprefix(prefix): array.astype(np.float32) for name, array in read(self.folder / TENSORS, prefix).items()}


def load(folder: Path) -> Weights:
    """The weights of `folder`, every file checked against the manifest's SHA-256. Raises WeightsError."""
    weights = describe(folder)
    for name, expected in weights.sums.items():
        _check(folder / name, expected)
    return weights


def describe(folder: Path) -> Weights:
    """What the manifest of `folder` says, in a moment: no other file is looked at. Raises WeightsError."""
    path = folder / MANIFEST
    if folder.is_file():
        raise WeightsError(f"{folder} is a file, not a folder of weights; of a SPADE checkpoint, `python -m synth_core import-spade` makes one.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        wraps = tuple(wrap for wrap, name in WRAPS.items() if name in manifest["sha256"])
        graphs = GRAPHS | {name: graph for name, graph in PARTS.items() if name in manifest}
        optional = [name for name in (THUMBNAIL, *SEGMENTER) if name in manifest["sha256"]]
        files = (TENSORS, *graphs.values(), *(WRAPS[wrap] for wrap in wraps), *optional)
        sums = {name: str(manifest["sha256"][name]) for name in files}
        parts = (*graphs, "segmenter") if SEGMENTER[0] in optional else graphs
        networks, looks = {name: dict(manifest[name]) for name in parts}, tuple(manifest.get("looks", ()))
        texts = {name: str(manifest.get(name, ""))[:longest] for name, longest in _LONGEST.items()}
        version, cut = str(manifest["version"]), Cut(**manifest.get("cut", {}))
    except FileNotFoundError:
        raise WeightsError(f"There are no weights in {folder} ({MANIFEST} is missing); install them again.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} can't be read ({type(error).__name__}: {error}); install the weights again.") from error
    return Weights(folder, version, sums[TENSORS], networks, wraps, looks, **texts | {"name": texts["name"] or version}, sums=sums, cut=cut)


def _check(path: Path, expected: str) -> None:
    try:
        found = sha256(path)
    except OSError as error:
        raise WeightsError(f"The weights file {path} can't be read ({error.strerror}); install the weights again.") from error
    if found != expected:
        raise WeightsError(f"The weights file {path} is damaged (its SHA-256 is not the manifest's); install the weights again.")


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def places(path: Path) -> dict[str, Place]:
    """Where each tensor of a safetensors file lies. Raises WeightsError for a file that is none."""
    try:
        with path.open("rb") as file:
            return _read_header(file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} is no safetensors file that can be read ({type(error).__name__}: {error}).") from error


def _read_header(file: BinaryIO) -> dict[str, Place]:
    size = int.from_bytes(file.read(8), "little")
    if not 2 <= size <= _LARGEST_HEADER:
        raise ValueError(f"a header of {size} bytes")
    entries = json.loads(file.read(size))
    if not isinstance(entries, dict):
        raise ValueError("a header that lists no tensors")
    end = file.seek(0, 2)
    return {name: _place(entry, 8 + size, end) for name, entry in entries.items() if name != "__metadata__"}


def _place(entry: dict, start: int, end: int) -> Place:
    dtype, shape = _DTYPES[entry["dtype"]], tuple(int(side) for side in entry["shape"])
    first, last = entry["data_offsets"]
    if not 0 <= first <= last <= end - start or last - first != dtype.itemsize * math.prod(shape):
        raise ValueError("a tensor lies outside the file")
    return Place(dtype, shape, start + first, last - first)


def read(path: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """The tensors of a safetensors file whose names begin with `prefix`, by their whole names. Raises WeightsError."""
    found = {}
    wanted = {name: place for name, place in places(path).items() if name.startswith(prefix)}
    with path.open("rb") as file:
        for name, place in wanted.items():
            file.seek(place.offset)
            found[name] = np.frombuffer(file.read(place.length), place.dtype).reshape(place.shape)
    return found


def write(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write a safetensors file of float16, float32, float64 or int64 arrays, in the order of their names."""
    entries, offset = {}, 0
    for name, array in sorted(tensors.items()):
        entries[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # tensors begin on a multiple of 8 bytes
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for _, array in sorted(tensors.items()):
            file.write(np.ascontiguousarray(array).tobytes())
