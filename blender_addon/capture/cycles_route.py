"""Which triangle each pixel hits, rendered by Cycles at one sample in a scene made for the purpose. Needs no GPU and no window.

Everything made here is removed again; the user's data-blocks are neither written nor linked.
"""
from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Self

import bpy
import numpy as np

from .. import compat
from .batches import Batch
from .errors import CaptureError
from .materials import Cutout
from .project import Lens
from .surface import NOTHING, triangle_numbers

_NAME = "Veduta capture"
_PLACE, _TRIANGLE, _MATRIX, _UV = "place", "triangle", "matrix", "uv"  # attributes
# Cycles' first sample lies this much of a pixel right of the centre and above it (measured, the same in 4.2 and 5.2).
_OFF_CENTRE = 1 / 2048
_SMALLEST = 4  # sides of a render, Blender's own limit
_MOST_LAYERS = 1024  # cut-outs seen through, one behind another: Cycles' own limit


class CyclesRoute:
    """Batches in a scene of their own, rendered as often as asked, in a `with` block that removes them.

    nudges: as the GPU's; one drawing is enough.
    """

    nudges = ((0.0, 0.0),)

    def __init__(self, batches: list[Batch]):
        self._batches = batches
        self._made: list[bpy.types.ID] = []

    def __enter__(self) -> Self:
        self._had_result = {image.name for image in bpy.data.images if image.type == "RENDER_RESULT"}
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        if self._scene in self._made:
            self._made.remove(self._scene)
            bpy.data.scenes.remove(self._scene)
        self._made += [image for image in bpy.data.images if image.type == "RENDER_RESULT" and image.name not in self._had_result]
        bpy.data.batch_remove(self._made)
        self._made.clear()

    def draw(self, lens: Lens, width: int, height: int, keep: bool) -> np.ndarray:
        """(height, width) int64, row 0 at the top: the number of the triangle at each pixel's centre, or NOTHING. With the kept objects or
        without."""
        for batch, stand in zip(self._batches, self._stands):
            stand.hide_render = batch.keep and not keep
        wide, tall = max(width, _SMALLEST), max(height, _SMALLEST)
        self._aim(lens.crop((0, wide / width), (0, tall / height)), wide, tall)
        pixels = self._render(wide, tall)[:height, :width]
        batch = np.where(pixels[..., 2] > 0, pixels[..., 2] - 1, NOTHING)
        return triangle_numbers(self._batches, batch, pixels[..., 0], pixels[..., 1])

    def _build(self) -> None:
        self._scene = self._keep(bpy.data.scenes.new(_NAME))
        _set_up(self._scene)
        camera = self._keep(bpy.data.cameras.new(_NAME))
        self._camera = self._keep(bpy.data.objects.new(_NAME, camera))
        self._scene.collection.objects.link(self._camera)
        self._scene.camera = self._camera
        self._stands = [self._stand(index, batch) for index, batch in enumerate(self._batches)]

    def _keep(self, datablock: bpy.types.ID) -> bpy.types.ID:
        """Remember what was made, so that it goes again."""
        self._made.append(datablock)
        return datablock

    def _stand(self, index: int, batch: Batch) -> bpy.types.Object:
        """The object of the scene that shows a batch in all its places."""
        mesh = self._keep(_mesh(batch))
        mesh.materials.append(self._keep(_material(index, batch.cutout)))
        obj = self._keep(bpy.data.objects.new(_NAME, mesh))
        if len(batch.matrices) == 1:
            obj.matrix_world = [*batch.matrices[0].tolist(), (0, 0, 0, 1)]
        else:
            points = self._keep(_points(batch.matrices))
            tree = self._keep(_instancing(obj))
            obj = self._keep(bpy.data.objects.new(_NAME, points))
            obj.modifiers.new(_NAME, "NODES").node_group = tree
        self._scene.collection.objects.link(obj)
        return obj

    def _aim(self, lens: Lens, width: int, height: int) -> None:
        """Frame the picture. The batches stand in camera space, so the camera stays at the origin."""
        lens = lens.nudged(-_OFF_CENTRE, _OFF_CENTRE, width, height)
        camera, render = self._camera.data, self._scene.render
        across, up = lens.right - lens.left, lens.top - lens.bottom
        camera.type = "ORTHO" if lens.orthographic else "PERSP"
        camera.sensor_fit = "HORIZONTAL"
        if lens.orthographic:
            camera.ortho_scale = across
        else:
            camera.sensor_width, camera.lens = 36.0, 36.0 / across
        # Shift counts in widths of the frame.
        camera.shift_x, camera.shift_y = (lens.left + lens.right) / 2 / across, (lens.bottom + lens.top) / 2 / across
        camera.clip_start, camera.clip_end = lens.near, lens.far
        render.resolution_x, render.resolution_y = width, height
        wide, tall = across / width, up / height
        render.pixel_aspect_x, render.pixel_aspect_y = wide / min(wide, tall), tall / min(wide, tall)

    def _render(self, width: int, height: int) -> np.ndarray:
        """(height, width, 4) float32 pixels of the scene, row 0 at the top."""
        with tempfile.TemporaryDirectory(prefix="veduta-") as folder:
            path = Path(folder) / "hits.exr"
            self._scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True, scene=self._scene.name)
            if not path.is_file():
                raise CaptureError("Cycles rendered nothing; see Blender's console for the reason, then try again.")
            image = bpy.data.images.load(str(path))
            try:
                image.colorspace_settings.name = "Non-Color"
                image.alpha_mode = "CHANNEL_PACKED"
                pixels = np.empty(width * height * 4, np.float32)
                image.pixels.foreach_get(pixels)
            finally:
                bpy.data.images.remove(image)
        return pixels.reshape(height, width, 4)[::-1]


