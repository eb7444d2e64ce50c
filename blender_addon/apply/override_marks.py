"""The marks that Veduta leaves on library overrides, kept through what makes Blender forget them.

Whenever Blender reads a file or a library anew, overrides keep their changed settings but lose custom properties of their own, and with
these the marks that tell what the settings were. So every scene holds a copy of the marks, from which they are put back.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
from bpy.app.handlers import persistent

_PREFIX = "veduta_"  # all of Veduta's marks start with it
_COPIES = "veduta_override_marks"  # on a scene: for each override that bears marks, the object and the marks by name


def attach() -> None:
    """Begin to put marks back whenever a file is opened."""
    bpy.app.handlers.load_post.append(_note_load)


def detach() -> None:
    """Stop doing so."""
    bpy.app.handlers.load_post.remove(_note_load)


@contextmanager
def kept() -> Iterator[None]:
    """For all that sets marks or takes them away: lost ones are back before, and copies are made after."""
    put_back()
    try:
        yield
    finally:
        _copy()


def put_back() -> None:
    """Give overrides the marks that they have lost."""
    for scene in bpy.data.scenes:
        for entry in scene.get(_COPIES, ()):
            obj = entry.get("object")  # None when it has been deleted
            if obj is None or not _is_override(obj):
                continue
            for name, value in entry["marks"].items():
                if name not in obj:
                    obj[name] = _plain(value)


def _copy() -> None:
    copies = [{"object": obj, "marks": marks} for obj in bpy.data.objects if _is_override(obj) and (marks := _marks(obj))]
    for scene in bpy.data.scenes:
        if scene.library is not None:
            continue
        if copies:
            scene[_COPIES] = copies
        elif _COPIES in scene:
            del scene[_COPIES]


def _is_override(obj: bpy.types.Object) -> bool:
    return obj.override_library is not None and obj.library is None  # a library's own overrides are read-only


def _marks(obj: bpy.types.Object) -> dict:
    return {name: _plain(value) for name, value in obj.items() if name.startswith(_PREFIX)}


def _plain(value):
    """A custom property's value in Python's own types, which alone can be set elsewhere."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value.to_dict() if hasattr(value, "to_dict") else value.to_list() if hasattr(value, "to_list") else value


@persistent
def _note_load(*_arguments) -> None:
    put_back()
