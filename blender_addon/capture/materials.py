"""What a material's nodes say about seeing through it: glass, transparency, leaves cut out by an image. Nothing is evaluated or written."""
from __future__ import annotations

from dataclasses import dataclass

import bpy

_CLEAR = 0.5  # from this share of light passing on, a surface counts as see-through
_GLASS_NODES = {"BSDF_GLASS", "BSDF_REFRACTION", "BSDF_TRANSPARENT"}
_DEEPEST = 8  # nodes followed upstream; further than this, a network is no plain cut-out


@dataclass(frozen=True)
class Cutout:
    """Where a surface is cut out: where the image, at its nearest pixel, is below one half (above, if `inverted`).

    channel: "Alpha" or "Color" (its grey value). uv_map: the UV map's name, "" for the one active in renders.
    """

    image: bpy.types.Image
    channel: str
    uv_map: str
    inverted: bool = False


@dataclass(frozen=True)
class Look:
    """How a material lets the camera see through it: everywhere (`clear`), as glass does (`glass`), or where `cutout` says."""

    clear: bool = False
    glass: bool = False
    cutout: Cutout | None = None


def look(material: bpy.types.Material | None) -> Look:
    """The look of a material; an opaque one for an empty slot and for a network that isn't understood."""
    surface = _surface(material)
    if surface is None:
        return Look()
    if surface.type == "MIX_SHADER":
        return _mixed_look(surface)
    if surface.type == "BSDF_PRINCIPLED":
        return _principled_look(surface)
    return Look(clear=surface.type == "BSDF_TRANSPARENT", glass=surface.type in _GLASS_NODES)


def _surface(material: bpy.types.Material | None) -> bpy.types.Node | None:
    """The node that feeds the material's surface."""
    if material is None or material.node_tree is None:
        return None
    output = material.node_tree.get_output_node("ALL") or material.node_tree.get_output_node("CYCLES")
    return None if output is None else _source(output.inputs["Surface"])


def _source(socket: bpy.types.NodeSocket) -> bpy.types.Node | None:
    """The node linked to an input, past reroutes."""
    while socket.is_linked:
        node = socket.links[0].from_node
        if node.type != "REROUTE":
            return node
        socket = node.inputs[0]
    return None


def _principled_look(node: bpy.types.Node) -> Look:
    alpha, transmission = node.inputs["Alpha"], node.inputs["Transmission Weight"]
    if alpha.is_linked:
        return Look(cutout=_cutout(alpha))
    glass = not transmission.is_linked and transmission.default_value >= _CLEAR
    return Look(clear=alpha.default_value < 1 - _CLEAR, glass=glass)


def _mixed_look(node: bpy.types.Node) -> Look:
    """The look of a Mix Shader: its factor tells how much of the second shader shows."""
    factor, first, second = node.inputs[0], _source(node.inputs[1]), _source(node.inputs[2])
    kinds = [shader.type if shader else "" for shader in (first, second)]
    if factor.is_linked and "BSDF_TRANSPARENT" in kinds:
        return Look(cutout=_cutout(factor, inverted=kinds[1] == "BSDF_TRANSPARENT"))
    if factor.is_linked:  # a Fresnel mix, say: glass as soon as one side is
        return Look(glass=any(kind in _GLASS_NODES for kind in kinds))
    shown = kinds[1] if factor.default_value >= 0.5 else kinds[0]
    return Look(clear=shown == "BSDF_TRANSPARENT", glass=shown in _GLASS_NODES)


def _cutout(socket: bpy.types.NodeSocket, inverted: bool = False) -> Cutout | None:
    """The cut-out that an alpha or factor input asks for: the first image upstream of it. None without one."""
    for _ in range(_DEEPEST):
        if not socket.is_linked:
            return None
        link = socket.links[0]
        node = link.from_node
        if node.type == "TEX_IMAGE":
            usable = node.image is not None and node.image.source in {"FILE", "GENERATED"}
            return Cutout(node.image, link.from_socket.name, _uv_map(node), inverted) if usable else None
        following = next((entry for entry in node.inputs if entry.is_linked), None)
        if following is None:
            return None
        socket = following
    return None


def _uv_map(node: bpy.types.Node) -> str:
    source = _source(node.inputs["Vector"])
    return source.uv_map if source is not None and source.type == "UVMAP" else ""
