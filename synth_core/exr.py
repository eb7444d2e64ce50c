"""Writes float layers as one OpenEXR file, by numpy and zlib alone: Blender's compositor API for it changed twice. Reading is not done here.

The format: "The OpenEXR File Layout" and "Technical Introduction to OpenEXR", openexr.com. Scan lines, half floats, ZIP compression.
"""
from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

LONGEST_NAME = 255  # bytes of a channel's name
_MAGIC, _VERSION, _LONG_NAMES = 20000630, 2, 0x400
_SHORT_NAME = 31  # bytes; files with longer names carry the flag that says so
_HALF, _ZIP, _INCREASING_Y = 1, 3, 0
_LINES = 16  # scan lines of one ZIP block
_LEVEL = 4  # zlib's, as OpenEXR's own writer


def write(path: Path, channels: dict[str, Callable[[slice], np.ndarray]], width: int, height: int) -> None:
    """Write an OpenEXR file of `width` x `height` pixels.

    channels: name -> a function that gives the channel's values for a slice of rows, (rows, width) of any number type, row 0 at the top.
    Names are "R", or "layer.R" for a layer's. They are asked for 16 rows at a time, so a large file needs little memory.

    Written beside `path` first and then put in its place: an interrupted write leaves no half file there. Raises OSError, and ValueError
    for names that the format can't hold.
    """
    names = sorted(channels, key=str.encode)
    header = _header(names, width, height)
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as file:
            _write_blocks(file, header, [channels[name] for name in names], height)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _header(names: list[str], width: int, height: int) -> bytes:
    longest = max(len(name.encode()) for name in names)
    if longest > LONGEST_NAME or not all(names) or any("\0" in name for name in names):
        raise ValueError(f"an OpenEXR channel's name has 1 to {LONGEST_NAME} bytes, none of them zero")
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    channels = b"".join(name.encode() + struct.pack("<xiB3xii", _HALF, 0, 1, 1) for name in names) + b"\0"
    attributes = (
        ("channels", "chlist", channels),
        ("compression", "compression", bytes([_ZIP])),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", bytes([_INCREASING_Y])),
        ("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        ("screenWindowCenter", "v2f", struct.pack("<2f", 0.0, 0.0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1.0)),
    )
    version = _VERSION | (_LONG_NAMES if longest > _SHORT_NAME else 0)
    written = [f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value for name, kind, value in attributes]
    return struct.pack("<ii", _MAGIC, version) + b"".join(written) + b"\0"


def _write_blocks(file, header: bytes, channels: list[Callable[[slice], np.ndarray]], height: int) -> None:
    """The header, a table of where each block begins, and the blocks."""
    starts = range(0, height, _LINES)
    file.write(header + bytes(8 * len(starts)))
    offsets = []
    for start in starts:
        rows = slice(start, min(height, start + _LINES))
        offsets.append(file.tell())
        # Line by line, and in each line channel by channel.
        lines = np.stack([np.asarray(channel(rows)).astype("<f2") for channel in channels], axis=1)
        data = _compressed(lines.tobytes())
        file.write(struct.pack("<ii", start, len(data)) + data)
    file.seek(len(header))
    file.write(struct.pack(f"<{len(offsets)}Q", *offsets))


def _compressed(raw: bytes) -> bytes:
    """OpenEXR's ZIP: all even bytes, then all odd ones, each as its difference from the one before, deflated; raw where that is no shorter."""
    parted = np.frombuffer(raw, np.uint8)
    parted = np.concatenate((parted[0::2], parted[1::2]))
    parted[1:] = parted[1:] - parted[:-1] + np.uint8(128)
    packed = zlib.compress(parted.tobytes(), _LEVEL)
    return packed if len(packed) < len(raw) else raw
