"""The painter judged on clean Blender maps: every scene of `scenes.py`, its label map and its painting side by side on one sheet.

    python scripts/blockout_sheet.py OUT [--size 384x256] [--seed 7]

Run in the Python of an environment with Blender and ONNX Runtime (`build.py demo` makes one). Leaves OUT/blockouts.png, two scenes a row in
the order printed, and OUT/NAME_labels.png, OUT/NAME_painting.png.
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.demo import MODULE, part, quiet, start_blender, step  # noqa: E402  (found by the line above)

NAMES = ("sample", "house_on_hill", "game_level", "coast", "alpine_lake", "desert", "forest_river", "snow_field")
_COLUMNS, _GAP = 2, 8  # scenes a row; pixels between cells


def paint(bpy, name: str, size: tuple[int, int], seed: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Build the scene in an empty file, capture and paint it: its label map in the labels' colours and its painting, (H, W, 3) uint8 each."""
    from scripts import scenes

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)
    builder = getattr(scenes, name)
    builder(folder) if name == "game_level" else builder()
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = size
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, *size)
    request, results = part("synth_core.request").Request(view.labels, seed), []
    part("painting").start(request, results.append)
    part("painting").wait()
    colours = np.array([label.colour for label in part("synth_core.labels").LABELS], np.uint8)
    return colours[view.labels], results[0].picture


def sheet(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """All pairs as one picture, (H, W, 3) uint8."""
    cells = [np.concatenate([_framed(picture) for picture in pair], 1) for pair in pairs]
    return np.concatenate([np.concatenate(cells[at : at + _COLUMNS], 1) for at in range(0, len(cells), _COLUMNS)])


def _framed(picture: np.ndarray) -> np.ndarray:
    return np.pad(picture, ((_GAP, 0), (_GAP, 0), (0, 0)), constant_values=255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="384x256", help="of each cell, WIDTHxHEIGHT (default 384x256)")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    pairs = []
    with tempfile.TemporaryDirectory(prefix="veduta-sheet-") as folder:
        with quiet():
            bpy = start_blender(Path(folder))
        encode = part("synth_core.png").encode
        for name in NAMES:
            with step(name), quiet():
                pairs.append(paint(bpy, name, (width, height), options.seed, Path(folder)))
            for kind, picture in zip(("labels", "painting"), pairs[-1]):
                (out / f"{name}_{kind}.png").write_bytes(encode(picture))
        bpy.ops.preferences.addon_disable(module=MODULE)
        (out / "blockouts.png").write_bytes(encode(sheet(pairs)))
    print(out / "blockouts.png")


if __name__ == "__main__":
    main()
