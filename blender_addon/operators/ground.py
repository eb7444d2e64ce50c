"""Operators that paint the selected terrain from above, and those that paint a label's tile and write it to files.

What is put where, `apply/terrain.py` and `apply/tiles.py` say.
"""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
from bpy.props import StringProperty

from .. import compat, looks, painting
from ..apply import terrain, tiles
from ..apply.terrain import Ground, Layout, TerrainError
from ..assignment import label_id
from ..capture import CaptureError, above
from ..looks import Look
from ..painting import PaintingError
from ..synth_core import files
from ..synth_core import labels as label_set
from ..synth_core.request import TILE_SIZES, BakeRequest, Request, RequestError, Result, TileRequest, TileResult, licence_texts
from .deliver import Warn, deliver
from .paint import StartsPainting, scene_seed, to_scene

VIEW = (0.0, 0.0)  # seen from above all of a terrain lies at one height of the view
_TEXTS = {"Software": "Veduta"}


class VEDUTA_OT_paint_terrain(StartsPainting, bpy.types.Operator):
    """Paint the selected terrain as seen from above, and show the painting as its texture. Only what is selected is painted: with the terrain
    select a lake or a road that belongs on it"""

    bl_idname = "veduta.paint_terrain"
    bl_label = "Paint Terrain"

    def begin(self, context):
        scene, settings = context.scene, context.scene.veduta.ground
        seed = scene_seed(scene)
        look = looks.wanted(scene, seed)
        try:
            grounds = terrain.survey(context, scene, context.selected_objects)
            corners = np.concatenate([ground.corners.reshape(-1, 3) for ground in grounds])
            lens = above.lens(corners.min(0), corners.max(0), corners[:, 2].max())
            layout = terrain.lay_out(grounds, lens, int(settings.size), settings.steep)
            labels, missing = above.label_map([ground.part() for ground in grounds], lens, layout.atlas.top_width, layout.atlas.top_height)
            Chain(scene, grounds, layout, seed, look).start(Request(labels, seed, look.style, view=VIEW, texts=_TEXTS))
        except (TerrainError, CaptureError, RequestError) as error:
            raise PaintingError(str(error)) from error
        return [f"{missing:.1%} of the terrain has no label and takes its neighbours'."] if missing else []


class Chain:
    """The jobs of one terrain, one after the other: the view from above, a tile for each label with steep faces, and each texture baked."""

    def __init__(self, scene: bpy.types.Scene, grounds: list[Ground], layout: Layout, seed: int, look: Look):
        self._deliver, self._objects = to_scene(scene, self._put_on), [ground.obj.session_uid for ground in grounds]
        self._grounds, self._layout, self._seed, self._look = grounds, layout, seed, look
        self._pictures: list[np.ndarray] = []  # the view from above, then the tiles
        self._baked: dict[int, Result] = {}  # by ground's number; -1: the one image that those without a usable UV map share
        self._whole: Result | None = None
        steep = layout.atlas.steep
        shared = [-1] if any(not ground.uv_map for ground in grounds) and steep else []
        self._bakes = shared + [number for number, ground in enumerate(grounds) if ground.uv_map]
        self._count = 1 + len(steep) + len(self._bakes)
        self._done = 0

    def start(self, request: Request) -> None:
        """Begin with the view from above."""
        painting.start(request, self._take_top, 1, self._count)

    def _take_top(self, result: Result) -> None:
        self._whole = result
        self._pictures.append(result.picture)
        self._go_on()

    def _take_tile(self, result: TileResult) -> None:
        self._pictures.append(result.picture)
        self._go_on()

    def _take_bake(self, result: Result) -> None:
        self._baked[self._bakes[len(self._baked)]] = result
        self._go_on()

    def _go_on(self) -> None:
        """Start the next job, or put the textures on."""
        self._done += 1
        steep = self._layout.atlas.steep
        if len(self._pictures) <= len(steep):
            label = steep[len(self._pictures) - 1]
            side = max(TILE_SIZES[0], self._layout.atlas.tile)
            request, take = TileRequest(label, side, self._seed, self._look.style, _TEXTS), self._take_tile
        elif len(self._baked) < len(self._bakes):
            request, take = self._bake(self._bakes[len(self._baked)]), self._take_bake
        else:
            self._deliver(self._whole)
            return
        painting.start(request, take, self._done + 1, self._count)

    def _bake(self, number: int) -> BakeRequest:
        sheet = self._layout.atlas
        if number < 0:
            triangles, width, height = sheet.quads(), sheet.width, sheet.height
        else:
            triangles = terrain.own_uv_triangles(self._grounds[number], self._layout)
            width = height = max(sheet.width, sheet.height)
        tiled = np.stack(self._pictures[1:]) if sheet.steep else None
        return BakeRequest(self._pictures[0], tiled, *triangles, width, height, _TEXTS | licence_texts(self._whole.licence))

    def _put_on(self, scene: bpy.types.Scene, whole: Result) -> None:
        """Give every terrain that is still there its texture, as soon as each can take it. Raises PaintingError when none is there."""
        objects = {obj.session_uid: obj for obj in scene.objects}
        there = {number: replace(ground, obj=objects[uid])
                 for number, (uid, ground) in enumerate(zip(self._objects, self._grounds)) if uid in objects}
        if not there:
            raise PaintingError("The terrain was deleted while it was painted.", "Select another one and paint again.")
        try:
            for ground in there.values():
                terrain.check(ground)
        except TerrainError as error:  # what has been painted can wait for the user
            painting.hold(str(error), self._deliver, whole)
            return
        facts = {"seed": str(self._seed), "look": self._look.name, "engine": whole.engine, "weights": whole.weights,
                 "licence": whole.licence}

        def put_on(_context: bpy.types.Context, _warn: Warn) -> None:
            shared = None
            for number, ground in there.items():
                if ground.uv_map:
                    image = terrain.new_image(f"{ground.obj.name} Terrain", self._baked[number].png, facts)
                else:
                    image = shared = shared or terrain.new_image("Veduta Terrain", self._baked.get(-1, whole).png, facts)
                terrain.put_on(scene, ground, self._layout, image)

        deliver("Paint Terrain", put_on)


