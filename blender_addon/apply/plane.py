"""The painting in renders: a glowing plane at the far end of the camera's view that always fills its frame. The viewport never shows it.

The plane is the camera's child. Simple-expression drivers, which need no script to be trusted, keep it filling the frame through later
changes of lens, shift, sensor, clip end, resolution and pixel aspect. It is seen by the camera and through glass alone: it gives no
light, no shadow and no reflection.

How exact a render is. Where it has the painting's size, pixels are taken as they are, and with a pixel filter narrower than a pixel the
render's are the painting's. Blender's default filter (Blackman-Harris, 1.5 px) mixes each pixel with its neighbours; no render setting
of the user's is written to avoid that, so the plane shows the picture sharpened by as much as the filter softens it. A sharp photograph
then comes out 1.7/255 off in the mean instead of 6/255 (AgX: 2.8 instead of 6.8), but single pixels at hard edges up to 74/255 (AgX:
138). At other sizes pixels are blended without sharpening. Depth of field blurs the plane as it blurs all that is far.
"""
from __future__ import annotations

import re

import bpy
import numpy as np

from .. import compat
from ..assignment import OWN_MARK

NAME = "Veduta Backdrop"
_MARGIN = 0.1  # of the frame, on each side: the pixel filter and EEVEE's overscan look past the frame's edge
_DEPTH = 0.999  # of the camera's clip end: nothing that the camera shows stands behind the plane

# The drivers' variables: name -> (what holds it, its path).
_VARIABLES = {
    "kind": ("CAMERA", "type"),  # 0 perspective, 1 orthographic
    "lens": ("CAMERA", "lens"),
    "ortho": ("CAMERA", "ortho_scale"),
    "fit": ("CAMERA", "sensor_fit"),  # 0 automatic, 1 horizontal, 2 vertical
    "sw": ("CAMERA", "sensor_width"),
    "sh": ("CAMERA", "sensor_height"),
    "sx": ("CAMERA", "shift_x"),
    "sy": ("CAMERA", "shift_y"),
    "far": ("CAMERA", "clip_end"),
    "w": ("SCENE", "render.resolution_x"),
    "h": ("SCENE", "render.resolution_y"),
    "p": ("SCENE", "render.resolution_percentage"),
    "ax": ("SCENE", "render.pixel_aspect_x"),
    "ay": ("SCENE", "render.pixel_aspect_y"),
    "filter": ("SCENE", "cycles.pixel_filter_type"),  # 0 box, which mixes nothing; 1 Gaussian, 2 Blackman-Harris
    "fw": ("SCENE", "cycles.filter_width"),
    "u": ("OBJECT", "SCALE_X"),  # of the camera, which Blender ignores when it renders through it but hands on to its children
    "v": ("OBJECT", "SCALE_Y"),
    "n": ("OBJECT", "SCALE_Z"),
}
_SIZE = f"(ortho if kind==1 else (sh if fit==2 else sw)/lens*far*{_DEPTH})"  # of the frame's fitted side, at the plane
_RATIO = "floor(w*p/100)*ax/(floor(h*p/100)*ay)"  # width to height of the frame
_WIDTH = f"{_SIZE}*(1 if fit==1 else {_RATIO} if fit==2 else min(1,{_RATIO}))"
# What inverts the filter best on photographs, fitted to widths from 0.75 to 2 pixels.
_SHARPENING = "clamp((fw-(1.05 if filter==1 else 0.9))*0.3,0,0.34) if filter else 0"
_HEIGHT = f"{_SIZE}/({_RATIO} if fit==1 else 1 if fit==2 else max(1,{_RATIO}))"


def add(scene: bpy.types.Scene, collection: bpy.types.Collection, camera: bpy.types.Object, image: bpy.types.Image,
        size: tuple[int, int]) -> bpy.types.Object:
    """Add the plane that shows `image`, of `size` (width, height), behind `camera`'s view to `collection`, and return it."""
    plane = bpy.data.objects.new(NAME, _mesh())
    plane[OWN_MARK] = True
    plane.data.materials.append(_material(scene, image, size))
    plane.parent = camera
    plane.hide_viewport = plane.hide_select = True
    for ray in ("diffuse", "glossy", "shadow", "volume_scatter"):
        setattr(plane, f"visible_{ray}", False)
    for probe in ("volume", "sphere", "plane"):
        setattr(plane, f"hide_probe_{probe}", True)
    for index, expression in enumerate((f"sx*{_SIZE}/u", f"sy*{_SIZE}/v", f"-far*{_DEPTH}/n")):
        _drive(plane.driver_add("location", index), expression, scene, camera)
    for index, expression in enumerate((f"{_WIDTH}/u", f"{_HEIGHT}/v")):
        _drive(plane.driver_add("scale", index), expression, scene, camera)
    collection.objects.link(plane)
    return plane


