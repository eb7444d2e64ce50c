"""The operator that writes a terrain's masks and height map for a game engine. How they are made, `apply/masks.py` says."""
from __future__ import annotations

from pathlib import Path

import bpy

from ..apply import masks
from ..synth_core import files


class VEDUTA_OT_export_masks(bpy.types.Operator):
    """Write the active terrain's label masks and a height map aligned to them as PNG files, for game engines. Other selected objects,
    such as a lake or a road, count where they lie on it"""

    bl_idname = "veduta.export_masks"
    bl_label = "Export Masks"
    bl_options = {"REGISTER"}  # changes nothing in the file

    @classmethod
    def poll(cls, context):
        if context.object is None or context.object.type != "MESH":
            cls.poll_message_set("Make the terrain, a mesh, the active object.")
            return False
        return True

    def execute(self, context):
        settings, terrain = context.scene.veduta.textures, context.object
        if not settings.folder:
            self.report({"ERROR"}, "No folder is chosen for the masks; choose one.")
            return {"CANCELLED"}
        if settings.folder.startswith("//") and not bpy.data.is_saved:
            self.report({"ERROR"}, "The folder lies beside the file, which has not been saved yet; save it, or choose another folder.")
            return {"CANCELLED"}
        try:
            if settings.mask_layout == "UV":
                survey = masks.from_uv(context, terrain, settings.mask_size)
            else:
                survey = masks.from_top(context, terrain, set(context.selected_objects), settings.mask_size)
            folder = Path(bpy.path.abspath(settings.folder))
            paths = masks.write(survey, folder, bpy.path.clean_name(terrain.name), context.scene.unit_settings.scale_length)
        except masks.SurveyError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, files.unwritable(error.filename, error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {len(paths)} files to {folder}")
        return {"FINISHED"}


CLASSES = (VEDUTA_OT_export_masks,)
