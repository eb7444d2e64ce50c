"""Keeps the viewport's picture true: when a kept object moves or the camera's view changes, its cut-out is made anew a moment later.

Renders need none of this. A handler notes the change, and a timer acts once nothing has moved for a while: nothing is captured while
the user still drags.
"""
from __future__ import annotations

import time

import bpy
from bpy.app.handlers import persistent

from .. import assignment
from ..capture import CaptureError, project
from . import backdrop

_SETTLED = 0.3  # seconds without a change

_due = 0.0  # when to act, on the clock of time.monotonic
_frames: dict[int, bytes] = {}  # by scene: what its backdrop's camera took in when last looked at


def attach() -> None:
    """Begin to watch."""
    bpy.app.handlers.depsgraph_update_post.append(_note)


def detach() -> None:
    """Stop watching, and leave no timer behind."""
    bpy.app.handlers.depsgraph_update_post.remove(_note)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def wake() -> None:
    """Cut the pictures of all windows' scenes anew in a moment, and later still if this is called again until then."""
    global _due
    _due = time.monotonic() + _SETTLED
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_SETTLED)


def concerns(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> bool:
    """Whether the depsgraph's updates moved or reshaped a kept object, or the backdrop's camera sees another frame than last time."""
    eye = backdrop.camera(scene)
    if eye is None:
        _frames.pop(scene.session_uid, None)
        return False
    # The camera's own updates tell nothing: a new background image counts as one, and so would the cut made here.
    frame = _frame(scene, depsgraph, eye)
    turned = _frames.setdefault(scene.session_uid, frame) != frame
    _frames[scene.session_uid] = frame
    return turned or any(_moved(update) and assignment.is_keep(scene, update.id.original) for update in depsgraph.updates)


def _moved(update: bpy.types.DepsgraphUpdate) -> bool:
    return isinstance(update.id, bpy.types.Object) and (update.is_updated_transform or update.is_updated_geometry)


def _frame(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph, camera: bpy.types.Object) -> bytes:
    """What the camera takes in, in comparable form; empty for a camera that Veduta can't paint through."""
    try:
        lens = project.camera_lens(scene, depsgraph, camera)
    except CaptureError:
        return b""
    return (lens.window() @ lens.view).tobytes()


@persistent
def _note(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    if not bpy.app.background and concerns(scene, depsgraph):
        wake()


def _tick() -> float | None:
    wait = _due - time.monotonic()
    if wait > 0:
        return wait
    if bpy.app.is_job_running("RENDER"):  # what a render reads must not change under it
        return _SETTLED
    for window in bpy.context.window_manager.windows:
        _recut(window.scene, window.view_layer)
    return None


def _recut(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer) -> None:
    try:
        backdrop.recut(scene, view_layer)
    except CaptureError:
        pass  # the camera has become panoramic: the painting no longer belongs to its view, and Paint says so
