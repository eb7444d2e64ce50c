"""Operators that paint the frames of an animation and the views of all cameras, and that show painted frames as the backdrop.

How frames are painted one after the other is `frame_chain.py`'s, how a sequence follows the timeline `apply/sequence.py`'s.
"""
from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from bpy.props import BoolProperty, IntProperty, StringProperty

from .. import advice, compat, frames, painting
from .. import recipe as recipes
from .. import relief as reliefs
from ..apply import backdrop, sequence
from ..frame_files import Folder
from ..painting import PaintingError
from ..synth_core.request import Relief, Result
from . import paint
from .frame_chain import Chain, folder_of
from .paint import StartsPainting, scene_seed


class VEDUTA_OT_paint_frames(StartsPainting, bpy.types.Operator):
    """Paint every frame of the animation into a folder and show them as the camera's backdrop. Cancelled, it can go on later"""

    bl_idname = "veduta.paint_frames"
    bl_label = "Paint Frames"

    start: IntProperty(name="Start", options={"SKIP_SAVE"}, description="First frame; as the panel says when not given")
    end: IntProperty(name="End", options={"SKIP_SAVE"}, description="Last frame; as the panel says when not given")
    step: IntProperty(name="Step", default=1, options={"SKIP_SAVE"}, description="Paint every so manyth; as the panel says when not given")
    skip_existing: BoolProperty(name="Skip Existing", options={"SKIP_SAVE"},
                                description="Leave frames that are already there; as the panel says when not given")
    folder: StringProperty(name="Folder", subtype="DIR_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                           description="Where to write; as the panel says when not given")

    def begin(self, context):
        settings = asked_for(context.scene)
        given = {name: getattr(self, name) for name in settings if self.properties.is_property_set(name)}
        return begin(context, **{**settings, **given}, show=True)


class VEDUTA_OT_show_frames(bpy.types.Operator):
    """Show the frames that the folder holds as the camera's backdrop; they follow the timeline"""

    bl_idname = "veduta.show_frames"
    bl_label = "Show Frames"
    bl_options = {"REGISTER", "UNDO"}

    folder: StringProperty(name="Folder", subtype="DIR_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                           description="Where they lie; as the panel says when not given")

    def execute(self, context):
        scene = context.scene
        try:
            camera = scene_camera(scene)
            folder = folder_of(scene, camera, self.folder or scene.veduta.animation.folder)
            put_up(context, camera, folder, lambda sentence: self.report({"WARNING"}, sentence))
        except PaintingError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class VEDUTA_OT_paint_cameras(StartsPainting, bpy.types.Operator):
    """Paint what each camera of the scene sees, each as an image; that of the scene's camera becomes its backdrop"""

    bl_idname = "veduta.paint_cameras"
    bl_label = "Paint Cameras"

    def begin(self, context):
        scene = context.scene
        seed, cameras = scene_seed(scene), sorted((obj for obj in scene.objects if obj.type == "CAMERA"), key=lambda obj: obj.name)
        if not cameras:
            raise PaintingError("The scene has no camera to paint from.", "Add cameras where the scene is to be seen from.")
        paintable = [camera for camera in cameras if camera.data.type != "PANO"]
        if not paintable:
            raise PaintingError("All cameras of the scene are panoramic.", "Paint World paints all that lies around a place.",
                                "veduta.paint_world")
        paintable.sort(key=lambda camera: camera == scene.camera)  # whose backdrop goes up when all are painted
        warnings = [f"The camera {camera.name!r} is panoramic and is left out." for camera in cameras if camera not in paintable]
        return warnings + _Cameras([camera.session_uid for camera in paintable], seed).start(scene)


def asked_for(scene: bpy.types.Scene) -> dict[str, object]:
    """What the panel's settings say, by the names of `begin`'s arguments."""
    settings = scene.veduta.animation
    whole = settings.use_scene_range
    return {"start": scene.frame_start if whole else settings.start, "end": scene.frame_end if whole else settings.end,
            "step": scene.frame_step if whole else settings.step, "skip_existing": settings.skip_existing, "folder": settings.folder}


def begin(context: bpy.types.Context, *, start: int, end: int, step: int, skip_existing: bool, folder: str, show: bool,
          say: Callable[[str], None] = lambda sentence: None) -> list[str]:
    """Start painting frames through the scene's camera; returns warnings for the user.

    folder: "" for one of the camera's own. show: put them up as the backdrop at the end. say: told a sentence for every frame.
    Raises PaintingError.
    """
    scene = context.scene
    camera, seed = scene_camera(scene), scene_seed(scene)
    place = folder_of(scene, camera, folder)

    def finish(scene: bpy.types.Scene, camera: bpy.types.Object) -> None:
        if not (show and chain.painted):
            return
        warnings: list[str] = []
        put_up(bpy.context, camera, place, warnings.append)
        advice.keep(list(map(advice.Advice, warnings)))  # no operator is left to report them
        bpy.ops.ed.undo_push(message="Paint Frames")

    chain = Chain(place, numbers(start, end, step), seed, skip_existing, finish, say)
    warnings = chain.start(scene, camera)
    if painting.current() is not None:
        return warnings
    if chain.taken:
        return [f"Nothing is left to paint here; other workers are at {chain.taken} of the frames."]
    return [f"All {chain.left} frames are already there; turn Skip Existing off to paint them again."]


def numbers(start: int, end: int, step: int) -> range:
    """The frames to paint. Raises PaintingError where there are none, or some that no file of a sequence can be numbered by."""
    if start < 0:
        raise PaintingError(f"Frame {start} can't be numbered in a sequence of files.", "Let the animation start at frame 0 or later.")
    return frames.wanted(start, end, step)


def scene_camera(scene: bpy.types.Scene) -> bpy.types.Object:
    """The scene's camera. Raises PaintingError where it has none."""
    if scene.camera is None:
        raise PaintingError("The scene has no camera to paint its frames through.", "Add one, and animate it or what it sees.")
    return scene.camera


def put_up(context: bpy.types.Context, camera: bpy.types.Object, folder: Folder, warn: Callable[[str], None]) -> None:
    """Make the frames in a folder the backdrop of the camera. Raises PaintingError where it holds none."""
    try:
        found = sequence.found(folder)
    except OSError as error:
        raise PaintingError(f"The frames in {folder.path} can't be read ({error.strerror or error}).", "Paint them again.") from error
    if found is None:
        raise PaintingError(f"The folder {folder.path} holds no painted frames.", "Paint them first.", "veduta.paint_frames")
    backdrop.put_up_frames(context, scene=context.scene, camera=camera, frames=found, warn=warn)
    if found.missing:
        warn(f"{found.missing} of the frames from {found.first} to {found.last} are missing in {folder.path}; "
             "paint them with Skip Existing.")


class _Cameras:
    """The paintings of a scene's cameras, by their session ids, started one after the other."""

    def __init__(self, cameras: list[int], seed: int):
        self._cameras, self._seed = cameras, seed

    def start(self, scene: bpy.types.Scene, place: int = 0) -> list[str]:
        """Begin with the first camera from number `place` on that is still there; returns warnings. Raises PaintingError."""
        there = {obj.session_uid: obj for obj in scene.objects}
        index = next((index for index in range(place, len(self._cameras)) if self._cameras[index] in there), None)
        if index is None:
            bpy.ops.ed.undo_push(message="Paint Cameras")
            return []
        camera = there[self._cameras[index]]
        view, recipe, relief = frames.captured(bpy.context, camera, self._seed)
        chain = {"place": index + 1, "count": len(self._cameras), "part": "camera"}
        keep = self._keeper(index, view.matte, relief)
        painting.start(recipe.request(), paint.lit(scene, camera, recipe, relief, keep, **chain), **chain)
        return view.warnings

    def _keeper(self, index: int, matte: np.ndarray, relief: Relief | None) -> Callable[..., None]:
        def keep(scene: bpy.types.Scene, camera: bpy.types.Object, result: Result, recipe: recipes.Recipe,
                 unlit: bpy.types.Image | None) -> None:
            if camera == scene.camera:
                shown = backdrop.deliver(bpy.context, scene=scene, camera=camera, matte=matte, result=result, recipe=recipe, unlit=unlit)
                if relief is not None:
                    reliefs.remember(scene, shown, relief, matte)
            else:
                backdrop.keep(result, recipe, unlit)
            self.start(scene, index + 1)

        return keep


CLASSES = (VEDUTA_OT_paint_frames, VEDUTA_OT_show_frames, VEDUTA_OT_paint_cameras)
