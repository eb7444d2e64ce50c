"""paint-batch: every frame of a folder becomes a picture once, whatever happens to the others and to other machines."""
from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maps import scenery
from synth_core import batch, cli, files, frames, weights
from synth_core.frames import Captured
from synth_core.painter import Painter
from synth_core.request import Request

pytest.importorskip("onnxruntime")
COUNT = 4


@pytest.fixture
def folder(tmp_path) -> Path:
    """Frames 1 to 4, of another seed each."""
    for number in range(1, COUNT + 1):
        frames.save(tmp_path / f"shot_{number:04d}.vframe", Captured(Request(scenery(64, 80), number)))
    return tmp_path


@pytest.fixture
def run(folder, weights_folder, capsys):
    """Run `paint-batch` on the folder: (exit code, its lines, what it complained of)."""
    def call(*options: str):
        code = cli.main(["paint-batch", str(folder), "--weights", str(weights_folder), *options])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err

    return call


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def test_every_frame_becomes_its_picture(folder, run, weights_folder):
    code, lines, _ = run("-o", str(folder / "painted" / "here"))
    out = folder / "painted" / "here"
    assert code == 0 and lines[-1] == "4 frames: 4 painted, 0 there already, 0 failed"
    assert [line.split()[:2] for line in lines[:-1]] == [[f"{number}/4", f"shot_{number:04d}.png"] for number in (1, 2, 3, 4)]
    assert sorted(os.listdir(out)) == [f"shot_{number:04d}.png" for number in (1, 2, 3, 4)]  # no lock and nothing half-written is left
    painter = Painter(weights_folder)
    for number in (1, 4):
        expected = painter.paint(frames.load(folder / f"shot_{number:04d}.vframe").request).picture
        assert np.array_equal(np.asarray(Image.open(out / f"shot_{number:04d}.png")), expected)


def test_hidden_files_are_no_frames(folder, run):
    (folder / "._shot_0001.vframe").write_bytes(b"what macOS leaves on disks that are not its own")
    assert run()[1][-1] == "4 frames: 4 painted, 0 there already, 0 failed"


def test_what_the_painter_notes_is_said_once(run, monkeypatch):
    monkeypatch.setattr("synth_core.engines.gpu.providers", lambda: [])
    lines = run("--engine", "gpu")[1]
    assert [number for number, line in enumerate(lines) if line.endswith("Veduta paints with the processor.")] == [1]


def test_what_is_there_is_skipped_only_when_asked(folder, run):
    (folder / "shot_0002.png").write_bytes(b"an artist's own")
    assert run("--skip-existing")[1][-1] == "4 frames: 3 painted, 1 there already, 0 failed"
    assert (folder / "shot_0002.png").read_bytes() == b"an artist's own"
    before = pictures(folder)
    assert run()[1][-1] == "4 frames: 4 painted, 0 there already, 0 failed"
    assert pictures(folder) == before | {"shot_0002.png": pictures(folder)["shot_0002.png"]} != before


def test_bad_files_stop_no_other_and_are_named_at_the_end(folder, run):
    (folder / "shot_0002.vframe").write_bytes(b"no frame")
    (folder / "shot_0003.vframe").unlink()
    (folder / "shot_0003.vframe").symlink_to("nowhere")
    code, lines, _ = run()
    assert code == 1 and "4 frames: 2 painted, 0 there already, 2 failed" in lines
    assert lines[-2:] == ["  shot_0002.vframe is no captured frame; export it with Veduta's Export Frames.",
                          "  shot_0003.vframe can't be read (No such file or directory)"]
    assert set(pictures(folder)) == {"shot_0001.png", "shot_0004.png"} and not list(folder.glob("*.lock"))


def test_a_full_disk_fails_a_frame_and_leaves_nothing_half_written(folder, run, monkeypatch):
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    code, lines, _ = run()
    assert code == 1 and "4 failed" in lines[-5] and "No space left on device" in lines[-1]
    assert len(os.listdir(folder)) == COUNT


def test_frames_that_another_machine_paints_are_waited_for(folder, run, monkeypatch):
    """It finishes one of them, and is lost with the other."""
    monkeypatch.setattr(batch, "POLL_SECONDS", 0.01)
    finished, lost = (folder / f"shot_{number:04d}.png.lock" for number in (1, 2))
    for lock in (finished, lost):
        lock.write_text("elsewhere 1 x")
    rounds = []

    def sleep(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            (folder / "shot_0001.png").write_bytes(b"painted elsewhere")
            finished.unlink()
        if len(rounds) == 6:
            then = time.time() - files.STALE_SECONDS - 20
            os.utime(lost, (then, then))

    monkeypatch.setattr(batch.time, "sleep", sleep)
    code, lines, _ = run()
    assert code == 0 and lines[-1] == "4 frames: 3 painted, 1 there already, 0 failed" and len(rounds) == 6
    assert (folder / "shot_0001.png").read_bytes() == b"painted elsewhere" and len(pictures(folder)) == COUNT


def test_processes_share_a_folder_and_no_frame_is_painted_twice(folder, weights_folder):
    for number in range(COUNT + 1, 13):
        frames.save(folder / f"shot_{number:04d}.vframe", Captured(Request(scenery(64, 80), number)))
    command = [sys.executable, "-m", "synth_core", "paint-batch", str(folder), "--weights", str(weights_folder), "--skip-existing",
               "--threads", "1"]
    root = Path(__file__).parents[2]
    crowd = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = "".join(child.communicate(timeout=60)[0] for child in crowd)
    assert [child.returncode for child in crowd] == [0, 0]
    assert said.count(" painted in ") == 12 and len(pictures(folder)) == 12 and not list(folder.glob("*.lock"))


def test_frames_of_other_weights_are_refused_by_name(folder, run, weights_folder):
    own = weights.describe(weights_folder).sha256
    frames.save(folder / "shot_0001.vframe", Captured(Request(scenery(64, 80), 1), None, own))
    frames.save(folder / "shot_0002.vframe", Captured(Request(scenery(64, 80), 2), None, "ab" * 32))
    code, lines, _ = run()
    assert code == 1 and len(pictures(folder)) == COUNT - 1
    assert f"shot_0002.vframe was exported for the weights {'ab' * 6}, these are {own[:12]}" in lines[-1]


def test_a_killed_process_leaves_its_frame_to_the_next(folder, run):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    (folder / "shot_0001.png.lock").write_text(f"{files.machine()} {child.pid} x")
    assert run("--skip-existing")[1][-1] == "4 frames: 4 painted, 0 there already, 0 failed"


def test_an_empty_folder_and_one_that_is_missing(run, folder, weights_folder, capsys):
    for path in folder.glob("*"):
        path.unlink()
    code, _, complaint = run()
    assert code == 2 and "holds no captured frames" in complaint and complaint.count("\n") == 1
    assert cli.main(["paint-batch", str(folder / "none"), "--weights", str(weights_folder)]) == 2
    assert "none can't be read or written (No such file" in capsys.readouterr().err


def test_without_ray_one_sentence_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, complaint = run("--ray")
    assert code == 2 and "pip install" in complaint and complaint.count("\n") == 1
