"""From what a camera sees to a `Relief`: the scene's Sun on its slopes and the kept objects' shadow, as maps of the painting's size.

Also which picture of a painting is the unlit one, which is kept once, so that lighting a painting again never adds to what was done
before. What the effects do to a picture is `synth_core/relief.py`'s; jobs and delivery are `operators/relief.py`'s.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from . import assignment
from . import recipe as recipes
from .apply import viewport
from .apply.backdrop import UNLIT
from .capture import View, capture, kept_shade
from .capture.extract import sun_light
from .synth_core.relief import AMOUNTS, Relief
from .synth_core.request import Result

NAME = "Veduta Unlit"


def amounts(scene: bpy.types.Scene) -> dict[str, float]:
    """How much of each effect the scene's settings ask for, by `Relief`'s names."""
    return {name: getattr(scene.veduta.relief, name) for name in AMOUNTS}


def asked_for(scene: bpy.types.Scene) -> bool:
    """Whether the scene's settings ask for any effect."""
    settings = scene.veduta.relief
    return any((settings.shading, settings.haze, settings.reflection, settings.shadow))


def of_view(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, view: View, asked: dict[str, float]) -> Relief:
    """The relief of a captured view. `asked`: how much of each effect, as `amounts` gives it.

    A scene without a Sun has no slopes to shade and no shadow to cast: those amounts are 0 then.
    """
    scale = scene.unit_settings.scale_length
    lens, covered = view.lens, np.isfinite(view.depth)
    sun = view.suns[0] if view.suns else None
    if sun is None:
        asked = {**asked, "shading": 0.0, "shadow": 0.0}
    directions = np.stack((np.zeros(3) if sun is None else sun.direction, (0, 0, 1))).astype(np.float32)
    slopes = np.rint(127.5 * (view.normal @ directions.T + 1)).clip(0, 255).astype(np.uint8)
    shade = np.zeros(covered.shape, np.uint8)
    if asked["shadow"]:
        shade = np.rint(255 * kept_shade(scene, view_layer, view, sun)).astype(np.uint8)
    matrix = lens.view.copy()
    matrix[:3, 3] *= scale
    frame = np.array((lens.left, lens.right, lens.bottom, lens.top)) * (scale if lens.orthographic else 1)
    return Relief(view.labels, view.depth * np.float32(scale), slopes, shade, matrix.astype(np.float32), frame.astype(np.float32),
                  lens.orthographic, **asked)


def captured(context: bpy.types.Context, camera: bpy.types.Object, recipe: recipes.Recipe, asked: dict[str, float]) -> Relief:
    """The relief of a painting by the scene as it stands now, with the labels as painted. Raises CaptureError."""
    scene = context.scene
    view = capture(scene, context.view_layer, camera, *recipe.labels.shape[::-1])
    return of_view(scene, context.view_layer, replace(view, labels=recipe.labels), asked)


def unlit(painting: bpy.types.Image) -> bpy.types.Image:
    """The painting's Image without relief: itself when it has none."""
    return painting.get(UNLIT) or painting


def keep_unlit(result: Result) -> bpy.types.Image:
    """A new Image of a picture before it is lit. It lives as long as a painting refers to it."""
    image = viewport.packed(NAME, result.png)
    image[assignment.OWN_MARK] = True
    return image


@dataclass(frozen=True, eq=False)
class _Known:
    """The relief of a painting, and what it depends on besides the picture."""

    unlit: int  # the unlit Image's session_uid
    state: tuple
    relief: Relief
    matte: np.ndarray


_known: _Known | None = None  # of the last painting: a slider's next move needs no capture


def remember(scene: bpy.types.Scene, painting: bpy.types.Image, relief: Relief, matte: np.ndarray) -> None:
    """Keep the maps of a painting's relief and its kept objects' matte in memory, in place of another's."""
    global _known
    _known = _Known(unlit(painting).session_uid, _state(scene), relief, matte)


def recall(scene: bpy.types.Scene, painting: bpy.types.Image, asked: dict[str, float]) -> tuple[Relief, np.ndarray] | None:
    """The remembered relief of a painting with other amounts, and the matte; None when another was remembered, or Suns or kept objects
    have changed."""
    if _known is None or _known.unlit != unlit(painting).session_uid or _known.state != _state(scene):
        return None
    if asked["shadow"] and not _known.relief.shadow:  # its shadows were never looked for
        return None
    return replace(_known.relief, **asked), _known.matte


def forget() -> None:
    """Drop what was remembered."""
    global _known
    _known = None


def _state(scene: bpy.types.Scene) -> tuple:
    """What light and shadow depend on: the Suns, and where the kept objects stand."""
    lamps = [obj for obj in scene.objects if obj.type == "LIGHT" and obj.data.type == "SUN"]
    suns = [(*_numbers(lamp), *sun_light(lamp.data), lamp.data.angle, lamp.hide_render) for lamp in lamps]
    kept = [(*_numbers(obj), obj.hide_render) for obj in scene.objects if assignment.is_keep(scene, obj)]
    return tuple(suns), tuple(kept)


def _numbers(obj: bpy.types.Object) -> tuple[float, ...]:
    return tuple(round(number, 6) for row in obj.matrix_world for number in row)
