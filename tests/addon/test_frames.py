"""Painted frames: each a file of its own that no other frame, order or worker changes; shown as a backdrop that follows the timeline; what
cameras see; and the command line, with two workers at once."""
from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from capturing import add, add_camera  # noqa: F401  (a fixture)

SIZE = (64, 64)
PATIENCE = 60.0  # seconds


@pytest.fixture
def shot(scene, part, tmp_path):  # noqa: F811
    """A kept box on grass before a mountain; the camera moves two metres a frame, from frame 1 to 3; painted at SIZE, saved in tmp_path."""
    add(part, scene, "plane", "grass", size=200)
    add(part, scene, "cone", "mountain", radius1=9, depth=12, location=(0, 20, 5))
    add(part, scene, "cube", "", size=2, location=(0, 0, 1))
    part("assignment").set_keep(scene, bpy.context.object, True)
    camera = add_camera(scene, location=(-1, -14, 4), rotation=(1.4, 0, 0))
    for frame in (1, 3):
        camera.location.x = 2 * frame - 4
        camera.keyframe_insert("location", index=0, frame=frame)
    scene.frame_start, scene.frame_end = 1, 3
    scene.frame_set(2)
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = *SIZE, 100
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    return bpy.context.scene


def folder(tmp_path: Path) -> Path:
    return tmp_path / "veduta" / "Scene_Camera"


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in folder(tmp_path).iterdir()) if folder(tmp_path).exists() else []


def pixels(path: Path) -> np.ndarray:
    """(H, W, 4) uint8 of a picture file, row 0 at the top."""
    image = bpy.data.images.load(str(path), check_existing=False)
    image.alpha_mode = "CHANNEL_PACKED"
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    shape = (image.size[1], image.size[0], 4)
    bpy.data.images.remove(image)
    return np.rint(values.reshape(shape)[::-1] * 255).astype(np.uint8)


def step_until(part, done) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        part("painting").step()
        time.sleep(0.01)


def check_frame(scene, tmp_path: Path, number: int) -> None:
    """The scene renders frame `number`'s file where that is opaque, and the kept box where its own render is, not both."""
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.filter_width = "CYCLES", 1, False, 0.01
    scene.render.image_settings.file_format, scene.render.filepath = "PNG", str(tmp_path / "render.png")
    bpy.ops.render.render(write_still=True)
    shown, file = pixels(tmp_path / "render.png"), pixels(folder(tmp_path) / f"frame_{number:04d}.png")
    off = np.abs(shown[..., :3].astype(int) - file[..., :3]).max(-1)
    if number == scene.frame_current:
        scenery, held = file[..., 3] == 255, file[..., 3] == 0
        assert 0.9 < scenery.mean() < 0.99 and held.any()
        assert off[scenery].max() <= 2 and off[held].min() > 2
    else:  # a file held on from an earlier frame: the box has moved on from where it is cut out
        assert np.median(off) <= 1


def test_frames_are_painted_shown_and_taken_away(shot, part, tmp_path):
    assert bpy.ops.veduta.paint_frames(end=2) == {"FINISHED"}
    assert names(tmp_path) == ["frame_0001.png", "frame_0002.png"]  # no lock and no unfinished file is left
    assert shot.frame_current == 2 and shot.camera.name == "Camera"
    ground = shot.objects["Plane"]
    assert not ground.visible_camera
    entry, = shot.camera.data.background_images
    assert entry.image.source == "SEQUENCE" and entry.image.alpha_mode == "STRAIGHT"
    assert bpy.path.abspath(entry.image.filepath) == str(folder(tmp_path) / "frame_0001.png")
    for frame in (1, 2):
        shot.frame_set(frame)
        check_frame(shot, tmp_path, frame)
    bpy.ops.veduta.remove_backdrop()
    assert ground.visible_camera and not shot.camera.data.background_images and not shot.camera.data.animation_data
    assert not [image for image in bpy.data.images if image.source == "SEQUENCE"]


def test_any_order_gives_the_same_frames(shot, part, tmp_path):
    bpy.ops.veduta.paint_frames(start=1, end=2)
    first = [(folder(tmp_path) / name).read_bytes() for name in names(tmp_path)]
    for frame in (2, 1):
        bpy.ops.veduta.paint_frames(start=frame, end=frame, skip_existing=False, folder=str(tmp_path / "other"))
    again = [path.read_bytes() for path in sorted((tmp_path / "other").glob("*.png"))]
    assert first == again
    recipe = part("recipe").loads(texts_of(first[0]))
    assert recipe.camera == "Camera" and recipe.anchors is None and len(first[0]) < 40_000  # what the scene gives again is in no file


