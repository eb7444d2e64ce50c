"""The paintings as textures: which objects show them, delivered in one go and taken back in one go.

Materials are swapped in the objects' own slots (linked to the object, not to its mesh), so nobody else's mesh, linked or shared, is
touched. What a slot held is kept on its object, in the custom property _SLOTS (for library overrides see `override_marks`), and given back
by `remove`. The materials bear the labels of those they stand in for, so the scene's label map stays what it was. Which projectors there
are is `projectors`' business.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import bpy
import numpy as np

from .. import assignment
from .. import recipe as recipes
from ..assignment import OWN_MARK
from ..capture import Lens
from ..capture.extract import listed
from ..capture.materials import Cutout, look
from ..synth_core import labels as label_set
from ..synth_core import png
from . import backdrop, colour, override_marks, projection_nodes, projectors, unwrap, uv_maps, viewport

_SLOTS = "veduta_slots"  # on an object: for each slot how it was linked and what it held
_LASTING = "veduta_lasting"  # on an object whose texture projections don't replace
_ADDED_SLOT = "veduta_added_slot"  # on a mesh that had no slot
_PALETTE = "veduta_palette"  # on the projectors' collection


@dataclass(frozen=True)
class Surface:
    """What one slot shows: its label, and what cuts it out."""

    label: int
    cutout: Cutout | None


def deliver(context: bpy.types.Context, scene: bpy.types.Scene, *, camera: str, lens: Lens, painting: bpy.types.Image, depth: np.ndarray,
            warn: Callable[[str], None] = lambda sentence: None) -> None:
    """Project `painting`, which holds a recipe, through `lens` onto the scene's labelled objects, beside what other cameras project.

    depth: (H, W) float32 of the painting's size, as `View.depth`. warn: told each sentence on what can't show it. A backdrop goes: it
    hides the very objects that show the texture.
    """
    backdrop.remove(scene)
    projectors.add(scene, camera, lens, painting, depth)
    for sentence in rebuild(context, scene):
        warn(sentence)


@override_marks.kept()
def rebuild(context: bpy.types.Context, scene: bpy.types.Scene) -> list[str]:
    """Give every labelled object materials of the scene's projectors and settings. Returns sentences on those that can't have them."""
    settings, shown = scene.veduta.textures, projectors.found(scene)
    space = colour.PLAIN if settings.lit else colour.inverse_space(scene) or colour.PLAIN
    for projector in shown:
        projectors.show_in(projector, space)
    shown = projectors.found(scene)
    former = _own_materials(scene)
    maker = _Maker(shown, _palette(scene, shown, space), settings.lit, settings.grazing)
    linked = set()
    for obj, surfaces in labelled(context, scene):
        if _LASTING in obj:
            continue
        if obj.library is not None or not obj.material_slots and obj.data.library is not None:
            linked.add(obj.name)
            continue
        _dress(obj, [maker.material(surface) if surface else None for surface in surfaces])
    _discard(former)
    warnings = [f"Linked objects can't be given textures: {listed(linked)}; make library overrides of them."] if linked else []
    stubborn = _set_by_nodes(context, scene)
    if stubborn:
        warnings.append(f"Geometry nodes set the materials of {listed(stubborn)}, which so show no texture; set them in slots instead.")
    return warnings


def set_grazing(scene: bpy.types.Scene, angle: float) -> None:
    """Set the grazing angle of the scene's textures, radians, without making them anew."""
    for tree in _groups(_own_materials(scene)):
        projection_nodes.set_grazing(tree, angle)


@override_marks.kept()
def remove(context: bpy.types.Context, scene: bpy.types.Scene, camera: str = "") -> bool:
    """Take a camera's projection away, or with "" all of them and give every object its own materials back. Paintings stay.

    Returns whether there was one.
    """
    shown = projectors.found(scene)
    mine = [projector for projector in shown if camera in ("", projector.camera)]
    if camera and mine and len(shown) > len(mine):
        for obj in _dressed(scene):
            _forget_maps(obj, mine)
        projectors.remove(mine[0])
        rebuild(context, scene)
        return True
    if camera and not mine or not shows_any(scene):
        return False
    collection = projectors.find(scene)
    former, palette = _own_materials(scene), collection.get(_PALETTE) if collection else None
    for obj in _dressed(scene):
        if camera == "" or _LASTING not in obj:
            _undress(obj, shown)
    _discard(former)
    if palette is not None:
        bpy.data.images.remove(palette)
    if collection is not None:
        projectors.remove_all(scene)
    return True


