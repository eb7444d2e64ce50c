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
from .synth_core.request import Request, RequestError, Result

KEYWORD = "Veduta recipe"  # of the PNG's text
_PROPERTY = "veduta_recipe"  # custom property of the Image
_VERSION = 1
_TYPES = {"labels": np.uint8, "style": np.float32, "noise": np.float32, "matrix": np.float64, "projection": np.float64}


class RecipeError(ValueError):
    """An image without a usable recipe; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """How one picture was painted.

    labels, seed, style, noise: as in `Request`.
    scene, camera: names. matrix: (4, 4) float64 world to camera. projection: (4, 4) float64 camera to clip space (OpenGL's).
    threads: processor threads that it was painted with.
    engine, weights: as in `Result`; "" before the picture is finished, and so in the PNG.
    created: when it was finished, ISO 8601 in UTC to the second; "" before, in the PNG, and in recipes of earlier versions.
    look: the name of the look that `style` is; "" for one that the seed draws.
    """

    labels: np.ndarray
    seed: int
    style: np.ndarray | None
    noise: np.ndarray | None
    scene: str
    camera: str
    matrix: np.ndarray
    projection: np.ndarray
    threads: int
    engine: str = ""
    weights: str = ""
    created: str = ""
    look: str = ""

    def request(self) -> Request:
        """The request that paints the same picture again, with the same texts in its PNG. Raises RequestError."""
        return Request(self.labels, self.seed, self.style, self.noise, texts=texts(self))


def make(request: Request, scene: bpy.types.Scene, camera: bpy.types.Object, look: str = "") -> Recipe:
    """The recipe of what `request` asks for, with the camera as it stands now; `finished` adds what is known once it is painted."""
    lens = _lens(scene, camera)
    return Recipe(request.labels, request.seed, request.style, request.noise, scene.name, camera.name, lens.view, lens.window(),
                  threads=_threads(), look=look)


def finished(recipe: Recipe, result: Result) -> Recipe:
    """The recipe with the engine and the weights that painted `result`, and the time."""
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return replace(recipe, engine=result.engine, weights=result.weights, created=created)


def here(recipe: Recipe) -> Recipe:
    """The recipe as begun again on this machine, not finished yet."""
    return replace(recipe, threads=_threads(), engine="", weights="", created="")


def _threads() -> int:
    return service.threads() or os.cpu_count() or 0


def is_view(recipe: Recipe, scene: bpy.types.Scene, camera: bpy.types.Object) -> bool:
    """Whether the camera shows now what it showed when the recipe was made, to a hair."""
    lens = _lens(scene, camera)
    return np.allclose(recipe.matrix, lens.view, atol=1e-5) and np.allclose(recipe.projection, lens.window(), atol=1e-5)


def texts(recipe: Recipe) -> dict[str, str]:
    """The texts for the PNG, for `Request.texts`: it is written before engine, weights and time are known, so the recipe in it names none."""
    return {KEYWORD: dumps(replace(recipe, engine="", weights="", created="")), "Software": "Veduta"}


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
    coded = {name: _packed(np.asarray(value, _TYPES[name])) if name in _TYPES else value for name, value in fields.items()}
    return json.dumps({"version": _VERSION, **coded, "seed": str(recipe.seed)})


def loads(text: str) -> Recipe:
    """The recipe in `text`. Raises RecipeError with the reason when it is none."""
    try:
        fields = json.loads(text)
        version = fields.pop("version")
        if version != _VERSION:
            raise RecipeError(f"version {version} instead of {_VERSION}")
        arrays = {name: _unpacked(fields[name], kind) if name in fields else None for name, kind in _TYPES.items()}
        recipe = Recipe(**{**fields, **arrays, "seed": int(fields["seed"])})
        recipe.request()  # raises for labels and a seed that can't be painted
    except (ValueError, TypeError, LookupError, AttributeError, zlib.error, RequestError) as error:
        raise error if isinstance(error, RecipeError) else RecipeError(str(error)) from error
    return recipe


def _lens(scene: bpy.types.Scene, camera: bpy.types.Object) -> project.Lens:
    return project.camera_lens(scene, bpy.context.evaluated_depsgraph_get(), camera)


def _packed(array: np.ndarray) -> dict:
    data = zlib.compress(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return {"shape": array.shape, "data": base64.b64encode(data).decode()}


def _unpacked(packed: dict, kind: type) -> np.ndarray:
    data = zlib.decompress(base64.b64decode(packed["data"], validate=True))
    return np.frombuffer(data, np.dtype(kind).newbyteorder("<")).reshape(packed["shape"]).astype(kind)
