"""Labels painted on a mesh: the colour attribute that holds them, read to and written from label ids. Entering paint mode is an operator's.

A corner's (or point's) colour means the label with the nearest colour in the label set; black and pure white, which
new attributes are filled with, mean none.
A face takes the label that most of its corners have; of equals, the lowest id.
"""
from __future__ import annotations

import bpy
import numpy as np

from .synth_core import labels

ATTRIBUTE = "Veduta Labels"
_COLOURS = np.array([label.colour for label in labels.LABELS], np.float32) / 255


def has(mesh: bpy.types.Mesh) -> bool:
    """Whether labels can be read from the mesh."""
    attribute = mesh.color_attributes.get(ATTRIBUTE)
    return attribute is not None and attribute.domain in {"CORNER", "POINT"}


def read(mesh: bpy.types.Mesh) -> np.ndarray | None:
    """(F,) uint8 label ids of the mesh's faces, 0 where none is painted; None without the attribute."""
    if not has(mesh) or not len(mesh.loops):
        return None
    attribute = mesh.color_attributes[ATTRIBUTE]
    colours = np.empty((len(attribute.data), 4), np.float32)
    attribute.data.foreach_get("color_srgb", colours.reshape(-1))
    ids = nearest(colours[:, :3])
    if attribute.domain == "POINT":
        corners = np.empty(len(mesh.loops), np.int32)
        mesh.attributes[".corner_vert"].data.foreach_get("value", corners)
        ids = ids[corners]
    face = np.repeat(np.arange(len(mesh.polygons)), _corner_counts(mesh))
    votes = np.bincount(face * labels.COUNT + ids, minlength=len(mesh.polygons) * labels.COUNT)
    return votes.reshape(-1, labels.COUNT).argmax(1).astype(np.uint8)


def nearest(colours: np.ndarray) -> np.ndarray:
    """(N,) uint8: the label whose colour is nearest to each of (N, 3) sRGB colours, 0 to 1; 0 for black and pure white."""
    unique, back = np.unique(np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8), axis=0, return_inverse=True)
    distance = np.square(unique[:, None].astype(np.float32) / 255 - _COLOURS).sum(-1)
    ids = distance.argmin(1).astype(np.uint8)
    ids[(unique == 255).all(1)] = labels.UNLABELLED
    return ids[back.reshape(-1)]


def write(mesh: bpy.types.Mesh, faces: np.ndarray) -> None:
    """Give each corner the colour of its face's label: (F,) uint8 ids, 0 for none. Makes the attribute where it is missing."""
    former = mesh.color_attributes.get(ATTRIBUTE)
    if former is not None and former.domain != "CORNER":
        mesh.color_attributes.remove(former)
    attribute = mesh.color_attributes.get(ATTRIBUTE) or mesh.color_attributes.new(ATTRIBUTE, "BYTE_COLOR", "CORNER")
    colours = np.ones((len(mesh.loops), 4), np.float32)
    colours[:, :3] = _COLOURS[np.repeat(faces, _corner_counts(mesh))]
    attribute.data.foreach_set("color_srgb", colours.reshape(-1))
    mesh.update()


def _corner_counts(mesh: bpy.types.Mesh) -> np.ndarray:
    counts = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", counts)
    return counts
