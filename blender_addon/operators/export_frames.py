"""Export Frames: captured frames as files for machines without Blender (`python -m synth_core paint-batch`). Nothing is painted here."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bpy
from bpy.props import IntProperty, StringProperty

from .. import frames, painting
from ..painting import PaintingError
from ..synth_core.frames import ENDING, save
from . import paint


class VEDUTA_OT_export_frames(bpy.types.Operator):
    """Capture the scene's frames as files that other machines paint without Blender. Esc stops"""

    bl_idname = "veduta.export_frames"
    bl_label = "Export Frames"
    bl_options = {"REGISTER"}  # changes nothing in the file

    first: IntProperty(name="First", options={"SKIP_SAVE"}, description="First frame; the scene's when not given")
    last: IntProperty(name="Last", options={"SKIP_SAVE"}, description="Last frame; the scene's when not given")
    folder: StringProperty(name="Folder", subtype="DIR_PATH", default="//veduta/frames/", options={"SKIP_SAVE"},
                           description="Where the files are written; // is the file's own folder")

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
            self.report({"ERROR"}, f"{error.filename} can't be written ({error.strerror}); choose another folder, or make room.")
            return {"CANCELLED"}
        self._count += 1
        return {"RUNNING_MODAL"}

    def _stop(self, state: set[str]) -> set[str]:
        self._exported.close()
        self.report({"INFO"}, f"{self._count} frames exported to {self.folder}")
        return state

    def _export(self, context: bpy.types.Context) -> Iterator[None]:
        """Export one frame a step; at the end the scene stands where it stood. Raises PaintingError and OSError that names a file."""
        scene = context.scene
        first = self.first if self.properties.is_property_set("first") else scene.frame_start
        last = self.last if self.properties.is_property_set("last") else scene.frame_end
        seed, numbers = paint.scene_seed(scene), frames.wanted(first, last, scene.frame_step)
        if self.folder.startswith("//") and not bpy.data.is_saved:
            raise PaintingError("The folder lies beside the file, which has not been saved yet.", "Save it, or choose another folder.")
        folder = Path(bpy.path.abspath(self.folder))
        folder.mkdir(parents=True, exist_ok=True)
        with frames.kept_frame(scene):
            for number in numbers:
                scene.frame_set(number)
                _, recipe, relief = frames.captured(context, scene.camera, seed)
                save(folder / f"{bpy.path.clean_name(scene.name)}_{number:04d}{ENDING}", recipe.request(relief))
                yield


CLASSES = (VEDUTA_OT_export_frames,)
