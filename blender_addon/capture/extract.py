"""The scene as triangles: meshes once each, where they stand, and a label for every face. Cameras and drawing live elsewhere.

Everything is read from the evaluated scene; no data-block is written.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import bpy
import numpy as np
from mathutils import Matrix

from .. import assignment, compat, painted
from ..guess import Guess
from ..synth_core import labels as label_set
from . import materials
from .errors import CaptureError, UnlabelledError

HOLDOUT = 255  # stands among the labels for a surface that hides what is behind it, needs no label and gets none
LAMP_MARK = "veduta_energy"  # custom property of Sun lamps whose light has moved to a painted world: what they gave
HIDDEN_MARK = "veduta_visible_camera"  # custom property of objects that Veduta hid from the camera: they are still captured
_SOLID_TYPES = {"MESH", "CURVE", "SURFACE", "META", "FONT"}
_SKIPPED_TYPES = {
    "VOLUME": "volume", "CURVES": "hair", "POINTCLOUD": "point cloud", "GPENCIL": "Grease Pencil", "GREASEPENCIL": "Grease Pencil"}
_NAMED = 5  # names listed in one warning


@dataclass(frozen=True, eq=False)
class Part:
    """Triangles of one mesh that stand in one or more places.

    vertices:  (V, 3) float32, the mesh's own space.
    triangles: (T, 3) int32 indices of vertices.
    labels:    (T,) uint8 label ids; 0 for none, HOLDOUT for a holdout.
    matrices:  (N, 4, 4) float64, own space to world, one for each place.
    name:      the object's name, for messages.
    keep:      whether the object is never painted over.
    cutout, uvs: what cuts the surface out, with (T, 3, 2) float32 coordinates; None for a whole surface.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    labels: np.ndarray
    matrices: np.ndarray
    name: str
    keep: bool
    cutout: materials.Cutout | None = None
    uvs: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Sun:
    """A Sun lamp: the direction it stands in, (3,) unit, world space, its disc's angle in radians, and the light that it throws on a
    surface facing it, (3,) linear RGB in watts per square metre."""

    direction: np.ndarray
    diameter: float
    light: np.ndarray


@dataclass(frozen=True, eq=False)
class Geometry:
    """All that renders: its parts, its suns, the strongest first, and sentences on what had to be left out."""

    parts: list[Part]
    suns: list[Sun]
    warnings: list[str]


@dataclass(eq=False)
class _Group:
    """Places of one mesh under one set of labels, as they are found."""

    parts: list[Part]
    matrices: list = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Known:
    """What was read of one mesh: its parts without places, what they depend on besides the mesh, and the data-blocks it came from."""

    parts: list[Part]
    labels: tuple[int, ...]
    looks: tuple[materials.Look, ...]
    sources: set[int]  # session_uids


class Memory:
    """Meshes that have been read, for the next extraction. Whoever keeps one tells it what has changed.

    Without it every extraction reads every mesh anew. Parts that have not changed come out as the very same arrays.
    """

    def __init__(self):
        self.known: dict[tuple, _Known] = {}

    def forget(self, uids: set[int]) -> None:
        """Drop what was read from the objects and meshes of these session_uids: their geometry has changed."""
        self.known = {key: known for key, known in self.known.items() if known.sources.isdisjoint(uids)}

    def clear(self) -> None:
        """Drop everything, as after undo and on another frame."""
        self.known = {}


@dataclass(frozen=True)
class _Standing:
    """How an object takes part in a render."""

    label: int  # of the whole object; 0 where its materials decide
    keep: bool
    holdout: bool


def extract(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, depsgraph: bpy.types.Depsgraph,
            memory: Memory | None = None, proposed: Guess | None = None) -> Geometry:
    """Everything in the view layer that a camera could see when it renders, at the depsgraph's frame.

    memory: what earlier extractions read, used and brought up to date. proposed: labels for what has none, as if they were set.
    """
    reader = _Reader(scene, view_layer, memory or Memory(), proposed or Guess())
    groups: dict[tuple, _Group] = {}
    for instance in depsgraph.object_instances:
        reader.read(instance, groups)
    parts = [_placed(part, group.matrices) for group in groups.values() for part in group.parts]
    return Geometry(parts, sorted(reader.suns, key=lambda sun: -sun.light.sum()), reader.warnings())


