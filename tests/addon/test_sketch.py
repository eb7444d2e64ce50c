"""Sketches against exact captures of the same view, and that what has not changed is neither read nor uploaded again."""
from __future__ import annotations

import bpy
import numpy as np
import pytest
from capturing import add, add_camera, make_gpu_context  # noqa: F401  (fixtures)

WIDTH, HEIGHT = 128, 72


@pytest.fixture
def sketches(scene, part, monkeypatch):
    """A Scenery of the sample terrain, and a function that runs steps to their end."""
    bpy.ops.veduta.sample_terrain()
    make_gpu_context()
    monkeypatch.setattr(part("compat"), "gpu_ready", lambda: True)
    scenery = part("capture.sketch").Scenery()
    scenery.gather(scene, bpy.context.view_layer, bpy.context.evaluated_depsgraph_get())
    return scenery


def to_the_end(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def lens_of(part, scene):
    return part("capture.project").camera_lens(scene, bpy.context.evaluated_depsgraph_get(), scene.camera)


def gather(scenery, scene):
    bpy.context.view_layer.update()
    return scenery.gather(scene, bpy.context.view_layer, bpy.context.evaluated_depsgraph_get())


def test_a_sketch_shows_what_a_capture_shows(sketches, scene, part):
    sketch = to_the_end(sketches.steps(lens_of(part, scene), WIDTH, HEIGHT, samples=4))
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, WIDTH, HEIGHT, route="gpu")
    assert (sketch.labels != view.labels).mean() < 2e-3
    assert view.matte.any() and np.abs(sketch.matte - view.matte).max() < 1e-6


def test_many_places_are_drawn_in_portions(sketches, scene, part, monkeypatch):
    lens = lens_of(part, scene)
    whole = to_the_end(sketches.steps(lens, WIDTH, HEIGHT, samples=1))
    monkeypatch.setattr(part("capture.sketch"), "_TRIANGLES", 700)
    monkeypatch.setattr(part("capture.sketch"), "_PIXELS", 999)
    portions = to_the_end(sketches.steps(lens, WIDTH, HEIGHT, samples=1))
    assert np.array_equal(whole.labels, portions.labels) and np.array_equal(whole.matte, portions.matte)


def test_only_what_changed_is_read_again(sketches, scene, part, monkeypatch):
    extract, read = part("capture.extract"), []
    original = extract._read
    monkeypatch.setattr(extract, "_read", lambda obj, *rest: read.append(obj.name) or original(obj, *rest))
    assert not gather(sketches, scene) and not read
    terrain = bpy.data.objects["Terrain"]
    terrain.location.z += 1
    assert gather(sketches, scene) and not read
    sketches.forget({terrain.data.session_uid})
    assert gather(sketches, scene) and read == ["Terrain"]


def test_a_label_that_changes_is_another_picture(sketches, scene, part):
    material = bpy.data.materials["Sample Sand"]
    part("assignment").set_label(scene, material, part("synth_core.labels").BY_NAME["snow"].id)
    assert gather(sketches, scene)
    labels = to_the_end(sketches.steps(lens_of(part, scene), WIDTH, HEIGHT, samples=1)).labels
    assert part("synth_core.labels").BY_NAME["snow"].id in labels


def test_steps_given_up_leave_nothing_bound(sketches, scene, part):
    steps = sketches.steps(lens_of(part, scene), WIDTH, HEIGHT, samples=1)
    for _ in range(4):
        next(steps)
    steps.close()
    to_the_end(sketches.steps(lens_of(part, scene), WIDTH, HEIGHT, samples=1))


def test_an_empty_scene_is_refused_as_paint_refuses_it(scene, part, monkeypatch):
    make_gpu_context()
    scenery = part("capture.sketch").Scenery()
    gather(scenery, scene)
    add_camera(scene)
    with pytest.raises(part("capture").CaptureError, match="nothing to paint"):
        next(scenery.steps(lens_of(part, scene), WIDTH, HEIGHT, samples=1))
    add(part, scene, "cube", "")
    gather(scenery, scene)
    with pytest.raises(part("capture").CaptureError, match="Nothing has a label"):
        next(scenery.steps(lens_of(part, scene), WIDTH, HEIGHT, samples=1))
