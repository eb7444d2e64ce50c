"""Export Frames: captured frames as files for machines without Blender (`python -m synth_core paint-batch`). Nothing is painted here."""
from __future__ import annotations

from collections.abc import Iterator

import bpy
from bpy.props import IntProperty, StringProperty

from .. import compat, frames, installed, painting
from ..painting import PaintingError
from ..synth_core import files
from ..synth_core.frames import ENDING, Captured, alpha, save
from . import frames as painted_frames
from . import paint
from .frame_chain import folder_of


class VEDUTA_OT_export_frames(bpy.types.Operator):
    """Capture the scene's frames as files that other machines paint without Blender. Esc stops"""

    bl_idname = "veduta.export_frames"
    bl_label = "Export Frames"
    bl_options = {"REGISTER"}  # changes nothing in the file

    start: IntProperty(name="Start", options={"SKIP_SAVE"}, description="First frame; as the panel says when not given")
    end: IntProperty(name="End", options={"SKIP_SAVE"}, description="Last frame; as the panel says when not given")
    step: IntProperty(name="Step", default=1, options={"SKIP_SAVE"}, description="Export every so manyth; as the panel says when not given")
    folder: StringProperty(name="Folder", subtype="DIR_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                           description="Where to write; as the panel says when not given")

    def execute(self, context):
        self._begin(context)
        while (state := self._step()) == {"RUNNING_MODAL"}:
            pass
        return state

    def invoke(self, context, event):
        self._begin(context)
        self._timer = context.window_manager.event_timer_add(0.01, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        state = {"RUNNING_MODAL"}  # swallows every event: an edit would come into the frames that follow
        if event.type == "ESC":
            state = self._stop({"CANCELLED"})
        elif event.type == "TIMER":
            state = self._step()
        if state != {"RUNNING_MODAL"}:
            context.window_manager.event_timer_remove(self._timer)
        return state

    def cancel(self, context):
        self._exported.close()

    def _begin(self, context: bpy.types.Context) -> None:
        self._count, self._exported = 0, self._export(context)

    def _step(self) -> set[str]:
        """Export one frame; returns the operator's state after it."""
        try:
            next(self._exported)
        except StopIteration:
            return self._stop({"FINISHED"})
        except PaintingError as error:
            painting.fail(error)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, files.unwritable(error.filename, error))
            return {"CANCELLED"}
        self._count += 1
        return {"RUNNING_MODAL"}

    def _stop(self, state: set[str]) -> set[str]:
        self._exported.close()
        self.report({"INFO"}, f"{self._count} frames exported")
        return state

    def _export(self, context: bpy.types.Context) -> Iterator[None]:
        """Export one frame a step; at the end the scene stands where it stood. Raises PaintingError and OSError that names a file."""
        scene = context.scene
        settings = painted_frames.asked_for(scene)
        asked = {name: getattr(self, name) if self.properties.is_property_set(name) else settings[name]
                 for name in ("start", "end", "step", "folder")}
        camera, seed = painted_frames.scene_camera(scene), paint.scene_seed(scene)
        numbers = painted_frames.numbers(asked["start"], asked["end"], asked["step"])
        folder = folder_of(scene, camera, asked["folder"])
        folder.path.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            with frames.kept_frame(scene):
                scene.frame_set(number)
                view, recipe, relief = frames.captured(context, camera, seed)
            captured = Captured(frames.request(recipe, relief), alpha(view.matte), installed.sha256() or None)
            save(folder.frame(number).with_suffix(ENDING), captured)
            yield


CLASSES = (VEDUTA_OT_export_frames,)
