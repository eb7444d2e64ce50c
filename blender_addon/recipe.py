"""A painting's recipe: all it takes to paint it again, kept in the painting's Image and in its PNG. Painting is not done here.

Written as one JSON object. Seeds and hashes are strings: a .blend's integers have 32 bits. Arrays are zlib-compressed and base64-coded.
"""
from __future__ import annotations

import base64
import json
import os
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import bpy
import numpy as np

from . import service
from .capture import project
from .synth_core.request import Anchors, Relief, Request, RequestError, Result, licence_texts

KEYWORD = "Veduta recipe"  # of the PNG's text
_PROPERTY = "veduta_recipe"  # custom property of the Image
_VERSION = 2
_OLDEST = 1  # knew no anchors, wrap, view, best_of or relief
_TYPES = {"labels": np.uint8, "style": np.float32, "matrix": np.float64, "projection": np.float64}
_ANCHOR_TYPES = {"point": np.float32, "footprint": np.float32, "sky": np.bool_}


class RecipeError(ValueError):
    """An image without a usable recipe; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """How one picture was painted.

    labels, seed, style, anchors, wrap, view, best_of: as in `Request`; of a finished picture seed is the one that was kept, best_of 1.
    relief: what of `Relief` is no array, such as its strengths (the arrays are large, and the scene gives them again); None without relief.
    scene, camera: names. matrix: (4, 4) float64 world to camera. projection: (4, 4) float64 camera to clip space (OpenGL's).
    threads: processor threads that it was painted with.
    engine, weights: as in `Result`; "" before the picture is finished, and so in the PNG.
    created: when it was finished, ISO 8601 in UTC to the second; "" before, in the PNG, and in recipes of earlier versions.
    look: the name of the look that `style` is; "" for one that the seed draws.
    licence: what the weights may be used for, as in `Result`; "" before, in the PNG's recipe, and in recipes of earlier versions.
    """

    labels: np.ndarray
    seed: int
    style: np.ndarray | None
    scene: str
    camera: str
    matrix: np.ndarray
    projection: np.ndarray
    threads: int
    engine: str = ""
    weights: str = ""
    created: str = ""
    look: str = ""
    anchors: Anchors | None = None
    wrap: str = ""
    view: tuple[float, float] = (1.0, -1.0)
    best_of: int = 1
    relief: dict | None = None
    licence: str = ""

    def request(self, relief: Relief | None = None) -> Request:
        """The request that paints the same picture again, with the same texts in its PNG. `relief`: that of the recipe, with maps of the
        scene. Raises RequestError."""
        return Request(self.labels, self.seed, self.style, self.anchors, self.wrap, self.best_of, relief, self.view,
                       texts(replace(self, licence="")))  # which the weights that paint it again add


def make(request: Request, scene: bpy.types.Scene, camera: bpy.types.Object, look: str = "") -> Recipe:
    """The recipe of what `request` asks for, with the camera as it stands now; `finished` adds what is known once it is painted."""
    return of_lens(request, scene.name, camera.name, _lens(scene, camera), look)


def of_lens(request: Request, scene: str, camera: str, lens: project.Lens, look: str = "") -> Recipe:
    """The recipe of what `request` asks for, seen through `lens`. scene, camera: names, the camera's "" for a free view."""
    return Recipe(request.labels, request.seed, request.style, scene, camera, lens.view, lens.window(), threads=_threads(),
                  look=look, anchors=request.anchors, wrap=request.wrap, view=request.view, best_of=request.best_of,
                  relief=request.relief and request.relief.amounts)


def finished(recipe: Recipe, result: Result) -> Recipe:
    """The recipe with the engine, the weights and the seed that painted `result`, and the time."""
    return replace(stamped(recipe), engine=result.engine, weights=result.weights, licence=result.licence, seed=result.seed, best_of=1)


def stamped(recipe: Recipe) -> Recipe:
    """The recipe of a picture that is finished now."""
    return replace(recipe, created=datetime.now(timezone.utc).isoformat(timespec="seconds"))


def here(recipe: Recipe) -> Recipe:
    """The recipe as begun again on this machine, not finished yet."""
    return replace(recipe, threads=_threads(), engine="", weights="", licence="", created="")


def _threads() -> int:
    return service.threads() or os.cpu_count() or 0


def is_view(recipe: Recipe, scene: bpy.types.Scene, camera: bpy.types.Object) -> bool:
    """Whether the camera shows now what it showed when the recipe was made, to a hair."""
    lens = _lens(scene, camera)
    return np.allclose(recipe.matrix, lens.view, atol=1e-5) and np.allclose(recipe.projection, lens.window(), atol=1e-5)


def texts(recipe: Recipe) -> dict[str, str]:
    """The texts for the PNG, for `Request.texts`: it is written before engine, weights and time are known, so the recipe in it names none.
    The licence is a text of its own."""
    begun = replace(recipe, engine="", weights="", licence="", created="")
    return {KEYWORD: dumps(begun), "Software": "Veduta"} | licence_texts(recipe.licence)


def is_painting(image: bpy.types.Image) -> bool:
    """Whether Veduta painted the image: it holds a recipe, readable or not."""
    return _PROPERTY in image


def store(image: bpy.types.Image, recipe: Recipe) -> None:
    """Keep the recipe in the image, in place of another."""
    image[_PROPERTY] = dumps(recipe)


def load(image: bpy.types.Image) -> Recipe:
    """The recipe kept in the image. Raises RecipeError when it holds none, or none that can be read."""
    text = image.get(_PROPERTY)
    if text is None:
        raise RecipeError(f"The image {image.name!r} holds no recipe; only paintings made by Veduta can be reproduced.")
    try:
        return loads(text)
    except RecipeError as error:
        raise RecipeError(f"The recipe in the image {image.name!r} can't be read ({error}); paint anew.") from error


def dumps(recipe: Recipe) -> str:
    """The recipe as JSON."""
    fields = {name: value for name, value in vars(recipe).items() if value is not None}
    coded = {name: _packed(value, _TYPES[name]) if name in _TYPES else value for name, value in fields.items()}
    if recipe.anchors is not None:
        coded["anchors"] = {name: _packed(getattr(recipe.anchors, name), kind) for name, kind in _ANCHOR_TYPES.items()}
    return json.dumps({"version": _VERSION, **coded, "seed": str(recipe.seed)})


def loads(text: str) -> Recipe:
    """The recipe in `text`. Raises RecipeError with the reason when it is none."""
    try:
        fields = json.loads(text)
        version = fields.pop("version")
        if not _OLDEST <= version <= _VERSION:
            raise RecipeError(f"its version is {version}, and this Veduta knows {_OLDEST} to {_VERSION}")
        arrays = {name: _unpacked(fields[name], kind) if name in fields else None for name, kind in _TYPES.items()}
        if "anchors" in fields:
            arrays["anchors"] = Anchors(**{name: _unpacked(fields["anchors"][name], kind) for name, kind in _ANCHOR_TYPES.items()})
        if "view" in fields:
            arrays["view"] = tuple(fields["view"])
        recipe = Recipe(**{**fields, **arrays, "seed": int(fields["seed"])})
        recipe.request()  # raises for labels and a seed that can't be painted
    except (ValueError, TypeError, LookupError, AttributeError, zlib.error, RequestError) as error:
        raise error if isinstance(error, RecipeError) else RecipeError(str(error)) from error
    return recipe


def _lens(scene: bpy.types.Scene, camera: bpy.types.Object) -> project.Lens:
    return project.current_lens(scene, bpy.context.view_layer, camera)


def _packed(array: np.ndarray, kind: type) -> dict:
    """The array as JSON. Neighbouring places of a view differ little: the steps between them, one byte of all, then the next, take less room."""
    words = np.ascontiguousarray(array, np.dtype(kind).newbyteorder("<")).view(f"<u{np.dtype(kind).itemsize}").ravel()
    steps = np.diff(words, prepend=words.dtype.type(0))
    planes = steps.view(np.uint8).reshape(-1, words.itemsize).T
    return {"shape": np.shape(array), "steps": base64.b64encode(zlib.compress(planes.tobytes())).decode()}


def _unpacked(packed: dict, kind: type) -> np.ndarray:
    stored = np.dtype(kind).newbyteorder("<")
    if "data" in packed:  # of version 1
        data = zlib.decompress(base64.b64decode(packed["data"], validate=True))
        return np.frombuffer(data, stored).reshape(packed["shape"]).astype(kind)
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed["steps"], validate=True)), np.uint8)
    steps = np.ascontiguousarray(planes.reshape(stored.itemsize, -1).T).view(f"<u{stored.itemsize}").ravel()
    return np.cumsum(steps, dtype=steps.dtype).view(stored).reshape(packed["shape"]).astype(kind)