def _set_up(scene: bpy.types.Scene) -> None:
    """One sample at each pixel's centre, numbers unchanged into a 32-bit file."""
    if not hasattr(scene, "cycles"):
        raise CaptureError("Without a window Veduta captures with Cycles, which is switched off; enable Cycles in the preferences.")
    render = scene.render
    render.engine = "CYCLES"
    render.film_transparent = True
    render.resolution_percentage = 100
    render.use_compositing = render.use_sequencer = render.use_file_extension = False
    render.use_persistent_data = False  # kept, Cycles' data outlives the scene's removal, and Blender crashes
    output = render.image_settings
    output.file_format, output.color_mode, output.color_depth, output.exr_codec = "OPEN_EXR", "RGBA", "32", "NONE"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples, cycles.max_bounces, cycles.transparent_max_bounces = 1, 0, _MOST_LAYERS
    cycles.pixel_filter_type, cycles.filter_width = "BOX", 0.01
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0


def _mesh(batch: Batch) -> bpy.types.Mesh:
    """The batch's triangles, each with its number."""
    count = len(batch.triangles)
    mesh = bpy.data.meshes.new(_NAME)
    mesh.vertices.add(len(batch.vertices))
    mesh.attributes["position"].data.foreach_set("vector", np.ascontiguousarray(batch.vertices).reshape(-1))  # faster than by vertex
    mesh.loops.add(3 * count)
    mesh.attributes[".corner_vert"].data.foreach_set("value", np.ascontiguousarray(batch.triangles).reshape(-1))
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    mesh.attributes.new(_TRIANGLE, "FLOAT", "FACE").data.foreach_set("value", np.arange(count, dtype=np.float32))
    if batch.uvs is not None:
        mesh.uv_layers.new(name=_UV).uv.foreach_set("vector", np.ascontiguousarray(batch.uvs).reshape(-1))
    mesh.update()
    return mesh


