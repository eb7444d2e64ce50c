"""The looks' thumbnails: one small map painted in each of them, by the weights that will paint the picture.

They are painted when first shown, by the painter's process while it has nothing else to do, and kept as PNG files in the extension's
cache folder under the weights' hash: so they are true of whatever weights are chosen and of looks taken from photographs too, and cost
nothing in the zip. Any other job goes before them. The pictures of weights themselves come with these.
"""
from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import bpy
import bpy.utils.previews
import numpy as np

from . import installed, looks, painting, service, viewports
from .session import Job, SessionError
from .synth_core import weights
from .synth_core.thumbnail import request

_WAIT = 0.5  # seconds before the painter is asked again whether it is free
_FOLDER = "thumbnails"

_icons: bpy.utils.previews.ImagePreviewCollection | None = None
_wanted: dict[str, np.ndarray] = {}  # by file name: the styles still to be painted, in the order in which they were asked for
_job: tuple[str, Job] | None = None
_problem = ""  # why there are none: asking again and again would help nobody


def icon(scene: bpy.types.Scene, look: str) -> int:
    """`icon_value` of a look's thumbnail; 0 while there is none, and then one is painted in a while."""
    if bpy.app.background:
        return 0
    try:
        style = looks.find(scene, look)
    except painting.PaintingError:
        return 0
    name = file_name(style)
    path = folder() / name
    if _icons is not None and name in _icons:
        return _icons[name].icon_id
    if path.exists():
        return _load(name, path)
    ask(name, style)
    return 0


def weights_icon(entry: installed.Entry) -> int:
    """`icon_value` of the picture that comes with weights; 0 where there is none."""
    if bpy.app.background or entry.weights is None or weights.THUMBNAIL not in entry.weights.sums:
        return 0
    name = f"weights {entry.key}"
    if _icons is not None and name in _icons:
        return _icons[name].icon_id
    return _load(name, entry.weights.folder / weights.THUMBNAIL)


def problem() -> str:
    """Why no more thumbnails are painted, in one sentence; "" while all is well."""
    return _problem


def ask(name: str, style: np.ndarray) -> None:
    """Have the thumbnail of a style painted when the painter is free."""
    _wanted.setdefault(name, style)
    if not _problem and not bpy.app.background and not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_WAIT, persistent=True)


def folder() -> Path:
    """Where the thumbnails of the chosen weights lie."""
    return _folder_of(installed.sha256())


def _folder_of(weights: str) -> Path:
    return service.user_folder() / _FOLDER / (weights[:16] or "none")


def file_name(style: np.ndarray) -> str:
    """The name of a style's file: of the style itself, so that a look that changes gets another thumbnail."""
    return hashlib.sha256(np.ascontiguousarray(style, "<f4").tobytes()).hexdigest()[:16] + ".png"


def step() -> bool:
    """Move on with what is wanted, as far as the painter is free. Returns whether there is more to do. Never waits."""
    global _job, _problem
    if _job is None:
        _begin()
        return bool(_wanted) and not _problem
    name, job = _job
    service.session().tick()
    if job.is_running:
        return True
    _job = None
    if job.state == "done":
        _save(name, job.result.png)
    elif job.state == "failed":
        _problem = job.problem.message
    viewports.redraw("UI")
    return bool(_wanted) and not _problem


def free() -> None:
    """Stop, and give the icons back."""
    global _icons, _job, _problem
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
    _icons, _job, _problem = None, None, ""
    _wanted.clear()


def _begin() -> None:
    """Start the next thumbnail if the painter is free."""
    global _job
    if not _wanted or painting.current() is not None:
        return
    name, style = next(iter(_wanted.items()))
    try:
        _job = name, service.session().start(request(style), gives_way=True)
    except SessionError:
        pass  # something else is painted: later


def _tick() -> float | None:
    if not step():
        return None
    return painting.TICK_SECONDS if _job else _WAIT


def _save(name: str, png: bytes) -> None:
    """Keep a thumbnail; those of weights that are no longer installed go."""
    global _problem
    _wanted.pop(name, None)
    place = folder()
    kept = [place, *(_folder_of(entry.weights.sha256) for entry in installed.entries() if entry.weights)]
    for other in place.parent.glob("*"):
        if other not in kept:
            shutil.rmtree(other, ignore_errors=True)
    try:
        place.mkdir(parents=True, exist_ok=True)
        unfinished = place / (name + ".part")
        unfinished.write_bytes(png)
        unfinished.replace(place / name)
    except OSError as error:
        _problem = f"Thumbnails can't be kept in {place} ({error.strerror or error})."


def _load(name: str, path: Path) -> int:
    global _icons
    if _icons is None:
        _icons = bpy.utils.previews.new()
    return _icons.load(name, str(path), "IMAGE").icon_id
