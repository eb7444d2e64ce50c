"""The looks that a scene can be painted in, and the one that its settings ask for. Nothing is drawn and nothing painted here.

Named looks come with the weights; looks taken from photographs lie in the scene's settings, as codes. What a style is and how styles mix,
`synth_core.styles` says.
"""
from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import bpy
import numpy as np

from . import installed, service
from .painting import PaintingError
from .synth_core import labels as label_set
from .synth_core.request import STYLE_SIZE
from .synth_core.styles import StyleError, Styles
from .synth_core.weights import WeightsError

SHAPE = (label_set.COUNT, STYLE_SIZE)
_CODES = np.dtype("<f4")


class Look(NamedTuple):
    """A style to paint in, (23, 64) float32, or None for the one that the seed draws; and its name for people, "" for the latter."""

    style: np.ndarray | None
    name: str


_styles: Styles | WeightsError | None = None


def styles() -> Styles:
    """The styles of the chosen weights, read once. Raises WeightsError."""
    global _styles
    if _styles is None:
        try:
            _styles = Styles(service.weights_folder(service.preferences().weights))
        except WeightsError as error:  # remembered too: a panel asks at every drawing, and damaged weights take long to check
            _styles = error
    if isinstance(_styles, WeightsError):
        raise _styles
    return _styles


def forget() -> None:
    """Drop what was read."""
    global _styles
    _styles = None


def names(scene: bpy.types.Scene) -> list[str]:
    """The looks to choose from: the photographs' that the scene keeps, then the weights' own. Without weights the former alone."""
    try:
        named = styles().names
    except WeightsError:
        named = ()
    return [photo.name for photo in scene.veduta.look.photos] + list(named)


def find(scene: bpy.types.Scene, name: str) -> np.ndarray:
    """The style (23, 64) float32 of a look. Raises PaintingError for one that is not there."""
    photo = scene.veduta.look.photos.get(name)
    try:
        return _known().look(name) if photo is None else unpack(photo.codes)
    except StyleError as error:
        raise PaintingError(str(error), "Choose another look.") from error
    except (ValueError, zlib.error) as error:
        raise PaintingError(f"The look {name!r} is damaged.", "Remove it and take it from its photograph again.") from error


def wanted(scene: bpy.types.Scene, seed: int) -> Look:
    """The look that the scene's settings ask for, with `seed` to draw one by. Raises PaintingError."""
    settings = scene.veduta.look
    if settings.source == "SEED" and settings.strength == 1 and not settings.labels:
        return Look(None, "")
    base, name = _base(scene, settings, seed)
    words = [name if settings.strength == 1 else f"{name} at {settings.strength:.0%}"]
    style = _known().strength(base, settings.strength)
    others = {}
    for entry in settings.labels:
        others[label_set.BY_NAME[entry.label.lower()].id] = find(scene, entry.look)
        words.append(f"{entry.label.lower()} {entry.look}")
    return Look(Styles.by_label(style, others), ", ".join(words))


def _base(scene: bpy.types.Scene, settings, seed: int) -> tuple[np.ndarray, str]:
    """The style before its strength and the labels of their own, and its name."""
    if settings.source == "LOOK":
        return find(scene, settings.look), settings.look
    if settings.source == "BLEND":
        mixed = Styles.blend(find(scene, settings.look), find(scene, settings.other), settings.share)
        return mixed, f"{settings.look} to {settings.other} {settings.share:.0%}"
    return _known().drawn(seed), "By seed"


def _known() -> Styles:
    """The styles of the chosen weights. Raises PaintingError; the user alone decides to paint with others."""
    try:
        return styles()
    except WeightsError as error:
        mend = ("Or use Veduta's own.", installed.MEND) if service.preferences().weights else ()
        raise PaintingError(str(error), *mend) from error


def keep(scene: bpy.types.Scene, name: str, style: np.ndarray) -> str:
    """Keep a photograph's style among the scene's looks, and return its name there: `name`, numbered where that is another's."""
    taken = set(names(scene))
    unique = next(candidate for candidate in _numbered(name) if candidate not in taken)
    photo = scene.veduta.look.photos.add()
    photo.name, photo.codes = unique, pack(style)
    return unique


def title(name: str) -> str:
    """A look's name as a panel writes it."""
    return name[:1].upper() + name[1:]


def free_label(scene: bpy.types.Scene) -> str | None:
    """The identifier of the first label that has no look of its own, the sky first of all; None when all have one."""
    used = {entry.label for entry in scene.veduta.look.labels}
    return next((label.name.upper() for label in label_set.LABELS[1:] if label.name.upper() not in used), None)


def pack(style: np.ndarray) -> str:
    """A style as text, for a string property."""
    return base64.b64encode(zlib.compress(style.astype(_CODES).tobytes())).decode()


def unpack(codes: str) -> np.ndarray:
    """The style of `pack`. Raises ValueError or zlib.error for text that is none."""
    return np.frombuffer(zlib.decompress(base64.b64decode(codes, validate=True)), _CODES).reshape(SHAPE).astype(np.float32)


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name} {number}"
        number += 1
