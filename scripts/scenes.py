"""Scenes as a newcomer brings them, built into Blender's current scene: for tests, window stories and the painter's sheet of blockouts.

    sample()  house_on_hill()  game_level(folder)  coast()  alpine_lake()  desert()  forest_river()  snow_field()

All but the sample are blockouts of boxes, wedges and cones with clean edges, every surface labelled, with a camera and a Sun. The extension
must be enabled, the current scene empty. Metres; cameras look along +y. What a label means and where it is kept is the extension's.
"""
from __future__ import annotations

import importlib
from math import radians, tau
from pathlib import Path

import bpy
import numpy as np

from scripts.demo import MODULE

FAR = 6000.0  # half the side of grounds and seas without end

# The level's materials: name and label. The first half is linked from the kit's library, the others are the level's own.
LEVEL_MATERIALS = (
    ("MI_Grass_Lush", "grass"), ("MI_Grass_Dry", "grass"), ("MI_Grass_Short", "grass"), ("MI_Grass_Tall", "grass"),
    ("MI_Cliff_A", "rock"), ("MI_Cliff_B", "rock"), ("MI_Cliff_C", "rock"), ("MI_Rock_Mossy", "rock"), ("MI_Boulder", "rock"),
    ("MI_Gravel_Fine", "stone"), ("MI_Cobble", "stone"), ("MI_Sand_Wet", "sand"), ("MI_Sand_Dry", "sand"),
    ("MI_Pine_Needles", "tree"), ("MI_Oak_Leaves", "tree"), ("MI_Birch_Leaves", "tree"), ("MI_Hedge", "bush"), ("MI_Fern", "bush"),
    ("MI_Water_Lake", "lake"), ("T_Kit_Atlas", ""),
    ("M_Path_Dirt", "dirt"), ("M_Path_Mud", "dirt"), ("M_Soil", "dirt"), ("M_Track", "road"), ("M_Road_Asphalt", "road"),
    ("M_Lawn", "grass"), ("M_Meadow", "field"), ("M_Wheat", "field"), ("M_Flowers_Red", "flower"), ("M_Flowers_Blue", "flower"),
    ("M_Backdrop_Mountain_A", "mountain"), ("M_Backdrop_Mountain_B", "mountain"), ("M_Backdrop_Hill", "hill"), ("M_Snowcap", "snow"),
    ("M_Pebbles", "stone"), ("M_Scree", "stone"), ("M_Cliff_Base", "rock"), ("M_Shore", "sand"), ("M_Pond", "lake"), ("M_Shrub", "bush"),
)
LINKED = len(LEVEL_MATERIALS) // 2

Point = tuple[float, float, float]


def sample() -> None:
    """The extension's own sample terrain."""
    bpy.ops.veduta.sample_terrain()


def house_on_hill() -> None:
    """A house, kept, on a flat-topped hill above fields, a wood and far hills."""
    _ground("Fields", "field")
    _prism("Meadow", "grass", _ring((0, 45), 42, 10), 0.0, 0.3)
    _frustum("Hill", "grass", (4, 60), (34, 13), 0.0, 11.0, 10)
    _slab("Drive", "road", [(-9, 12), (-6, 12), (-3.4, 37), (-5.4, 37)], 0.35)
    for x, y, height in ((-34, 66, 9), (-30, 72, 12), (-38, 78, 10), (-25, 82, 11), (-44, 86, 14), (36, 74, 12), (42, 82, 14), (48, 72, 10)):
        _tree("Fir", (x, y, 0), height)
    for x, width, height in ((-520, 420, 95), (-120, 380, 60), (300, 460, 120), (720, 380, 80)):
        _wedge("Far Hill", "hill", (x, 900), (width, 260), height)
    _house((4, 58, 11.0))
    _camera((0, 0, 5.2), pitch=3.0, lens=30)
    _sun()


