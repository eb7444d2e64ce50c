"""Keeps the marks that library overrides carry when their library is read again. The marks themselves are `marks`'s.

From 5.0 on Blender can't read back what an override says of a group that the library's own data-block lacks, as all do that never met
Veduta. Reading the group there makes it, empty and in memory alone; so that is done before Blender notes what overrides say, which it does
at every undo step and when it saves.
"""
from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from .. import compat


def attach() -> None:
    """Begin to follow what is loaded, linked and saved."""
    for handlers in _handlers():
        handlers.append(_secure_all)


def detach() -> None:
    """Leave no handler behind."""
    for handlers in _handlers():
        handlers.remove(_secure_all)


def secure(datablock: bpy.types.ID) -> None:
    """Have the library's data-block hold the group, if this is an override of it."""
    if datablock.override_library is not None:
        datablock.override_library.reference.veduta


@persistent
def _secure_all(*_) -> None:
    for datablock in (*bpy.data.materials, *bpy.data.objects, *bpy.data.collections):
        secure(datablock)


def _handlers() -> tuple[list, ...]:
    return bpy.app.handlers.load_post, bpy.app.handlers.save_pre, compat.IMPORT_HANDLERS