def _points(matrices: np.ndarray) -> bpy.types.Mesh:
    """A point for each place, with its number and its matrix."""
    mesh = bpy.data.meshes.new(_NAME)
    mesh.vertices.add(len(matrices))
    mesh.attributes.new(_PLACE, "FLOAT", "POINT").data.foreach_set("value", np.arange(len(matrices), dtype=np.float32))
    columns = np.zeros((len(matrices), 4, 4), np.float32)  # Blender stores matrices column by column
    columns[:, :, :3] = np.swapaxes(matrices, 1, 2)
    columns[:, 3, 3] = 1
    mesh.attributes.new(_MATRIX, "FLOAT4X4", "POINT").data.foreach_set("value", columns.reshape(-1))
    return mesh


def _instancing(obj: bpy.types.Object) -> bpy.types.GeometryNodeTree:
    """Geometry nodes that put `obj` at each point, by the point's matrix."""
    tree = bpy.data.node_groups.new(_NAME, "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    new, link = tree.nodes.new, tree.links.new
    source, end = new("NodeGroupInput"), new("NodeGroupOutput")
    info, scatter, place = new("GeometryNodeObjectInfo"), new("GeometryNodeInstanceOnPoints"), new("GeometryNodeSetInstanceTransform")
    matrix = new("GeometryNodeInputNamedAttribute")
    matrix.data_type = "FLOAT4X4"
    matrix.inputs["Name"].default_value = _MATRIX
    info.inputs["Object"].default_value = obj
    info.inputs["As Instance"].default_value = True
    link(source.outputs[0], scatter.inputs["Points"])
    link(info.outputs["Geometry"], scatter.inputs["Instance"])
    link(scatter.outputs[0], place.inputs["Instances"])
    link(next(socket for socket in matrix.outputs if socket.enabled and socket.name == "Attribute"), place.inputs["Transform"])
    link(place.outputs[0], end.inputs[0])
    return tree


def _material(index: int, cutout: Cutout | None) -> bpy.types.Material:
    """A light of colour (place, triangle, batch + 1), where the cut-out leaves something."""
    material = bpy.data.materials.new(_NAME)
    compat.enable_nodes(material)
    material.cycles.emission_sampling = "NONE"
    tree = material.node_tree
    tree.nodes.clear()
    new, link = tree.nodes.new, tree.links.new
    output, light, numbers = new("ShaderNodeOutputMaterial"), new("ShaderNodeEmission"), new("ShaderNodeCombineXYZ")
    for socket, (name, kind) in enumerate(((_PLACE, "INSTANCER"), (_TRIANGLE, "GEOMETRY"))):
        attribute = new("ShaderNodeAttribute")
        attribute.attribute_name, attribute.attribute_type = name, kind
        link(attribute.outputs["Fac"], numbers.inputs[socket])
    numbers.inputs[2].default_value = index + 1
    link(numbers.outputs[0], light.inputs["Color"])
    link(light.outputs[0] if cutout is None else _cut(tree, light, cutout), output.inputs["Surface"])
    return material


def _cut(tree: bpy.types.ShaderNodeTree, light: bpy.types.Node, cutout: Cutout) -> bpy.types.NodeSocket:
    """The light where the cut-out's image, at its nearest pixel, says so; nothing elsewhere."""
    new, link = tree.nodes.new, tree.links.new
    uv, image, above = new("ShaderNodeUVMap"), new("ShaderNodeTexImage"), new("ShaderNodeMath")
    clear, mix = new("ShaderNodeBsdfTransparent"), new("ShaderNodeMixShader")
    uv.uv_map = _UV
    image.image, image.interpolation = cutout.image, "Closest"
    above.operation = "GREATER_THAN"
    above.inputs[1].default_value = 0.5
    link(uv.outputs[0], image.inputs["Vector"])
    link(image.outputs[cutout.channel], above.inputs[0])
    link(above.outputs[0], mix.inputs[0])
    shown, hidden = (1, 2) if cutout.inverted else (2, 1)
    link(clear.outputs[0], mix.inputs[hidden])
    link(light.outputs[0], mix.inputs[shown])
    return mix.outputs[0]
