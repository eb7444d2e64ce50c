"""Where paintings are projected from: for each camera an empty that stands where it stood, and holds the painting and how deep it sees.

A scene's projectors lie in one collection of its own. How materials show them is `projection_nodes`', which objects get these `textures`'.
"""
from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..assignment import OWN_MARK
from ..capture import Lens
from . import colour, viewport

COLLECTION = "Veduta Projection"
_STAND = "veduta_projection"  # custom property of the collection and of its empties; an empty's holds the camera's name
_PAINTING, _SHOWN, _DEPTH, _FRAME, _VIEW = "veduta_painting", "veduta_shown", "veduta_depth", "veduta_frame", "veduta_view"
NOTHING = 1e9  # stands in the depth image for infinitely far
_EDGES = ("left", "right", "bottom", "top", "near", "far")


@dataclass(frozen=True, eq=False)
class Projector:
    """One painting with the view that it was painted in.

    camera: the name of the camera that it was painted through. stand: the empty, in that camera's place.
    painting: the painting's Image. shown: the same picture in the colour space that materials need; may be `painting` itself.
    depth: a float Image of the painting's size: `View.depth`, NOTHING where no surface is.
    """

    camera: str
    stand: bpy.types.Object
    lens: Lens
    painting: bpy.types.Image
    shown: bpy.types.Image
    depth: bpy.types.Image


def add(scene: bpy.types.Scene, camera: str, lens: Lens, painting: bpy.types.Image, depth: np.ndarray) -> None:
    """Project `painting` from where `lens` stands, in place of the camera's former projection.

    depth: (H, W) float32 of the painting's size, row 0 at the top, infinite where no surface is.
    """
    for former in found(scene):
        if former.camera == camera:
            remove(former)
    stand = bpy.data.objects.new(f"Veduta {camera}", None)
    stand[OWN_MARK] = True
    stand.matrix_world = np.linalg.inv(lens.view).T.tolist()
    stand.hide_viewport = stand.hide_select = True
    stand[_STAND], stand[_PAINTING], stand[_DEPTH] = camera, painting, _depth_image(camera, depth)
    stand[_FRAME] = [getattr(lens, edge) for edge in _EDGES] + [float(lens.orthographic)]
    stand[_VIEW] = lens.view.ravel().tolist()
    _collection(scene).objects.link(stand)


def found(scene: bpy.types.Scene) -> list[Projector]:
    """The scene's projectors, oldest first. One whose painting has been deleted projects no more and is left out."""
    collection = find(scene)
    stands = collection.objects if collection else ()
    return [_projector(stand) for stand in stands if stand.get(_PAINTING) is not None and stand.get(_DEPTH) is not None]


def find(scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """The collection of the scene's projectors, or None."""
    return next((child for child in scene.collection.children if child.get(_STAND)), None)


def remove(projector: Projector) -> None:
    """Delete a projector with its images; the painting stays."""
    images = {projector.depth, projector.shown} - {projector.painting}
    bpy.data.objects.remove(projector.stand)
    bpy.data.batch_remove(images)


def remove_all(scene: bpy.types.Scene) -> None:
    """Delete the scene's projectors and their collection; the paintings stay."""
    collection = find(scene)
    if collection is None:
        return
    for projector in found(scene):
        remove(projector)
    bpy.data.batch_remove(list(collection.objects))  # those that have lost their painting
    bpy.data.collections.remove(collection)


def show_in(projector: Projector, space: str) -> bpy.types.Image:
    """The projector's picture in a colour space; the painting itself is shared where that is its own."""
    stand = projector.stand
    former = stand.get(_SHOWN)
    if former is not None and former != projector.painting:
        bpy.data.images.remove(former)
    stand[_SHOWN] = projector.painting
    if space != colour.PLAIN:
        image = viewport.packed(f"Veduta {projector.camera}", viewport.file(projector.painting))
        image[OWN_MARK] = True
        image.colorspace_settings.name = space
        stand[_SHOWN] = image
    return stand[_SHOWN]


def depth_of(projector: Projector) -> np.ndarray:
    """(H, W) float32, row 0 at the top: the depth image, NOTHING where no surface is."""
    return pixels(projector.depth)[..., 0]


def pixels(image: bpy.types.Image) -> np.ndarray:
    """(H, W, 4) float32, row 0 at the top: an image's pixels as stored, a byte image's 0 to 1."""
    width, height = image.size
    values = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, 4)[::-1]


def _projector(stand: bpy.types.Object) -> Projector:
    *edges, orthographic = stand[_FRAME]
    lens = Lens(view=np.array(stand[_VIEW], np.float64).reshape(4, 4), orthographic=bool(orthographic), **dict(zip(_EDGES, edges)))
    return Projector(stand[_STAND], stand, lens, stand[_PAINTING], stand.get(_SHOWN) or stand[_PAINTING], stand[_DEPTH])


def _depth_image(camera: str, depth: np.ndarray) -> bpy.types.Image:
    height, width = depth.shape
    image = bpy.data.images.new(f"Veduta {camera} Depth", width, height, alpha=False, float_buffer=True, is_data=True)
    image[OWN_MARK] = True
    values = np.ones((height, width, 4), np.float32)
    values[..., :3] = np.minimum(depth, NOTHING)[::-1, :, None]
    image.pixels.foreach_set(values.ravel())
    image.pack()
    return image


def _collection(scene: bpy.types.Scene) -> bpy.types.Collection:
    collection = find(scene)
    if collection is None:
        collection = bpy.data.collections.new(COLLECTION)
        collection[OWN_MARK] = collection[_STAND] = True
        scene.collection.children.link(collection)
    return collection
