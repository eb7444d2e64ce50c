"""Painted frames as images that follow the timeline: one for the viewport, cut by its alpha, one for renders, whole. The files are read in
place, not packed. What a backdrop is besides its images, `backdrop.py` says."""
from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from pathlib import Path

import bpy

from ..assignment import OWN_MARK
from ..frame_files import Folder

NAME = "Veduta Frames"


@dataclass(frozen=True)
class Sequence:
    """The frames that a folder holds: every `step`-th from `first` to `last`, of `size` (width, height), but for the `missing`."""

    folder: Folder
    first: int
    last: int
    step: int
    size: tuple[int, int]
    missing: int


def found(folder: Folder) -> Sequence | None:
    """The sequence in a folder; None where it holds no frame. Raises OSError where it can't be read."""
    numbers = folder.numbers()
    if not numbers:
        return None
    first, last = numbers[0], numbers[-1]
    step = gcd(*(number - first for number in numbers)) or 1
    return Sequence(folder, first, last, step, folder.size(first), (last - first) // step + 1 - len(numbers))


def image(sequence: Sequence, alpha: str, space: str) -> bpy.types.Image:
    """A new Image of the frames. alpha: an `Image.alpha_mode`; space: a colour space's name."""
    made = bpy.data.images.new(NAME, 1, 1)  # the size is the files'
    made.source = "SEQUENCE"
    made.filepath = _path(sequence.folder.frame(sequence.first))
    made.alpha_mode, made.colorspace_settings.name = alpha, space
    made[OWN_MARK] = True
    return made


def follow(user: bpy.types.ImageUser, sequence: Sequence) -> None:
    """Let the use of an image of the sequence show each frame's file at its frame, and the last one painted at those between."""
    user.frame_start, user.frame_duration = sequence.first, sequence.last - sequence.first + 1
    user.frame_offset = sequence.first - 1  # Blender counts from 1
    user.use_auto_refresh, user.use_cyclic = True, False
    if sequence.step > 1:
        driver = user.id_data.driver_add(user.path_from_id("frame_offset")).driver
        driver.expression = f"{sequence.first - 1}-fmod(frame-{sequence.first},{sequence.step})"


def unfollow(user: bpy.types.ImageUser) -> None:
    """Take away what `follow` added beside the use itself."""
    owner = user.id_data
    if not owner.driver_remove(user.path_from_id("frame_offset")):
        return
    kept = owner.animation_data
    if kept and not (kept.drivers or kept.action or kept.nla_tracks):  # made by the driver
        owner.animation_data_clear()


def _path(file: Path) -> str:
    """The file's path, relative to the .blend where there is one, so that both can move together."""
    try:
        return bpy.path.relpath(str(file)) if bpy.data.filepath else str(file)
    except ValueError:  # another drive
        return str(file)
