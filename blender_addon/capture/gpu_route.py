"""Which triangle each pixel hits, drawn off-screen with Blender's `gpu` module. Needs a GPU context: see `compat.gpu_ready`."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gpu
import mathutils
import numpy as np

from .. import compat
from .batches import Batch
from .materials import Cutout
from .project import Lens
from .surface import NOTHING, triangle_numbers

# Cards snap corners to 1/256 of a pixel. Three drawings that far off the centre show what else an edge so close may leave there.
_NUDGES = ((0.0, 0.0), (1 / 256, 0.0), (-1 / 512, 1 / 296), (-1 / 512, -1 / 296))
_MATRIX_COLUMNS = 1023  # texels in a row of the matrix texture: whole matrices, within every card's limit

_VERTEX = """
void main()
{
  int place = first + gl_InstanceID;
  int texel = 3 * place;
  int width = textureSize(matrices, 0).x;
  ivec2 at = ivec2(texel % width, texel / width);
  vec4 point = vec4(corner.xyz, 1.0);
  vec3 seen;
  seen.x = dot(texelFetch(matrices, at, 0), point);
  seen.y = dot(texelFetch(matrices, at + ivec2(1, 0), 0), point);
  seen.z = dot(texelFetch(matrices, at + ivec2(2, 0), 0), point);
  gl_Position = window * vec4(seen, 1.0);
  away = -seen.z;
  hit = vec2(float(place), corner.w);
  SET_UV
}
"""
# Depth is written linearly: a perspective depth buffer can't tell surfaces a hand apart at a kilometre.
_FRAGMENT = """
void main()
{
  CUT_OUT
  found = vec4(batch, hit, 1.0);
  gl_FragDepth = (away - reach.x) / (reach.y - reach.x);
}
"""
_CUT_OUT = """
  ivec2 size = textureSize(image, 0);
  vec4 texel = texelFetch(image, min(ivec2(fract(on_image) * vec2(size)), size - 1), 0);
  float covers = dot(texel, channels);
  if (inverted == 1 ? covers > 0.5 : covers <= 0.5) {
    discard;
  }