def check(geometry: Geometry) -> None:
    """Raises CaptureError when there is nothing to paint."""
    if not geometry.parts:
        raise CaptureError("There is nothing to paint: no surface renders in this view layer; add some terrain, or show what is hidden.")
    if not any(_labelled(part) for part in geometry.parts):
        raise UnlabelledError("Nothing has a label yet; guess labels, or give materials, objects or collections theirs in panel Labels.")


def triangles(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, depsgraph: bpy.types.Depsgraph,
              most: int = 2_000_000, proposed: Guess | None = None) -> tuple[np.ndarray, np.ndarray]:
    """World-space corners of every captured triangle that is not kept, for drawing by label: (3T, 3) float32 and their labels, (3T,) uint8.

    Label 0 where there is none. Places beyond `most` triangles are left out, the smallest parts first.
    """
    corners, labels, total = [np.empty((0, 3), np.float32)], [np.empty(0, np.uint8)], 0
    solid = [part for part in extract(scene, view_layer, depsgraph, proposed=proposed).parts if not part.keep]
    for part in sorted(solid, key=lambda part: -len(part.triangles)):
        places = part.matrices[:max(0, most - total) // len(part.triangles)]
        own = part.vertices[part.triangles].reshape(-1, 3)
        for matrix in places:
            corners.append((own @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32))
            labels.append(np.repeat(np.where(part.labels == HOLDOUT, 0, part.labels).astype(np.uint8), 3))
        total += len(places) * len(part.triangles)
    return np.concatenate(corners), np.concatenate(labels)


def _labelled(part: Part) -> bool:
    return not part.keep and bool(((part.labels != label_set.UNLABELLED) & (part.labels != HOLDOUT)).any())


def _placed(part: Part, matrices: list) -> Part:
    return Part(part.vertices, part.triangles, part.labels, np.array(matrices, np.float64).reshape(-1, 4, 4),
                part.name, part.keep, part.cutout, part.uvs)


class _Reader:
    """Reads the depsgraph's instances one by one; keeps what it learned of objects and materials, and what it had to skip."""

    def __init__(self, scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, memory: Memory, proposed: Guess):
        self._scene = scene
        self._view_layer = view_layer
        self._memory = memory
        self._proposed = proposed
        self._layer = _LayerRules(view_layer)
        self._overrides = assignment.overrides(scene)
        self._standings: dict[tuple, _Standing | None] = {}
        self._material_labels: dict[bpy.types.Material, int] = {}
        self._looks: dict[bpy.types.Material, materials.Look] = {}
        self._skipped: dict[str, set[str]] = {}
        self.suns: list[Sun] = []

    def read(self, instance: bpy.types.DepsgraphObjectInstance, groups: dict[tuple, _Group]) -> None:
        """Add one instance to its group, reading its mesh when it is the group's first."""
        obj = instance.object
        original = obj.original
        # The depsgraph lists a curve's (text's, metaball's) surface as an "instance" of the object itself.
        parent = instance.parent.original if instance.is_instance else None
        parent = None if parent == original else parent
        key = original, parent
        if key not in self._standings:
            self._standings[key] = self._standing(obj, original, parent)
        standing = self._standings[key]
        if standing is None:
            return
        if obj.type == "LIGHT" and obj.data.type == "SUN":
            self.suns.append(_sun(obj.data, instance.matrix_world))
        if obj.type != "MESH":
            return
        slots = _slot_materials(obj)
        # Objects without modifiers share one evaluated mesh: it is read once, however many they are. Kept ones stay apart: each has its matte.
        key = obj.data.as_pointer(), original.mode == "EDIT", original.name_full if standing.keep else "", standing, slots
        if key not in groups:
            groups[key] = _Group(self._parts(key, obj, standing, slots))
        groups[key].matrices.append(instance.matrix_world.copy())

    def warnings(self) -> list[str]:
        """Sentences on what is left out although it renders."""
        sentences = [f"{kind[0].upper()}{kind[1:]} can't be captured and is left out: {listed(names)}."
                     for kind, names in sorted(self._skipped.items())]
        hidden = {obj.name for obj in self._layer.rendered if _is_solid(obj) and not obj.visible_get(view_layer=self._view_layer)
                  and not assignment.is_own(obj)}
        if hidden:
            sentences.append(f"Hidden in the viewport and so left out, though it renders: {listed(hidden)}.")
        return sentences

    def _standing(self, obj: bpy.types.Object, original: bpy.types.Object, parent: bpy.types.Object | None) -> _Standing | None:
        """How the object renders where `parent` (None for the scene itself) puts it; None if it doesn't."""
        if not self._renders(obj, original, parent):
            return None
        self._note_skipped(obj, original)
        top = parent or original
        return _Standing(
            label=self._overrides.get(original, 0) or assignment.object_label(self._scene, original) or self._proposed.objects.get(original, 0),
            keep=assignment.is_keep(self._scene, original) or assignment.is_keep(self._scene, top),
            holdout=original.is_holdout or top.is_holdout or top in self._layer.holdouts)

    def _renders(self, obj: bpy.types.Object, original: bpy.types.Object, parent: bpy.types.Object | None) -> bool:
        top = parent or original
        if top not in self._layer.rendered or assignment.is_own(original) or assignment.is_own(top):
            return False
        if obj.type != "LIGHT" and not (_seen_by_camera(original) and _seen_by_camera(top)):  # no lamp is, yet a sun stands in the sky
            return False
        if parent is None:
            return not original.is_instancer or original.show_instancer_for_render or original.instance_type == "COLLECTION"
        # Geometry nodes and vertex or face instancing render their sources whatever those are set to; collections don't.
        return parent.instance_type != "COLLECTION" or original in self._layer.members(parent.instance_collection)

    def _note_skipped(self, obj: bpy.types.Object, original: bpy.types.Object) -> None:
        if obj.type in _SKIPPED_TYPES:
            self._skipped.setdefault(_SKIPPED_TYPES[obj.type], set()).add(original.name)
        if any(system.settings.type == "HAIR" and system.settings.render_type == "PATH" for system in obj.particle_systems):
            self._skipped.setdefault("hair", set()).add(original.name)

    def _parts(self, key: tuple, obj: bpy.types.Object, standing: _Standing, slots: tuple) -> list[Part]:
        """The parts of one mesh without places, as remembered, or read when it or what it shows has changed."""
        labels = tuple(self._face_label(standing, material) for material in slots)
        looks = tuple(self._look(material) for material in slots)
        known = self._memory.known.get(key)
        if known is None or (known.labels, known.looks) != (labels, looks):
            sources = {obj.original.session_uid} | ({obj.original.data.session_uid} if obj.original.data else set())
            parts = _read(obj, standing, np.array(labels, np.uint8), looks, self._proposed.faces.get(obj.original))
            known = self._memory.known[key] = _Known(parts, labels, looks, sources)
        return known.parts

    def _face_label(self, standing: _Standing, material: bpy.types.Material | None) -> int:
        if standing.holdout:
            return HOLDOUT
        if standing.label or material is None:
            return standing.label
        if material not in self._material_labels:
            self._material_labels[material] = assignment.material_label(self._scene, material) or self._proposed.materials.get(material, 0)
        return self._material_labels[material]

    def _look(self, material: bpy.types.Material | None) -> materials.Look:
        if material not in self._looks:
            self._looks[material] = materials.look(material)
        return self._looks[material]


def _read(obj: bpy.types.Object, standing: _Standing, labels: np.ndarray, looks: tuple[materials.Look, ...],
          proposed: np.ndarray | None = None) -> list[Part]:
    """The parts of an evaluated mesh object: one for its whole surfaces, and one for each material that cuts holes into it.

    labels: (S,) uint8 and looks: (S,), those of its material slots. proposed: (F,) uint8, as if painted on its faces. What is painted on
    the mesh goes before its materials' labels, and gives way to the label of the whole object.
    """
    mesh = MeshArrays(obj)
    if not len(mesh.triangles):
        return []
    slot = mesh.slots(len(labels))
    face_labels = labels[slot]
    if not (standing.label or standing.holdout):
        on_faces = mesh.painted(proposed)
        face_labels = np.where(on_faces, on_faces, face_labels) if on_faces is not None else face_labels
    clear = np.array([_seen_through(look, 0, standing.keep) for look in looks])
    seen = ~clear[slot] | ((face_labels != 0) & (not standing.keep))
    cut = np.array([look.cutout is not None and mesh.has_uvs(look.cutout.uv_map) for look in looks])
    groups = [(None, seen & ~cut[slot])]
    groups += [(looks[index].cutout, seen & (slot == index)) for index in np.flatnonzero(cut)]
    return [Part(mesh.vertices, mesh.triangles[chosen], face_labels[chosen], np.empty((0, 4, 4)), obj.name, standing.keep, cutout,
                 mesh.uvs(cutout.uv_map)[chosen] if cutout else None)
            for cutout, chosen in groups if chosen.any()]


class _LayerRules:
    """What the view layer's collections decide: who renders, and who is a holdout.

    rendered, holdouts: sets of objects.
    """

    def __init__(self, view_layer: bpy.types.ViewLayer):
        self.rendered: set[bpy.types.Object] = set()
        self.holdouts: set[bpy.types.Object] = set()
        self._indirect: set[bpy.types.Object] = set()
        self._members: dict[bpy.types.Collection, set[bpy.types.Object]] = {}
        self._walk(view_layer.layer_collection)
        self.rendered -= self._indirect

    def members(self, collection: bpy.types.Collection) -> set[bpy.types.Object]:
        """The objects that render where an empty instances the collection, those of nested instances too."""
        if collection not in self._members:
            self._members[collection] = set()  # ends a collection that instances itself
            self._members[collection] = set(self._rendered_in(collection))
        return self._members[collection]

    def _walk(self, layer: bpy.types.LayerCollection) -> None:
        if layer.collection.hide_render or assignment.is_own(layer.collection):
            return
        if not layer.exclude:
            objects = [obj for obj in layer.collection.objects if not obj.hide_render]
            self.rendered.update(objects)
            if layer.holdout:
                self.holdouts.update(objects)
            if layer.indirect_only:
                self._indirect.update(objects)
        for child in layer.children:
            self._walk(child)

    def _rendered_in(self, collection: bpy.types.Collection) -> Iterator[bpy.types.Object]:
        if collection.hide_render:
            return
        for obj in collection.objects:
            if obj.hide_render:
                continue
            yield obj
            if obj.instance_type == "COLLECTION" and obj.instance_collection:
                yield from self.members(obj.instance_collection)
        for child in collection.children:
            yield from self._rendered_in(child)


class MeshArrays:
    """Arrays of an evaluated mesh object."""

    def __init__(self, obj: bpy.types.Object):
        # In edit mode the evaluated mesh wraps the edited one and has no arrays until it is asked for as a mesh.
        self._mesh = mesh = obj.to_mesh() if obj.original.mode == "EDIT" else obj.data
        mesh.calc_loop_triangles()
        self.vertices = self._read("position", "vector", (len(mesh.vertices), 3), np.float32)  # faster than by vertex
        self._loops = np.empty((len(mesh.loop_triangles), 3), np.int32)
        mesh.loop_triangles.foreach_get("loops", self._loops.reshape(-1))  # the fastest of a triangle's lists; the others follow from it
        self.triangles = self._read(".corner_vert", "value", (len(mesh.loops),), np.int32)[self._loops]

    def slots(self, count: int) -> np.ndarray:
        """(T,) int32: which of `count` material slots each triangle shows; indices beyond the last show the last, as in renders."""
        if count == 1 or "material_index" not in self._mesh.attributes:
            return np.zeros(len(self.triangles), np.int32)
        slots = self._read("material_index", "value", (len(self._mesh.polygons),), np.int32)
        return np.clip(slots, 0, count - 1)[self._faces()]

    def painted(self, proposed: np.ndarray | None) -> np.ndarray | None:
        """(T,) uint8: the label painted on each triangle's face, 0 for none, or (F,) labels proposed for them; None without either."""
        faces = painted.read(self._mesh)
        if faces is None and proposed is not None and len(proposed) == len(self._mesh.polygons):
            faces = proposed
        return None if faces is None else faces[self._faces()]

    def has_uvs(self, name: str) -> bool:
        """Whether the mesh has the UV map; "" means the one that renders use."""
        return self._layer(name) is not None

    def uvs(self, name: str) -> np.ndarray:
        """(T, 3, 2) float32 coordinates of each triangle's corners."""
        layer = self._layer(name)
        coordinates = np.empty((len(self._mesh.loops), 2), np.float32)
        layer.uv.foreach_get("vector", coordinates.reshape(-1))
        return coordinates[self._loops]

    def _faces(self) -> np.ndarray:
        """(T,) int: the face that each triangle is of. A face of n corners has n - 2 triangles, and they come in the faces' order."""
        corners = np.empty(len(self._mesh.polygons), np.int32)
        self._mesh.polygons.foreach_get("loop_total", corners)
        return np.repeat(np.arange(len(corners)), corners - 2)

    def _read(self, attribute: str, member: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
        values = np.empty(shape, kind)
        if values.size:  # a mesh that Python made has no attribute for what it lacks
            self._mesh.attributes[attribute].data.foreach_get(member, values.reshape(-1))
        return values

    def _layer(self, name: str) -> bpy.types.MeshUVLoopLayer | None:
        layers = self._mesh.uv_layers
        return layers.get(name) if name else next((layer for layer in layers if layer.active_render), None)


def _slot_materials(obj: bpy.types.Object) -> tuple[bpy.types.Material | None, ...]:
    """The original materials that an evaluated mesh object's faces index; one None where it has no slot.

    Geometry nodes may give the mesh other materials than the object's slots hold, so the mesh's own list goes first.
    """
    slots = obj.material_slots
    found = [slots[index].material if index < len(slots) and slots[index].link == "OBJECT" else material
             for index, material in enumerate(obj.data.materials)]
    return tuple(material and material.original for material in found) or (None,)


def _seen_through(look: materials.Look, label: int, keep: bool) -> bool:
    """Whether a surface is left out because one sees through it. A label is a wish to paint it, clear or not; the glass of a kept
    object shows the painting."""
    if keep:
        return look.glass or look.clear
    return look.clear and not label


def _seen_by_camera(obj: bpy.types.Object) -> bool:
    return obj.visible_camera or HIDDEN_MARK in obj


def _sun(lamp: bpy.types.SunLight, matrix: Matrix) -> Sun:
    direction = np.array(matrix.to_3x3().normalized().col[2], np.float64)
    return Sun(direction, lamp.angle, sun_light(lamp))


def sun_light(lamp: bpy.types.SunLight) -> np.ndarray:
    """(3,) linear RGB in watts per square metre: what a Sun lamp throws on a surface facing it, with what has moved to a painted world."""
    return lamp.get(LAMP_MARK, lamp.energy) * compat.light_per_energy(lamp)


def _is_solid(obj: bpy.types.Object) -> bool:
    return obj.type in _SOLID_TYPES or (obj.type == "EMPTY" and obj.instance_collection is not None)


def listed(names: set[str]) -> str:
    """Names for a sentence, the first few of many."""
    listed = sorted(names)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
