"""The preferences: the engine that is chosen is the one that paints, and a Python of the user's own is looked at."""
from __future__ import annotations

import re

import bpy
import pytest


@pytest.fixture
def preferences(part):
    """The extension's preferences, as they come afterwards."""
    preferences = part("service").preferences()
    yield preferences
    preferences.engine, preferences.python = "onnx", ""


def test_the_graphics_card_gives_way_to_the_processor_with_a_sentence(beach, part, preferences):
    """The runtime of this platform drives no card."""
    preferences.engine = "gpu"
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    assert "no graphics card support" in part("service").note()
    preferences.engine = "onnx"
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    assert part("service").note() == ""


def test_a_python_that_is_none_is_refused_and_nothing_is_lost(beach, part, preferences, tmp_path):
    preferences.engine = "torch"
    for path, words in (("", "can't be started"), (str(tmp_path / "python"), "can't be started"), ("/bin/true", "did not start")):
        preferences.python = path
        with pytest.raises(RuntimeError, match=words):
            bpy.ops.veduta.paint()
        assert "preferences" in part("painting").problem().mend
    preferences.engine = "onnx"
    assert bpy.ops.veduta.paint() == {"FINISHED"}


def test_check_python_tells_what_is_wrong(part, preferences, tmp_path):
    preferences.python = str(tmp_path / "python")
    with pytest.raises(RuntimeError, match="There is no file"):
        bpy.ops.veduta.check_python()
    assert "There is no file" in part("preferences")._verdict
    preferences.python = ""
    assert part("preferences")._verdict == ""


def test_hash_and_folders_are_shown(part):
    assert len(part("installed").sha256()) == 64
    assert part("service").log_path().parent == part("service").user_folder()


def test_without_a_user_folder_painting_is_refused_and_the_working_folder_left_alone(beach, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thumbnails" / "mine").mkdir(parents=True)
    service, thumbnails = part("service"), part("thumbnails")
    folder = service.user_folder()
    service.close()
    folder.rename(folder.with_suffix(".away"))
    folder.touch()
    try:
        with pytest.raises(RuntimeError, match=re.escape(str(folder))):
            bpy.ops.veduta.paint()
        thumbnails._save("a.png", b"")
        assert str(folder) in thumbnails.problem()
    finally:
        service.close()
        thumbnails.free()
        folder.unlink()
        folder.with_suffix(".away").rename(folder)
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["thumbnails", "thumbnails/mine"]
