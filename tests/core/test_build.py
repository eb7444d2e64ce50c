"""build.py: what it stages, what it refuses, and that a finished environment is not made twice."""
from __future__ import annotations

import sys

import pytest

import build
from synth_core import worker


def test_stages_what_painting_needs_and_nothing_that_trains(tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    for name in ("painter.safetensors", "discriminator.safetensors"):
        (weights / name).write_bytes(b"x")
    tree = build.stage(tmp_path / "veduta", weights)
    assert (tree / "blender_manifest.toml").is_file() and (tree / "synth_core" / "worker.py").is_file() and (tree / "LICENSE").is_file()
    assert [path.name for path in (tree / "weights").iterdir()] == ["painter.safetensors"]
    unwanted = {"training", "export.py", "foreign.py", "discriminator.py", "__pycache__"}
    assert not [path for path in tree.rglob("*") if path.name in unwanted]


def test_staging_replaces_what_was_there(tmp_path):
    stale = tmp_path / "veduta" / "stale.py"
    stale.parent.mkdir()
    stale.touch()
    build.stage(tmp_path / "veduta")
    assert not stale.exists()


def test_refuses_to_package_without_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    with pytest.raises(build.BuildError, match="weights/manifest.json is missing"):
        build.make_zip("linux-x64")


def test_a_python_that_is_not_there_is_named():
    with pytest.raises(build.BuildError, match="Python 2.6 is not on this machine"):
        build.find_python("2.6")


def test_an_environment_is_made_once_and_an_unfinished_one_again(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(build, "find_python", lambda version: sys.executable)

    def pretend(command, **options):
        if "venv" in command:
            made.append(command[-1])
            command[-1].mkdir(exist_ok=True)

    monkeypatch.setattr(build, "call", pretend)
    first = build.environment("x", "3.11", ["a", "b"])
    assert build.environment("x", "3.11", ["b", "a"]) == first and len(made) == 1
    (made[0] / "finished").unlink()
    build.environment("x", "3.11", ["a", "b"])
    assert len(made) == 2
    assert build.environment("x", "3.11", ["a"]) != first


def test_the_zip_brings_the_runtime_that_the_painter_s_process_asks_for():
    for runtime in (build.RUNTIME, *build.RUNTIMES.values()):
        assert runtime.partition("==")[2].startswith(worker.RUNTIME + ".")