def game_level(folder: Path | str, labelled: bool = True) -> None:
    """A level of 40 materials, half of them linked from the library `kit_library.blend` that is written into `folder`.

    Its kit pieces share one atlas material, which says nothing; their objects' names speak. `labelled`: whether materials and kit pieces
    have their labels (those of the linked ones in the scene's table), or none has.
    """
    materials = _level_materials(Path(folder), labelled)
    _level_ground(materials)
    _level_backdrop(materials)
    _level_plants(materials)
    _level_kit(materials["T_Kit_Atlas"], labelled)
    _camera((0, -6, 7.0), pitch=-7.0, lens=26)
    _sun()


def coast() -> None:
    """A bay: sand in front, the sea to the left, cliffs with grass and trees on top to the right."""
    _ground("Sea", "sea")
    _prism("Beach", "sand", [(2, -40), (300, -40), (300, 420), (34, 420), (26, 120), (8, 40), (-3, 10)], -1.0, 0.6)
    for name, outline, top in (("Cliff", [(26, 55), (140, 40), (140, 200), (40, 190)], 13.0), ("Cape", [(10, 190), (150, 180), (150, 330), (24, 330)], 19.0)):
        _prism(name, "rock", outline, 0.0, top)
        _prism(name + " Top", "grass", outline, top, top + 7.0, top=_shrunk(outline, 0.6))
    for x, y, z in ((48, 75, 15), (62, 80, 18), (76, 80, 18), (58, 100, 18), (84, 100, 19), (50, 220, 21), (74, 230, 22), (48, 250, 22)):
        _tree("Pine", (x, y, z), 11)
    for x, y, size in ((4, 22, 1.8), (6, 30, 2.4), (12, 34, 1.6)):
        _frustum("Boulder", "rock", (x, y), (size, size * 0.5), 0.0, size, 6)
    _wedge("Island", "mountain", (-700, 2600), (900, 300), 170)
    _camera((0, -12, 6.0), pitch=-1.0, lens=26)
    _sun()


def alpine_lake() -> None:
    """A lake between woods, snow-capped pyramids behind it, stones at the shore."""
    _ground("Meadow", "grass")
    _prism("Lake", "lake", [(-70, 16), (60, 14), (95, 80), (70, 190), (-60, 200), (-110, 90)], 0.0, 0.2)
    _slab("Shore", "stone", [(-40, 4), (40, 4), (60, 14), (-70, 16)], 0.15)
    for x, y, radius, height in ((-420, 900, 430, 360), (40, 1200, 520, 520), (470, 950, 420, 400)):
        _peak((x, y), radius, height, cap=0.42)
    for side in (-1, 1):
        for number in range(16):
            _tree("Spruce", (side * (104 + 13 * (number % 4)), 60 + 11 * number, 0), 15 + 4 * (number % 3))
    for number in range(22):
        _tree("Spruce", (-126 + 12 * number, 235 + 9 * (number % 3), 0), 14 + 3 * (number % 4))
    _camera((0, -8, 4.0), pitch=3.0, lens=28)
    _sun()


def desert() -> None:
    """Dunes with sharp crests before table mountains; a few bushes."""
    _ground("Sand", "sand")
    for x, y, length, width, height, turn in ((-30, 60, 90, 34, 9, 20), (45, 90, 120, 44, 13, -15), (-60, 150, 150, 50, 16, 8), (60, 210, 190, 60, 20, -6)):
        _wedge("Dune", "sand", (x, y), (length, width), height, turn)
    for x, y, low, high, height in ((-330, 760, 190, 130, 120), (60, 980, 260, 190, 160), (420, 820, 150, 90, 130)):
        _frustum("Talus", "dirt", (x, y), (low * 1.4, low * 1.02), 0.0, height * 0.3, 9)
        _frustum("Mesa", "rock", (x, y), (low, high), height * 0.3, height, 9)
    _wedge("Range", "mountain", (-200, 3600), (3800, 700), 260)
    for x, y, size in ((-7, 12, 1.2), (-4, 17, 0.9), (8, 19, 1.4), (12, 28, 1.2), (-14, 30, 1.5), (3, 36, 1.1)):
        _frustum("Bush", "bush", (x, y), (size, size * 0.5), 0.0, size, 7)
    _camera((0, -6, 5.0), pitch=1.0, lens=30)
    _sun()


