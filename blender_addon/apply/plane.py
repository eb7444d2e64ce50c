"""The painting in renders: a glowing plane at the far end of the camera's view that always fills its frame. The viewport never shows it.

The plane is the camera's child. Simple-expression drivers, which need no script to be trusted, keep it filling the frame through later changes of
lens, shift, sensor, clip end, resolution and pixel aspect. It is seen by the camera and through glass alone: it gives no light, no shadow and no
reflection.

How exact a render is. With a pixel filter narrower than a pixel the render's pixels are the painting's. Blender's default filter (Blackman-Harris,
1.5 px) weighs neighbouring pixels into each other and so softens the painting as it softens all else that is rendered; no render setting of the user's
is ever written to avoid that. Where painting and render have the same size, pixels are taken unblended ("Closest"), which the filter softens
least; at other sizes they are blended ("Linear").
"""
from __future__ import annotations

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
    "u": ("OBJECT", "SCALE_X"),  # of the camera, which Blender ignores when it renders through it but hands on to its children
    "v": ("OBJECT", "SCALE_Y"),
    "n": ("OBJECT", "SCALE_Z"),
}
_SIZE = f"(ortho if kind==1 else (sh if fit==2 else sw)/lens*far*{_DEPTH})"  # of the frame's fitted side, at the plane
_RATIO = "floor(w*p/100)*ax/(floor(h*p/100)*ay)"  # width to height of the frame
_WIDTH = f"{_SIZE}*(1 if fit==1 else {_RATIO} if fit==2 else min(1,{_RATIO}))"
_HEIGHT = f"{_SIZE}/({_RATIO} if fit==1 else 1 if fit==2 else max(1,{_RATIO}))"


def add(scene: bpy.types.Scene, collection: bpy.types.Collection, camera: bpy.types.Object, image: bpy.types.Image) -> bpy.types.Object:
    """Add the plane that shows `image` behind `camera`'s view to `collection`, and return it."""
    plane = bpy.data.objects.new(NAME, _mesh())
    plane[OWN_MARK] = True
    plane.data.materials.append(_material(scene, image))
    plane.parent = camera
    plane.hide_viewport = plane.hide_select = True
    for ray in ("diffuse", "glossy", "shadow", "volume_scatter"):
        setattr(plane, f"visible_{ray}", False)
    for probe in ("volume", "sphere", "plane"):
        setattr(plane, f"hide_probe_{probe}", True)
    for index, (position, size, scale) in enumerate(zip((f"sx*{_SIZE}", f"sy*{_SIZE}", f"-far*{_DEPTH}"), (_WIDTH, _HEIGHT, None), "uvn")):
        _drive(plane.driver_add("location", index), f"{position}/{scale}", scene, camera)
        if size:
            _drive(plane.driver_add("scale", index), f"{size}/{scale}", scene, camera)
    collection.objects.link(plane)
    return plane


def remove(plane: bpy.types.Object, painting: bpy.types.Image) -> None:
    """Delete the plane with its mesh, its material and, unless it is the painting itself, the image it shows."""
    mesh, material = plane.data, plane.data.materials[0]
    images = {node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"}
    bpy.data.objects.remove(plane)
    bpy.data.meshes.remove(mesh)
    bpy.data.materials.remove(material)
    for image in images - {painting, None}:
        bpy.data.images.remove(image)


def _mesh() -> bpy.types.Mesh:
    """A square whose middle, one unit wide, bears the whole image; a margin around it repeats the image's edge."""
    corners = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1))) * (0.5 + _MARGIN)
    mesh = bpy.data.meshes.new(NAME)
    mesh.from_pydata([(x, y, 0.0) for x, y in corners.tolist()], [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new(name="UVMap")
    layer.uv.foreach_set("vector", (corners + 0.5).astype(np.float32).ravel())
    return mesh


def _material(scene: bpy.types.Scene, image: bpy.types.Image) -> bpy.types.Material:
    """Plain emission of the image, which Cycles never samples as a light."""
    material = bpy.data.materials.new(NAME)
    compat.enable_nodes(material)
    material.cycles.emission_sampling = "NONE"
    tree = material.node_tree
    tree.nodes.clear()
    output, emission = tree.nodes.new("ShaderNodeOutputMaterial"), tree.nodes.new("ShaderNodeEmission")
    mix = tree.nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    factor, blended, exact = mix.inputs["Factor"], *(entry for entry in mix.inputs if entry.type == "RGBA")
    width, height = image.size
    _drive(factor.driver_add("default_value"), f"floor(w*p/100)=={width} and floor(h*p/100)=={height}", scene, None)
    for socket, interpolation in ((blended, "Linear"), (exact, "Closest")):
        texture = tree.nodes.new("ShaderNodeTexImage")
        texture.image, texture.interpolation, texture.extension = image, interpolation, "EXTEND"
        tree.links.new(texture.outputs["Color"], socket)
    mixed = next(entry for entry in mix.outputs if entry.type == "RGBA")
    tree.links.new(mixed, emission.inputs["Color"])
    tree.links.new(emission.outputs["Emission"], output.inputs["Surface"])
    return material


def _drive(curve: bpy.types.FCurve, expression: str, scene: bpy.types.Scene, camera: bpy.types.Object | None) -> None:
    """Let a simple expression of _VARIABLES drive a property; only the variables it names are made."""
    driver = curve.driver
    driver.type = "SCRIPTED"
    for name, (kind, path) in _VARIABLES.items():
        if not _names(expression, name):
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


def _names(expression: str, variable: str) -> bool:
    return any(word == variable for word in "".join(c if c.isalnum() else " " for c in expression).split())
