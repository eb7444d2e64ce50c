"""Paint from a script: what it refuses and how, what it delivers, and what becomes of it when the painter or the scene gets lost meanwhile.

What a press of the button does in a window (timers, progress, undo) is shot and checked in tests/window.
"""
from __future__ import annotations

import os
import signal
import sys
import time

import bpy
import numpy as np
import pytest

SIZE = (96, 64)
PATIENCE = 60.0  # seconds


def press(part) -> None:
    """Start Paint as its button does; in background no timer follows, so the test steps."""
    painting = part("painting")
    paint = part("operators.paint").VEDUTA_OT_paint
    paint.begin(None, bpy.context)
    assert painting.current() is not None


def step_until(part, done) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        part("painting").step()
        time.sleep(0.01)


def to_the_end(part) -> None:
    step_until(part, lambda: part("painting").current() is None)


def backdrop_image(part):
    return part("apply.backdrop").active_painting(bpy.context.scene)


def test_paint_blocks_and_delivers(beach, part):
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    assert tuple(backdrop_image(part).size) == SIZE
    assert part("painting").current() is None and part("painting").problem() is None


def test_the_seed_decides_the_picture(beach, part):
    pictures = []
    for seed in ("1", "2", "1"):
        beach.veduta.seed = seed
        bpy.ops.veduta.paint()
        pictures.append(backdrop_image(part).packed_file.data)
    assert pictures[0] == pictures[2] != pictures[1]


def test_the_dice_throws_another_seed(beach):
    seeds = {beach.veduta.seed}
    for _ in range(3):
        bpy.ops.veduta.dice_seed()
        seeds.add(beach.veduta.seed)
    assert len(seeds) > 2 and all(seed.isdigit() for seed in seeds)


def test_the_size_is_the_renders_but_at_most_1024(beach, part):
    size = part("operators.paint").size
    beach.veduta.use_render_size = True
    beach.render.resolution_x, beach.render.resolution_y, beach.render.resolution_percentage = 1920, 1080, 100
    assert size(beach) == (1024, 576)
    beach.render.resolution_percentage = 25
    assert size(beach) == (480, 270)
    beach.veduta.use_render_size = False
    assert size(beach) == SIZE


@pytest.mark.parametrize("seed", ["ten", "", "1.5", "-1", str(1 << 63)])
def test_a_seed_that_is_none_is_refused(beach, part, seed):
    beach.veduta.seed = seed
    with pytest.raises(RuntimeError, match="seed"):
        bpy.ops.veduta.paint()
    assert "seed" in part("painting").problem().message


def test_no_camera(beach):
    bpy.data.objects.remove(beach.camera)
    with pytest.raises(RuntimeError, match="camera"):
        bpy.ops.veduta.paint()


def test_an_empty_scene_offers_the_sample_terrain(beach, part):
    bpy.data.objects.remove(beach.objects["Plane"])
    with pytest.raises(RuntimeError, match="nothing to paint"):
        bpy.ops.veduta.paint()
    assert part("painting").problem().operator == "veduta.sample_terrain"
    bpy.ops.veduta.dismiss()
    assert part("painting").problem() is None


def test_labels_make_way_for_the_painting(beach, part):
    bpy.ops.veduta.show_labels()
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    assert not part("operators.show_labels").is_shown(beach)


def test_a_scene_without_a_label_offers_guesses_and_they_take_the_message_away(beach, part):
    """Where surfaces are but no label is, Guess Labels helps, not the sample terrain."""
    for material in bpy.data.materials:
        part("assignment").set_label(beach, material, 0)
    with pytest.raises(RuntimeError, match="Nothing has a label"):
        bpy.ops.veduta.paint()
    assert part("painting").problem().operator == "veduta.guess_labels"
    bpy.ops.veduta.guess_labels()
    bpy.ops.veduta.apply_guess()
    assert part("painting").problem() is None
    assert bpy.ops.veduta.paint() == {"FINISHED"}


def test_no_label_anywhere(beach, part):
    beach.objects["Plane"].active_material.veduta.label = "NONE"
    with pytest.raises(RuntimeError, match="label"):
        bpy.ops.veduta.paint()
    assert backdrop_image(part) is None


def test_one_painting_at_a_time(beach, part):
    press(part)
    assert not bpy.ops.veduta.paint.poll()
    with pytest.raises(part("painting").PaintingError, match="already under way"):
        press(part)
    to_the_end(part)
    assert backdrop_image(part) is not None


def test_a_chain_is_one_painting_to_those_who_wait(beach, part):
    painting, request = part("painting"), part("synth_core.request")
    labels, done = np.full((64, 64), 9, np.uint8), []

    def begin(place: int) -> None:
        painting.start(request.Request(labels, place), deliver, place, 3)
        told.append((painting.current().progress, painting.current().message))

    def deliver(result) -> None:
        done.append(result)
        if len(done) < 3:
            begin(len(done) + 1)

    told = []
    begin(1)
    painting.wait()
    assert len(done) == 3 and painting.current() is None
    assert [round(progress, 3) for progress, _ in told] == [0, 0.333, 0.667] and "2 of 3" in told[1][1]


def test_cancel_puts_nothing_up(beach, part):
    assert not bpy.ops.veduta.cancel.poll()
    press(part)
    bpy.ops.veduta.cancel()
    assert part("painting").current() is None and part("painting").problem() is None
    assert bpy.ops.veduta.paint() == {"FINISHED"}  # the same child paints on
    assert backdrop_image(part) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_painter_is_explained_and_replaced(beach, part):
    press(part)
    os.kill(part("service").session()._client._process.pid, signal.SIGKILL)
    to_the_end(part)
    assert "ended unexpectedly" in part("painting").problem().message
    assert "Paint again" in part("painting").problem().mend
    assert bpy.ops.veduta.paint() == {"FINISHED"}


def test_a_camera_deleted_meanwhile_is_explained(beach, part):
    press(part)
    bpy.data.objects.remove(beach.camera)
    to_the_end(part)
    assert "camera was deleted" in part("painting").problem().message
    assert not bpy.data.images


def test_another_file_opened_meanwhile_gets_no_painting(beach, part, tmp_path):
    path = str(tmp_path / "beach.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    press(part)
    bpy.ops.wm.open_mainfile(filepath=path)  # the same names, and yet another scene
    to_the_end(part)
    assert "is gone" in part("painting").problem().message
    assert backdrop_image(part) is None


def test_renaming_scene_and_camera_meanwhile_does_no_harm(beach, part):
    press(part)
    beach.name, beach.camera.name = "Shore", "Eye"
    to_the_end(part)
    assert backdrop_image(part) is not None


def test_disabling_ends_the_painters_process(beach, part, veduta):
    press(part)
    process = part("service").session()._client._process
    bpy.ops.preferences.addon_disable(module=veduta.__name__)
    assert process.poll() is not None


def test_the_threads_of_the_preferences_reach_the_painter(beach, part, veduta):
    preferences = bpy.context.preferences.addons[veduta.__name__].preferences
    bpy.ops.veduta.paint()
    first = part("service").session()._client._process
    preferences.threads = 1
    assert first.poll() is not None
    try:
        bpy.ops.veduta.paint()
        assert "threads: 1" in part("service").log_path().read_text()
    finally:
        preferences.threads = 0
