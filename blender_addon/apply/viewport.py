"""The painting in the viewport: the camera's background image, drawn in front of everything but the kept objects. No rendering here.

A background image has no mask, so where kept objects stand in front the picture itself is cut out: a second image, with one minus their
coverage as its alpha. It is a plain TGA: written and read without a pause, where a PNG of its size takes a noticeable one.
"""
from __future__ import annotations

import struct

import bpy
import numpy as np

from ..assignment import OWN_MARK
from ..capture import CaptureError
from ..synth_core import png
from . import colour, sequence

_UNCOMPRESSED_RGB, _EIGHT_BITS_OF_ALPHA, _TOP_DOWN = 2, 8, 0x20


def show(camera: bpy.types.Object, painting: bpy.types.Image, picture: np.ndarray, matte: np.ndarray) -> bpy.types.Image:
    """Draw the painting over the camera's view, but not over kept objects. Returns the image that does so.

    picture: (H, W, 3) uint8 sRGB; matte: (H, W) float32, coverage of the kept objects, 0 to 1. Row 0 at the top.
    """
    return _add(camera, _shown(painting, picture, matte)).image


def show_frames(camera: bpy.types.Object, frames: sequence.Sequence) -> bpy.types.Image:
    """Draw painted frames over the camera's view, but not over kept objects, which their alpha leaves out. Returns as `show` does."""
    entry = _add(camera, sequence.image(frames, "STRAIGHT", colour.PLAIN))
    sequence.follow(entry.image_user, frames)
    return entry.image


def recut(camera: bpy.types.Object, shown: bpy.types.Image, painting: bpy.types.Image, matte: np.ndarray) -> bpy.types.Image:
    """Cut the picture anew in place of `shown`, which `show` returned. Arguments and result as there; `shown` is the caller's to discard."""
    cut = _shown(painting, picture(painting), matte)
    entry = _entry(camera, shown)
    if entry is not None:
        entry.image = cut
    return cut


def hide(camera: bpy.types.Object, shown: bpy.types.Image) -> None:
    """Draw `shown`, which `show` returned, no more; it is the caller's to discard."""
    entry = _entry(camera, shown)
    if entry is not None:
        entry.image = None  # else it counts as used further on
        sequence.unfollow(entry.image_user)
        camera.data.background_images.remove(entry)


def discard(shown: bpy.types.Image) -> None:
    """Delete an image that `show` made, unless something shows it still, as the camera of a copied scene does."""
    if shown.get(OWN_MARK) and not shown.users:
        bpy.data.images.remove(shown)


def cut_out(picture: np.ndarray, matte: np.ndarray) -> bpy.types.Image:
    """A new packed Image of the picture, see-through where the matte covers it."""
    height, width = matte.shape
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3] = picture[..., ::-1]  # TGA holds blue first
    pixels[..., 3] = np.rint((1 - matte) * 255)
    header = struct.pack("<BBB5x4xHHBB", 0, 0, _UNCOMPRESSED_RGB, width, height, 32, _TOP_DOWN | _EIGHT_BITS_OF_ALPHA)
    image = packed("Veduta Viewport Backdrop", header + pixels.tobytes())
    image[OWN_MARK] = True
    return image


def _add(camera: bpy.types.Object, image: bpy.types.Image) -> bpy.types.CameraBackgroundImage:
    """Let the camera show the image in front of its view."""
    entry = camera.data.background_images.new()
    entry.image = image
    entry.alpha = 1.0
    entry.display_depth = "FRONT"
    entry.frame_method = "STRETCH"  # the painting fills the frame, whatever the shape of its pixels
    camera.data.show_background_images = True
    return entry


def _entry(camera: bpy.types.Object, shown: bpy.types.Image) -> bpy.types.CameraBackgroundImage | None:
    """The latest of the camera's background images that is `shown`; None where the user has taken it away."""
    return next((entry for entry in reversed(camera.data.background_images) if entry.image == shown), None)


def _shown(painting: bpy.types.Image, picture: np.ndarray, matte: np.ndarray) -> bpy.types.Image:
    return cut_out(picture, matte) if matte.any() else painting


def picture(painting: bpy.types.Image) -> np.ndarray:
    """(H, W, 3) uint8: the painting's bytes, row 0 at the top. Raises CaptureError for one whose file is gone."""
    width, height = painting.size
    if not (width and height):
        raise CaptureError(f"The file of {painting.name} is gone; put {painting.filepath} back, then try again.")
    pixels = np.empty(width * height * 4, np.float32)
    painting.pixels.foreach_get(pixels)
    return np.rint(pixels.reshape(height, width, 4)[::-1, :, :3] * 255).astype(np.uint8)


def file(painting: bpy.types.Image) -> bytes:
    """The painting as a picture file: the packed one or, where the user has unpacked it or saved it elsewhere, a new one of its pixels."""
    return bytes(painting.packed_file.data) if painting.packed_file else png.encode(picture(painting))


def packed(name: str, file: bytes) -> bpy.types.Image:
    """A new Image whose pixels come from `file`, a finished picture file that is packed as it is."""
    image = bpy.data.images.new(name, 1, 1)  # the size is the file's
    image.source = "FILE"
    image.pack(data=file, data_len=len(file))
    return image