"""
_CHANNELS = {"Alpha": (0.0, 0.0, 0.0, 1.0), "Color": (0.2126, 0.7152, 0.0722, 0.0)}


class GpuRoute:
    """Batches uploaded once and drawn as often as asked.

    nudges: by how much to move the frame, in pixels, for drawings that together show the right triangle among theirs; the centre first.
    """

    nudges = _NUDGES

    def __init__(self, batches: list[Batch]):
        self._batches = batches
        self._shaders = {cut: make_shader(cut) for cut in {batch.cutout is not None for batch in batches}}
        self._uploads = [(upload_corners(batch), upload_matrices(batch)) for batch in batches]

    def draw(self, lens: Lens, width: int, height: int, keep: bool) -> np.ndarray:
        """(height, width) int64, row 0 at the top: the number of the triangle at each pixel's centre, or NOTHING. With the kept objects or
        without."""
        target = gpu.types.GPUOffScreen(width, height, format="RGBA32F")
        try:
            with target.bind(), drawing_state():
                framebuffer = gpu.state.active_framebuffer_get()
                framebuffer.clear(color=(NOTHING, 0, 0, 0), depth=1.0)
                self._draw_batches(lens, keep)
                buffer = framebuffer.read_color(0, 0, width, height, 4, 0, "FLOAT")
        finally:
            target.free()
        pixels = compat.buffer_array(buffer, (height, width, 4))[::-1]
        return triangle_numbers(self._batches, pixels[..., 0], pixels[..., 1], pixels[..., 2])

    def _draw_batches(self, lens: Lens, keep: bool) -> None:
        for index, (batch, (corners, matrices)) in enumerate(zip(self._batches, self._uploads)):
            if batch.keep and not keep:
                continue
            shader = self._shaders[batch.cutout is not None]
            bind(shader, lens, index, batch, matrices)
            corners.draw_instanced(shader, instance_start=0, instance_count=len(batch.matrices))


def bind(shader: gpu.types.GPUShader, lens: Lens, index: int, batch: Batch, matrices: gpu.types.GPUTexture, first: int = 0) -> None:
    """Make a shader ready to draw the batch of that index, from its place `first` on."""
    shader.bind()
    shader.uniform_float("window", mathutils.Matrix(lens.window()))
    shader.uniform_float("reach", (lens.near, lens.far))
    shader.uniform_float("batch", float(index))
    shader.uniform_int("first", first)
    shader.uniform_sampler("matrices", matrices)
    if batch.cutout is not None:
        _bind_cutout(shader, batch.cutout)


def make_shader(cut: bool) -> gpu.types.GPUShader:
    """The shader that writes batch, place and triangle; with `cut`, only where an image says so."""
    passed = gpu.types.GPUStageInterfaceInfo("veduta_capture_cut" if cut else "veduta_capture")
    passed.flat("VEC2", "hit")
    passed.smooth("FLOAT", "away")
    info = gpu.types.GPUShaderCreateInfo()
    info.vertex_in(0, "VEC4", "corner")
    info.sampler(0, "FLOAT_2D", "matrices")
    info.push_constant("MAT4", "window")
    info.push_constant("VEC2", "reach")
    info.push_constant("FLOAT", "batch")
    info.push_constant("INT", "first")
    if cut:
        passed.smooth("VEC2", "on_image")
        info.vertex_in(1, "VEC2", "uv")
        info.sampler(1, "FLOAT_2D", "image")
        info.push_constant("VEC4", "channels")
        info.push_constant("INT", "inverted")
    info.vertex_out(passed)
    info.fragment_out(0, "VEC4", "found")
    compat.declare_depth_write(info)
    info.vertex_source(_VERTEX.replace("SET_UV", "on_image = uv;" if cut else ""))
    info.fragment_source(_FRAGMENT.replace("CUT_OUT", _CUT_OUT if cut else ""))
    return gpu.shader.create_from_info(info)


def _bind_cutout(shader: gpu.types.GPUShader, cutout: Cutout) -> None:
    shader.uniform_sampler("image", gpu.texture.from_image(cutout.image))
    shader.uniform_float("channels", _CHANNELS[cutout.channel])
    shader.uniform_int("inverted", int(cutout.inverted))


def upload_corners(batch: Batch) -> gpu.types.GPUBatch:
    """The batch's triangles on the card. Corners are not shared, so that each knows its triangle's number."""
    count = len(batch.triangles)
    corners = np.empty((count, 3, 4), np.float32)
    corners[..., :3] = batch.vertices[batch.triangles]
    corners[..., 3] = np.arange(count)[:, None]
    layout = gpu.types.GPUVertFormat()
    layout.attr_add(id="corner", comp_type="F32", len=4, fetch_mode="FLOAT")
    if batch.uvs is not None:
        layout.attr_add(id="uv", comp_type="F32", len=2, fetch_mode="FLOAT")
    buffer = gpu.types.GPUVertBuf(layout, 3 * count)
    buffer.attr_fill("corner", corners.reshape(-1, 4))
    if batch.uvs is not None:
        buffer.attr_fill("uv", np.ascontiguousarray(batch.uvs.reshape(-1, 2)))
    return gpu.types.GPUBatch(type="TRIS", buf=buffer)


def upload_matrices(batch: Batch) -> gpu.types.GPUTexture:
    """The batch's matrices as a texture, three texels each, row after row."""
    rows = batch.matrices.reshape(-1, 4)
    width = min(_MATRIX_COLUMNS, len(rows))
    height = -(-len(rows) // width)
    texels = np.zeros((height * width, 4), np.float32)
    texels[:len(rows)] = rows
    return gpu.types.GPUTexture((width, height), format="RGBA32F", data=gpu.types.Buffer("FLOAT", texels.size, texels.reshape(-1)))


@contextmanager
def drawing_state() -> Iterator[None]:
    """Depth-tested, unblended drawing of both faces; the former state comes back at the end."""
    depth, written, blend = gpu.state.depth_test_get(), gpu.state.depth_mask_get(), gpu.state.blend_get()
    gpu.state.depth_test_set("LESS")
    gpu.state.depth_mask_set(True)
    gpu.state.face_culling_set("NONE")
    gpu.state.blend_set("NONE")
    try:
        yield
    finally:
        gpu.state.depth_test_set(depth)
        gpu.state.depth_mask_set(written)
        gpu.state.blend_set(blend)