def texts_of(png: bytes) -> str:
    """The recipe in a PNG's iTXt chunk."""
    import zlib

    start = png.index(b"iTXtVeduta recipe\0") - 4
    length = int.from_bytes(png[start:start + 4], "big")
    chunk = png[start + 8:start + 8 + length]
    flag, text = chunk[len(b"Veduta recipe") + 1], chunk[len(b"Veduta recipe") + 5:]
    return (zlib.decompress(text) if flag else text).decode()


def test_a_step_holds_each_frame_until_the_next(shot, tmp_path):
    shot.frame_step = 2
    bpy.ops.veduta.paint_frames()
    assert names(tmp_path) == ["frame_0001.png", "frame_0003.png"]
    user = shot.camera.data.background_images[0].image_user
    for frame, file in ((1, 1), (2, 1), (3, 3)):
        shot.frame_set(frame)
        check_frame(shot, tmp_path, file)
        shown = shot.camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.background_images[0].image_user
        assert frame - user.frame_start + 1 + shown.frame_offset == file
    bpy.ops.veduta.remove_backdrop()
    assert not shot.camera.data.animation_data


def test_the_button_goes_frame_by_frame_can_be_cancelled_and_goes_on(shot, part, tmp_path):
    frames = part("operators.frames")
    begin = {**frames.asked_for(shot), "show": True}
    frames.begin(bpy.context, **begin)
    assert part("painting").current().message.endswith("frame 1 of 3") and shot.frame_current == 2
    step_until(part, lambda: part("painting").current().place == 2)
    assert names(tmp_path) == ["frame_0001.png", "frame_0002.png.lock"]
    bpy.ops.veduta.cancel()
    assert names(tmp_path) == ["frame_0001.png"] and shot.frame_current == 2
    written = (folder(tmp_path) / "frame_0001.png").stat().st_mtime_ns
    frames.begin(bpy.context, **begin)
    assert part("painting").current().place == 2
    step_until(part, lambda: part("painting").current() is None)
    assert names(tmp_path) == [f"frame_000{frame}.png" for frame in (1, 2, 3)]
    assert (folder(tmp_path) / "frame_0001.png").stat().st_mtime_ns == written
    assert part("apply.backdrop").find(shot) is not None
    assert "already there" in frames.begin(bpy.context, **begin)[0]


def test_a_frame_that_another_worker_paints_is_passed_over(shot, part, tmp_path):
    folder(tmp_path).mkdir(parents=True)
    lock = part("synth_core.files").claim(folder(tmp_path) / "frame_0001.png")
    bpy.ops.veduta.paint_frames(end=2)
    assert names(tmp_path) == ["frame_0001.png.lock", "frame_0002.png"]
    lock.release()
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True).stdout.strip()
    (folder(tmp_path) / "frame_0001.png.lock").write_text(f"{part('synth_core.files').machine()} {gone} left by a worker that was killed")
    bpy.ops.veduta.paint_frames(end=2)
    assert names(tmp_path) == ["frame_0001.png", "frame_0002.png"]


def test_a_full_disk_is_told_and_finished_frames_stay(shot, part, tmp_path, monkeypatch):
    files = part("synth_core.files")
    write = files.write_whole

    def full(path, data):
        if path.name == "frame_0002.png":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, data)

    monkeypatch.setattr(files, "write_whole", full)
    with pytest.raises(RuntimeError, match="No space left on device"):
        bpy.ops.veduta.paint_frames()
    assert names(tmp_path) == ["frame_0001.png"] and part("painting").current() is None


def test_the_camera_deleted_meanwhile_is_told(shot, part, tmp_path):
    frames = part("operators.frames")
    frames.begin(bpy.context, **frames.asked_for(shot), show=True)
    bpy.data.objects.remove(shot.camera)
    step_until(part, lambda: part("painting").current() is None)
    assert "camera was deleted" in part("painting").problem().message and names(tmp_path) == []


@pytest.mark.parametrize("given, sentence", [
    ({"start": 3, "end": 1}, "are none"), ({"step": 0}, "lead nowhere"), ({"start": -2}, "can't be numbered"),
    ({"folder": "{}/shot.blend/below"}, "can't be written")])
def test_what_can_not_be_painted_is_explained(shot, tmp_path, given, sentence):
    given = {name: value.format(tmp_path) if isinstance(value, str) else value for name, value in given.items()}
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.veduta.paint_frames(**given)
    assert names(tmp_path) == []


