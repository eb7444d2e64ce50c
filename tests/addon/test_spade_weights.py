"""Weights that were made of a SPADE checkpoint, in the add-on: they are installed, paint a scene through the worker by ONNX Runtime alone, and
their licence is shown and stored with the painting. Making them takes torch, which another Python has."""
from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKE = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests/core"]
import checkpoints
from synth_core import foreign
from synth_core.models import spade
spade.HIDDEN = 8
folder = Path(sys.argv[2])
network = checkpoints.with_spectral_norm(spade.Options(36, 2, "more", 100, (4, 8)))
foreign.take_over(checkpoints.write(folder / "latest_net_G.pth", network), folder / "weights", Path(sys.argv[1]) / "weights", "Streets")
"""


@pytest.fixture(scope="module")
def streets(tmp_path_factory) -> Path:
    """A weights folder of a tiny checkpoint of Cityscapes'."""
    build = importlib.import_module("build")
    folder = tmp_path_factory.mktemp("spade")
    subprocess.run([str(build.core_python()), "-c", MAKE, str(ROOT), str(folder)], check=True)
    return folder / "weights"


@pytest.fixture
def parts(part, shelf) -> SimpleNamespace:
    """The extension's modules that are tested here."""
    names = ("history", "installed", "painting", "recipe", "service", "apply.backdrop", "apply.world")
    return SimpleNamespace(**{name.split(".")[-1]: part(name) for name in names})


@pytest.fixture
def small(parts, scene, streets):
    """The sample terrain, to be painted small with those weights."""
    bpy.ops.veduta.sample_terrain()
    scene.veduta.use_render_size, scene.veduta.width, scene.veduta.height = False, 96, 64
    bpy.ops.veduta.install_weights(filepath=str(streets))
    entry = next(entry for entry in parts.installed.entries() if entry.name == "Streets")
    parts.service.preferences().weights = entry.key
    return entry


def test_a_scene_is_painted_end_to_end_and_the_licence_goes_with_it(parts, scene, small):
    assert scene.veduta.relief.haze > 0, "the picture is lit by a second job, which writes another file"
    assert "non-commercial" in small.weights.licence and "torch" not in sys.modules
    pictures = {}
    for seed in ("1", "2"):
        scene.veduta.seed = seed
        assert bpy.ops.veduta.paint() == {"FINISHED"}
        image = parts.backdrop.active_painting(scene)
        recipe = parts.recipe.load(image)
        assert (recipe.weights, recipe.licence) == (small.weights.sha256, small.weights.licence)
        assert parts.history.summary(image).licence == small.weights.licence
        assert small.weights.licence.encode() in bytes(image.packed_file.data)
        pixels = np.empty(96 * 64 * 4, np.float32)
        image.pixels.foreach_get(pixels)
        pictures[seed] = pixels
    assert tuple(image.size) == (96, 64) and pictures["1"].std() > 0.02 and np.abs(pictures["1"] - pictures["2"]).max() > 0.02


def test_the_licence_goes_with_a_world(parts, scene, small, tmp_path):
    scene.veduta.world.size = "1024"
    assert bpy.ops.veduta.paint_world() == {"FINISHED"}
    assert bpy.ops.veduta.save_world(filepath=str(tmp_path / "world.png")) == {"FINISHED"}
    assert small.weights.licence.encode() in (tmp_path / "world.png").read_bytes()


@pytest.mark.parametrize("ask, words", [
    (lambda scene: setattr(scene.veduta.variations, "best_of", 3), "hold no critic; choose weights that have one"),
    (lambda scene: (setattr(scene.veduta.look, "source", "LOOK"), setattr(scene.veduta.look, "look", "sunset")), "There is no look 'sunset'"),
])  # fmt: skip
def test_what_they_lack_is_told(parts, scene, small, ask, words):
    ask(scene)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.veduta.paint()
