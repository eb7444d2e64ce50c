"""Materials that show projected paintings: one shader for every label, and a node group for each projector. No object is touched here.

A projector's group takes the shaded point in the projector's own space and divides by its depth at every pixel, so a triangle of any size
shows the painting as the camera saw it: a UV map could not, for renderers interpolate UVs evenly over a triangle and perspective is not.
Where it says the camera did not see the point, looked along it or ended before it, another projector's picture shows, and where none saw
it the label's mean painted colour. `projection.py` holds the same rules in numpy, for baking and as the tests' slow twin.
"""
from __future__ import annotations

import bpy
import numpy as np

from .. import compat
from ..assignment import OWN_MARK
from ..capture.materials import Cutout
from ..synth_core import labels as label_set
from .projectors import Projector

FRAME_SOFTNESS = 0.02  # of the frame: how far past its edge the painting's last pixels reach while they fade out
SLOPE_PIXELS = 2.0  # how far off, in pixels, the depth that a point is compared with may have been taken
GRAZING_SOFTNESS = 1.0  # of the grazing angle: above it, by this much, a projection fades in
_LIMIT = "Grazing Limit"
_NEAREST = 1e-6  # a depth that may be divided by

Socket = bpy.types.NodeSocket
Value = Socket | float


class Nodes:
    """Adds nodes to a tree, each in one call that returns its output."""

    def __init__(self, tree: bpy.types.NodeTree):
        self.tree = tree

    def add(self, kind: str, **settings) -> bpy.types.Node:
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in settings.items():
            setattr(node, name, value)
        return node

    def plug(self, value: Value | tuple, entry: Socket) -> None:
        """Link an output to an input, or set the input to a plain value."""
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, entry)
        else:
            entry.default_value = value

    def math(self, operation: str, *operands: Value, clamp: bool = False) -> Socket:
        node = self.add("Math", operation=operation, use_clamp=clamp)
        for operand, entry in zip(operands, node.inputs):
            self.plug(operand, entry)
        return node.outputs[0]

    def vector(self, operation: str, *operands: Value | tuple, output: str = "Vector") -> Socket:
        node = self.add("VectorMath", operation=operation)
        for operand, entry in zip(operands, node.inputs):
            self.plug(operand, entry)
        return node.outputs[output]

    def scaled(self, vector: Socket, factor: Value) -> Socket:
        node = self.add("VectorMath", operation="SCALE")
        self.plug(vector, node.inputs[0])
        self.plug(factor, node.inputs["Scale"])
        return node.outputs["Vector"]

    def split(self, vector: Socket) -> tuple[Socket, Socket, Socket]:
        node = self.add("SeparateXYZ")
        self.plug(vector, node.inputs[0])
        return tuple(node.outputs)

    def join(self, *values: Value) -> Socket:
        node = self.add("CombineXYZ")
        for value, entry in zip(values, node.inputs):
            self.plug(value, entry)
        return node.outputs[0]

    def image(self, image: bpy.types.Image, place: Socket | None, interpolation: str, output: str = "Color") -> Socket:
        node = self.add("TexImage", image=image, interpolation=interpolation, extension="EXTEND")
        if place is not None:
            self.plug(place, node.inputs["Vector"])
        return node.outputs[output]

    def sum(self, values: list[Value]) -> Value:
        total = values[0]
        for value in values[1:]:
            total = self.math("ADD", total, value)
        return total

    def fade_in(self, value: Value, low: Value, high: Value) -> Socket:
        """0 up to `low`, 1 from `high` on, straight in between."""
        return self.math("DIVIDE", self.math("SUBTRACT", value, low), self.math("SUBTRACT", high, low), clamp=True)


def group(projector: Projector, grazing: float) -> bpy.types.NodeTree:
    """The projector's node group.

    Inputs: Point in the projector's space; Facing, the sine of the angle between the surface and the line of sight. Outputs: Colour; Mask,
    0 to 1, how far the picture holds there; Rank, its weight among several. grazing: radians, see `set_grazing`.
    """
    tree = bpy.data.node_groups.new(f"Veduta {projector.camera}", "ShaderNodeTree")
    tree[OWN_MARK] = True
    for name, direction, kind in (("Point", "INPUT", "NodeSocketVector"), ("Facing", "INPUT", "NodeSocketFloat"),
                                  ("Colour", "OUTPUT", "NodeSocketColor"), ("Mask", "OUTPUT", "NodeSocketFloat"),
                                  ("Rank", "OUTPUT", "NodeSocketFloat")):
        tree.interface.new_socket(name, in_out=direction, socket_type=kind)
    nodes = Nodes(tree)
    point, facing = tree.nodes.new("NodeGroupInput").outputs[:2]
    depth, place = _project(nodes, projector, point)
    limit = nodes.add("Value", name=_LIMIT).outputs[0]
    steep = nodes.fade_in(facing, limit, nodes.math("MULTIPLY", limit, 1 + GRAZING_SOFTNESS))
    framed = nodes.math("MULTIPLY", _framed(nodes, place), nodes.math("GREATER_THAN", depth, projector.lens.near))
    mask = nodes.math("MULTIPLY", nodes.math("MULTIPLY", steep, framed), _seen(nodes, projector, depth, place, facing))
    out = tree.nodes.new("NodeGroupOutput")
    nodes.plug(nodes.image(projector.shown, place, "Linear"), out.inputs["Colour"])
    nodes.plug(mask, out.inputs["Mask"])
    nodes.plug(nodes.math("MULTIPLY", mask, nodes.math("MULTIPLY", facing, facing)), out.inputs["Rank"])
    set_grazing(tree, grazing)
    return tree


