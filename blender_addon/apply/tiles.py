"""A tile as a material: its images, packed, and a Principled BSDF that shows them, ready to be given to any object.

The material is the user's as soon as it is made: nothing else changes, and it stays when Veduta goes. How a tile is painted is the core's.
"""
from __future__ import annotations

import json
from pathlib import Path

import bpy

from .. import assignment, compat
from ..synth_core import files
from ..synth_core import labels as label_set
from ..synth_core.request import TileResult
from . import viewport

MAPS = ("Colour", "Normal", "Roughness", "Height")
_TILE = "veduta_tile"  # custom property of the material: how it was painted
_BLEND = 0.25  # of box mapping, between the sides
_RELIEF = 0.02  # of a tile's width: how high the height map's full range stands


def new_material(result: TileResult, label: int, facts: dict, mapping: str, width: float) -> bpy.types.Material:
    """A new material of a finished tile, which stays in the file. mapping: "UV", or "BOX" for objects without UVs; width: of a tile, in
    UV units or in scene units. facts: how it was painted; they are kept in it."""
    name = f"Veduta {label_set.LABELS[label].name} tile"
    made = bpy.data.materials.new(name)
    made.use_fake_user = True
    made[_TILE] = json.dumps(facts)
    made.veduta.label = assignment.identifier(label)
    made.diffuse_color = (*(result.picture.reshape(-1, 3).mean(0) / 255) ** 2.2, 1.0)
    images = {kind: _image(f"{made.name} {kind.lower()}", png, plain=kind == "Colour")
              for kind, png in zip(MAPS, (result.png, result.normal, result.roughness, result.height))}
    _build(made, images, mapping, width)
    return made


def is_tile(material: bpy.types.Material | None) -> bool:
    """Whether the material is a tile's."""
    return material is not None and _TILE in material and material.node_tree is not None


def save(material: bpy.types.Material, folder: Path) -> list[Path]:
    """Write a tile's images to `folder`, made when missing, as the PNG files that they are packed as; returns their paths.

    Each appears under its name only once it is whole. Raises OSError, and ValueError when an image of the material has been deleted.
    """
    pictures = {}
    for kind in MAPS:
        node = material.node_tree.nodes.get(kind)
        if node is None or node.image is None or node.image.packed_file is None:
            raise ValueError(f"{material.name} has lost its {kind.lower()} image; paint the tile again.")
        pictures[folder / f"{bpy.path.clean_name(material.name)}_{kind.lower()}.png"] = node.image.packed_file.data
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in pictures.items():
        files.write_whole(path, data)
    return list(pictures)


def _image(name: str, png: bytes, plain: bool) -> bpy.types.Image:
    """A packed Image that stays in the file; `plain` for colours, else its numbers are taken as they are."""
    image = viewport.packed(name, png)
    image.use_fake_user = True
    image.colorspace_settings.name = "sRGB" if plain else "Non-Color"
    return image


def _build(material: bpy.types.Material, images: dict[str, bpy.types.Image], mapping: str, width: float) -> None:
    """The material's nodes, laid out to be read. With box mapping the normal map, which needs UVs, gives way to bumps from the height."""
    compat.enable_nodes(material)
    nodes, link = material.node_tree.nodes, material.node_tree.links.new
    nodes.clear()

    def add(kind: str, x: float, y: float, name: str = "") -> bpy.types.Node:
        node = nodes.new(f"ShaderNode{kind}")
        node.location = x, y
        node.name = node.label = name or node.name
        return node

    output, shader = add("OutputMaterial", 300, 0), add("BsdfPrincipled", 0, 0)
    place, scale = add("TexCoord", -1100, 0), add("Mapping", -900, 0, "Tile Size")
    scale.inputs["Scale"].default_value = (1 / width,) * 3
    link(place.outputs["UV" if mapping == "UV" else "Object"], scale.inputs["Vector"])
    shown = {}
    for row, (kind, image) in enumerate(images.items()):
        shown[kind] = add("TexImage", -650, 300 - 300 * row, kind)
        shown[kind].image, shown[kind].extension = image, "REPEAT"
        if mapping == "BOX":
            shown[kind].projection, shown[kind].projection_blend = "BOX", _BLEND
        link(scale.outputs["Vector"], shown[kind].inputs["Vector"])
    link(shown["Colour"].outputs["Color"], shader.inputs["Base Color"])
    link(shown["Roughness"].outputs["Color"], shader.inputs["Roughness"])
    if mapping == "UV":
        normal = add("NormalMap", -250, -200)
        link(shown["Normal"].outputs["Color"], normal.inputs["Color"])
    else:
        normal = add("Bump", -250, -200)
        normal.inputs["Distance"].default_value = _RELIEF * width
        link(shown["Height"].outputs["Color"], normal.inputs["Height"])
    link(normal.outputs["Normal"], shader.inputs["Normal"])
    link(shader.outputs["BSDF"], output.inputs["Surface"])
