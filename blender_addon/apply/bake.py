"""Baking: what the projected paintings show on an object, as one plain image on its own UV map. Where textures come from is `textures`'.

Each texel is asked which triangle lies on it (by capture's own drawing of the UV map), where in the world that is, and what the projectors
show there. Cycles' emission bake is a little faster and gives the same but along edges (`benchmarks/projection.py`); it would have to
change the user's render engine, materials and active objects.
"""
from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from .. import assignment, compat
from ..assignment import OWN_MARK
from ..capture import hit_triangles
from ..capture.batches import Batch
from ..capture.extract import MeshArrays
from ..capture.project import Lens
from ..synth_core import labels as label_set
from ..synth_core import png
from . import projection, projection_nodes, projectors, textures, unwrap, viewport

MARGIN = 8  # texels that colours reach past an island's edge, for the filters of engines
_STRIP = 1 << 19  # texels coloured together: bounds the memory
_WHOLE = 0.98  # of its triangles' area a UV map must show, to be baked on as it is
# The unit square of a UV map, seen from straight above.
_SQUARE = Lens(view=np.eye(4), left=0.0, right=1.0, bottom=0.0, top=1.0, near=0.0, far=2.0, orthographic=True)


class BakeError(ValueError):
    """An object that can't be baked; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """The triangles that a UV map lays out, and what lies on every texel of it.

    corners: (T, 3, 3) float64 world space. uvs: (T, 3, 2) float64. labels: (T,) uint8. hits: (S, S) int64 triangle or -1, row 0 at the top.
    """

    corners: np.ndarray
    uvs: np.ndarray
    labels: np.ndarray
    hits: np.ndarray


def bake(context: bpy.types.Context, scene: bpy.types.Scene, obj: bpy.types.Object, size: int) -> bpy.types.Image:
    """Bake what the scene's projectors show on the object's labelled faces, size x size texels, and give these one material that shows it.

    The UV map that renders use is taken; where there is none, or it overlaps or leaves the square, a new one is made beside it. Raises
    BakeError for an object without labelled faces, and for one that needs a UV map and can't be given one.
    """
    surfaces = dict(textures.labelled(context, scene)).get(obj)
    if surfaces is None:
        raise BakeError(f"{obj.name} has no labelled face to bake; give a material or the object a label.")
    sheet, uv_map = lay_out(context, obj, surfaces, size)
    shown = projectors.found(scene)
    sampler = projection.Sampler(shown, textures.palette_colours(shown), scene.veduta.textures.grazing)
    image = viewport.packed(f"{obj.name} Baked", png.encode(picture(sheet, sampler)))
    image[OWN_MARK] = True
    textures.put_on(scene, obj, [surface and _material(obj.name, image, uv_map, surface.label) for surface in surfaces])
    return image


def lay_out(context: bpy.types.Context, obj: bpy.types.Object, surfaces: list[textures.Surface | None], size: int) -> tuple[Sheet, str]:
    """The sheet of an object's labelled faces, and the name of the UV map it is on."""
    for layer in _maps(obj):
        sheet = _sheet(context, obj, surfaces, layer, size)
        if _is_whole(sheet):
            return sheet, layer
    if obj.type != "MESH":
        raise BakeError(f"{obj.name} is no mesh; convert it to one before baking.")
    if obj.data.library is not None:
        raise BakeError(f"{obj.name} has no UV map to bake on, and its linked mesh can't be given one; unwrap it in its own file.")
    if obj.data.is_editmode:
        raise BakeError(f"{obj.name} is being edited; leave edit mode before baking.")
    if not obj.data.polygons:
        raise BakeError(f"{obj.name} has no face of its own; apply the modifier that makes its faces, or give it some.")
    if not unwrap.has_room(obj.data, unwrap.NAME):
        raise BakeError(f"{obj.name} has eight UV maps, none of which will do, and Blender gives a mesh no more; delete one.")
    unwrap.add_map(obj.data)
    return _sheet(context, obj, surfaces, unwrap.NAME, size), unwrap.NAME


def existing_sheet(context: bpy.types.Context, obj: bpy.types.Object, surfaces: list[textures.Surface | None], size: int) -> Sheet | None:
    """The sheet that `lay_out` takes where the object has a UV map that will do; None where it would make one."""
    sheets = (_sheet(context, obj, surfaces, layer, size) for layer in _maps(obj))
    return next((sheet for sheet in sheets if _is_whole(sheet)), None)


def _maps(obj: bpy.types.Object) -> list[str]:
    """The names of an object's UV maps that may be baked on: the one that renders use, and the one that an earlier bake made."""
    layers = obj.data.uv_layers if obj.type == "MESH" else ()
    return [layer.name for layer in layers if layer.active_render or layer.name == unwrap.NAME]


def picture(sheet: Sheet, sampler: projection.Sampler) -> np.ndarray:
    """(S, S, 3) uint8 sRGB: the sheet's colours, past its islands' edges those of the nearest texel, and their mean beyond."""
    size = len(sheet.hits)
    light = np.zeros((size * size, 3), np.float32)
    covered = np.flatnonzero(sheet.hits.ravel() >= 0)
    for start in range(0, len(covered), _STRIP):
        texels = covered[start:start + _STRIP]
        points, normals, triangles = places(sheet, texels)
        light[texels] = sampler.colours(points, normals, sheet.labels[triangles])
    mean = light[covered].mean(0) if len(covered) else np.zeros(3, np.float32)
    return _spread(projection.encoded(light).reshape(size, size, 3), sheet.hits >= 0, projection.encoded(mean))


