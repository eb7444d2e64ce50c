"""Export Frames: a frame's file holds what painting that frame asks for, and the scene stands where it stood."""
from __future__ import annotations

import os
import subprocess
import sys

import bpy
import numpy as np
import pytest

SIZE = (96, 64)


@pytest.fixture
def drive(scene, part):
    """A labelled plane that a camera moves along, frames 1 to 4."""
    bpy.ops.mesh.primitive_plane_add(size=20)
    bpy.ops.veduta.assign_label(label="SAND", target="MATERIAL")
    bpy.ops.object.camera_add(location=(0, -12, 3), rotation=(1.4, 0, 0))
    scene.camera = bpy.context.object
    for frame, x in ((1, 0), (4, 3)):
        scene.camera.location.x = x
        scene.camera.keyframe_insert("location", frame=frame)
    scene.veduta.use_render_size = False
    scene.veduta.width, scene.veduta.height = SIZE
    scene.frame_start, scene.frame_end = 1, 4
    scene.frame_set(2)
    return scene


def test_every_frame_gets_a_file_with_its_own_request(drive, part, tmp_path):
    assert bpy.ops.veduta.export_frames(folder=str(tmp_path / "out")) == {"FINISHED"}
    assert sorted(os.listdir(tmp_path / "out")) == [f"frame_{number:04d}.vframe" for number in (1, 2, 3, 4)]
    assert drive.frame_current == 2 and not bpy.data.images
    requests = [part("synth_core.frames").load(tmp_path / "out" / f"frame_{number:04d}.vframe").request for number in (1, 4)]
    for number, request in zip((1, 4), requests):
        drive.frame_set(number)
        _, recipe, relief = part("frames").captured(bpy.context, drive.camera, 1)
        expected = part("frames").request(recipe, relief)
        assert np.array_equal(request.labels, expected.labels) and np.array_equal(request.anchors.point, expected.anchors.point)
        assert request.seed == 1 and request.texts == expected.texts and np.array_equal(request.relief.depth, expected.relief.depth)
    assert not np.array_equal(requests[0].anchors.point, requests[1].anchors.point)


def test_a_range_and_the_scenes_step(drive, tmp_path):
    drive.frame_step = 2
    bpy.ops.veduta.export_frames(folder=str(tmp_path), start=1, end=4)
    assert sorted(os.listdir(tmp_path)) == ["frame_0001.vframe", "frame_0003.vframe"]


def test_no_best_of_several_is_chosen_frame_by_frame(drive, part, tmp_path):
    drive.veduta.variations.best_of = 3
    bpy.ops.veduta.export_frames(folder=str(tmp_path), start=1, end=1)
    assert part("synth_core.frames").load(tmp_path / "frame_0001.vframe").request.best_of == 1


def test_frames_know_the_weights_that_are_chosen(drive, part, tmp_path):
    bpy.ops.veduta.export_frames(folder=str(tmp_path), start=1, end=1)
    captured = part("synth_core.frames").load(tmp_path / "frame_0001.vframe")
    assert captured.weights == part("installed").sha256() and len(captured.weights) == 64


def test_in_a_saved_file_frames_go_beside_it(drive, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.veduta.export_frames(start=1, end=1)
    assert os.listdir(tmp_path / "veduta" / "Scene_Camera") == ["frame_0001.vframe"]


@pytest.mark.parametrize("given, words", [
    ({"start": 3, "end": 2}, "must not come after"),
    ({}, "was never saved"),
    ({"folder": "{file}/frames"}, "can't be written"),
])
def test_what_cant_be_exported_is_told(drive, tmp_path, given, words):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.veduta.export_frames(**{key: value.format(file=tmp_path / "file") if isinstance(value, str) else value
                                        for key, value in given.items()})
    assert drive.frame_current == 2


def test_a_frame_that_cant_be_captured_leaves_the_scene_where_it_stood(drive, tmp_path):
    drive.camera = None
    with pytest.raises(RuntimeError, match="camera"):
        bpy.ops.veduta.export_frames(folder=str(tmp_path))
    assert drive.frame_current == 2 and os.listdir(tmp_path) == []


def test_paint_batch_paints_the_same_files_as_paint_frames(drive, package, tmp_path):
    """A kept box stands before the painting: it is cut out of both."""
    bpy.ops.mesh.primitive_cube_add(location=(0, 0, 1))
    bpy.context.object.veduta.keep = True
    bpy.ops.veduta.paint_frames(folder=str(tmp_path / "here"), start=1, end=2)
    bpy.ops.veduta.export_frames(folder=str(tmp_path / "there"), start=1, end=2)
    subprocess.run([sys.executable, "-m", "synth_core", "paint-batch", str(tmp_path / "there")], check=True, cwd=package)
    for name in ("frame_0001.png", "frame_0002.png"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()
