"""A captured frame as a file: everything that a machine without Blender needs to paint it, and what its picture's file is.
Nothing is painted here.

    magic     8 bytes, MAGIC
    version   2 bytes, big-endian
    rest      a zlib stream of a frame of `protocol` that holds a Captured

Nothing is unpickled, nothing is allocated beyond the protocol's limit, and zlib's checksum tells a damaged file.
"""
from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from . import fields, png, protocol
from .fields import Array, RequestError
from .files import write_whole
from .protocol import ProtocolError
from .request import Request, Result, licence_texts

ENDING = ".vframe"
MAGIC = b"VEDUTA\r\n"  # its line end shows a copy in text mode
VERSION = 1
_HEADER = struct.Struct(">8sH")
_LEVEL = 4  # zlib's; above it frames hardly shrink further
_KIND = "captured"


class FrameError(ValueError):
    """A file that holds no frame that can be painted; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Captured:
    """A frame to paint. alpha: (H, W) uint8, the picture's, 0 where kept objects stand before it; None where none do. weights: the SHA-256 of
    those that it is to be painted with; None where any will do.

    Raises RequestError for an alpha of another size than the picture's.
    """

    request: Request
    alpha: Annotated[np.ndarray, Array("uint8", "H W")] | None = None
    weights: str | None = None

    def __post_init__(self):
        fields.check(self)
        if self.alpha is not None and self.alpha.shape != self.request.labels.shape:
            raise RequestError("The frame's alpha has another size than its labels.")


def alpha(matte: np.ndarray) -> np.ndarray | None:
    """The alpha of a picture before which kept objects stand as the (H, W) float `matte`, 0 to 1, says."""
    return np.rint((1 - matte) * 255).astype(np.uint8) if matte.any() else None


def picture_file(result: Result, cut: np.ndarray | None, texts: dict[str, str]) -> bytes:
    """The PNG file of a frame: the whole painting, with the alpha `cut` where there is one."""
    return result.png if cut is None else png.encode(np.dstack((result.picture, cut)), texts | licence_texts(result.licence))


def save(path: Path, captured: Captured) -> None:
    """Write a frame to a file, whole or not at all. Raises OSError that names it, ProtocolError for one over the protocol's limit."""
    content = protocol.encode(protocol.Frame(_KIND, *fields.pack(captured)))
    write_whole(path, _HEADER.pack(MAGIC, VERSION) + zlib.compress(content, _LEVEL))


def load(path: Path) -> Captured:
    """The frame in a file. Raises FrameError for a file that is no frame, damaged or of a newer version, OSError that names it."""
    return read(path.read_bytes(), path.name)


def read(data: bytes, name: str) -> Captured:
    """As `load`, from the file's bytes; `name` is what the user knows the file by."""
    if len(data) < _HEADER.size or not data.startswith(MAGIC):
        raise FrameError(f"{name} is no captured frame; export it with Veduta's Export Frames.")
    _, version = _HEADER.unpack_from(data)
    if version != VERSION:
        raise FrameError(f"{name} has version {version}, and this Veduta knows {VERSION}; paint it with the Veduta that exported it.")
    try:
        frame = protocol.decode(_unpacked(data[_HEADER.size:]))
        if frame.kind != _KIND:
            raise ProtocolError(f"A {frame.kind[:40]} frame is no frame to paint.")
        return fields.unpack(Captured, protocol.content(frame))
    except (zlib.error, ProtocolError) as error:
        raise FrameError(f"{name} is damaged; export it again.") from error
    except RequestError as error:
        raise FrameError(f"{name} can't be painted ({str(error).rstrip('.')}); export it again.") from error


def check_weights(captured: Captured, name: str, weights: str) -> None:
    """Raises FrameError for a frame that other weights are to paint: looks and grain would change within an animation."""
    if captured.weights not in (None, weights):
        raise FrameError(f"{name} was exported for the weights {captured.weights[:12]}, these are {weights[:12]}; name their folder with --weights, "
                         "or export the frames again.")


def _unpacked(data: bytes) -> bytearray:
    """What the zlib stream holds. Raises zlib.error unless it is one whole stream of allowed size and nothing else."""
    stream = zlib.decompressobj()
    content = bytearray(stream.decompress(data, protocol.LARGEST))
    if not stream.eof or stream.unused_data:
        raise zlib.error("cut short, too large, or followed by something else")
    return content