def forest_river() -> None:
    """A river that bends between two woods towards a hill."""
    _ground("Forest Floor", "grass")
    bends = [(2, -20, 7), (1, 8, 6.5), (-7, 40, 6), (4, 80, 5.5), (-3, 130, 5), (6, 200, 5)]
    banks = [(x - w - 2.5, y) for x, y, w in bends] + [(x + w + 2.5, y) for x, y, w in reversed(bends)]
    stream = [(x - w, y) for x, y, w in bends] + [(x + w, y) for x, y, w in reversed(bends)]
    _slab("Banks", "stone", banks, 0.1)
    _slab("River", "river", stream, 0.2)
    for x, y, size in ((-5.5, 14, 1.4), (6.2, 20, 1.1), (-11.5, 33, 1.8), (3.2, 46, 1.2)):
        _frustum("Boulder", "rock", (x, y), (size, size * 0.6), 0.0, size, 6)
    for row in range(7):
        for side in (-1, 1):
            for column in range(4):
                _tree("Tree", (side * (17 + 9 * column + 2 * (row % 2)), 22 + 19 * row, 0), 13 + 3 * ((row + column) % 3))
    _wedge("Ridge", "hill", (0, 420), (700, 160), 70)
    _camera((0, -10, 4.5), pitch=1.0, lens=28)
    _sun()


def snow_field() -> None:
    """Snow with soft rises, a few trees and rocks, and a range of snowy mountains."""
    _ground("Snow", "snow")
    for x, y, length, width, height, turn in ((-28, 70, 90, 40, 5, 15), (40, 100, 110, 50, 8, -12), (-50, 200, 200, 70, 14, 5)):
        _wedge("Rise", "snow", (x, y), (length, width), height, turn)
    for x, y, radius, height in ((-520, 1300, 460, 300), (40, 1500, 560, 440), (560, 1250, 430, 330)):
        _peak((x, y), radius, height, cap=0.62)
    for x, y, height in ((-18, 34, 8), (-22, 40, 10), (-15, 44, 7), (20, 50, 9), (25, 56, 11), (30, 52, 8), (-48, 110, 14), (-40, 116, 12), (52, 140, 14)):
        _tree("Spruce", (x, y, 0), height)
    for x, y, size in ((7, 18, 1.4), (10, 22, 2.0), (-9, 24, 1.2)):
        _frustum("Rock", "rock", (x, y), (size, size * 0.45), 0.0, size, 6)
    _camera((0, -6, 3.5), pitch=3.0, lens=30)
    _sun()


# ---- the level ----


def _level_materials(folder: Path, labelled: bool) -> dict[str, bpy.types.Material]:
    """The level's materials by name; the library's are linked, as from a kit that knows nothing of labels."""
    library = str(folder / "kit_library.blend")
    kit = [_plain_material(name, label) for name, label in LEVEL_MATERIALS[:LINKED]]
    bpy.data.libraries.write(library, set(kit), fake_user=True)
    for material in kit:
        bpy.data.materials.remove(material)
    with bpy.data.libraries.load(library, link=True) as (offered, wanted):
        wanted.materials = list(offered.materials)
    materials = {material.name: material for material in wanted.materials}
    materials |= {name: _plain_material(name, label) for name, label in LEVEL_MATERIALS[LINKED:]}
    if labelled:
        for name, label in LEVEL_MATERIALS:
            if label:
                _set_label(materials[name], label)
    return materials


