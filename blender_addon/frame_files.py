"""The files of a painted sequence: one PNG a frame in a folder of its own. Which frames are painted and how is `operators/frames.py`'s, how
many workers share a folder `synth_core/files.py`'s; no Blender is here."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_STEM = "frame_"
_HEADER = struct.Struct(">16xII")  # of a PNG: its signature, the first chunk's length and name, then width and height


@dataclass(frozen=True)
class Folder:
    """Where a sequence lies. A frame is painted when its file is there."""

    path: Path

    def frame(self, number: int) -> Path:
        """The file of a frame; 0 <= number."""
        return self.path / f"{_STEM}{number:04d}.png"

    def numbers(self) -> list[int]:
        """The frames that are there, in order."""
        names = (path.stem.removeprefix(_STEM) for path in self.path.glob(f"{_STEM}*.png"))
        return sorted(int(name) for name in names if name.isdecimal())

    def size(self, number: int) -> tuple[int, int]:
        """Width and height of a frame's picture, pixels. Raises OSError where it can't be read."""
        with self.frame(number).open("rb") as file:
            head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            raise OSError(f"{self.frame(number)} is cut off")
        return _HEADER.unpack(head)