@override_marks.kept()
def put_on(scene: bpy.types.Scene, obj: bpy.types.Object, materials: list[bpy.types.Material | None], lasting: bool = False) -> None:
    """Show other materials in the object's slots, until `remove` and, unless they are `lasting`, `rebuild`; None leaves a slot alone."""
    former = _own_materials(scene)
    _dress(obj, materials)
    if lasting:
        obj[_LASTING] = True
    _discard(former)


def is_on(scene: bpy.types.Scene) -> bool:
    """Whether the scene shows projected textures."""
    return projectors.find(scene) is not None


def shows_any(scene: bpy.types.Scene) -> bool:
    """Whether the scene shows textures that `remove` takes away, projected ones or lasting ones."""
    return is_on(scene) or any(_LASTING in obj for obj in scene.objects)


def labelled(context: bpy.types.Context, scene: bpy.types.Scene) -> Iterator[tuple[bpy.types.Object, list[Surface | None]]]:
    """Every object that shows something labelled and is not kept, with what each of its slots shows; None for a slot without a label.

    Objects that are only instanced are among them: their instances show what they do.
    """
    overrides = assignment.overrides(scene)
    for obj in _shown_objects(context, scene):
        whole = overrides.get(obj, 0) or assignment.object_label(scene, obj)
        materials = [slot.material for slot in obj.material_slots] or [None]
        surfaces = [_surface(whole or assignment.material_label(scene, material), original)
                    for material, original in zip(materials, originals(obj))]
        if any(surfaces):
            yield obj, surfaces


def originals(obj: bpy.types.Object) -> list[bpy.types.Material | None]:
    """The user's own material of each slot, whatever shows there now; one None for an object without slots."""
    if _SLOTS not in obj:
        return [slot.material for slot in obj.material_slots] or [None]
    kept = [entry.get("shown") for entry in obj[_SLOTS]]
    return kept + [slot.material for slot in obj.material_slots[len(kept):]]


def palette_colours(shown: list[projectors.Projector]) -> np.ndarray:
    """(23, 3) uint8 sRGB: each label's mean colour in the projectors' paintings; its swatch where it is in none."""
    total, count = np.zeros((label_set.COUNT, 3)), np.zeros(label_set.COUNT)
    for projector in shown:
        ids = recipes.load(projector.painting).labels
        picture = projectors.pixels(projector.painting)[..., :3]
        surface = projectors.depth_of(projector) < projectors.NOTHING
        count += np.bincount(ids[surface], minlength=label_set.COUNT)
        for channel in range(3):
            total[:, channel] += np.bincount(ids[surface], picture[surface][:, channel], label_set.COUNT)
    swatches = np.array([label.colour for label in label_set.LABELS], np.float64)
    means = total / np.maximum(count, 1)[:, None] * 255
    return np.rint(np.where(count[:, None] > 0, means, swatches)).astype(np.uint8)


class _Maker:
    """Makes each material once."""

    def __init__(self, shown: list[projectors.Projector], palette: bpy.types.Image, lit: bool, grazing: float):
        self._groups = [(projector, projection_nodes.group(projector, grazing)) for projector in shown]
        self._palette, self._lit = palette, lit
        self._made: dict[Surface, bpy.types.Material] = {}

    def material(self, surface: Surface) -> bpy.types.Material:
        if surface not in self._made:
            made = projection_nodes.material(surface.label, self._groups, self._palette, self._lit, surface.cutout)
            made.veduta.label = assignment.identifier(surface.label)
            self._made[surface] = made
        return self._made[surface]


