"""The command line: maps of ids and of colours, and one sentence with exit code 2 for anything else."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maps import scenery
from synth_core import cli, labels, maps

PALETTE = np.array([label.colour for label in labels.LABELS], np.uint8)


@pytest.fixture
def paint(weights_folder, tmp_path, capsys):
    """Run `paint` on an image or array: (exit code, the painting or None, what it said)."""
    pytest.importorskip("onnxruntime")

    def run(image, *options: str):
        path, out = tmp_path / "map.png", tmp_path / "out.png"
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path)
        code = cli.main(["paint", str(path), "-o", str(out), "--weights", str(weights_folder), *options])
        captured = capsys.readouterr()
        return code, np.asarray(Image.open(out)) if out.exists() else None, captured.out + captured.err

    return run


def test_ids_and_colours_give_the_same_painting(paint):
    ids = scenery(80, 120)
    code, picture, said = paint(ids, "--seed", "7")
    assert code == 0 and picture.shape == (80, 120, 3) and "120 x 80 pixels" in said and "seed 7" in said
    indexed = Image.fromarray(ids)
    indexed.putpalette(PALETTE.tobytes())
    opaque = np.dstack((PALETTE[ids], np.full(ids.shape, 255, np.uint8)))
    for other in (PALETTE[ids], indexed, opaque):
        assert np.array_equal(paint(other, "--seed", "7")[1], picture)
    assert not np.array_equal(paint(ids, "--seed", "8")[1], picture)


def test_a_size_is_painted(paint):
    code, picture, _ = paint(scenery(80, 120), "--size", "150x64")
    assert code == 0 and picture.shape == (64, 150, 3)


def test_what_the_painter_notes_is_printed(paint, monkeypatch):
    monkeypatch.setattr("synth_core.engines.gpu.providers", lambda: [])
    code, _, said = paint(scenery(64, 64), "--engine", "gpu")
    assert code == 0 and "Veduta paints with the processor." in said


def _wrong_colour():
    picture = PALETTE[scenery(64, 64)]
    picture[5, 9] = (1, 2, 3)
    return picture


@pytest.mark.parametrize(
    "image, options, words",
    [
        (_wrong_colour(), (), "1 pixel has a colour that is no label's (the first is (1, 2, 3) at x 9, y 5)"),
        (np.dstack((PALETTE[scenery(64, 64)], np.full((64, 64), 100, np.uint8))), (), "mode RGBA"),
        (Image.new("I;16", (64, 64)), (), "mode I;16"),
        (np.full((64, 64), 200, np.uint8), (), "holds id 200"),
        (np.zeros((64, 64), np.uint8), (), "unlabelled pixels"),
        (np.ones((40, 64), np.uint8), (), "64 to 4096 pixels"),
        (np.ones((64, 64), np.uint8), ("--size", "5000x64"), "64 to 4096 pixels"),
        (np.ones((64, 64), np.uint8), ("--seed", "-3"), "seed -3"),
        (np.ones((64, 64), np.uint8), ("--seed", str(2**63 - 1), "--best-of", "2"), f"seed {2**63} lies outside"),
        (np.ones((64, 64), np.uint8), ("--weights", "nowhere"), "There are no weights in nowhere"),
    ],
)
def test_bad_input_is_told_in_one_sentence(paint, image, options, words):
    code, picture, said = paint(image, *options)
    assert code == 2 and picture is None
    assert words in said and said.count("\n") == 1


def test_without_memory_one_sentence_says_so(paint, monkeypatch):
    monkeypatch.setattr("synth_core.painter.Painter.paint", lambda *_: (_ for _ in ()).throw(MemoryError("std::bad_alloc")))
    code, picture, said = paint(scenery(64, 64))
    assert code == 2 and picture is None and "ran out of memory" in said and said.count("synth_core: ") == 1


def test_a_file_without_a_name_is_not_called_none(monkeypatch, capsys):
    monkeypatch.setattr(cli, "read_map", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert cli.main(["paint", "map.png", "-o", "out.png"]) == 2
    assert capsys.readouterr().err == "synth_core: A file can't be read or written (No space left on device).\n"


def test_files_that_are_no_maps(tmp_path, capsys):
    (tmp_path / "text.png").write_text("no image")
    Image.fromarray(scenery(64, 64)).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:150])
    cases = [
        ("text.png", "out.png", "text.png is no image file"),
        ("half.png", "out.png", "half.png is no image file"),
        ("none.png", "out.png", "none.png can't be read or written (No such file"),
        ("whole.png", "nowhere/out.png", "out.png can't be read or written (its folder does not exist)"),
    ]
    for name, out, words in cases:
        assert cli.main(["paint", str(tmp_path / name), "-o", str(tmp_path / out)]) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1


@pytest.mark.parametrize("size", ["big", "64", "64x", "1x2x3"])
def test_a_size_that_is_none(size, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["paint", "map.png", "-o", "out.png", "--size", size])
    assert stop.value.code == 2 and "invalid size value" in capsys.readouterr().err


def test_fewer_than_no_threads(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["paint", "map.png", "-o", "out.png", "--threads", "-1"])
    assert stop.value.code == 2 and "invalid threads value: '-1'" in capsys.readouterr().err


def test_export_of_no_checkpoint(tmp_path, capsys):
    pytest.importorskip("torch")
    assert cli.main(["export", str(tmp_path / "none.pt"), "--detail", str(tmp_path / "none.pt"), "--out", str(tmp_path)]) == 2
    assert "There is no checkpoint" in capsys.readouterr().err


def test_a_name_that_the_console_can_t_show_is_no_traceback(tmp_path):
    Image.fromarray(scenery(64, 64)).save(tmp_path / "\N{SNOWMAN}.png")
    command = [sys.executable, "-m", "synth_core", "convert", str(tmp_path / "\N{SNOWMAN}.png"), "-o", str(tmp_path / "out.png"), "--to", "ade20k"]
    child = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, env=os.environ | {"PYTHONIOENCODING": "cp1252"})
    assert child.returncode == 0 and b"\\u2603.png" in child.stdout


def test_without_torch_each_command_says_in_one_sentence_what_it_needs():
    program = ("import sys; sys.modules.update(torch=None, onnx=None); from synth_core.cli import main\n"
               "for line in ('import-spade a -o b', 'export a --detail b --out c', 'train a --out b', 'gates a', 'looks a'):\n"
               "    assert main(line.split()) == 2")
    child = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    assert child.stderr.count("\n") == child.stderr.count("pip install") == 5


def test_the_core_imports_without_torch_or_pillow():
    program = "import sys; sys.modules.update(torch=None, PIL=None, onnxruntime=None); import synth_core.cli, synth_core.painter"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
