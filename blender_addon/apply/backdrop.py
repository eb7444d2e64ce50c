"""The painting as a camera's backdrop: delivered in one go, taken back in one go. A scene has at most one.

While it is on, the painted objects are hidden from the camera (`visibility`), the viewport shows the painting as the camera's
background image (`viewport`) and renders show it on a plane at the far end of the view (`plane`). Each painting is a new packed Image
that outlives its backdrop; painted frames (`sequence`) stay in their files; everything else that is made here lies in a collection of its own, or hangs on what does, and goes with it.
How a painting gets here from the job that made it is `operators/apply.py`'s.
"""
from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np

from .. import recipe as recipes
from ..assignment import OWN_MARK, is_own
from ..capture import kept_matte
from ..capture.extract import HIDDEN_MARK
from ..synth_core.request import Result
from . import colour, override_marks, plane, sequence, viewport, visibility

NAME = "Veduta Backdrop"
UNLIT = "veduta_unlit"  # custom property of a painting that has relief: the Image without
# Custom properties of the backdrop's collection: the scene whose it is (one that is a linked copy has the collection too, but no backdrop),
# the painting shown, the image that shows it in the viewport, and whether the camera showed background images before.
_SCENE, _PAINTING, _SHOWN, _BACKGROUNDS = "veduta_scene", "veduta_painting", "veduta_shown", "veduta_show_background_images"


def deliver(context: bpy.types.Context, *, scene: bpy.types.Scene, camera: bpy.types.Object, matte: np.ndarray, result: Result,
            recipe: recipes.Recipe, unlit: bpy.types.Image | None = None,
            warn: Callable[[str], None] = lambda sentence: None) -> bpy.types.Image:
    """Keep the painting as a new Image, make it the backdrop of `camera`, in place of the scene's last one, and return it.

    matte: (H, W) float32, 0 to 1, coverage of the kept objects, which the viewport's picture leaves out. unlit: as for `keep`. warn: told each
    sentence on what makes renders differ from the painting.
    """
    painting = keep(result, recipe, unlit)
    put_up(context, scene=scene, camera=camera, matte=matte, painting=painting, picture=result.picture, warn=warn)
    return painting


def keep(result: Result, recipe: recipes.Recipe, unlit: bpy.types.Image | None = None) -> bpy.types.Image:
    """Keep a painting as a new Image that nothing shows yet. unlit: the painting without relief, where it has some."""
    painting = viewport.packed("Veduta Painting", result.png)
    painting.use_fake_user = True
    recipes.store(painting, recipe)
    if unlit is not None:
        painting[UNLIT] = unlit
    return painting


def put_up(context: bpy.types.Context, *, scene: bpy.types.Scene, camera: bpy.types.Object, matte: np.ndarray, painting: bpy.types.Image,
           picture: np.ndarray, warn: Callable[[str], None] = lambda sentence: None) -> None:
    """Make a painting that the file holds already, its bytes being `picture`, the backdrop of `camera`."""
    collection = _begin(context, scene, camera, warn)
    collection[_PAINTING] = painting
    plane.add(scene, collection, camera, _rendered_image(scene, painting), picture.shape[1::-1])
    collection[_SHOWN] = viewport.show(camera, painting, picture, matte)


def put_up_frames(context: bpy.types.Context, *, scene: bpy.types.Scene, camera: bpy.types.Object, frames: sequence.Sequence,
                  warn: Callable[[str], None] = lambda sentence: None) -> None:
    """Make painted frames the backdrop of `camera`, in place of the scene's last one; they follow the timeline."""
    collection = _begin(context, scene, camera, warn)
    shown = plane.add(scene, collection, camera, sequence.image(frames, "NONE", colour.inverse_space(scene) or colour.PLAIN), frames.size)
    for node in shown.data.materials[0].node_tree.nodes:
        if node.type == "TEX_IMAGE":
            sequence.follow(node.image_user, frames)
    collection[_SHOWN] = viewport.show_frames(camera, frames)


@override_marks.kept()
def _begin(context: bpy.types.Context, scene: bpy.types.Scene, camera: bpy.types.Object, warn: Callable[[str], None]) -> bpy.types.Collection:
    """Replace the scene's backdrop by a new one, without a picture yet: the painted objects hidden, and its collection."""
    painted = visibility.painted(scene, context.evaluated_depsgraph_get())  # first: what follows makes the depsgraph evaluate again
    remove(scene)
    collection = bpy.data.collections.new(NAME)  # before anything is hidden: a delivery that fails later can be taken back by it
    collection[OWN_MARK], collection[_SCENE], collection[_BACKGROUNDS] = True, scene, camera.data.show_background_images
    for other in filter(_is_backdrop, scene.collection.children[:]):
        scene.collection.children.unlink(other)  # a copied scene shows the original's until it has its own
    scene.collection.children.link(collection)
    linked = visibility.hide(painted)
    for sentence in (*_linked_warning(linked), *colour.warnings(scene)):
        warn(sentence)
    return collection


