"""Photographs that the user points at, read by Blender, which knows more kinds of files than we do. What is made of them is not here."""
from __future__ import annotations

import struct
from pathlib import Path

import bpy
import numpy as np

from .painting import PaintingError
from .synth_core.request import SMALLEST

ENDINGS = "*.jpg;*.jpeg;*.png;*.webp;*.tif;*.tiff;*.bmp;*.exr;*.hdr"  # that the file browser shows
_MEND = "Choose a JPEG or PNG file."


def read(path: Path, largest: int) -> np.ndarray:
    """A photograph as (H, W, 3) uint8 sRGB, upright, row 0 at the top, at most `largest` pixels on its long side. Raises PaintingError.

    The image that Blender loads for it is gone afterwards. Blender does not heed how a camera was held; we do.
    """
    if not path.is_file():
        raise PaintingError(f"There is no photograph {path}.", "Choose a picture file.")
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError as error:
        raise PaintingError(f"{path.name} can't be read as a picture.", _MEND) from error
    try:
        return _upright(_pixels(image, path.name, largest), orientation(path))
    finally:
        bpy.data.images.remove(image)


def taken(name: str, largest: int) -> np.ndarray:
    """The same of an image of this file, by its name, which stays as it is. Raises PaintingError."""
    image = bpy.data.images.get(name)
    if image is None:
        raise PaintingError(f"There is no image {name!r} in this file.", "Choose one of its images, or a picture file.")
    copy = image.copy()
    try:
        return _pixels(copy, name, largest)
    finally:
        bpy.data.images.remove(copy)


def _pixels(image: bpy.types.Image, name: str, largest: int) -> np.ndarray:
    width, height = image.size
    if not width or not height:
        raise PaintingError(f"{name} can't be read as a picture.", _MEND)
    share = min(1.0, largest / max(width, height))
    image.scale(*(max(SMALLEST, round(side * share)) for side in (width, height)))
    width, height = image.size
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    picture = pixels.reshape(height, width, image.channels)[::-1]
    picture = picture[..., :3] if image.channels >= 3 else picture[..., :1].repeat(3, 2)
    if image.is_float:  # linear light: to sRGB (IEC 61966-2-1)
        picture = np.where(picture <= 0.0031308, picture * 12.92, 1.055 * np.maximum(picture, 0.0031308) ** (1 / 2.4) - 0.055)
    return np.ascontiguousarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))


def orientation(path: Path) -> int:
    """The EXIF orientation, 1 to 8, of a JPEG file; 1 (upright) where it tells none, and for other files. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(1 << 17)  # it stands before the picture
    at = 2 if head[:2] == b"\xff\xd8" else len(head)
    while at + 10 <= len(head) and head[at] == 0xFF and head[at + 1] != 0xDA:  # segment by segment, up to the picture
        size = int.from_bytes(head[at + 2 : at + 4], "big")
        if head[at + 1] == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
            return _orientation(head[at + 10 : at + 2 + size])
        at += 2 + size
    return 1


def _orientation(tiff: bytes) -> int:
    """The orientation (tag 0x0112) of the first directory of EXIF data."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "")
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == 0x0112 and order:
                return value if 1 <= value <= 8 else 1
    except struct.error:  # cut off or damaged: as if nothing were told
        pass
    return 1


def _upright(picture: np.ndarray, told: int) -> np.ndarray:
    """The picture turned and mirrored as its EXIF orientation asks."""
    if told in (5, 6, 7, 8):
        picture = picture.swapaxes(0, 1)
    if told in (3, 4, 7, 8):
        picture = picture[::-1]
    if told in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
