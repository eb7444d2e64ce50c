"""The paintings that the file holds, and what their recipes tell of them in words. Nothing is changed here but the favourite's mark.

A painting is an Image with a recipe. A sidebar is drawn many times a second and a recipe holds a whole label map, so what is shown of it is
read once and remembered by the Image's session id: a recipe, once stored, is never another's.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import bpy

from . import recipe as recipes
from .apply import backdrop

_FAVOURITE = "veduta_favourite"  # custom property of the Image


@dataclass(frozen=True)
class Summary:
    """What is shown of a painting.

    created: ISO 8601 in UTC, "" where an earlier version didn't note it. look: a look's name, "" for one drawn by the seed.
    weights: sha256 of those it was painted with; licence: what they may be used for, "" where they say nothing. problem: why its recipe
    can't be read, in one sentence; "" where it can.
    """

    created: str = ""
    look: str = ""
    seed: str = ""
    camera: str = ""
    width: int = 0
    height: int = 0
    weights: str = ""
    licence: str = ""
    problem: str = ""

    @property
    def when(self) -> str:
        """Day and time in the computer's own time zone; "" where it isn't known."""
        return datetime.fromisoformat(self.created).astimezone().strftime("%d %b %Y, %H:%M") if self.created else ""

    @property
    def when_short(self) -> str:
        """What a list has room for: the time of today's, the day and time of this year's, the date of others."""
        if not self.created:
            return "Earlier"
        moment, now = datetime.fromisoformat(self.created).astimezone(), datetime.now().astimezone()
        form = "%H:%M" if moment.date() == now.date() else "%d %b %H:%M" if moment.year == now.year else "%d %b %Y"
        return moment.strftime(form)

    @property
    def look_name(self) -> str:
        return self.look or "By seed"


_summaries: dict[int, Summary] = {}


def paintings() -> list[bpy.types.Image]:
    """The file's paintings, the newest first."""
    found = [image for image in bpy.data.images if recipes.is_painting(image)]
    return sorted(found, key=lambda image: summary(image).created, reverse=True)


def summary(image: bpy.types.Image) -> Summary:
    """What is shown of a painting."""
    if image.session_uid not in _summaries:
        _summaries[image.session_uid] = _read(image)
    return _summaries[image.session_uid]


def forget() -> None:
    """Drop what was remembered."""
    _summaries.clear()


def selected(scene: bpy.types.Scene) -> bpy.types.Image | None:
    """The painting chosen in the panel's list; without a choice the backdrop's."""
    image = bpy.data.images.get(scene.veduta.history.painting)
    return image if image is not None and recipes.is_painting(image) else backdrop.active_painting(scene)


def is_favourite(image: bpy.types.Image) -> bool:
    return bool(image.get(_FAVOURITE))


def set_favourite(image: bpy.types.Image, favourite: bool) -> None:
    if favourite:
        image[_FAVOURITE] = True
    else:
        image.pop(_FAVOURITE, None)


def _read(image: bpy.types.Image) -> Summary:
    try:
        recipe = recipes.load(image)
    except recipes.RecipeError as error:
        return Summary(problem=str(error))
    height, width = recipe.labels.shape
    return Summary(recipe.created, recipe.look, str(recipe.seed), recipe.camera, width, height, recipe.weights, recipe.licence)