def _shown_objects(context: bpy.types.Context, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The objects with surfaces in the evaluated scene, themselves or instanced, that are neither kept nor Veduta's own."""
    pairs = set()
    for instance in context.evaluated_depsgraph_get().object_instances:
        if instance.object.type == "MESH":
            obj = instance.object.original
            pairs.add((obj, instance.parent.original if instance.is_instance else obj))
    barred = {obj for obj, top in pairs if any(assignment.is_keep(scene, thing) or assignment.is_own(thing) for thing in (obj, top))}
    return sorted({obj for obj, _ in pairs} - barred, key=lambda obj: obj.name_full)


def _set_by_nodes(context: bpy.types.Context, scene: bpy.types.Scene) -> set[str]:
    """The names of the objects that show a labelled material which is in none of their slots."""
    found = set()
    for instance in context.evaluated_depsgraph_get().object_instances:
        obj = instance.object.original
        if instance.object.type != "MESH" or obj.name in found or obj.type != "MESH" or assignment.is_keep(scene, obj):
            continue
        own = set(originals(obj)) | {slot.material for slot in obj.material_slots} | set(obj.data.materials)
        shown = {material.original for material in instance.object.data.materials if material is not None}
        if any(assignment.material_label(scene, material) for material in shown - own):
            found.add(obj.name)
    return found


def _surface(label: int, material: bpy.types.Material | None) -> Surface | None:
    return Surface(label, look(material).cutout) if label else None


def _dress(obj: bpy.types.Object, materials: list[bpy.types.Material | None]) -> None:
    """Put materials in the object's slots, None leaving a slot alone, and keep what they held unless that is kept already."""
    if not obj.material_slots:
        if obj.data.library is not None:
            return
        obj.data.materials.append(None)
        obj.data[_ADDED_SLOT] = True
    if _SLOTS not in obj:
        obj[_SLOTS] = [_held(slot) for slot in obj.material_slots]
    for slot, material in zip(obj.material_slots, materials):
        if material is not None:
            slot.link = "OBJECT"
            slot.material = material


def _held(slot: bpy.types.MaterialSlot) -> dict:
    """How a slot is linked, what shows in it, and what its object-linked side holds behind a mesh's."""
    link, shown = slot.link, slot.material
    slot.link = "OBJECT"
    held = {"link": link, "shown": shown, "object": slot.material}
    slot.link = link
    return {name: value for name, value in held.items() if value is not None}


def _undress(obj: bpy.types.Object, shown: list[projectors.Projector]) -> None:
    """Give an object's slots back what they held, and take the UV maps away that were made for the projectors or for baking."""
    for slot, held in zip(obj.material_slots, obj[_SLOTS]):
        slot.link = "OBJECT"
        slot.material = held.get("object")
        slot.link = held["link"]
    del obj[_SLOTS]
    if _LASTING in obj:
        del obj[_LASTING]
    _forget_maps(obj, shown)
    if obj.type == "MESH" and obj.data.library is None:
        unwrap.remove_maps(obj.data)
    if obj.data.get(_ADDED_SLOT):
        obj.data.materials.clear()
        del obj.data[_ADDED_SLOT]


def _forget_maps(obj: bpy.types.Object, shown: list[projectors.Projector]) -> None:
    if obj.type == "MESH" and obj.data.library is None:
        for projector in shown:
            uv_maps.remove(obj.data, projector)


def _dressed(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The objects whose slots show this scene's textures: not those in other scenes with textures of their own."""
    return [obj for obj in bpy.data.objects if _SLOTS in obj and not any(is_on(other) for other in obj.users_scene if other != scene)]


def _own_materials(scene: bpy.types.Scene) -> set[bpy.types.Material]:
    """The materials that `rebuild` made for the scene."""
    return {slot.material for obj in _dressed(scene) for slot in obj.material_slots if slot.material and slot.material.get(OWN_MARK)}


def _groups(materials: set[bpy.types.Material]) -> set[bpy.types.NodeTree]:
    return {node.node_tree for material in materials for node in material.node_tree.nodes if node.type == "GROUP"}


def _discard(materials: set[bpy.types.Material]) -> None:
    """Delete materials with their groups and the images that only they show, unless something has them still."""
    groups = _groups(materials)
    images = {node.image for material in materials for node in material.node_tree.nodes if node.type == "TEX_IMAGE" and node.image}
    bpy.data.batch_remove([material for material in materials if not material.users])
    bpy.data.batch_remove([tree for tree in groups if not tree.users])
    bpy.data.batch_remove([image for image in images if image.get(OWN_MARK) and not image.users])


def _palette(scene: bpy.types.Scene, shown: list[projectors.Projector], space: str) -> bpy.types.Image:
    """A new image of the labels' colours, a pixel each, in place of the scene's former one."""
    collection = projectors.find(scene)
    former = collection.get(_PALETTE)
    if former is not None:
        bpy.data.images.remove(former)
    image = viewport.packed("Veduta Label Colours", png.encode(palette_colours(shown)[None]))
    image[OWN_MARK] = True
    image.colorspace_settings.name = space
    collection[_PALETTE] = image
    return image
