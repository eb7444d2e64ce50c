"""The Textures panel: paintings on surfaces. Drawing alone; a sub-panel for each way of making or handing them over."""
from __future__ import annotations

import bpy

from .. import painting
from ..apply import projectors
from .common import SidebarPanel


class VEDUTA_PT_textures(SidebarPanel, bpy.types.Panel):
    bl_label = "Textures"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        self.layout.operator("veduta.remove_textures", icon="X")


class VEDUTA_PT_project(SidebarPanel, bpy.types.Panel):
    bl_label = "From the Camera"
    bl_parent_id = "VEDUTA_PT_textures"

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.textures
        row = layout.row()
        row.enabled = painting.current() is None
        row.operator("veduta.project_texture", icon="MOD_UVPROJECT")
        for projector in projectors.found(context.scene):
            row = layout.row(align=True)
            row.label(text=projector.camera, icon="CAMERA_DATA")
            row.operator("veduta.remove_textures", text="", icon="X").camera = projector.camera
        column = layout.column()
        column.prop(settings, "lit")
        column.prop(settings, "grazing")


class VEDUTA_PT_bake(SidebarPanel, bpy.types.Panel):
    bl_label = "Bake"
    bl_parent_id = "VEDUTA_PT_textures"

    def draw(self, context):
        layout = self.layout
        layout.prop(context.scene.veduta.textures, "bake_size")
        layout.operator("veduta.bake_texture", icon="RENDER_STILL")
        layout.operator("veduta.add_projection_uvs", icon="UV")


class VEDUTA_PT_hand_over(SidebarPanel, bpy.types.Panel):
    bl_label = "Masks for Engines"
    bl_parent_id = "VEDUTA_PT_textures"

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.textures
        column = layout.column()
        column.prop(settings, "mask_layout", text="")
        column.prop(settings, "mask_size")
        column.prop(settings, "folder", text="")
        terrain = context.object.name if context.object is not None else "Terrain"
        layout.operator("veduta.export_masks", text=f"Export Masks of {terrain}", icon="EXPORT")


class VEDUTA_PT_terrain(SidebarPanel, bpy.types.Panel):
    bl_label = "From Above"
    bl_parent_id = "VEDUTA_PT_textures"

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.ground
        column = layout.column()
        column.prop(settings, "size")
        column.prop(settings, "steep")
        row = layout.row()
        row.enabled = painting.current() is None
        row.operator("veduta.paint_terrain", icon="RNDCURVE")


class VEDUTA_PT_tile(SidebarPanel, bpy.types.Panel):
    bl_label = "Seamless Tile"
    bl_parent_id = "VEDUTA_PT_textures"

    def draw(self, context):
        layout = self.layout
        settings = context.scene.veduta.ground
        column = layout.column()
        column.prop(settings, "label")
        column.prop(settings, "tile_size")
        column.prop(settings, "mapping")
        column.prop(settings, "width")
        row = layout.row()
        row.enabled = painting.current() is None
        row.operator("veduta.paint_tile", icon="TEXTURE")
        layout.operator("veduta.save_tile", text="Save Tile as PNG", icon="EXPORT")


CLASSES = (VEDUTA_PT_textures, VEDUTA_PT_project, VEDUTA_PT_terrain, VEDUTA_PT_tile, VEDUTA_PT_bake, VEDUTA_PT_hand_over)
