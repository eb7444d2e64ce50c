"""Writes pictures, masks and height maps as PNG files with texts in them, by zlib alone: Blender's Python has no image library.
Reading is not done here."""
from __future__ import annotations

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _RGBA = 0, 2, 6  # colour types
_PAETH = 4  # the row filter; smallest files on photographs
_BAND = 256  # rows filtered at a time, so that a large picture needs little memory
_LEVEL = 4  # zlib's; above it photographs hardly shrink further and take twice as long
_COMPRESS_FROM = 1024  # bytes of text


def encode(picture: np.ndarray, texts: dict[str, str] | None = None) -> bytes:
    """The PNG file of `picture`, (H, W, 3) or, with alpha, (H, W, 4) uint8 sRGB with row 0 at the top, holding every (keyword, text) pair
    as an iTXt chunk.

    Raises ValueError for another shape or type, or for a keyword that PNG forbids (1 to 79 printable Latin-1 characters,
    no space at its ends or twice in a row).
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise ValueError(f"a picture is (H, W, 3) or (H, W, 4) uint8; this one is {picture.shape} {picture.dtype}")
    return _file(picture, 8, _RGB if picture.shape[2] == 3 else _RGBA, [_chunk(b"sRGB", b"\0")] + [_text(keyword, text) for keyword, text in (texts or {}).items()])


def encode_data(values: np.ndarray) -> bytes:
    """The PNG file of numbers that are no colours: (H, W) uint8 or uint16 as greyscale, or (H, W, 4) uint8 as RGBA; row 0 at the top.

    Raises ValueError for another shape or type.
    """
    if values.dtype == np.uint16 and values.ndim == 2:
        return _file(values.astype(">u2").view(np.uint8).reshape(*values.shape, 2), 16, _GREY, [])
    if values.dtype == np.uint8 and values.ndim == 2:
        return _file(values[..., None], 8, _GREY, [])
    if values.dtype == np.uint8 and values.ndim == 3 and values.shape[2] == 4:
        return _file(values, 8, _RGBA, [])
    raise ValueError(f"numbers are (H, W) uint8 or uint16 or (H, W, 4) uint8; these are {values.shape} {values.dtype}")


def _file(samples: np.ndarray, depth: int, colour_type: int, chunks: list[bytes]) -> bytes:
    """The file of (H, W, bytes in a pixel) uint8 samples, with `chunks` before the pixels."""
    height, width = samples.shape[:2]
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0))
    return b"".join((_SIGNATURE, header, *chunks, _chunk(b"IDAT", _pixels(samples)), _chunk(b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _text(keyword: str, text: str) -> bytes:
    name = keyword.encode("latin-1", errors="replace")
    if not 1 <= len(name) <= 79 or not keyword.isprintable() or name.decode("latin-1") != keyword or keyword != " ".join(keyword.split()):
        raise ValueError(f"{keyword!r} can't be a keyword of a PNG text")
    data = text.encode()
    compressed = len(data) >= _COMPRESS_FROM
    if compressed:
        data = zlib.compress(data)
    return _chunk(b"iTXt", name + bytes([0, compressed, 0, 0, 0]) + data)


def _pixels(samples: np.ndarray) -> bytes:
    """The zlib stream of all rows, each Paeth-filtered."""
    height, width, size = samples.shape
    packer = zlib.compressobj(_LEVEL, strategy=zlib.Z_FILTERED)
    parts = []
    above = np.zeros((1, width, size), np.uint8)
    for top in range(0, height, _BAND):
        band = samples[top : top + _BAND]
        rows = np.full((len(band), 1 + width * size), _PAETH, np.uint8)
        rows[:, 1:] = _paeth(band, np.concatenate((above, band[:-1]))).reshape(len(band), -1)
        parts.append(packer.compress(rows.tobytes()))
        above = band[-1:]
    return b"".join((*parts, packer.flush()))


def _paeth(band: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Every byte less its best predictor: the byte to the left, above, or above left, whichever is nearest to left + above - corner."""
    up = above.astype(np.int16)
    left, corner = np.zeros_like(up), np.zeros_like(up)
    left[:, 1:] = band[:, :-1]
    corner[:, 1:] = up[:, :-1]
    to_left, to_up = np.abs(up - corner), np.abs(left - corner)
    to_corner = np.abs(left + up - 2 * corner)
    predictor = np.where((to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))
    return band - predictor.astype(np.uint8)