def set_grazing(tree: bpy.types.NodeTree, angle: float) -> None:
    """Set the angle, in radians, between line of sight and surface up to which a group of `group` shows nothing."""
    tree.nodes[_LIMIT].outputs[0].default_value = max(float(np.sin(angle)), _NEAREST)


def material(label: int, groups: list[tuple[Projector, bpy.types.NodeTree]], palette: bpy.types.Image, lit: bool,
             cutout: Cutout | None = None) -> bpy.types.Material:
    """A material that shows the projectors' pictures on surfaces of a label, and the label's colour of `palette` where none holds.

    lit: as the base colour of a Principled BSDF; else glowing, as painted. cutout: what cuts the surface out.
    """
    made = bpy.data.materials.new(f"Veduta {label_set.LABELS[label].name.capitalize()}")
    made[OWN_MARK] = True
    compat.enable_nodes(made)
    if hasattr(made, "cycles"):  # not where Cycles is switched off
        made.cycles.emission_sampling = "NONE"
    made.diffuse_color = (*np.power(np.array(label_set.LABELS[label].colour) / 255, 2.2).tolist(), 1.0)
    made.node_tree.nodes.clear()
    nodes = Nodes(made.node_tree)
    shader = surface(nodes, _blend(nodes, label, groups, palette), lit)
    if cutout is not None:
        shader = _cut(nodes, shader, cutout)
    nodes.plug(shader, nodes.add("OutputMaterial").inputs["Surface"])
    return made


def surface(nodes: Nodes, colour: Socket, lit: bool) -> Socket:
    """A shader of that colour: matt under the scene's lights, or glowing."""
    if not lit:
        glow = nodes.add("Emission")
        nodes.plug(colour, glow.inputs["Color"])
        return glow.outputs[0]
    matt = nodes.add("BsdfPrincipled")
    nodes.plug(colour, matt.inputs["Base Color"])
    matt.inputs["Roughness"].default_value = 0.9
    matt.inputs["Specular IOR Level"].default_value = 0.1  # the painting has its highlights in it
    return matt.outputs[0]


def palette_place(label: int) -> float:
    """Where in the palette, a row of one pixel a label, a label's pixel lies, 0 to 1."""
    return (label + 0.5) / label_set.COUNT


def _project(nodes: Nodes, projector: Projector, point: Socket) -> tuple[Socket, Socket]:
    """Depth of a point in the projector's space, and where its picture shows it: (u, v, 0), 0 to 1 inside the frame."""
    lens = projector.lens
    x, y, z = nodes.split(point)
    depth = nodes.math("MULTIPLY", z, -1.0)
    reach = 1.0 if lens.orthographic else nodes.math("MAXIMUM", depth, _NEAREST)
    u = nodes.math("DIVIDE", nodes.math("SUBTRACT", nodes.math("DIVIDE", x, reach), lens.left), lens.right - lens.left)
    v = nodes.math("DIVIDE", nodes.math("SUBTRACT", nodes.math("DIVIDE", y, reach), lens.bottom), lens.top - lens.bottom)
    return depth, nodes.join(u, v, 0.0)


def _framed(nodes: Nodes, place: Socket) -> Socket:
    """1 inside the frame, fading to 0 beyond its edges."""
    u, v, _ = nodes.split(nodes.vector("ABSOLUTE", nodes.vector("SUBTRACT", place, (0.5, 0.5, 0.0))))
    return nodes.math("SUBTRACT", 1.0, nodes.fade_in(nodes.math("MAXIMUM", u, v), 0.5, 0.5 + FRAME_SOFTNESS))


