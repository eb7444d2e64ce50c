"""The preferences' list of weights in a real window: some are installed from zips, one paints, is removed, and Veduta's own paint again.

    blender --factory-startup --python tests/window/weights.py -- OUT

OUT must hold one or more zips of weights (`python -m synth_core train --from ... --zip`). Leaves OUT/preferences_weights.png and others.
"""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

import story as shared  # noqa: E402  (the file beside this one, found by the line above)
from story import MODULE, Step, check, empty_file, has_backdrop, idle, part, photograph, press, problem, run, show_tab, unfold, viewport  # noqa: E402


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    shared.PATIENCE = 120.0  # a machine that draws in software
    bpy.ops.preferences.addon_enable(module=MODULE)
    unfold("VEDUTA_PT_look", "VEDUTA_PT_history")
    empty_file()
    press("veduta.sample_terrain")
    settings = bpy.context.scene.veduta
    settings.use_render_size, settings.width, settings.height = False, 640, 360
    yield from show_tab()
    press("veduta.paint")
    yield idle
    installed = part("installed")
    for path in sorted(out.glob("*.zip")):
        bpy.ops.veduta.install_weights(filepath=str(path))
    entries = installed.entries()
    check("the zips are installed beside Veduta's own", len(entries) == 1 + len(list(out.glob("*.zip"))) > 1)
    chosen = entries[1]
    bpy.ops.veduta.choose_weights(key=chosen.key)
    press("veduta.paint")
    yield idle
    check("the chosen weights paint", has_backdrop() and not problem())
    newest, first = part("history").paintings()
    check("and are the recipe's", part("history").summary(newest).weights == chosen.weights.sha256)
    settings.look.source = "LOOK"
    names, thumbnails = part("looks").names(bpy.context.scene), part("thumbnails")
    yield lambda: all(thumbnails.icon(bpy.context.scene, name) for name in names)
    settings.history.painting = first.name
    yield from photograph(out, "weights_other")
    yield from preferences(out)
    bpy.ops.veduta.remove_weights(key=chosen.key)
    check("removed, they are gone", chosen.key not in [entry.key for entry in installed.entries()] and not chosen.weights.folder.exists())
    settings.look.source = "SEED"
    press("veduta.reproduce", painting=first.name)
    yield idle
    pictures = [bytes(image.packed_file.data) for image in (part("history").paintings()[0], first)]
    check("Veduta's own paint the same bytes again", pictures[0] == pictures[1] and not problem())


def preferences(out: Path) -> Iterator[Step]:
    with bpy.context.temp_override(**viewport()):
        bpy.ops.preferences.addon_show(module=MODULE)
    yield 2.0
    move = "xdotool search --name Preferences windowmove 300 100 windowsize 900 850"  # it opens half outside the screen
    subprocess.Popen(["sh", "-c", move])
    yield 2.0
    yield from photograph(out, "preferences_weights")


run(story)
