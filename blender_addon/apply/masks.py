"""A terrain as numbers for game engines: label masks and a height map on one grid, as PNG files with a JSON file that names everything.

Grids and files only; which objects are meant is `operators/hand_over.py`'s. Nothing in the scene is changed.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..capture import above, extract, look_at
from ..synth_core import files, png
from ..synth_core import labels as label_set
from ..synth_core.holes import nearest_labels
from . import bake, textures

CHANNELS = "RGBA"
STEPS = 65535  # of a 16-bit height


class SurveyError(ValueError):
    """A terrain that can't be put on a grid; the message is one sentence for the user."""


@dataclass(frozen=True, eq=False)
class Survey:
    """A terrain on a grid of S x S pixels.

    labels:  (S, S) uint8, none 0. heights: (S, S) float64, scene units, world z; the lowest where the terrain is not.
    low, high: (3,) float64, corners of its box in the world. layout: "TOP" or "UV".
    From the top, row 0 lies along the largest y and column 0 along the smallest x.
    On the UV map row 0 lies along v = 1 and column 0 along u = 0.
    """

    labels: np.ndarray
    heights: np.ndarray
    low: np.ndarray
    high: np.ndarray
    layout: str


def from_top(context: bpy.types.Context, terrain: bpy.types.Object, others: set[bpy.types.Object], size: int) -> Survey:
    """The terrain's box from straight above: its own heights, and the labels of what of terrain and `others` lies uppermost.

    Raises SurveyError when none of it is seen, or has a label.
    """
    scene, layer = context.scene, context.view_layer
    layer.update()
    parts = extract(scene, layer, layer.depsgraph).parts
    ground = [part for part in parts if part.name == terrain.name and not part.keep]
    if not ground:
        raise SurveyError(f"{terrain.name} has no surface that is painted; select a terrain that renders and is not kept.")
    low, high = _box(ground)
    everything = ground + [part for part in parts if part.name in {obj.name for obj in others - {terrain}}]
    lens = above.lens(low, high, _box(everything)[1][2])
    surface = look_at(ground, lens, size, size)
    uppermost = look_at(everything, lens, size, size).labels if others - {terrain} else surface.labels
    return Survey(_complete(terrain, uppermost), _filled(-lens.view[2, 3] - surface.depth.astype(np.float64)), low, high, "TOP")


def from_uv(context: bpy.types.Context, terrain: bpy.types.Object, size: int) -> Survey:
    """The terrain as its UV map lays it out: what lies where a baked texture has it. Raises SurveyError without a label or a usable map."""
    surfaces = dict(textures.labelled(context, context.scene)).get(terrain)
    if surfaces is None:
        raise SurveyError(f"{terrain.name} has no labelled face; give a material or the object a label.")
    sheet = bake.existing_sheet(context, terrain, surfaces, size)
    if sheet is None:
        raise SurveyError(f"{terrain.name} has no UV map without overlaps; bake a texture first, which makes one, or choose From the Top.")
    texels = np.flatnonzero(sheet.hits >= 0)
    points, _, triangles = bake.places(sheet, texels)
    labels, heights = np.zeros(size * size, np.uint8), np.full(size * size, -np.inf)
    labels[texels], heights[texels] = sheet.labels[triangles], points[:, 2]
    corners = sheet.corners.reshape(-1, 3)
    whole = _complete(terrain, labels.reshape(size, size))
    return Survey(whole, _filled(heights.reshape(size, size)), corners.min(0), corners.max(0), "UV")


def write(survey: Survey, folder: Path, name: str, unit: float) -> list[Path]:
    """Write the survey's files to `folder`, made when missing, and return their paths: height map, masks, and the JSON file that tells
    what is in them. Each appears under its name only once it is whole. unit: metres in a scene unit. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    low, high = float(survey.heights.min()), float(survey.heights.max())
    written = {f"{name}_height.png": png.encode_data(_steps(survey.heights, low, high))}
    ids = np.unique(survey.labels).tolist()
    masks = []
    for number, start in enumerate(range(0, len(ids), len(CHANNELS)), 1):
        group = ids[start:start + len(CHANNELS)]
        masks.append({"file": f"{name}_masks_{number}.png",
                      "channels": {channel: label_set.LABELS[label].name for channel, label in zip(CHANNELS, group)}})
        written[masks[-1]["file"]] = png.encode_data(_mask(survey.labels, group))
    about = {
        "terrain": name, "layout": survey.layout, "size": list(survey.labels.shape[::-1]), "metres_per_unit": unit,
        "world": {axis: [float(survey.low[index]), float(survey.high[index])] for index, axis in enumerate("xyz")},
        "pixels": "centres; row 0 at the largest y, column 0 at the smallest x" if survey.layout == "TOP" else "centres; row 0 at v = 1",
        "height": {"file": f"{name}_height.png", "bits": 16, "low": low, "high": high},
        "masks": masks,
    }
    written[f"{name}_masks.json"] = (json.dumps(about, indent=2) + "\n").encode()
    for file, data in written.items():
        files.write_whole(folder / file, data)
    return [folder / file for file in written]


def _box(parts: list) -> tuple[np.ndarray, np.ndarray]:
    """The corners, (3,) each, of the box around parts in all their places."""
    points = [part.vertices[np.unique(part.triangles)].astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
              for part in parts for matrix in part.matrices]
    return np.min([cloud.min(0) for cloud in points], 0), np.max([cloud.max(0) for cloud in points], 0)


def _complete(terrain: bpy.types.Object, labels: np.ndarray) -> np.ndarray:
    """The labels with every hole taken by the nearest label."""
    if not labels.any():
        raise SurveyError(f"{terrain.name} has no label that can be seen from above; give its materials labels.")
    return np.where(labels, labels, nearest_labels(labels))


def _filled(heights: np.ndarray) -> np.ndarray:
    """Heights with the lowest where there is none."""
    there = np.isfinite(heights)
    return np.where(there, heights, heights[there].min())


def _steps(heights: np.ndarray, low: float, high: float) -> np.ndarray:
    """(S, S) uint16: 0 at `low`, STEPS at `high`."""
    return np.rint((heights - low) / max(high - low, 1e-30) * STEPS).astype(np.uint16)


def _mask(labels: np.ndarray, group: list[int]) -> np.ndarray:
    """(S, S, 4) uint8: 255 in the channel of each pixel's label, if it is in the group."""
    mask = np.zeros((*labels.shape, len(CHANNELS)), np.uint8)
    for channel, label in enumerate(group):
        mask[..., channel] = (labels == label) * np.uint8(255)
    return mask