class VEDUTA_OT_paint_tile(StartsPainting, bpy.types.Operator):
    """Paint a tile of the chosen label, which continues at its other side without a seam, and make a material of it with normals and
    roughness. Nothing that is there changes"""

    bl_idname = "veduta.paint_tile"
    bl_label = "Paint Tile"

    def begin(self, context):
        scene, settings = context.scene, context.scene.veduta.ground
        seed, label = scene_seed(scene), label_id(settings.label)
        mapping, width = settings.mapping, settings.width
        look = looks.wanted(scene, seed)
        try:
            request = TileRequest(label, int(settings.tile_size), seed, look.style, _TEXTS)
        except RequestError as error:
            raise PaintingError(str(error)) from error

        def make(_scene: bpy.types.Scene, result: TileResult) -> None:
            facts = {"label": label_set.LABELS[label].name, "seed": str(seed), "look": look.name, "engine": result.engine,
                     "weights": result.weights, "licence": result.licence}
            deliver("Paint Tile", lambda _context, _warn: tiles.new_material(result, label, facts, mapping, width))

        painting.start(request, to_scene(scene, make))
        return []


class VEDUTA_OT_save_tile(bpy.types.Operator):
    """Write the images of a tile's material as PNG files: colour, normal, roughness and height"""

    bl_idname = "veduta.save_tile"
    bl_label = "Save Tile"
    bl_options = {"REGISTER"}  # changes nothing in the file

    material: StringProperty(name="Material", description="The tile's material; when empty, the active object's, or else the newest tile",
                             options={"SKIP_SAVE"})
    directory: StringProperty(name="Folder", subtype="DIR_PATH", options=compat.RELATIVE_PATH,
                              description="Where the files go; made when it is missing")
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # the file browser shows folders

    @classmethod
    def poll(cls, context):
        if not any(tiles.is_tile(material) for material in bpy.data.materials):
            cls.poll_message_set("The file holds no tile yet; Paint Tile makes one.")
            return False
        return True

    def invoke(self, context, event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        material = bpy.data.materials.get(self.material) if self.material else _chosen_tile(context)
        if not tiles.is_tile(material):
            self.report({"ERROR"}, f"{self.material!r} is no tile's material; choose one that Paint Tile made.")
            return {"CANCELLED"}
        if not self.directory or self.directory.startswith("//") and not bpy.data.is_saved:
            self.report({"ERROR"}, "The file has not been saved yet, so no folder lies beside it; choose the folder for the tile's images.")
            return {"CANCELLED"}
        folder = Path(bpy.path.abspath(self.directory))
        try:
            written = tiles.save(material, folder)
        except OSError as error:
            self.report({"ERROR"}, files.unwritable(folder, error))
            return {"CANCELLED"}
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {len(written)} files to {folder}")
        return {"FINISHED"}


def _chosen_tile(context: bpy.types.Context) -> bpy.types.Material:
    """The active object's tile; where it has none, the tile that was painted last."""
    active = context.object.active_material if context.object else None
    if tiles.is_tile(active):
        return active
    return max((material for material in bpy.data.materials if tiles.is_tile(material)), key=lambda material: material.session_uid)


CLASSES = (VEDUTA_OT_paint_terrain, VEDUTA_OT_paint_tile, VEDUTA_OT_save_tile)
