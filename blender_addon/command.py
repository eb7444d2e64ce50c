"""Veduta on Blender's command line, for render farms: `blender -b FILE --command veduta paint-frames A:B --skip-existing`.

The same run as the button's, frame by frame (`operators/frames.py`), told on standard output; what goes wrong is one sentence on standard
error and an exit code other than 0.
"""
from __future__ import annotations

import argparse
import re
import sys
import time

import bpy

from . import installed, painting, service
from .operators import frames
from .operators.frame_chain import folder_of
from .painting import PaintingError

NAME = "veduta"

_LOOK_SECONDS = 2.0  # between looks at the frames that other workers hold

_handle: object | None = None


def attach() -> None:
    """Add the command to Blender's."""
    global _handle
    _handle = bpy.utils.register_cli_command(NAME, run)


def detach() -> None:
    """Take it away again."""
    bpy.utils.unregister_cli_command(_handle)


def run(arguments: list[str]) -> int:
    """Do what the arguments after the command's name say, with the file that is open. Exit code 0 means that every frame is there."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has said why
        return int(stop.code or 0)
    try:
        with bpy.context.temp_override(**_window()):
            return _paint_frames(options)
    except PaintingError as error:
        print(f"{NAME}: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        service.close()


def _paint_frames(options: argparse.Namespace) -> int:
    start, end = options.frames
    scene = bpy.context.scene
    settings = {**frames.asked_for(scene), "start": start, "end": end, "step": 1, "skip_existing": options.skip_existing}
    chosen = installed.chosen()
    _say(f"weights {chosen.name!r}, {installed.sha256()[:12]}" if chosen.weights else chosen.problem)
    place = folder_of(scene, frames.scene_camera(scene), settings["folder"])
    while True:
        for warning in frames.begin(bpy.context, **settings, show=False, say=_say):
            _say(warning)
        painting.wait()
        if all(place.frame(number).exists() for number in range(start, end + 1)):
            return 0
        time.sleep(_LOOK_SECONDS)  # others paint the rest; what a worker leaves that was lost is painted here
        settings["skip_existing"] = True


def _window() -> dict:
    """Context members that a command starts without: a scene can't be removed where there is no window, not even one that nobody sees."""
    windows = bpy.context.window_manager.windows
    return {"window": windows[0], "scene": bpy.context.scene} if windows else {}


def _say(sentence: str) -> None:
    print(f"{NAME}: {sentence}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"blender -b FILE --command {NAME}", description="Paint scenery without a window.")
    parts = parser.add_subparsers(required=True, metavar="paint-frames")
    part = parts.add_parser("paint-frames", help="paint the frames of the file's animation")
    part.add_argument("frames", metavar="A:B", type=_range, help="first and last frame")
    part.add_argument("--skip-existing", action="store_true", help="leave frames that are already there")
    return parser


def _range(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"frames are given as A:B, first and last, such as 1:24; {text!r} is not")
    return int(found[1]), int(found[2])
