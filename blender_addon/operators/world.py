"""Paint World: the scene all around the camera becomes its world. Also the way back, and saving the panorama as a file.

Three paintings make one: the panorama, which continues at its sides, and a flat one for each pole. What they become is `panorama.py`'s and
`apply/world.py`'s; how the surroundings are read, `capture`'s.
"""
from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np
from bpy.props import StringProperty

from .. import compat, looks, painting, panorama
from ..apply import world
from ..capture import CaptureError, Surround, capture_surround, sphere
from ..capture.extract import LAMP_MARK
from ..painting import PaintingError
from ..synth_core import files, png
from ..synth_core.light import to_bytes
from ..synth_core.request import SMALLEST, Request, RequestError, Result, licence_texts
from .deliver import Warn, deliver
from .paint import StartsPainting, scene_seed, to_scene

_SUN_LABEL = np.radians(2.5)  # the least angle a sun is labelled with: the painter needs some pixels of it
_NEAR, _FAR = 0.05, 1e6  # distances seen from a place without a camera
RECIPE = "veduta_world_recipe"  # custom property of a panorama's Image


class VEDUTA_OT_paint_world(StartsPainting, bpy.types.Operator):
    """Paint all that lies around the camera as the world. It is reflected and lights the scene; Remove gives the former one back"""

    bl_idname = "veduta.paint_world"
    bl_label = "Paint World"

    def begin(self, context):
        scene = context.scene
        seed, width = scene_seed(scene), _width(scene)
        try:
            origin, near, far = _place(context)
            around = capture_surround(scene, context.view_layer, origin, width, near, far, _SUN_LABEL)
            _Panorama(around, seed, looks.wanted(scene, seed).style).start(scene)
        except (CaptureError, RequestError) as error:
            raise PaintingError(str(error)) from error
        return around.warnings + world.warnings(scene)


class VEDUTA_OT_remove_world(bpy.types.Operator):
    """Give the scene the world back that it had, and the Sun lamp its light; the painted panorama stays in the file"""

    bl_idname = "veduta.remove_world"
    bl_label = "Remove World"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if world.find(context.scene) is None:
            cls.poll_message_set("The scene's world is not a painted one; Paint World makes one.")
            return False
        return True

    def execute(self, context):
        world.remove(context.scene)
        lamp = world.strongest_sun(context.scene)
        if lamp is not None and LAMP_MARK in lamp:
            self.report({"WARNING"}, f"{lamp.name!r} stays dimmed, for another scene shows a painted world with its light; remove that one too.")
        return {"FINISHED"}


class VEDUTA_OT_save_world(bpy.types.Operator):
    """Save the painted world as a file: OpenEXR with the Sun's full light, or PNG as it looks"""

    bl_idname = "veduta.save_world"
    bl_label = "Save World"
    bl_options = {"REGISTER"}

    filepath: StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                             description="Where to, ending in .exr or .png")
    filter_glob: StringProperty(default="*.exr;*.png", options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        if world.panorama(context.scene) is None:
            cls.poll_message_set("The scene has no painted world; Paint World makes one.")
            return False
        return True

    def invoke(self, context, event):
        folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath = self.filepath or str(folder / "world.exr")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        path = Path(bpy.path.abspath(self.filepath))
        if path.suffix.lower() not in (".exr", ".png"):
            self.report({"ERROR"}, f"A world is saved as .exr or .png; {path.name!r} ends in neither.")
            return {"CANCELLED"}
        if self.filepath.startswith("//") and not bpy.data.filepath:
            self.report({"ERROR"}, "This file was never saved, so a path beside it leads nowhere; save it first, or give a full path.")
            return {"CANCELLED"}
        try:
            _write(path, world.panorama(context.scene))
        except OSError as error:
            self.report({"ERROR"}, files.unwritable(path, error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Saved {path}.")
        return {"FINISHED"}


def _width(scene: bpy.types.Scene) -> int:
    return int(scene.veduta.world.size)


def _write(path: Path, image: bpy.types.Image) -> None:
    """Write a panorama's Image to a file. Raises OSError."""
    lit = _light_of(image)
    if path.suffix.lower() == ".exr":
        world.write_exr(path, lit)
    else:
        licence = json.loads(image.get(RECIPE, "{}")).get("licence", "")
        files.write_whole(path, png.encode(to_bytes(lit), {"Software": "Veduta"} | licence_texts(licence)))


def _light_of(image: bpy.types.Image) -> np.ndarray:
    """(H, W, 3) float32 linear light of a panorama's Image, row 0 at the top."""
    width, height = image.size
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(height, width, -1)[::-1, :, :3]


def _place(context: bpy.types.Context) -> tuple[np.ndarray, float, float]:
    """Where the world is seen from, and between which distances: the camera's, or the viewport's where there is none."""
    camera = context.scene.camera
    if camera is not None:
        matrix = camera.evaluated_get(context.evaluated_depsgraph_get()).matrix_world
        lens = camera.data if camera.type == "CAMERA" else None
        return np.array(matrix.translation, np.float64), getattr(lens, "clip_start", _NEAR), max(getattr(lens, "clip_end", _FAR), _FAR)
    if context.region_data is None:
        raise PaintingError("The scene has no camera to paint the world around.", "Add a camera where the world is to be seen from.")
    return np.array(context.region_data.view_matrix.inverted().translation, np.float64), _NEAR, _FAR


class _Panorama:
    """The paintings of one panorama, started one after the other."""

    def __init__(self, around: Surround, seed: int, style: np.ndarray | None):
        self._around, self._seed, self._style = around, seed, style
        side = max(SMALLEST, round(around.labels.shape[1] * panorama.CAP_SIZE))
        self._caps = {face: panorama.cap_labels(around.labels, face, side) for face in (sphere.UP, sphere.DOWN)}

    def start(self, scene: bpy.types.Scene) -> None:
        """Begin with the panorama itself. Raises RequestError and PaintingError."""
        painting.start(Request(self._around.labels, self._seed, self._style, wrap="x"), to_scene(scene, self._paint_top), 1, 3)

    def _paint_top(self, scene: bpy.types.Scene, around: Result) -> None:
        self._picture, self._result = around.picture, around
        request = Request(self._caps[sphere.UP], self._seed, self._style, view=(1.0, 1.0))  # as high up as a photograph's upper edge, all over
        painting.start(request, to_scene(scene, self._paint_bottom), 2, 3)

    def _paint_bottom(self, scene: bpy.types.Scene, top: Result) -> None:
        self._picture = panorama.blend_cap(self._picture, top.picture, sphere.UP)
        painting.start(Request(self._caps[sphere.DOWN], self._seed, self._style, view=(-1.0, -1.0)), to_scene(scene, self._put_up), 3, 3)

    def _put_up(self, scene: bpy.types.Scene, bottom: Result) -> None:
        picture = panorama.blend_cap(self._picture, bottom.picture, sphere.DOWN)
        sun, share = next(iter(self._around.suns), None), scene.veduta.world.sun
        lit = panorama.light(picture, sun.direction, sun.diameter, share * sun.light) if sun else panorama.to_linear(picture)
        facts = {"seed": str(self._seed), "weights": self._result.weights, "engine": self._result.engine,
                 "licence": self._result.licence}

        def surround(_context: bpy.types.Context, _warn: Warn) -> None:
            image = world.put_up(scene, lit, share if sun else 0.0)
            image[RECIPE] = json.dumps(facts)

        deliver("Paint World", surround)


CLASSES = (VEDUTA_OT_paint_world, VEDUTA_OT_remove_world, VEDUTA_OT_save_world)