def test_without_a_camera_and_without_a_file(shot, tmp_path):
    with pytest.raises(RuntimeError, match="holds no painted frames"):
        bpy.ops.veduta.show_frames()
    bpy.data.objects.remove(shot.camera)
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.veduta.paint_frames()
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.veduta.paint_cameras()


def test_an_unsaved_file_has_no_folder_beside_it(scene, part):  # noqa: F811
    add(part, scene, "plane", "grass", size=20)
    add_camera(scene, location=(0, -12, 3), rotation=(1.4, 0, 0))
    with pytest.raises(RuntimeError, match="never saved"):
        bpy.ops.veduta.paint_frames()


def test_each_camera_becomes_an_image_and_the_scenes_a_backdrop(shot, part):
    main = shot.camera
    for name, kind in (("Another", "PERSP"), ("All Around", "PANO")):
        bpy.ops.object.camera_add(location=(10, -14, 6), rotation=(1.3, 0, 0.6))
        bpy.context.object.name, bpy.context.object.data.type = name, kind
    shot.camera = main
    bpy.ops.ed.undo_push(message="Before")
    assert bpy.ops.veduta.paint_cameras() == {"FINISHED"}
    history, recipes, backdrop = part("history"), part("recipe"), part("apply.backdrop")
    found = {recipes.load(image).camera: image for image in history.paintings()}
    assert set(found) == {"Camera", "Another"} and backdrop.active_painting(shot) == found["Camera"]
    assert all(recipes.load(image).anchors is not None and part("relief").unlit(image) != image for image in found.values())
    bpy.ops.ed.undo()
    assert not part("history").paintings() and part("apply.backdrop").find(bpy.context.scene) is None


WORKER = """
import importlib, sys
import bpy
bpy.ops.preferences.addon_enable(module={module!r})
bpy.ops.wm.open_mainfile(filepath={file!r})
sys.exit(importlib.import_module({module!r} + ".command").run(sys.argv[1:]))
"""


def worker(veduta, tmp_path: Path, *arguments: str) -> subprocess.Popen:
    """A Blender of its own that does what its command line's `--command veduta` does."""
    code = WORKER.format(module=veduta.__name__, file=str(tmp_path / "shot.blend"))
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_workers_share_a_folder(shot, veduta, tmp_path):
    workers = [worker(veduta, tmp_path, "paint-frames", "1:3", "--skip-existing") for _ in range(2)]
    told = [process.communicate(timeout=PATIENCE) for process in workers]
    assert [process.returncode for process in workers] == [0, 0], told
    painted = re.findall(r"^veduta: frame (\d+): painted", "\n".join(out for out, _ in told), re.MULTILINE)
    assert sorted(painted) == ["1", "2", "3"]
    assert names(tmp_path) == [f"frame_000{frame}.png" for frame in (1, 2, 3)]


def test_the_command_ends_when_every_frame_is_there(shot, part, tmp_path, monkeypatch):
    """Another machine holds two frames: it finishes one, and is lost with the other."""
    folder(tmp_path).mkdir(parents=True)
    finished, lost = (folder(tmp_path) / f"frame_000{frame}.png.lock" for frame in (1, 3))
    for lock in (finished, lost):
        lock.write_text("elsewhere 1 x")
    looks = []

    def sleep(seconds: float) -> None:
        looks.append(names(tmp_path))
        if len(looks) == 1:
            finished.with_suffix("").write_bytes(b"painted elsewhere")
            finished.unlink()
        else:
            os.utime(lost, (0, 0))

    monkeypatch.setattr(part("command"), "time", SimpleNamespace(sleep=sleep))
    assert part("command").run(["paint-frames", "1:3", "--skip-existing"]) == 0
    assert len(looks) == 2 and "frame_0003.png" not in looks[1]
    assert names(tmp_path) == [f"frame_000{frame}.png" for frame in (1, 2, 3)]
    assert finished.with_suffix("").read_bytes() == b"painted elsewhere"


def test_the_command_says_what_is_wrong_and_fails(shot, part, tmp_path, capfd):
    run = part("command").run
    for arguments, sentence in ((["paint-frames", "1-3"], "A:B"), (["paint-frames", "3:1"], "are none"), (["dance"], "invalid choice")):
        assert run(arguments) != 0
        assert sentence in capfd.readouterr().err
    bpy.data.objects.remove(shot.camera)
    assert run(["paint-frames", "1:3"]) == 1
    assert "veduta: The scene has no camera" in capfd.readouterr().err
