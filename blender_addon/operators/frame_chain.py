"""Paints the frames of an animation one after the other, each captured just before it is painted and written to a file of its own.

No frame depends on another (`frames.py`), so they may be painted in any order and by many workers; each locks the frame it is at
(`synth_core/files.py`) and passes over those that others paint. What a sequence's files are called is `frame_files.py`'s; buttons and the
command line are `operators/frames.py`'s and `command.py`'s.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from .. import frames, painting
from ..frame_files import Folder
from ..painting import PaintingError
from ..synth_core import files
from ..synth_core.frames import alpha, picture_file
from ..synth_core.request import Result
from . import paint

_PARENT = "//veduta/"


def folder_of(scene: bpy.types.Scene, camera: bpy.types.Object, chosen: str = "") -> Folder:
    """The folder of a camera's frames: `chosen`, or where that is empty one of its own beside the file.

    Raises PaintingError for a path beside a file that was never saved.
    """
    name = bpy.path.clean_name(f"{scene.name}_{camera.name}")
    path = chosen or f"{_PARENT}{name}"
    if path.startswith("//") and not bpy.data.filepath:
        raise PaintingError("This file was never saved, so there is no folder beside it for the frames.", "Save it, or choose a folder.")
    return Folder(Path(bpy.path.abspath(path)))


@dataclass(eq=False)
class Chain:
    """A run over the frames of these `numbers`, seen through one camera.

    skip_existing: leave frames whose file is there. finish: called with the scene and its camera when the last frame has been written. say:
    told a sentence for every frame. painted, left, taken: how many were painted, were there already, others are painting.
    """

    folder: Folder
    numbers: Sequence[int]
    seed: int
    skip_existing: bool
    finish: Callable[[bpy.types.Scene, bpy.types.Object], None]
    say: Callable[[str], None]
    painted: int = 0
    left: int = 0
    taken: int = 0

    def start(self, scene: bpy.types.Scene, camera: bpy.types.Object, place: int = 0) -> list[str]:
        """Begin with the first frame from number `place` on that is to be painted; its delivery starts the next. Returns warnings.

        Raises PaintingError.
        """
        for index in range(place, len(self.numbers)):
            lock = self._claim(self.numbers[index])
            if lock is not None:
                return self._paint(scene, camera, index, lock)
        self.finish(scene, camera)
        return []

    def _claim(self, frame: int) -> files.Lock | None:
        """The right to paint a frame; None where it is there already, or another paints it."""
        file = self.folder.frame(frame)
        if self._is_there(frame):
            return None
        try:
            self.folder.path.mkdir(parents=True, exist_ok=True)
            lock = files.claim(file)
        except OSError as error:
            raise _unwritable(self.folder.path, error) from error
        if lock is None:
            self.taken += 1
            self.say(f"frame {frame}: another worker is painting it")
        elif self._is_there(frame):  # finished between looking and locking
            lock.release()
            return None
        return lock

    def _is_there(self, frame: int) -> bool:
        if not (self.skip_existing and self.folder.frame(frame).exists()):
            return False
        self.left += 1
        self.say(f"frame {frame}: already there")
        return True

    def _paint(self, scene: bpy.types.Scene, camera: bpy.types.Object, index: int, lock: files.Lock) -> list[str]:
        frame = self.numbers[index]
        try:
            with frames.kept_frame(scene):
                scene.frame_set(frame)
                view, recipe, relief = frames.captured(bpy.context, camera, self.seed)
            request = frames.request(recipe, relief)
            deliver = paint.to_camera(scene, camera, self._delivery(index, view.matte, request.texts))
            painting.start(request, deliver, index + 1, len(self.numbers), "frame", lock)
        except BaseException:
            lock.release()
            raise
        return view.warnings

    def _delivery(self, index: int, matte: np.ndarray,
                  texts: dict[str, str]) -> Callable[[bpy.types.Scene, bpy.types.Object, Result], None]:
        def write(scene: bpy.types.Scene, camera: bpy.types.Object, result: Result) -> None:
            frame = self.numbers[index]
            try:
                files.write_whole(self.folder.frame(frame), picture_file(result, alpha(matte), texts))
            except OSError as error:
                raise _unwritable(self.folder.path, error) from error
            self.painted += 1
            self.say(f"frame {frame}: painted in {result.seconds:.1f} s")
            self.start(scene, camera, index + 1)

        return write


def _unwritable(folder: Path, error: OSError) -> PaintingError:
    return PaintingError(f"The folder {folder} can't be written ({error.strerror or error}); the frames painted so far are in it.",
                         "Choose another folder or make room, and paint again with Skip Existing.")
