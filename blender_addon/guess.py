"""Guessed labels: what the names and shapes of a scene's unlabelled things say they are. Proposals alone: nothing is written here.

Names go first: a material's, then the object's, then those of the collections around it. What no name speaks of is told by its faces' slope
and height. What has a label, or is kept, is left alone; where some of an object's materials are told, only the faces of the others
get labels.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import bpy
import numpy as np

from . import assignment, painted, words
from .synth_core import labels


@dataclass(frozen=True)
class Thresholds:
    """When a face is what, by shape. Angles in degrees from level, heights in scene units."""

    steep: float = 40.0  # from here on rock
    snow_height: float = 300.0  # from here on snow
    water_height: float = 0.0  # level and not above it: sea
    beach: float = 1.5  # up to so far above the water: sand


@dataclass(frozen=True, eq=False)
class Proposal:
    """One guess. target: the data-block; label: an id, or 0 where `faces` (F,) uint8 gives each of its mesh's faces one."""

    target: bpy.types.ID
    label: int
    reason: str
    faces: np.ndarray | None = None


@dataclass(eq=False)
class Guess:
    """Proposals in the form that a capture takes: label ids by material and by object, and by face for an object's mesh."""

    materials: dict[bpy.types.Material, int] = field(default_factory=dict)
    objects: dict[bpy.types.Object, int] = field(default_factory=dict)
    faces: dict[bpy.types.Object, np.ndarray] = field(default_factory=dict)


_LEVEL = 3.0  # degrees: what is flatter can be water
_SEA, _SAND, _ROCK, _SNOW, _GRASS = (labels.BY_NAME[name].id for name in ("sea", "sand", "rock", "snow", "grass"))


def proposals(scene: bpy.types.Scene, thresholds: Thresholds) -> list[Proposal]:
    """What the scene's unlabelled, unkept, rendered meshes may be, one proposal a data-block."""
    found: dict[bpy.types.ID, Proposal] = {}
    overrides, around = assignment.overrides(scene), _collections(scene)
    for obj in scene.objects:
        if obj.type != "MESH" or obj.hide_render or assignment.is_own(obj) or assignment.is_keep(scene, obj) or overrides.get(obj):
            continue
        told = []  # of each material slot, whether its material's label or name speaks of it
        for material in [slot.material for slot in obj.material_slots] or [None]:
            labelled = bool(assignment.material_label(scene, material))
            label = words.label_of(material.name) if material and not labelled else 0
            if label:
                found.setdefault(material, Proposal(material, label, "its name"))
            told.append(labelled or bool(label))
        if not all(told) and not painted.has(obj.data):
            whole = _of_object(obj, around.get(obj, []), thresholds)
            found.setdefault(obj, _of_rest(whole, told) if any(told) else whole)
    return [proposal for proposal in found.values() if proposal.label or proposal.faces is not None]


def merged(chosen: list[Proposal]) -> Guess:
    """Proposals as a capture takes them."""
    guess = Guess()
    for proposal in chosen:
        if proposal.faces is not None:
            guess.faces[proposal.target] = proposal.faces
        elif isinstance(proposal.target, bpy.types.Material):
            guess.materials[proposal.target] = proposal.label
        else:
            guess.objects[proposal.target] = proposal.label
    return guess


def apply(scene: bpy.types.Scene, chosen: list[Proposal]) -> None:
    """Write proposals into the file: labels, and colours for those by face."""
    for proposal in chosen:
        if proposal.faces is not None:
            painted.write(proposal.target.data, proposal.faces)
        else:
            assignment.set_label(scene, proposal.target, proposal.label)


def by_shape(normal: np.ndarray, height: np.ndarray, thresholds: Thresholds) -> np.ndarray:
    """(F,) uint8 label ids of faces by their unit normals (F, 3) and the heights (F,) of their centres, world space."""
    slope = np.degrees(np.arccos(np.clip(np.abs(normal[:, 2]), 0, 1)))
    above = height - thresholds.water_height
    conditions = [slope >= thresholds.steep, height >= thresholds.snow_height, (slope < _LEVEL) & (above <= 0.05), above <= thresholds.beach]
    return np.select(conditions, [_ROCK, _SNOW, _SEA, _SAND], _GRASS).astype(np.uint8)


def _of_object(obj: bpy.types.Object, collections: list[str], thresholds: Thresholds) -> Proposal:
    for name, reason in ((obj.name, "its name"), (obj.data.name, "its mesh's name"), *((name, f"its collection {name}") for name in collections)):
        if words.label_of(name):
            return Proposal(obj, words.label_of(name), reason)
    if not len(obj.data.polygons):
        return Proposal(obj, 0, "")
    faces = by_shape(*_faces(obj), thresholds)
    ids, counts = np.unique(faces, return_counts=True)
    if len(ids) > 1 and _paintable(obj.data):
        return Proposal(obj, 0, "its faces' slope and height", faces)
    return Proposal(obj, int(ids[counts.argmax()]), "its slope and height")


def _of_rest(whole: Proposal, told: list[bool]) -> Proposal:
    """An object's proposal for those of its faces alone whose material slot isn't told; an empty one where it can't be painted on them."""
    mesh = whole.target.data
    if not _paintable(mesh):
        return Proposal(whole.target, 0, "")
    slot = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", slot)
    rest = ~np.array(told)[np.minimum(slot, len(told) - 1)]  # indices beyond the last slot show the last
    faces = np.where(rest, whole.label if whole.faces is None else whole.faces, 0).astype(np.uint8)
    return Proposal(whole.target, 0, whole.reason, faces if faces.any() else None)


def _paintable(mesh: bpy.types.Mesh) -> bool:
    """Whether labels painted on the mesh are one object's alone."""
    return mesh.library is None and mesh.users == 1


def _faces(obj: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """World-space unit normals (F, 3) and heights of the centres (F,) of a mesh object's faces."""
    count = len(obj.data.polygons)
    normal, centre = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
    obj.data.polygons.foreach_get("normal", normal.reshape(-1))
    obj.data.polygons.foreach_get("center", centre.reshape(-1))
    matrix = np.array(obj.matrix_world)
    turned = normal @ np.linalg.inv(matrix[:3, :3] + 1e-12 * np.eye(3))
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
    return turned, centre @ matrix[2, :3] + matrix[2, 3]


def _collections(scene: bpy.types.Scene) -> dict[bpy.types.Object, list[str]]:
    """The names of the collections around each object, innermost first."""
    found: dict[bpy.types.Object, list[str]] = {}

    def walk(collection: bpy.types.Collection, path: list[str]) -> None:
        for obj in collection.objects:
            found.setdefault(obj, path)
        for child in collection.children:
            walk(child, [child.name, *path])

    walk(scene.collection, [])
    return found
