"""Veduta: paints photoreal scenery from a labelled blockout. Registers every class, and takes all of it away again."""
from __future__ import annotations

import bpy

from . import command
from . import history as paintings
from . import live as live_view
from . import installed, looks, painting, panels, preferences, properties, service, swatches, thumbnails, variations
from . import relief as reliefs
from .apply import follow, override_marks
from .operators import (
    apply, deliver, export_frames, export_layers, frames, ground, hand_over, history, label, live, look, match_light, paint, relief,
    reproduce, sample_terrain, show_labels, texture, world,
)
from .operators import guess_labels, paint_labels, photo_labels
from .operators import variations as variation_operators
from .operators import weights as weight_operators

CLASSES = (
    *properties.CLASSES,
    *preferences.CLASSES,
    *label.CLASSES,
    *show_labels.CLASSES,
    *paint.CLASSES,
    *relief.CLASSES,
    *match_light.CLASSES,
    *live.CLASSES,
    *guess_labels.CLASSES,
    *paint_labels.CLASSES,
    *photo_labels.CLASSES,
    *deliver.CLASSES,
    *apply.CLASSES,
    *reproduce.CLASSES,
    *history.CLASSES,
    *export_layers.CLASSES,
    *export_frames.CLASSES,
    *look.CLASSES,
    *variation_operators.CLASSES,
    *weight_operators.CLASSES,
    *texture.CLASSES,
    *world.CLASSES,
    *frames.CLASSES,
    *hand_over.CLASSES,
    *ground.CLASSES,
    sample_terrain.VEDUTA_OT_sample_terrain,
    *panels.CLASSES,
)


def register() -> None:
    """Add Veduta to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.attach()
    swatches.load()
    follow.attach()
    override_marks.attach()
    command.attach()


def unregister() -> None:
    """End the painter's process, and leave no handler, timer, property or class behind."""
    live_view.stop()
    guess_labels.forget()
    painting.stop()
    preferences.stop()
    service.close()
    show_labels.hide_all()
    command.detach()
    override_marks.detach()
    follow.detach()
    thumbnails.free()
    variations.forget()
    looks.forget()
    installed.forget()
    paintings.forget()
    reliefs.forget()
    swatches.free()
    properties.detach()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