def remove(plane: bpy.types.Object) -> None:
    """Delete the plane with its mesh, its material and the image made for it, but for what the plane of a copied scene shares."""
    mesh = plane.data
    materials = {material for material in mesh.materials if material is not None}
    images = {node.image for material in materials for node in material.node_tree.nodes if node.type == "TEX_IMAGE" and node.image}
    bpy.data.objects.remove(plane)
    for things in ({mesh}, materials, {image for image in images if image.get(OWN_MARK)}):
        bpy.data.batch_remove([thing for thing in things if not thing.users])


def _mesh() -> bpy.types.Mesh:
    """A square whose middle, one unit wide, bears the whole image; a margin around it repeats the image's edge."""
    corners = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1))) * (0.5 + _MARGIN)
    mesh = bpy.data.meshes.new(NAME)
    mesh.from_pydata([(x, y, 0.0) for x, y in corners.tolist()], [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new(name="UVMap")
    layer.uv.foreach_set("vector", (corners + 0.5).astype(np.float32).ravel())
    return mesh


def _material(scene: bpy.types.Scene, image: bpy.types.Image, size: tuple[int, int]) -> bpy.types.Material:
    """Emission of the image, which Cycles never samples as a light: sharpened where the render has the image's size, else blended."""
    material = bpy.data.materials.new(NAME)
    compat.enable_nodes(material)
    if hasattr(material, "cycles"):  # not where Cycles is switched off
        material.cycles.emission_sampling = "NONE"
    tree = material.node_tree
    tree.nodes.clear()
    width, height = size  # asking the image would decode it
    mix = tree.nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    factor, blended, exact = mix.inputs["Factor"], *(entry for entry in mix.inputs if entry.type == "RGBA")
    _drive(factor.driver_add("default_value"), f"floor(w*p/100)=={width} and floor(h*p/100)=={height}", scene, None)
    tree.links.new(_texture(tree, image, "Linear"), blended)
    tree.links.new(_sharpened(tree, scene, image, size), exact)
    emission, output = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(next(entry for entry in mix.outputs if entry.type == "RGBA"), emission.inputs["Color"])
    tree.links.new(emission.outputs["Emission"], output.inputs["Surface"])
    return material


def _sharpened(tree: bpy.types.NodeTree, scene: bpy.types.Scene, image: bpy.types.Image, size: tuple[int, int]) -> bpy.types.NodeSocket:
    """Each pixel of the image plus a driven share of what it exceeds its four neighbours by, never below black."""
    width, height = size
    middle = _texture(tree, image, "Closest")
    excess = _vector_math(tree, "SCALE", middle)
    excess.node.inputs["Scale"].default_value = 4
    for offset in ((1 / width, 0, 0), (-1 / width, 0, 0), (0, 1 / height, 0), (0, -1 / height, 0)):
        excess = _vector_math(tree, "SUBTRACT", excess, _texture(tree, image, "Closest", offset))
    share = _vector_math(tree, "SCALE", excess)
    share.node.inputs["Scale"].default_value = 0
    if hasattr(scene, "cycles"):  # else there is no such filter to make up for
        _drive(share.node.inputs["Scale"].driver_add("default_value"), _SHARPENING, scene, None)
    # Less than no light would balance the filter beside highlights too, but leaves black dots where it doesn't quite. Saturated colours
    # that come out of the inverse of AgX are below zero in themselves, and stay so.
    return _vector_math(tree, "MAXIMUM", _vector_math(tree, "ADD", middle, share), _vector_math(tree, "MINIMUM", middle))


def _texture(tree: bpy.types.NodeTree, image: bpy.types.Image, interpolation: str,
             offset: tuple[float, float, float] = (0, 0, 0)) -> bpy.types.NodeSocket:
    """The image's colour at the shaded point, or `offset` (in shares of the image) beside it."""
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image, texture.interpolation, texture.extension = image, interpolation, "EXTEND"
    if any(offset):
        place = _vector_math(tree, "ADD", tree.nodes.new("ShaderNodeTexCoord").outputs["UV"])
        place.node.inputs[1].default_value = offset
        tree.links.new(place, texture.inputs["Vector"])
    return texture.outputs["Color"]


def _vector_math(tree: bpy.types.NodeTree, operation: str, *operands: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = operation
    for operand, entry in zip(operands, node.inputs):
        tree.links.new(operand, entry)
    return node.outputs["Vector"]


def _drive(curve: bpy.types.FCurve, expression: str, scene: bpy.types.Scene, camera: bpy.types.Object | None) -> None:
    """Let a simple expression of _VARIABLES drive a property; only the variables it names are made."""
    driver = curve.driver
    driver.type = "SCRIPTED"
    words = set(re.findall(r"[a-z]+", expression))
    for name, (kind, path) in _VARIABLES.items():
        if name not in words:
            continue
        variable = driver.variables.new()
        variable.name = name
        if kind == "OBJECT":
            variable.type = "TRANSFORMS"
            variable.targets[0].id, variable.targets[0].transform_type = camera, path
            continue
        target = variable.targets[0]
        target.id_type = kind
        target.id = scene if kind == "SCENE" else camera.data
        target.data_path = path
    driver.expression = expression
