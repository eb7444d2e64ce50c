"""Variations: small pictures to pick from that write nothing, and the one that is picked."""
from __future__ import annotations

from types import SimpleNamespace

import bpy
import numpy as np
import pytest


@pytest.fixture
def parts(part) -> SimpleNamespace:
    """The extension's modules that are tested here."""
    names = {"variations": "variations", "painting": "painting", "operators": "operators.variations", "recipe": "recipe", "backdrop": "apply.backdrop",
             "request": "synth_core.request", "viewport": "apply.viewport"}
    found = SimpleNamespace(**{key: part(name) for key, name in names.items()})
    yield found
    found.variations.forget()


@pytest.fixture
def painted(parts, monkeypatch):
    """The pictures of the variations as they come in, by seed."""
    pictures = {}
    add = parts.variations.add
    monkeypatch.setattr(parts.variations, "add", lambda seed, picture: (pictures.update({seed: picture}), add(seed, picture)))
    return pictures


def test_variations_are_of_different_seeds_and_write_nothing(parts, beach, painted, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "beach.blend"))
    before = {name: len(getattr(bpy.data, name)) for name in ("images", "collections", "objects")}
    beach.veduta.seed = "77"
    assert bpy.ops.veduta.paint_variations(count=3) == {"FINISHED"}
    seeds = parts.variations.found(beach)
    assert seeds[0] == 77 and len(set(seeds)) == 3 and list(painted) == seeds
    assert len({picture.tobytes() for picture in painted.values()}) == 3
    assert before == {name: len(getattr(bpy.data, name)) for name in before} and parts.backdrop.find(beach) is None
    assert beach.veduta.seed == "77"


def test_the_panels_number_counts(parts, beach, painted):
    beach.veduta.width = beach.veduta.height = 64
    beach.veduta.variations.count = "4"
    bpy.ops.veduta.paint_variations()
    assert len(parts.variations.found(beach)) == 4


def test_the_one_picked_is_painted_at_full_size_and_its_seed_kept(parts, beach, painted):
    bpy.ops.veduta.paint_variations(count=2)
    seed = parts.variations.found(beach)[1]
    assert bpy.ops.veduta.pick_variation(seed=str(seed)) == {"FINISHED"}
    painting = parts.backdrop.active_painting(beach)
    assert beach.veduta.seed == str(seed) and parts.recipe.load(painting).seed == seed
    assert np.array_equal(parts.viewport.picture(painting), painted[seed])  # this size is both


def test_a_small_picture_is_the_large_one_made_small(parts, beach, painted):
    beach.veduta.width, beach.veduta.height = 1152, 768
    bpy.ops.veduta.paint_variations(count=2)
    (seed, picture), (_, other) = painted.items()
    assert picture.shape == (384, 576, 3)
    bpy.ops.veduta.pick_variation(seed=str(seed))
    large = parts.viewport.picture(parts.backdrop.active_painting(beach)).reshape(384, 2, 576, 2, 3).mean((1, 3))
    own, strange = (np.abs(large - small).mean() for small in (picture, other))
    assert own < strange / 3 and np.corrcoef(large.ravel(), picture.ravel())[0, 1] > 0.95  # detail adds what is fine, and moves colours a little


def test_the_size_of_a_variation(parts):
    assert parts.operators.small((1920, 1080)) == (960, 540)
    assert parts.operators.small((1024, 576)) == (1024, 576)
    assert parts.operators.small((96, 64)) == (96, 64)


def test_cancelled_halfway_those_painted_stay(parts, beach, painted):
    operator = parts.operators.VEDUTA_OT_paint_variations
    operator.begin(SimpleNamespace(count=4), bpy.context)
    while len(painted) < 2:
        parts.painting.step()
    assert parts.painting.current().place == 3
    bpy.ops.veduta.cancel()
    assert len(parts.variations.found(beach)) == 2 and parts.painting.problem() is None


def test_another_file_opened_meanwhile_gets_none(parts, beach, painted, tmp_path):
    path = str(tmp_path / "beach.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    parts.operators.VEDUTA_OT_paint_variations.begin(SimpleNamespace(count=2), bpy.context)
    bpy.ops.wm.open_mainfile(filepath=path)
    with pytest.raises(parts.painting.PaintingError, match="is gone"):
        parts.painting.wait()
    assert parts.variations.found(bpy.context.scene) == []


def test_a_seed_that_is_none_is_refused(beach):
    with pytest.raises(RuntimeError, match="seed 'x'"):
        bpy.ops.veduta.pick_variation(seed="x")


def test_the_critic_chooses_out_of_as_many_as_the_panel_says(parts, beach, monkeypatch):
    asked = []
    monkeypatch.setattr(parts.painting, "start", lambda request, deliver, *place: asked.append(request.best_of))
    beach.veduta.variations.best_of = 5
    bpy.ops.veduta.paint()
    bpy.ops.veduta.pick_variation(seed="3")
    bpy.ops.veduta.paint_variations(count=2)
    assert asked == [5, 1, 1]
