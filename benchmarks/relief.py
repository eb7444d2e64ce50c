"""How far a painting's light follows the scene's, before and after relief, and how long relief takes.

    python benchmarks/relief.py [FOLDER]

Run with a Python that has bpy. Paints the sample terrain and the alpine lake at 1024x576 with the shipped weights, and prints for each
label with slopes the correlation of the painted luminance with the scene's own sun shading (the cosine between the flat faces' normals
and the Sun, not smoothed) over the label's pixels: as painted, at the default amounts, and with shading alone at 1. Then the seconds of each effect
and of all, the best of three in one process, at 1024x576 and at 4096x2304 with the memory it took. With FOLDER the pictures are left there.
"""
from __future__ import annotations

import importlib
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import demo  # noqa: E402  (the repository's script, found by the line above)

WIDTH, HEIGHT = 1024, 576
LABELS = ("mountain", "rock", "snow", "tree", "grass")
FEWEST = 500  # pixels of a label worth a correlation


def main(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="veduta-benchmark-") as resources:
        with demo.quiet():
            bpy = demo.start_blender(Path(resources))
        for name in ("sample", "alpine_lake"):
            with demo.quiet():
                bpy.ops.wm.read_factory_settings(use_empty=True)
                bpy.ops.preferences.addon_enable(module=demo.MODULE)
                getattr(importlib.import_module("scenes"), name)()  # which imports bpy, and so only after it has started
                picture, view, relief = painted(bpy)
            print(f"\n{name}: correlation of painted luminance with the scene's sun shading")
            show(name, picture, view, relief, folder)
            if name == "sample":
                clock(picture, relief)
        bpy.ops.preferences.addon_disable(module=demo.MODULE)


def painted(bpy):
    """The unlit painting of the scene's camera, its view and its relief at the default amounts."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = WIDTH, HEIGHT, 100
    bpy.context.view_layer.update()
    bpy.ops.veduta.paint()
    reliefs, image = part("relief"), part("apply.backdrop").active_painting(scene)
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, WIDTH, HEIGHT)
    relief = reliefs.of_view(scene, bpy.context.view_layer, view, reliefs.amounts(scene))
    return part("apply.viewport").picture(reliefs.unlit(image)), view, relief


def show(name: str, picture: np.ndarray, view, relief, folder: Path | None) -> None:
    core = part("synth_core.relief")
    off = dict.fromkeys(("shading", "haze", "reflection", "shadow"), 0.0)
    shaded = core.apply(picture, replace(relief, **off | {"shading": 1.0}))
    versions = {"painted": picture, "default": core.apply(picture, relief), "shading 1": shaded}
    print(f"{'':12}" + "".join(f"{version:>12}" for version in versions))
    sunny = np.maximum(view.normal @ view.suns[0].direction, 0)
    for label in LABELS:
        here = view.labels == part("synth_core.labels").BY_NAME[label].id
        if np.count_nonzero(here) >= FEWEST:
            figures = [np.corrcoef(luminance(version)[here], sunny[here])[0, 1] for version in versions.values()]
            print(f"{label:12}" + "".join(f"{figure:12.3f}" for figure in figures))
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for version, pixels in versions.items():
            (folder / f"{name}_{version.replace(' ', '_')}.png").write_bytes(part("synth_core.png").encode(pixels))


def clock(picture: np.ndarray, relief) -> None:
    """Print how long each effect takes."""
    core = part("synth_core.relief")
    off = dict.fromkeys(("shading", "haze", "reflection", "shadow"), 0.0)
    print(f"\nseconds at {WIDTH}x{HEIGHT}, best of three")
    for effect in (*off, "all"):
        amounts = off | {effect: 0.5} if effect in off else dict.fromkeys(off, 0.5)
        print(f"{effect:12}{seconds(lambda: core.apply(picture, replace(relief, **amounts)), 3):12.2f}")
    large = replace(relief, **{name: enlarged(getattr(relief, name)) for name in ("labels", "depth", "slopes", "shade")})
    big = enlarged(picture)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = seconds(lambda: core.apply(big, large), 1)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"all at {4 * WIDTH}x{4 * HEIGHT}: {took:.1f} s, {more:.0f} MiB above the {big.nbytes / 2**20:.0f} MiB picture and its maps")


def enlarged(field: np.ndarray) -> np.ndarray:
    return np.repeat(np.repeat(field, 4, 0), 4, 1)


def seconds(work, times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def luminance(picture: np.ndarray) -> np.ndarray:
    light = part("synth_core.light")
    return light.TO_LINEAR[picture] @ light.LUMINANCE


def part(name: str):
    return importlib.import_module(f"{demo.MODULE}.{name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
