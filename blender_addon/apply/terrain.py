"""The terrain's texture: which faces of the selected meshes show what of it, how they are dressed in it, and what of them it takes to paint it.

A mesh whose own UV map will do is given an image on it; the others share one image, on a UV map of their own that lies as seen from above.
Materials are swapped, kept and given back by `textures`.
"""
from __future__ import annotations

import json
from dataclasses import dataclass

import bpy
import numpy as np

from .. import assignment, compat
from ..assignment import OWN_MARK
from ..capture import Lens
from ..capture.extract import MeshArrays, Part
from ..synth_core import bake, material
from ..synth_core import labels as label_set
from . import atlas, projection_nodes, textures, unwrap, viewport
from .atlas import Atlas

_OVERLAP = 0.01  # of a UV map's area may be covered twice
_LEAST_COVER = 0.02  # of the square must be covered by a UV map, to be worth an image
_LEAST_STEEP = 0.005  # of the surface must be steep faces of one label, for a tile
_TEXTURE = "veduta_texture"  # custom property of the image: how it was painted


class TerrainError(ValueError):
    """A terrain that can't be textured; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Ground:
    """One selected mesh, evaluated, as triangles.

    obj: the object; it may be gone later. surfaces: what each of its slots shows, as in `textures.labelled`.
    corners: (T, 3, 3) float64 world space. labels: (T,) uint8, 0 where none. normals: (T, 3) unit. areas: (T,).
    uv_map: the user's UV map that will do, "" for none; uvs: (T, 3, 2) on it.
    """

    obj: bpy.types.Object
    surfaces: list[textures.Surface | None]
    corners: np.ndarray
    labels: np.ndarray
    normals: np.ndarray
    areas: np.ndarray
    uv_map: str
    uvs: np.ndarray | None

    def part(self) -> Part:
        """What capture draws of it."""
        count = len(self.corners)
        return Part(self.corners.reshape(-1, 3).astype(np.float32), np.arange(3 * count, dtype=np.int32).reshape(-1, 3), self.labels,
                    np.eye(4)[None], self.obj.name, keep=False)


def survey(context: bpy.types.Context, scene: bpy.types.Scene, objects: list[bpy.types.Object]) -> list[Ground]:
    """The meshes among `objects` that can be textured. Raises TerrainError when one can't, or when none is there."""
    known = dict(textures.labelled(context, scene))
    chosen = [obj for obj in objects if obj in known and obj.type == "MESH"]
    if not chosen:
        raise TerrainError("No labelled mesh is selected; select the terrain, and give its materials their labels.")
    depsgraph = context.evaluated_depsgraph_get()
    grounds = [_read(obj.evaluated_get(depsgraph), obj, known[obj]) for obj in chosen]
    for ground in grounds:
        check(ground)
    return grounds


def steep_labels(grounds: list[Ground], limit: float) -> list[int]:
    """The labels that have more than a few faces steeper than `limit` (radians), the largest area first."""
    area = np.zeros(label_set.COUNT)
    for ground in grounds:
        chosen = atlas.steep(ground.normals, limit) & (ground.labels != label_set.UNLABELLED)
        area += np.bincount(ground.labels[chosen], ground.areas[chosen], label_set.COUNT)
    total = sum(ground.areas.sum() for ground in grounds)
    return [int(label) for label in np.argsort(-area) if area[label] > _LEAST_STEEP * total]


