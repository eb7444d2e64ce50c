"""A captured frame as a file: one Request, everything that a machine without Blender needs to paint it. Nothing is painted here.

    magic     8 bytes, MAGIC
    version   2 bytes, big-endian
    rest      a zlib stream of the request's frame as `protocol` encodes it

Nothing is unpickled, nothing is allocated beyond the protocol's limit, and zlib's checksum tells a damaged file.
"""
from __future__ import annotations

import struct
import zlib
from pathlib import Path

from . import protocol
from .fields import RequestError
from .files import write_whole
from .protocol import ProtocolError
from .request import Request

ENDING = ".vframe"
MAGIC = b"VEDUTA\r\n"  # its line end shows a copy in text mode
VERSION = 1
_HEADER = struct.Struct(">8sH")
_LEVEL = 4  # zlib's; above it frames hardly shrink further
_JOB = 0  # a file is nobody's job


class FrameError(ValueError):
    """A file that holds no frame that can be painted; the message is one sentence for the user."""


def save(path: Path, request: Request) -> None:
    """Write the request to a file, whole or not at all. Raises OSError that names it, ProtocolError for one over the protocol's limit."""
    content = protocol.encode(protocol.request_frame(_JOB, request))
    write_whole(path, _HEADER.pack(MAGIC, VERSION) + zlib.compress(content, _LEVEL))


def load(path: Path) -> Request:
    """The request in a file. Raises FrameError for a file that is no frame, damaged or of a newer version, OSError that names it."""
    return read(path.read_bytes(), path.name)


def read(data: bytes, name: str) -> Request:
    """As `load`, from the file's bytes; `name` is what the user knows the file by."""
    if len(data) < _HEADER.size or not data.startswith(MAGIC):
        raise FrameError(f"{name} is no captured frame; export it with Veduta's Export Frames.")
    _, version = _HEADER.unpack_from(data)
    if version != VERSION:
        raise FrameError(f"{name} has version {version}, and this Veduta knows {VERSION}; paint it with the Veduta that exported it.")
    try:
        request = protocol.request_of(protocol.decode(_unpacked(data[_HEADER.size:])))
    except (zlib.error, ProtocolError) as error:
        raise FrameError(f"{name} is damaged; export it again.") from error
    except RequestError as error:
        raise FrameError(f"{name} can't be painted ({str(error).rstrip('.')}); export it again.") from error
    if type(request) is not Request:
        raise FrameError(f"{name} holds another job than a frame to paint; export it again.")
    return request


def _unpacked(data: bytes) -> bytearray:
    """What the zlib stream holds. Raises zlib.error unless it is one whole stream of allowed size and nothing else."""
    stream = zlib.decompressobj()
    content = bytearray(stream.decompress(data, protocol.LARGEST))
    if not stream.eof or stream.unused_data:
        raise zlib.error("cut short, too large, or followed by something else")
    return content
