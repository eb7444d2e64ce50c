"""Looks, variations and history in a real window: thumbnails that come by themselves, a grid to pick from, every painting at hand.

    blender --factory-startup --python tests/window/looks.py -- OUT
"""
from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from story import (  # noqa: E402  (the file beside this one, found by the line above)
    BLOCKED, MODULE, Step, check, empty_file, has_backdrop, idle, part, photograph, press, problem, run, show_tab, undo, unfold, viewport,
)


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    bpy.ops.preferences.addon_enable(module=MODULE)
    unfold("VEDUTA_PT_look", "VEDUTA_PT_variations", "VEDUTA_PT_history")
    empty_file()
    press("veduta.sample_terrain")
    settings = bpy.context.scene.veduta
    settings.use_render_size, settings.width, settings.height = False, 640, 360
    yield from show_tab()
    yield from look(out)
    yield from variations(out)
    yield from history(out)
    yield from enlarged(out)


def look(out: Path) -> Iterator[Step]:
    settings, looks, thumbnails = bpy.context.scene.veduta.look, part("looks"), part("thumbnails")
    names = looks.names(bpy.context.scene)
    settings.source = "BLEND"
    yield lambda: all(thumbnails.icon(bpy.context.scene, name) for name in names)
    check("every look has its thumbnail", not thumbnails.problem())
    press("veduta.add_label_look")
    yield from photograph(out, "look")
    settings.labels.clear()
    settings.source = "LOOK"
    press("veduta.paint")
    yield idle
    check("a painting in a look", has_backdrop() and not problem())
    settings.source = "SEED"


def variations(out: Path) -> Iterator[Step]:
    painting, ticks = part("painting"), []
    step = painting.step

    def timed() -> bool:
        began = time.perf_counter()
        goes_on = step()
        ticks.append(time.perf_counter() - began)
        return goes_on

    press("veduta.remove_backdrop")
    painting.step = timed
    press("veduta.paint_variations")
    yield lambda: idle() or painting.current().place == 3
    yield from photograph(out, "variations_during")
    yield idle
    painting.step = step
    print(f"     the longest tick took {max(ticks) * 1000:.0f} ms", flush=True)
    check("no tick held the interface up", max(ticks) <= BLOCKED)
    seeds = part("variations").found(bpy.context.scene)
    check("four variations, and nothing is put up", len(seeds) == 4 and not has_backdrop() and not problem())
    yield from photograph(out, "variations")
    former = bpy.context.scene.veduta.seed
    press("veduta.pick_variation", seed=str(seeds[2]))
    yield idle
    check("the one picked is put up, and its seed is the scene's", has_backdrop() and bpy.context.scene.veduta.seed == str(seeds[2]))
    undo()
    yield 0.3
    check("one step of undo takes both back", not has_backdrop() and bpy.context.scene.veduta.seed == former)
    with bpy.context.temp_override(**viewport()):
        bpy.ops.ed.redo()
    yield 0.3


def history(out: Path) -> Iterator[Step]:
    history = part("history")
    newest, first = history.paintings()
    check("the history lists both paintings", has_backdrop())
    press("veduta.favourite_painting", painting=first.name)
    bpy.context.scene.veduta.history.painting = first.name
    press("veduta.apply_painting", painting=first.name)
    check("the first is put up again", part("apply.backdrop").active_painting(bpy.context.scene) == first)
    part("variations").forget()  # they would push the panel out of the window
    yield 1.0  # the panels slide to their new places
    yield from photograph(out, "history")
    names = [first.name, newest.name]
    press("veduta.delete_painting", painting=names[0])
    check("a deleted painting is gone, and the backdrop with it", names[0] not in bpy.data.images and not has_backdrop())
    undo()
    yield 0.3
    check("one step of undo brings both back", names[0] in bpy.data.images and has_backdrop())
    check("with its picture", bpy.data.images[names[0]].packed_file is not None)


def enlarged(out: Path) -> Iterator[Step]:
    """The grid in its pop-up, last of all: nothing but a key or the mouse closes it again."""
    press("veduta.paint_variations")
    yield idle
    with bpy.context.temp_override(**viewport()):
        bpy.ops.wm.call_panel(name="VEDUTA_PT_variations_enlarged", keep_open=True)
    yield from photograph(out, "variations_enlarged")


run(story)
