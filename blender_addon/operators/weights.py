"""Operators of the preferences' list of weights: use, install, remove, and hand on as a zip. What is installed, `installed` knows."""
from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import compat, installed, service
from ..synth_core import archive, files
from ..synth_core.weights import WeightsError


def _key() -> StringProperty:
    return StringProperty(name="Weights", options={"SKIP_SAVE"}, description="Their key: the name of their folder; Veduta's own when empty")


class VEDUTA_OT_choose_weights(bpy.types.Operator):
    """Paint with these weights from now on. A painting under way is cancelled"""

    bl_idname = "veduta.choose_weights"
    bl_label = "Use Veduta's Own Weights"

    key: _key()

    def execute(self, context):
        entry = installed.find(self.key)
        if entry is None or entry.problem:
            self.report({"ERROR"}, entry.problem if entry else f"No weights {self.key!r} are installed; choose others in the list.")
            return {"CANCELLED"}
        service.preferences().weights = entry.key
        context.preferences.is_dirty = True
        self.report({"INFO"}, f"Veduta paints with the weights {entry.name!r}")
        return {"FINISHED"}


class VEDUTA_OT_install_weights(bpy.types.Operator):
    """Install weights from a zip, or from a weights folder: choose the manifest.json in it"""

    bl_idname = "veduta.install_weights"
    bl_label = "Install Weights"

    filepath: StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                             description="The zip, the folder, or the folder's manifest.json")
    filter_glob: StringProperty(default="*.zip;manifest.json", options={"HIDDEN"})

    def invoke(self, context, event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        try:
            entry = installed.add(Path(bpy.path.abspath(self.filepath)))
        except WeightsError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"{error.filename} can't be read or written ({error.strerror}).")
            return {"CANCELLED"}
        self.report({"INFO"}, f"Installed the weights {entry.name!r}; press Use to paint with them")
        return {"FINISHED"}


class VEDUTA_OT_remove_weights(bpy.types.Operator):
    """Delete these weights from this computer; Veduta's own can't be removed"""

    bl_idname = "veduta.remove_weights"
    bl_label = "Remove Weights"

    key: _key()

    def invoke(self, context, event):
        entry = installed.find(self.key)
        message = f"{entry.name if entry else self.key} will be deleted from this computer."
        if self.key == service.preferences().weights:
            message += " Veduta's own weights will paint."
        return context.window_manager.invoke_confirm(self, event, message=message, confirm_text="Remove")

    def execute(self, context):
        entry = installed.find(self.key)
        if entry is None or entry.key == installed.OWN:
            self.report({"ERROR"}, "Choose installed weights to remove; Veduta's own stay.")
            return {"CANCELLED"}
        if service.preferences().weights == entry.key:  # first, so that the painter's process lets go of the files
            service.preferences().weights = installed.OWN
        try:
            installed.remove(entry)
        except OSError as error:
            self.report({"ERROR"}, f"{error.filename} can't be deleted ({error.strerror}).")
            return {"CANCELLED"}
        context.preferences.is_dirty = True
        return {"FINISHED"}


class VEDUTA_OT_export_weights(bpy.types.Operator):
    """Write these weights as one zip file, which others install"""

    bl_idname = "veduta.export_weights"
    bl_label = "Export Weights"

    key: _key()
    filepath: StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                             description="The zip file to write")
    check_existing: BoolProperty(default=True, options={"HIDDEN"})
    filter_glob: StringProperty(default="*.zip", options={"HIDDEN"})

    def invoke(self, context, event):
        entry = installed.find(self.key)
        self.filepath = bpy.path.clean_name(f"veduta {entry.name if entry else ''}".strip()) + ".zip"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        if not self.filepath or self.filepath.startswith("//") and not bpy.data.is_saved:
            self.report({"ERROR"}, "Nothing says where the zip file is to go; give its whole path, or save the scene to have it beside that.")
            return {"CANCELLED"}
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".zip"))
        try:
            archive.pack(service.weights_folder(self.key), path)
        except WeightsError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, files.unwritable(error.filename, error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {path}")
        return {"FINISHED"}


CLASSES = (VEDUTA_OT_choose_weights, VEDUTA_OT_install_weights, VEDUTA_OT_remove_weights, VEDUTA_OT_export_weights)