def _level_ground(materials: dict[str, bpy.types.Material]) -> None:
    """A valley floor of tiles, cut by a path, with a pond; cliffs to both sides."""
    tile = 6.0
    floor = {
        "path": ("M_Path_Dirt", "M_Path_Mud", "M_Track", "M_Soil"), "pond": ("MI_Water_Lake", "M_Pond"),
        "shore": ("MI_Sand_Wet", "MI_Sand_Dry", "M_Shore", "M_Pebbles"), "flowers": ("M_Flowers_Red", "M_Flowers_Blue"),
        "field": ("M_Meadow", "M_Wheat"), "grass": ("MI_Grass_Lush", "MI_Grass_Dry", "MI_Grass_Short", "MI_Grass_Tall", "M_Lawn"),
    }
    for row in range(14):
        for column in range(-7, 8):
            kinds = floor[_level_zone(column, row)]
            corner = (column * tile - tile / 2, row * tile - 12.0)
            outline = [corner, (corner[0] + tile, corner[1]), (corner[0] + tile, corner[1] + tile), (corner[0], corner[1] + tile)]
            _slab("SM_Ground_Tile", materials[kinds[(3 * row + column) % len(kinds)]], outline, 0.0)
    walls = ("MI_Cliff_A", "MI_Cliff_B", "MI_Cliff_C", "MI_Rock_Mossy")
    for number in range(7):
        for side in (-1, 1):
            material = materials[walls[(number + (side > 0)) % len(walls)]]
            y, height = number * 13.0 - 10.0, 12.0 + 5 * ((number * 3 + side) % 3)
            _box("SM_Cliff_Wall", material, (side * 52 - 7, y, -0.5), (side * 52 + 7, y + 13, height))
            _box("SM_Cliff_Base", materials["M_Cliff_Base"], (side * 43 - 2, y, -0.5), (side * 43 + 2, y + 13, 3.0))
    _slab("SM_Scree", materials["M_Scree"], [(-60, 72), (60, 72), (75, 110), (-75, 110)], 0.1)
    _slab("SM_Gravel", materials["MI_Gravel_Fine"], [(-75, 110), (75, 110), (140, 200), (-140, 200)], 0.1)
    _slab("SM_Far_Ground", materials["MI_Grass_Lush"], [(-3000, -60), (3000, -60), (3000, 3000), (-3000, 3000)], -0.6)


def _level_zone(column: int, row: int) -> str:
    path = round(1.5 * np.sin(row / 2.5))
    away = max(abs(column + 4) - 1, abs(row - 6) - 1)
    if column == path:
        return "path"
    if away <= 1:
        return "pond" if away <= 0 else "shore"
    if column > 3 and row > 5:
        return "field"
    return "flowers" if column == 3 and row in (4, 5) else "grass"


def _level_backdrop(materials: dict[str, bpy.types.Material]) -> None:
    for x, radius, height, name in ((-300, 260, 190, "A"), (20, 320, 260, "B"), (340, 280, 210, "A")):
        _peak((x, 720), radius, height, cap=0.35, materials=(materials[f"M_Backdrop_Mountain_{name}"], materials["M_Snowcap"]))
    for x in (-210, 30, 230):
        _wedge("SM_Backdrop_Hill", materials["M_Backdrop_Hill"], (x, 360), (240, 70), 34)


def _level_plants(materials: dict[str, bpy.types.Material]) -> None:
    leaves = ("MI_Pine_Needles", "MI_Oak_Leaves", "MI_Birch_Leaves")
    for number, (x, y) in enumerate(((-36, 22), (-33, 40), (-37, 58), (35, 18), (37, 34), (33, 48), (36, 66), (-28, 70), (22, 72))):
        _tree("SM_Tree_Canopy", (x, y, 0), 11 + number % 4, materials[leaves[number % 3]])
    for number, (x, y) in enumerate(((-12, 8), (10, 12), (14, 26), (-16, 20), (24, 44), (-20, 52))):
        _frustum("SM_Shrub", materials[("MI_Hedge", "MI_Fern", "M_Shrub")[number % 3]], (x, y), (1.6, 0.8), 0.0, 1.5, 7)
    for x, y in ((9, 4), (-10, 30), (18, 60)):
        _frustum("SM_Boulder", materials["MI_Boulder"], (x, y), (1.8, 0.8), 0.0, 1.7, 6)
    _slab("SM_Plaza", materials["MI_Cobble"], [(8, 50), (22, 50), (22, 64), (8, 64)], 0.12)
    _slab("SM_Road", materials["M_Road_Asphalt"], [(22, 55), (45, 55), (45, 59), (22, 59)], 0.12)


