"""Labels from Photo and Paint This Map: a reference photograph's label map beside the scene, and a painting of that map.

The network that reads photographs runs in the painter's process; what a map is as an image, `photo_maps` says.
"""
from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import StringProperty

from .. import compat, looks, painting, photo_maps, photographs
from ..apply import beside, viewport
from ..painting import PaintingError
from ..synth_core.request import LabelRequest, LabelResult, Request, RequestError, Result
from .deliver import deliver
from .paint import StartsFromFile, StartsPainting, scene_seed, to_scene

_LARGEST = 2048  # pixels of a map's long side


class VEDUTA_OT_labels_from_photo(StartsFromFile, bpy.types.Operator):
    """Make a label map of a photograph and show it beside the scene: what is sky, rock, water in it, and how much. The photograph itself is
    not kept in the file"""

    bl_idname = "veduta.labels_from_photo"
    bl_label = "Labels from Photo"

    filepath: StringProperty(name="Photo", subtype="FILE_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                             description="The photograph's file")
    image: StringProperty(name="Image", options={"SKIP_SAVE"}, description="An image of this file, in place of a photograph's file")
    filter_glob: StringProperty(default=photographs.ENDINGS, options={"HIDDEN"})

    def invoke(self, context, event):
        return StartsPainting.invoke(self, context, event) if self.image else super().invoke(context, event)

    def begin(self, context):
        path = Path(bpy.path.abspath(self.filepath))
        picture = photographs.taken(self.image, _LARGEST) if self.image else photographs.read(path, _LARGEST)
        name = Path(self.image or path).stem
        painting.start(LabelRequest(picture), to_scene(context.scene, lambda scene, result: _keep_map(scene, name, result)))
        return []


class VEDUTA_OT_paint_photo_map(StartsPainting, bpy.types.Operator):
    """Paint the photograph's label map as it is, with the scene's seed and look, and show the painting beside the scene"""

    bl_idname = "veduta.paint_photo_map"
    bl_label = "Paint This Map"

    @classmethod
    def poll(cls, context):
        if not photo_maps.is_map(context.scene.veduta.label_help.photo_map):
            cls.poll_message_set("There is no photograph's label map yet; Labels from Photo makes one.")
            return False
        return super().poll(context)

    def begin(self, context):
        scene = context.scene
        image, seed = scene.veduta.label_help.photo_map, scene_seed(scene)
        try:
            request = Request(photo_maps.ids(image), seed, looks.wanted(scene, seed).style)
        except (ValueError, RequestError) as error:
            raise PaintingError(str(error)) from error
        name = f"{image.name} painted"
        painting.start(request, to_scene(scene, lambda scene, result: _keep_painting(name, result)))
        return []


def _keep_map(scene: bpy.types.Scene, name: str, result: LabelResult) -> None:
    """Keep the map, as one step of undo, and show it."""
    made = []

    def keep(_context, _warn) -> None:
        made.append(photo_maps.new(name, result))
        scene.veduta.label_help.photo_map = made[0]

    deliver("Labels from Photo", keep)
    beside.show(made[0])


def _keep_painting(name: str, result: Result) -> None:
    """Keep the painting, as one step of undo, and show it."""
    made = []

    def keep(_context, _warn) -> None:
        made.append(viewport.packed(name, result.png))
        made[0].use_fake_user = True

    deliver("Paint This Map", keep)
    beside.show(made[0])


CLASSES = (VEDUTA_OT_labels_from_photo, VEDUTA_OT_paint_photo_map)
