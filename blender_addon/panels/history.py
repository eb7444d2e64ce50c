"""The History panel: every painting of the file, and what can be done with the chosen one. Drawing alone; what is shown is `history`'s."""
from __future__ import annotations

import bpy

from .. import history, installed, looks
from .. import recipe as recipes
from ..apply import backdrop
from .common import SidebarPanel, wrapped

_PICTURE = 5.0  # size of the chosen painting's picture, in buttons


class VEDUTA_UL_paintings(bpy.types.UIList):
    """The file's paintings, the newest first: look, time, and the favourites' stars."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property):
        summary = history.summary(item)
        row = layout.row(align=True)
        split = row.split(factor=0.6)
        split.label(text=looks.title(summary.look_name), icon_value=layout.icon(item))
        split.label(text=summary.when_short)
        star = "SOLO_ON" if history.is_favourite(item) else "SOLO_OFF"
        row.operator("veduta.favourite_painting", text="", icon=star, emboss=False).painting = item.name

    def draw_filter(self, context, layout):
        row = layout.row(align=True)
        row.prop(self, "filter_name", text="", icon="VIEWZOOM")
        row.prop(context.scene.veduta.history, "favourites", text="", icon="SOLO_ON")

    def filter_items(self, context, data, property_name):
        """Blender's two lists: whether each image is shown, and the place it is shown at."""
        favourites = context.scene.veduta.history.favourites
        images = getattr(data, property_name)
        shown = [recipes.is_painting(image) and self._wanted(image, favourites) for image in images]
        moments = [(index, history.summary(image).created if here else "") for index, (image, here) in enumerate(zip(images, shown))]
        order = bpy.types.UI_UL_list.sort_items_helper(moments, key=lambda entry: entry[1], reverse=True)
        return [self.bitflag_filter_item if here else 0 for here in shown], order

    def _wanted(self, image, favourites: bool) -> bool:
        summary = history.summary(image)
        words = f"{image.name} {summary.look_name} {summary.seed} {summary.camera} {summary.when}".lower()
        return self.filter_name.lower() in words and (history.is_favourite(image) or not favourites)


class VEDUTA_PT_history(SidebarPanel, bpy.types.Panel):
    bl_label = "History"
    bl_parent_id = "VEDUTA_PT_paint"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        image = history.selected(context.scene)
        if image is None and not history.paintings():
            layout.label(text="No painting yet", icon="INFO")
            return
        layout.template_list("VEDUTA_UL_paintings", "", bpy.data, "images", context.scene.veduta.history, "index", rows=4)
        if image is not None:
            self._draw_chosen(layout, context, image)

    def _draw_chosen(self, layout, context, image) -> None:
        summary = history.summary(image)
        row = layout.row()
        row.template_icon(layout.icon(image), scale=_PICTURE)
        facts = row.column(align=True)
        if summary.problem:
            wrapped(layout, context, summary.problem, "ERROR")
        else:
            size = f"{summary.width} x {summary.height}"
            for fact in (looks.title(summary.look_name), summary.when, f"Seed {summary.seed}", summary.camera, size):
                facts.label(text=fact)
        if summary.licence:
            wrapped(layout, context, summary.licence, "INFO")
        others = "" if summary.problem else installed.difference(summary.weights)
        if others:
            wrapped(layout, context, f"Reproduce: similar, not identical; {others}", "INFO")
        self._draw_actions(layout, context, image)

    def _draw_actions(self, layout, context, image) -> None:
        row = layout.row(align=True)
        shown = backdrop.active_painting(context.scene) == image
        row.operator("veduta.apply_painting", text="Shown" if shown else "Apply", icon="IMAGE_BACKGROUND", depress=shown).painting = image.name
        row.operator("veduta.reproduce", icon="FILE_REFRESH").painting = image.name
        row.operator("veduta.delete_painting", text="", icon="TRASH").painting = image.name
        layout.operator("veduta.export_layers", text="Export Layers...", icon="EXPORT").painting = image.name


CLASSES = (VEDUTA_UL_paintings, VEDUTA_PT_history)