def _level_kit(atlas: bpy.types.Material, labelled: bool) -> None:
    """Pieces that share the atlas: only their names tell what they are."""
    pieces = [
        _box("SM_Wall_Stone_01", atlas, (9, 62, 0), (21, 63, 4)), _box("SM_Watchtower_01", atlas, (17, 58, 0), (21, 62, 13)),
        _box("SM_House_Small_02", atlas, (10, 57, 0), (15, 61, 4)), _box("SM_Bridge_Wood_01", atlas, (-28, 28.5, 0.4), (-20, 30.5, 0.9)),
        _box("SM_Rock_Pillar_03", atlas, (-14, 44, 0), (-11.5, 46.5, 7)), _box("SM_Hedge_Row_01", atlas, (24, 30, 0), (32, 31.5, 1.8)),
    ]
    words = {"Wall": "building", "Watchtower": "building", "House": "building", "Bridge": "building", "Rock": "rock", "Hedge": "bush"}
    for piece in pieces if labelled else ():
        _set_label(piece, words[piece.name.split("_")[1]])


# ---- shapes; `label` may be a material instead ----


def _part(name: str):
    return importlib.import_module(f"{MODULE}.{name}")


def _set_label(datablock: bpy.types.ID, label: str) -> None:
    _part("assignment").set_label(bpy.context.scene, datablock, _part("synth_core.labels").BY_NAME[label].id)


def _plain_material(name: str, label: str) -> bpy.types.Material:
    """A material without a label, in that label's colour."""
    label_set = _part("synth_core.labels")
    shade = np.array(label_set.BY_NAME[label].colour if label else (128, 128, 128)) / 255
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*(shade**2.2).tolist(), 1.0)
    _part("compat").enable_nodes(material)
    inputs = material.node_tree.nodes["Principled BSDF"].inputs
    inputs["Base Color"].default_value, inputs["Roughness"].default_value = material.diffuse_color, 0.9
    return material


def _material(label: str | bpy.types.Material) -> bpy.types.Material:
    """The blockouts' material of a label, made on its first use."""
    if isinstance(label, bpy.types.Material):
        return label
    name = f"Block {label.capitalize()}"
    if name not in bpy.data.materials:
        _set_label(_plain_material(name, label), label)
    return bpy.data.materials[name]


def _object(name: str, label: str | bpy.types.Material, points: list[Point], faces: list[tuple[int, ...]]) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    mesh.materials.append(_material(label))
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _prism(name: str, label, outline: list[tuple[float, float]], low: float, high: float, top: list | None = None) -> bpy.types.Object:
    """A solid over a counter-clockwise outline (x, y), from height `low` to `high`; `top` is another outline for its upper end."""
    count = len(outline)
    points = [(x, y, low) for x, y in outline] + [(x, y, high) for x, y in top or outline]
    sides = [(i, (i + 1) % count, (i + 1) % count + count, i + count) for i in range(count)]
    return _object(name, label, points, [tuple(reversed(range(count))), tuple(range(count, 2 * count)), *sides])


def _slab(name: str, label, outline: list[tuple[float, float]], height: float) -> bpy.types.Object:
    """A flat face."""
    return _object(name, label, [(x, y, height) for x, y in outline], [tuple(range(len(outline)))])


def _ground(name: str, label) -> bpy.types.Object:
    return _slab(name, label, [(-FAR, -FAR), (FAR, -FAR), (FAR, FAR), (-FAR, FAR)], 0.0)


def _box(name: str, label, low: Point, high: Point) -> bpy.types.Object:
    return _prism(name, label, [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])], low[2], high[2])


def _ring(middle: tuple[float, float], radius: float, sides: int) -> list[tuple[float, float]]:
    return [(middle[0] + radius * np.cos(turn), middle[1] + radius * np.sin(turn)) for turn in np.arange(sides) * tau / sides]


def _shrunk(outline: list[tuple[float, float]], share: float) -> list[tuple[float, float]]:
    middle = np.mean(outline, 0)
    return [tuple(middle + share * (np.array(point) - middle)) for point in outline]


def _frustum(name: str, label, middle: tuple[float, float], radii: tuple[float, float], low: float, high: float, sides: int) -> bpy.types.Object:
    """A cone cut off: its radii below and above."""
    return _prism(name, label, _ring(middle, radii[0], sides), low, high, top=_ring(middle, radii[1], sides))