@override_marks.kept()
def remove(scene: bpy.types.Scene) -> bool:
    """Take the scene's backdrop away and give everything it changed back; the painting itself stays. Returns whether there was one."""
    collection = find(scene)
    if collection is None:
        return False
    for obj in _hidden(scene):
        visibility.show(obj)
    eye, shown = camera(scene), collection.get(_SHOWN)
    if eye is not None and shown is not None:  # None when the user has deleted it
        viewport.hide(eye, shown)
    if eye is not None:
        _switch_back(eye.data, collection)
    for thing in collection.objects[:]:
        if is_own(thing):
            plane.remove(thing)
        elif thing.users_collection == (collection,):  # the user's, put there by hand
            scene.collection.objects.link(thing)
    bpy.data.collections.remove(collection)
    if shown is not None:
        viewport.discard(shown)
    return True


def recut(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer) -> None:
    """Cut the viewport's picture anew, where the kept objects stand now. Raises CaptureError for a camera that has become panoramic."""
    collection, eye, painting = find(scene), camera(scene), active_painting(scene)
    shown = collection.get(_SHOWN) if collection else None
    if eye is not None and painting is not None and shown is not None:
        collection[_SHOWN] = viewport.recut(eye, shown, painting, kept_matte(scene, view_layer, eye, *painting.size))
        viewport.discard(shown)


def find(scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """The collection of the scene's own backdrop, or None."""
    return next((child for child in filter(_is_backdrop, scene.collection.children) if _owner(child) in (None, scene)), None)


def lender(scene: bpy.types.Scene) -> bpy.types.Scene | None:
    """The scene whose backdrop this one shows because it is its copy; None where it shows its own or none."""
    return None if find(scene) else next(map(_owner, filter(_is_backdrop, scene.collection.children)), None)


def active_painting(scene: bpy.types.Scene) -> bpy.types.Image | None:
    """The painting that the scene's backdrop shows; None without a backdrop, or when the painting has been deleted."""
    collection = find(scene)
    return None if collection is None else collection.get(_PAINTING)


def camera(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The camera whose backdrop it is; None without a backdrop, or when the camera has been deleted."""
    collection = find(scene)
    return next((thing.parent for thing in _planes(collection)), None) if collection else None


def uses(painting: bpy.types.Image) -> set[bpy.types.ID]:
    """The data-blocks that use the painting because backdrops show it."""
    found = set()
    for collection in filter(_is_backdrop, bpy.data.collections):
        if collection.get(_PAINTING) == painting:
            found.add(collection)
            for thing in _planes(collection):
                found.update((*thing.data.materials, thing.parent and thing.parent.data))
    return found


def _switch_back(eye: bpy.types.Camera, collection: bpy.types.Collection) -> None:
    """Let the camera show background images or not, as before the backdrop; where it has another scene's too, that will do so."""
    before = bool(collection[_BACKGROUNDS])
    other = next((other for other in filter(_is_backdrop, bpy.data.collections) if other != collection and other.users
                  and any(thing.parent and thing.parent.data == eye for thing in _planes(other))), None)
    if other is None:
        eye.show_background_images = before
    elif not before:  # the later of two found them shown
        other[_BACKGROUNDS] = False


def _is_backdrop(collection: bpy.types.Collection) -> bool:
    return is_own(collection) and _BACKGROUNDS in collection


def _planes(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """The plane of the collection's backdrop, in a list that is empty where there is none."""
    return [thing for thing in collection.objects if is_own(thing)]


def _owner(collection: bpy.types.Collection) -> bpy.types.Scene | None:
    """The scene that a backdrop was made for; None where it has it no more, or, in a full copy, never had this copy of its collection."""
    owner = collection.get(_SCENE)
    return owner if owner is not None and collection in owner.collection.children[:] else None


def _rendered_image(scene: bpy.types.Scene, painting: bpy.types.Image) -> bpy.types.Image:
    """The image for renders: the painting itself, or where the view transform needs another colour space, a copy in that."""
    space = colour.inverse_space(scene) or colour.PLAIN
    if space == colour.PLAIN:
        return painting
    image = viewport.packed("Veduta Render Backdrop", viewport.file(painting))
    image[OWN_MARK] = True
    image.colorspace_settings.name = space
    return image


def _hidden(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The objects hidden for this scene's backdrop, even those since taken out of the scene; not those hidden for another scene's."""
    others = {other for other in bpy.data.scenes if find(other) not in (None, find(scene))}
    return [obj for obj in bpy.data.objects if HIDDEN_MARK in obj and others.isdisjoint(obj.users_scene)]


def _linked_warning(names: list[str]) -> list[str]:
    if not names:
        return []
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return [f"Linked objects can't be hidden and so cover the painting in renders: {listed}; make library overrides of them."]