@dataclass(frozen=True, eq=False)
class Layout:
    """How the faces of all the grounds show the pictures. tile_width: in world units. limit: radians; steeper faces show tiles."""

    lens: Lens
    atlas: Atlas
    tile_width: float
    limit: float

    def from_above(self, points: np.ndarray) -> np.ndarray:
        """Where world points (..., 3) lie in the view from above, (..., 2) in 0 to 1."""
        lens = self.lens
        x, y = (points[..., axis] + lens.view[axis, 3] for axis in (0, 1))
        return np.stack(((x - lens.left) / (lens.right - lens.left), (y - lens.bottom) / (lens.top - lens.bottom)), -1)

    def shows_tile(self, labels: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(F,) bool: whether faces show their label's tile."""
        return atlas.steep(normals, self.limit) & np.isin(labels, self.atlas.steep)


def lay_out(grounds: list[Ground], lens: Lens, size: int, limit: float) -> Layout:
    """The layout of textures of at most `size` pixels a side."""
    labels = steep_labels(grounds, limit)
    span = max((_span(ground, labels, limit) for ground in grounds if not ground.uv_map), default=0.0)
    extent = lens.right - lens.left, lens.top - lens.bottom
    sheet = atlas.plan(size, extent, labels, span)
    return Layout(lens, sheet, sheet.tile_width(extent, span), limit)


def _span(ground: Ground, labels: list[int], limit: float) -> float:
    """How far the widest face that shows a tile reaches, across or up, world units."""
    faces = _faces(ground)
    side = atlas.side_view(faces.points, faces.normals[faces.owner])
    reach = (np.maximum.reduceat(side, faces.first, axis=0) - np.minimum.reduceat(side, faces.first, axis=0)).max(1)
    return float(reach[atlas.steep(faces.normals, limit) & np.isin(faces.labels, labels)].max(initial=0))


def own_uv_triangles(ground: Ground, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For baking to the ground's own UV map, as in `bake.texture`: which picture each triangle shows (0 the view from above, 1 ... the tiles
    of the layout's labels), its places there and its corners here."""
    tiled = layout.shows_tile(ground.labels, ground.normals)
    places = layout.from_above(ground.corners)
    places[tiled] = atlas.side_view(ground.corners[tiled], ground.normals[tiled][:, None]) / layout.tile_width
    numbers = np.zeros(label_set.COUNT, np.uint8)
    for number, label in enumerate(layout.atlas.steep, 1):
        numbers[label] = number
    return np.where(tiled, numbers[ground.labels], 0).astype(np.uint8), places.astype(np.float32), ground.uvs.astype(np.float32)


def put_on(scene: bpy.types.Scene, ground: Ground, layout: Layout, image: bpy.types.Image) -> None:
    """Show the texture on a ground, whose object must still be there, in place of its materials."""
    uv_map = ground.uv_map
    if not uv_map:
        uv_map = unwrap.ABOVE
        unwrap.write_map(ground.obj.data, uv_map, _coordinates(ground, layout))
    made: dict[int, bpy.types.Material] = {}
    for label in {surface.label for surface in ground.surfaces if surface}:
        made[label] = _material(label, image, uv_map)
    textures.put_on(scene, ground.obj, [surface and made[surface.label] for surface in ground.surfaces], lasting=True)


def new_image(name: str, png: bytes, facts: dict) -> bpy.types.Image:
    """The finished texture as a packed Image that stays in the file; `facts`, how it was painted, are kept in it."""
    image = viewport.packed(name, png)
    image.use_fake_user = True
    image[_TEXTURE] = json.dumps(facts)
    return image


def _read(evaluated: bpy.types.Object, obj: bpy.types.Object, surfaces: list[textures.Surface | None]) -> Ground:
    mesh = MeshArrays(evaluated)
    matrix = np.array(evaluated.matrix_world, np.float64)
    corners = mesh.vertices.astype(np.float64)[mesh.triangles] @ matrix[:3, :3].T + matrix[:3, 3]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(across, axis=1)
    labels = np.array([surface.label if surface else 0 for surface in surfaces], np.uint8)[mesh.slots(len(surfaces))]
    uv_map = next((layer.name for layer in obj.data.uv_layers if layer.active_render and layer.name not in unwrap.NAMES), "")
    uvs = mesh.uvs(uv_map) if uv_map and mesh.has_uvs(uv_map) else None
    if uvs is None or not _will_do(uvs):
        uv_map, uvs = "", None
    return Ground(obj, surfaces, corners, labels, across / np.maximum(length, 1e-30)[:, None], length / 2, uv_map, uvs)


def _will_do(uvs: np.ndarray) -> bool:
    """Whether a UV map has a place of its own, within the square, for every triangle."""
    if uvs.min(initial=0) < -1e-3 or uvs.max(initial=1) > 1 + 1e-3:
        return False
    covered, twice = bake.overlap(uvs)
    return covered > _LEAST_COVER and twice < _OVERLAP


def check(ground: Ground) -> None:
    """Raises TerrainError for a mesh that needs a UV map and can't be given one now."""
    obj = ground.obj
    if obj.library is not None:
        raise TerrainError(f"{obj.name} is linked and can't be given a texture; make a library override of it.")
    if ground.uv_map:
        return
    mesh = obj.data
    if mesh.library is not None:
        raise TerrainError(f"{obj.name} has no UV map that will do, and its linked mesh can't be given one; unwrap it in its own file.")
    if mesh.is_editmode:
        raise TerrainError(f"{obj.name} is being edited; leave edit mode first.")
    if mesh.users > 1:
        raise TerrainError(f"{obj.name} shares its mesh with other objects, so it can't be seen from above in one place; "
                           "make it single-user (Object > Relations), or unwrap it.")
    if not unwrap.has_room(mesh, unwrap.ABOVE):
        raise TerrainError(f"{obj.name} has eight UV maps, none of which will do, and Blender gives a mesh no more; delete one.")
    if not mesh.polygons:
        raise TerrainError(f"{obj.name} has no face of its own; apply the modifier that makes its faces, or give it some.")


def _coordinates(ground: Ground, layout: Layout) -> np.ndarray:
    """(2L,) float32: u and v of every corner of the object's own mesh, as its faces lie seen from above, or on a tile of the atlas."""
    faces = _faces(ground)
    place = layout.atlas.top(layout.from_above(faces.points))
    tiled = layout.shows_tile(faces.labels, faces.normals)
    side = atlas.side_view(faces.points, faces.normals[faces.owner]) / layout.tile_width
    rim = 1 / layout.atlas.tile  # a pixel, for filters
    side -= np.floor(np.minimum.reduceat(side, faces.first, axis=0) - rim)[faces.owner]
    for label in layout.atlas.steep:
        chosen = (tiled & (faces.labels == label))[faces.owner]
        place[chosen] = layout.atlas.in_block(label, side[chosen])
    return place.astype(np.float32).ravel()


@dataclass(frozen=True, eq=False)
class _Faces:
    """The faces of an object's own mesh, world space.

    points: (L, 3) of their corners, one face's after the other's. first: (F,) each face's first corner. owner: (L,) each corner's face.
    normals: (F, 3) unit. labels: (F,) uint8.
    """

    points: np.ndarray
    first: np.ndarray
    owner: np.ndarray
    normals: np.ndarray
    labels: np.ndarray


def _faces(ground: Ground) -> _Faces:
    """The faces of the ground's own mesh; where modifiers move its vertices and add none, at the places that they move them to."""
    obj, mesh = ground.obj, ground.obj.data
    shown = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    source = shown if len(shown.vertices) == len(mesh.vertices) and len(shown.loops) == len(mesh.loops) else mesh
    points = np.empty((len(source.vertices), 3), np.float32)
    source.vertices.foreach_get("co", points.reshape(-1))
    corner, first, slots = (np.empty(len(items), np.int32) for items in (mesh.loops, mesh.polygons, mesh.polygons))
    mesh.loops.foreach_get("vertex_index", corner)
    mesh.polygons.foreach_get("loop_start", first)
    mesh.polygons.foreach_get("material_index", slots)
    matrix = np.array(obj.matrix_world, np.float64)
    points = (points.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3])[corner]
    counts = np.diff(np.append(first, len(corner)))
    labels = np.array([surface.label if surface else 0 for surface in ground.surfaces], np.uint8)
    return _Faces(points, first, np.repeat(np.arange(len(first)), counts), _normals(points, first, counts),
                  labels[np.minimum(slots, len(labels) - 1)])


def _normals(points: np.ndarray, first: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(F, 3) unit normals of faces that take `counts` (F,) corners of points (L, 3) from `first` (F,) on, by Newell's method."""
    following = np.arange(1, len(points) + 1)
    following[first + counts - 1] = first
    sums = np.add.reduceat(np.cross(points, points[following]), first, axis=0)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-30)


def _material(label: int, image: bpy.types.Image, uv_map: str) -> bpy.types.Material:
    """A Principled BSDF with the texture as its base colour: what engines and exporters understand."""
    name = label_set.LABELS[label].name
    made = bpy.data.materials.new(f"Veduta Terrain {name.capitalize()}")
    made[OWN_MARK] = True
    made.veduta.label = assignment.identifier(label)
    compat.enable_nodes(made)
    made.node_tree.nodes.clear()
    nodes = projection_nodes.Nodes(made.node_tree)
    matt = nodes.add("BsdfPrincipled")
    nodes.plug(nodes.image(image, nodes.add("UVMap", uv_map=uv_map).outputs[0], "Linear"), matt.inputs["Base Color"])
    matt.inputs["Roughness"].default_value = material.SURFACES[name][0]
    matt.inputs["Specular IOR Level"].default_value = 0.2
    nodes.plug(matt.outputs[0], nodes.add("OutputMaterial").inputs["Surface"])
    return made