def places(sheet: Sheet, texels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """World points and unit normals, (N, 3) each, and triangles, (N,), at the centres of texels, given as indices into the flat sheet."""
    size = len(sheet.hits)
    triangles = sheet.hits.ravel()[texels]
    u, v = (texels % size + 0.5) / size, 1 - (texels // size + 0.5) / size
    first, second, third = (sheet.uvs[triangles, corner] for corner in range(3))
    along, across = second - first, third - first
    area = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    du, dv = u - first[:, 0], v - first[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):  # a triangle without area on the map: its first corner
        b = np.nan_to_num((du * across[:, 1] - dv * across[:, 0]) / area, posinf=0, neginf=0)
        c = np.nan_to_num((along[:, 0] * dv - along[:, 1] * du) / area, posinf=0, neginf=0)
    corners = sheet.corners[triangles]
    sides = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    points = corners[:, 0] + sides[0] * b[:, None] + sides[1] * c[:, None]
    normals = np.cross(*sides)
    return points, normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-30), triangles


def _sheet(context: bpy.types.Context, obj: bpy.types.Object, surfaces: list[textures.Surface | None], layer: str, size: int) -> Sheet:
    evaluated = obj.evaluated_get(context.evaluated_depsgraph_get())
    mesh = MeshArrays(evaluated)
    if not mesh.has_uvs(layer):
        raise BakeError(f"A modifier of {obj.name} drops its UV map; apply the modifier, or bake without it.")
    labels = np.array([surface.label if surface else label_set.UNLABELLED for surface in surfaces], np.uint8)[mesh.slots(len(surfaces))]
    chosen = labels != label_set.UNLABELLED
    matrix = np.array(evaluated.matrix_world, np.float64)
    corners = mesh.vertices.astype(np.float64)[mesh.triangles[chosen]] @ matrix[:3, :3].T + matrix[:3, 3]
    uvs = mesh.uvs(layer)[chosen].astype(np.float64)
    return Sheet(corners, uvs, labels[chosen], _hits(uvs, size))


def _hits(uvs: np.ndarray, size: int) -> np.ndarray:
    """(size, size) int64: the triangle on each texel's centre, or -1, row 0 at the top."""
    count = len(uvs)
    flat = np.concatenate((uvs.reshape(-1, 2), np.full((count * 3, 1), -1.0)), -1).astype(np.float32)
    batch = Batch(flat, np.arange(count * 3, dtype=np.int32).reshape(-1, 3), np.eye(4, dtype=np.float32)[None, :3],
                  np.zeros(count, np.uint8), np.zeros(count, np.int32), keep=False)
    return hit_triangles([batch], _SQUARE, size, size)


def _is_whole(sheet: Sheet) -> bool:
    """Whether all of the triangles can be seen on the map: none lies over another, and none outside the square."""
    along, across = sheet.uvs[:, 1] - sheet.uvs[:, 0], sheet.uvs[:, 2] - sheet.uvs[:, 0]
    area = np.abs(along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]).sum() / 2
    return area > 0 and (sheet.hits >= 0).mean() >= _WHOLE * area


def _spread(colours: np.ndarray, known: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """The picture with its (S, S) unknown texels filled: each from a known neighbour, MARGIN times over, the others with `beyond`."""
    size = len(known)
    flat, done = colours.reshape(-1, 3), known.copy()
    for _ in range(MARGIN):
        reached = done.copy()
        for rows, columns in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            there = np.zeros_like(done)
            into, source = _shifted(rows, columns)
            there[into] = done[source]
            texels = np.flatnonzero(there & ~reached)
            flat[texels] = flat[texels - rows * size - columns]
            reached |= there
        done = reached
    colours[~done] = beyond
    return colours


def _shifted(rows: int, columns: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a picture moved by rows and columns lands, and what of it does."""
    def along(step: int) -> tuple[slice, slice]:
        return (slice(max(step, 0), min(step, 0) or None), slice(max(-step, 0), min(-step, 0) or None))

    (row_into, row_from), (column_into, column_from) = along(rows), along(columns)
    return (row_into, column_into), (row_from, column_from)


def _material(name: str, image: bpy.types.Image, uv_map: str, label: int) -> bpy.types.Material:
    """A Principled BSDF with the image as its base colour: what engines and exporters understand."""
    made = bpy.data.materials.new(f"{name} Baked {label_set.LABELS[label].name.capitalize()}")
    made[OWN_MARK] = True
    made.veduta.label = assignment.identifier(label)
    compat.enable_nodes(made)
    made.node_tree.nodes.clear()
    nodes = projection_nodes.Nodes(made.node_tree)
    colour = nodes.image(image, nodes.add("UVMap", uv_map=uv_map).outputs[0], "Linear")
    nodes.plug(projection_nodes.surface(nodes, colour, lit=True), nodes.add("OutputMaterial").inputs["Surface"])
    return made
