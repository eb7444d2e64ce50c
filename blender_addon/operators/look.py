"""Operators of the Look panel: a look from a photograph, its removal, and the labels that get a look of their own.

What a look is, `looks` says; the network that reads photographs runs in the painter's process.
"""
from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import IntProperty, StringProperty

from .. import compat, looks, painting, photographs
from ..synth_core.request import StyleRequest, StyleResult
from .deliver import Warn, deliver
from .paint import StartsFromFile, to_scene

_LARGEST = 512  # pixels of a photograph's long side: its light and colours need no more


class VEDUTA_OT_look_from_photo(StartsFromFile, bpy.types.Operator):
    """Take light and colours from a photograph, as another look to choose; the photograph itself is not kept in the file"""

    bl_idname = "veduta.look_from_photo"
    bl_label = "Look from Photo"

    filepath: StringProperty(name="Photo", subtype="FILE_PATH", options={"SKIP_SAVE"} | compat.RELATIVE_PATH,
                             description="The photograph's file")
    filter_glob: StringProperty(default=photographs.ENDINGS, options={"HIDDEN"})

    def begin(self, context):
        path = Path(bpy.path.abspath(self.filepath))
        request = StyleRequest(photographs.read(path, _LARGEST))
        painting.start(request, to_scene(context.scene, lambda scene, result: _keep(scene, path.stem, result)))
        return []


class VEDUTA_OT_remove_look(bpy.types.Operator):
    """Remove this photograph's look from the scene; paintings made in it keep their recipe"""

    bl_idname = "veduta.remove_look"
    bl_label = "Remove Look"
    bl_options = {"REGISTER", "UNDO"}

    look: StringProperty(name="Look", description="The look's name")

    def execute(self, context):
        photos = context.scene.veduta.look.photos
        index = photos.find(self.look)
        if index < 0:
            self.report({"ERROR"}, f"The scene keeps no photograph's look {self.look!r}; the looks of the weights can't be removed.")
            return {"CANCELLED"}
        photos.remove(index)
        settings, names = context.scene.veduta.look, looks.names(context.scene)
        for holder, attribute in ((settings, "look"), (settings, "other"), *((entry, "look") for entry in settings.labels)):
            if getattr(holder, attribute) == self.look:
                setattr(holder, attribute, names[0] if names else "")
        return {"FINISHED"}


class VEDUTA_OT_add_label_look(bpy.types.Operator):
    """Paint one label in another look than the rest, the sky for instance"""

    bl_idname = "veduta.add_label_look"
    bl_label = "Add Label's Look"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if not looks.names(context.scene):
            cls.poll_message_set("There is no look to choose yet; take one from a photo.")
            return False
        return True

    def execute(self, context):
        label = looks.free_label(context.scene)
        if label is None:
            self.report({"ERROR"}, "Every label has a look of its own already; change one of those.")
            return {"CANCELLED"}
        entry = context.scene.veduta.look.labels.add()
        entry.label, entry.look = label, looks.names(context.scene)[0]
        return {"FINISHED"}


class VEDUTA_OT_remove_label_look(bpy.types.Operator):
    """Paint this label in the look of the rest again"""

    bl_idname = "veduta.remove_label_look"
    bl_label = "Remove Label's Look"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Index", min=0, description="Its place in the list, from 0 on")

    def execute(self, context):
        entries = context.scene.veduta.look.labels
        if self.index >= len(entries):
            self.report({"ERROR"}, f"Only {len(entries)} labels have a look of their own; there is no number {self.index}.")
            return {"CANCELLED"}
        entries.remove(self.index)
        return {"FINISHED"}


def _keep(scene: bpy.types.Scene, name: str, result: StyleResult) -> None:
    """Keep the photograph's look and choose it, as one step of undo."""
    def keep(_context: bpy.types.Context, _warn: Warn) -> None:
        settings = scene.veduta.look
        settings.look = looks.keep(scene, name, result.style)
        if settings.source == "SEED":
            settings.source = "LOOK"

    deliver("Look from Photo", keep)


CLASSES = (VEDUTA_OT_look_from_photo, VEDUTA_OT_remove_look, VEDUTA_OT_add_label_look, VEDUTA_OT_remove_label_look)
