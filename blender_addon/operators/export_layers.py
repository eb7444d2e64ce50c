"""Export Layers: a painting of the file as a multilayer OpenEXR file. What its layers are, `apply/layers.py` says."""
from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import compat
from .. import recipe as recipes
from ..apply import layers, viewport
from ..capture import CaptureError, kept_mattes
from ..synth_core import files
from .history import OnPainting, painted_camera

_FOLDER = "//veduta/"
_ENDING = ".exr"


class VEDUTA_OT_export_layers(OnPainting, bpy.types.Operator):
    """Save this painting as an OpenEXR file with a layer for every label and a matte for every kept object"""

    bl_idname = "veduta.export_layers"
    bl_label = "Export Layers"
    bl_options = {"REGISTER"}

    filepath: StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                             description="Where to write; in a saved file //veduta/ and the painting's name when empty")
    filter_glob: StringProperty(default=f"*{_ENDING}", options={"HIDDEN"})
    check_existing: BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context, event):
        image = self.chosen(context)
        if not self.filepath and image is not None:
            self.filepath = bpy.path.abspath(_FOLDER if bpy.data.is_saved else "//") + _file_name(image)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def act(self, context, image):
        wanted = self.filepath or _FOLDER + _file_name(image)
        if wanted.startswith("//") and not bpy.data.is_saved:
            self.report({"ERROR"}, "The file has no folder yet; save it first, or say where to write the layers.")
            return {"CANCELLED"}
        path = Path(bpy.path.abspath(wanted))
        path = path if path.suffix.lower() == _ENDING else path.with_name(path.name + _ENDING)
        try:
            count = self._write(context, image, path)
        except (recipes.RecipeError, CaptureError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, files.unwritable(path, error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{count} layers saved in {path}")
        return {"FINISHED"}

    def _write(self, context, image, path: Path) -> int:
        """Write the file and return how many layers it has beside the painting."""
        scene = context.scene
        recipe = recipes.load(image)
        height, width = recipe.labels.shape
        camera = painted_camera(scene, recipe)
        mattes = kept_mattes(scene, context.view_layer, camera, width, height)
        if mattes and not recipes.is_view(recipe, scene, camera):
            self.report({"WARNING"}, f"The camera {camera.name!r} has changed since; the kept objects' mattes are of its view now.")
        path.parent.mkdir(parents=True, exist_ok=True)
        layers.write(path, viewport.picture(image), recipe.labels, mattes)
        return len(set(recipe.labels.ravel().tolist())) + len(mattes)


def _file_name(image: bpy.types.Image) -> str:
    return bpy.path.clean_name(image.name) + _ENDING


CLASSES = (VEDUTA_OT_export_layers,)