def _seen(nodes: Nodes, projector: Projector, depth: Socket, place: Socket, facing: Socket) -> Socket:
    """How much of the four depth pixels about the point lie no nearer than it: percentage-closer filtering (Reeves, Salesin, Cook 1987),
    with room for the surface's own slope between a pixel's centre and the point."""
    width, height = projector.depth.size
    size = (float(width), float(height), 1.0)
    pixel = nodes.vector("SUBTRACT", nodes.vector("MULTIPLY", place, size), (0.5, 0.5, 0.0))
    corner, share = nodes.vector("FLOOR", pixel), nodes.vector("FRACTION", pixel)
    across, along, _ = nodes.split(share)
    least = nodes.math("SUBTRACT", depth, _room(nodes, projector, depth, facing))
    parts = []
    for column, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
        centre = nodes.vector("DIVIDE", nodes.vector("ADD", corner, (column + 0.5, row + 0.5, 0.0)), size)
        free = nodes.math("LESS_THAN", least, nodes.image(projector.depth, centre, "Closest"))
        weights = (amount if side else nodes.math("SUBTRACT", 1.0, amount) for amount, side in ((across, column), (along, row)))
        parts.append(nodes.math("MULTIPLY", free, nodes.math("MULTIPLY", *weights)))
    return nodes.sum(parts)


def _room(nodes: Nodes, projector: Projector, depth: Socket, facing: Socket) -> Socket:
    """By how much a surface's depth may differ within SLOPE_PIXELS of a point on it."""
    slope = nodes.math("DIVIDE", nodes.math("SQRT", nodes.math("SUBTRACT", 1.0, nodes.math("MULTIPLY", facing, facing), clamp=True)),
                       nodes.math("MAXIMUM", facing, 1e-3))
    pixel = pixel_size(projector)
    room = nodes.math("MULTIPLY_ADD", slope, SLOPE_PIXELS * pixel, pixel)
    return room if projector.lens.orthographic else nodes.math("MULTIPLY", room, depth)


def pixel_size(projector: Projector) -> float:
    """How wide a pixel is at depth 1 (at any depth, for an orthographic projector), scene units; the longer side."""
    lens, (width, height) = projector.lens, projector.depth.size
    return max((lens.right - lens.left) / width, (lens.top - lens.bottom) / height)


def _blend(nodes: Nodes, label: int, groups: list[tuple[Projector, bpy.types.NodeTree]], palette: bpy.types.Image) -> Socket:
    """The colour of all projectors together: by rank among those that hold, the label's own where none does."""
    flat = nodes.image(palette, nodes.join(palette_place(label), 0.5, 0.0), "Closest")
    if not groups:  # every projector was deleted
        return flat
    shown = [_shown(nodes, projector, tree) for projector, tree in groups]
    total = nodes.sum([entry.outputs["Rank"] for entry in shown])
    picture = _sum_vectors(nodes, [nodes.scaled(entry.outputs["Colour"], entry.outputs["Rank"]) for entry in shown])
    picture = nodes.scaled(picture, nodes.math("DIVIDE", 1.0, nodes.math("MAXIMUM", total, 1e-9)))
    missing: Value = 1.0
    for entry in shown:
        missing = nodes.math("MULTIPLY", missing, nodes.math("SUBTRACT", 1.0, entry.outputs["Mask"], clamp=True))
    return nodes.vector("ADD", nodes.scaled(flat, missing), nodes.scaled(picture, nodes.math("SUBTRACT", 1.0, missing)))


def _sum_vectors(nodes: Nodes, vectors: list[Socket]) -> Socket:
    total = vectors[0]
    for vector in vectors[1:]:
        total = nodes.vector("ADD", total, vector)
    return total


def _shown(nodes: Nodes, projector: Projector, tree: bpy.types.NodeTree) -> bpy.types.Node:
    """The projector's group, given the shaded point and how its surface faces."""
    entry = nodes.tree.nodes.new("ShaderNodeGroup")
    entry.node_tree = tree
    nodes.plug(nodes.add("TexCoord", object=projector.stand).outputs["Object"], entry.inputs["Point"])
    geometry = nodes.add("NewGeometry")
    sight = _sight(nodes, projector, geometry.outputs["Position"])
    facing = nodes.math("ABSOLUTE", nodes.vector("DOT_PRODUCT", geometry.outputs["True Normal"], sight, output="Value"))
    nodes.plug(facing, entry.inputs["Facing"])
    return entry


def _sight(nodes: Nodes, projector: Projector, position: Socket) -> Socket | tuple:
    """The unit direction from a point to the projector, world space."""
    back = np.linalg.inv(projector.lens.view)
    if projector.lens.orthographic:
        return tuple(back[:3, 2].tolist())
    return nodes.vector("NORMALIZE", nodes.vector("SUBTRACT", tuple(back[:3, 3].tolist()), position))


def _cut(nodes: Nodes, shader: Socket, cutout: Cutout) -> Socket:
    """The shader, see-through where the cut-out says."""
    place = nodes.add("UVMap", uv_map=cutout.uv_map).outputs[0] if cutout.uv_map else None
    alpha = nodes.image(cutout.image, place, "Closest", cutout.channel)
    solid = nodes.math("LESS_THAN" if cutout.inverted else "GREATER_THAN", alpha, 0.5)
    mix = nodes.add("MixShader")
    for value, entry in zip((solid, nodes.add("BsdfTransparent").outputs[0], shader), mix.inputs):
        nodes.plug(value, entry)
    return mix.outputs[0]