def _cone(name: str, label, foot: Point, radius: float, height: float, sides: int = 7) -> bpy.types.Object:
    x, y, z = foot
    points = [(u, v, z) for u, v in _ring((x, y), radius, sides)] + [(x, y, z + height)]
    return _object(name, label, points, [(i, (i + 1) % sides, sides) for i in range(sides)])


def _tree(name: str, foot: Point, height: float, label: str | bpy.types.Material = "tree") -> None:
    _cone(name, label, foot, 0.26 * height, height)


def _wedge(name: str, label, middle: tuple[float, float], size: tuple[float, float], height: float, turn: float = 0.0) -> bpy.types.Object:
    """A ridge: `size` is its length and width on the ground; its crest is half as long. `turn` in degrees."""
    length, width = size[0] / 2, size[1] / 2
    points = [(-length, -width, 0), (length, -width, 0), (length, width, 0), (-length, width, 0), (-length / 2, 0, height), (length / 2, 0, height)]
    thing = _object(name, label, points, [(0, 1, 5, 4), (2, 3, 4, 5), (1, 2, 5), (3, 0, 4)])
    thing.location, thing.rotation_euler.z = (*middle, 0.0), radians(turn)
    return thing


def _peak(middle: tuple[float, float], radius: float, height: float, cap: float, materials: tuple = ("mountain", "snow")) -> None:
    """A pyramid; the upper share `cap` of its height is of the second material."""
    snow_line = height * (1 - cap)
    _frustum("Mountain", materials[0], middle, (radius, radius * cap), 0.0, snow_line, 5)
    x, y = middle
    _cone("Snow Cap", materials[1], (x, y, snow_line), radius * cap, height * cap, 5)


def _house(foot: Point) -> None:
    """A house of plain parts, joined and kept."""
    x, y, z = foot
    parts = [
        _box("House", "building", (x - 5, y - 3.5, z), (x + 5, y + 3.5, z + 3)),
        _gable("Roof", (x, y, z + 3), (11, 8), 3.0),
        _box("Chimney", "building", (x + 2, y + 0.5, z + 3.5), (x + 2.9, y + 1.4, z + 6.8)),
    ]
    colours = ((0.75, 0.72, 0.66), (0.25, 0.07, 0.05), (0.3, 0.28, 0.26))
    for part, colour in zip(parts, colours):
        material = _plain_material(f"House {part.name}", "building")
        material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = material.diffuse_color = (*colour, 1.0)
        part.data.materials[0] = material
    with bpy.context.temp_override(active_object=parts[0], object=parts[0], selected_objects=parts, selected_editable_objects=parts):
        bpy.ops.object.join()
    _part("assignment").set_keep(bpy.context.scene, parts[0], True)


def _gable(name: str, middle: Point, size: tuple[float, float], height: float) -> bpy.types.Object:
    """A gable roof, its ridge along x."""
    (x, y, z), length, width = middle, size[0] / 2, size[1] / 2
    points = [(x - length, y - width, z), (x + length, y - width, z), (x + length, y + width, z), (x - length, y + width, z),
              (x - length, y, z + height), (x + length, y, z + height)]
    return _object(name, "building", points, [(0, 1, 5, 4), (2, 3, 4, 5), (1, 2, 5), (3, 0, 4), (3, 2, 1, 0)])


def _camera(eye: Point, pitch: float, lens: float) -> None:
    """The scene's camera, looking along +y, `pitch` degrees up."""
    data = bpy.data.cameras.new("Camera")
    data.lens, data.clip_end = lens, 3 * FAR
    camera = bpy.data.objects.new("Camera", data)
    camera.location, camera.rotation_euler = eye, (radians(90 + pitch), 0, 0)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera


def _sun() -> None:
    """A Sun behind the camera's left shoulder."""
    light = bpy.data.lights.new("Sun", "SUN")
    light.energy, light.angle = 4.0, radians(0.53)
    sun = bpy.data.objects.new("Sun", light)
    sun.location, sun.rotation_euler = (-20, -20, 40), (radians(52), 0, radians(-38))
    bpy.context.scene.collection.objects.link(sun)
