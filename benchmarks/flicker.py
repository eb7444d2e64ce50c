"""Flicker: how much a place's colour changes from one frame of a dolly over the sample terrain to the next.

    python benchmarks/flicker.py [FRAMES]        (a Python that has Blender's module and ONNX Runtime; 4 frames by itself)

Compared, with the same style throughout: noise anchored in the world; the same noise on the screen in every frame; and every frame painted
alone with noise of its own. The figure is the mean absolute difference (of 255) between frame t, moved to t+1 by the true motion of every
pixel's place, and frame t+1; what frame t did not show is left out. Nothing is blended over time.
"""
from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import build  # noqa: E402  (the repository's build.py, found by the line above)

MODULE = "bl_ext.user_default.veduta"
WIDTH, HEIGHT = 1024, 576
STEP = np.array((0.1, 0.4, 0.0))  # metres a frame: 36 km/h at 24 frames a second
SAME = 0.02  # depths closer than this share are the same surface


def capture_shot(count: int, resources: Path) -> tuple[list, list]:
    """The Views and the Anchors of `count` frames."""
    os.environ["BLENDER_USER_RESOURCES"] = str(resources)  # read once, when bpy is imported
    build.stage(resources / "extensions" / "user_default" / "veduta")
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)
    capture = importlib.import_module(f"{MODULE}.capture")
    bpy.ops.veduta.sample_terrain()
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    start, views = np.array(scene.camera.location), []
    for frame in range(count):
        scene.camera.location = start + frame * STEP
        views.append(capture.capture(scene, bpy.context.view_layer, scene.camera, WIDTH, HEIGHT))
    return views, [capture.anchors(view) for view in views]


def motion(before, now) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every pixel of the View `now`: the column and the row at which `before` shows its place (H, W), and whether it does (H, W)."""
    sky, lens = ~np.isfinite(now.depth), before.lens
    place = np.where(sky[..., None], now.lens.horizon(WIDTH, HEIGHT), now.position)
    seen = place @ lens.view[:3, :3].T + np.where(sky[..., None], 0, lens.view[:3, 3])
    depth = -seen[..., 2]
    column = (seen[..., 0] / depth - lens.left) / (lens.right - lens.left) * WIDTH - 0.5
    row = (lens.top - seen[..., 1] / depth) / (lens.top - lens.bottom) * HEIGHT - 0.5
    inside = (column >= 0) & (row >= 0) & (column <= WIDTH - 1) & (row <= HEIGHT - 1)
    there = before.depth[np.clip(np.rint(row), 0, HEIGHT - 1).astype(int), np.clip(np.rint(column), 0, WIDTH - 1).astype(int)]
    with np.errstate(invalid="ignore"):
        same = np.where(sky, ~np.isfinite(there), np.abs(there - depth) < SAME * depth)
    return column, row, inside & same


def moved(picture: np.ndarray, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) read at (H, W) places between its pixels, bilinearly."""
    left, top = (np.clip(at, 0, side - 2).astype(int) for at, side in ((column, WIDTH), (row, HEIGHT)))
    x, y = (np.clip(column, 0, WIDTH - 1) - left)[..., None], (np.clip(row, 0, HEIGHT - 1) - top)[..., None]
    picture = picture.astype(np.float32)
    upper = picture[top, left] * (1 - x) + picture[top, left + 1] * x
    return upper * (1 - y) + (picture[top + 1, left] * (1 - x) + picture[top + 1, left + 1] * x) * y


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="veduta-flicker-") as resources:
        views, anchors = capture_shot(count, Path(resources))
    from synth_core.painter import Painter
    from synth_core.request import Request
    from synth_core.styles import Styles

    flow = [motion(*pair) for pair in zip(views, views[1:])]
    painter, style = Painter(ROOT / "weights"), Styles(ROOT / "weights").drawn(1)
    ways = {
        "noise anchored in the world": lambda frame: {"seed": 1, "anchors": anchors[frame]},
        "the same noise on the screen": lambda frame: {"seed": 1},
        "each frame alone": lambda frame: {"seed": 1 + frame},
    }
    figures = {}
    for name, way in ways.items():
        pictures = [painter.paint(Request(view.labels, style=style, **way(frame))).picture for frame, view in enumerate(views)]
        changes = [np.abs(moved(pictures[i], column, row) - pictures[i + 1])[seen].mean() for i, (column, row, seen) in enumerate(flow)]
        sharpness = np.abs(np.diff(pictures[0].astype(np.float32), axis=1)).mean()
        figures[name] = float(np.mean(changes))
        print(f"{name:30} {figures[name]:6.2f} of 255   (sharpness: neighbours differ by {sharpness:.2f})", flush=True)
    anchored, screen, alone = figures.values()
    print(f"{count} frames of {WIDTH} x {HEIGHT}, {np.mean([seen.mean() for *_, seen in flow]):.1%} of the pixels compared")
    print(f"anchored / each alone: {anchored / alone:.3f} (target 0.333); same screen noise / each alone: {screen / alone:.3f}")


if __name__ == "__main__":
    main(max(2, int(sys.argv[1])) if len(sys.argv) > 1 else 4)
