"""A painting's recipe: kept and read back exactly, refused when damaged, and painted again by Reproduce, bit for bit."""
from __future__ import annotations

import base64
import json
import zlib
from dataclasses import is_dataclass, replace
from datetime import datetime, timezone
from types import SimpleNamespace

import numpy as np
import pytest

SEED = (1 << 63) - 1


@pytest.fixture
def parts(part) -> SimpleNamespace:
    """The extension's modules that are tested here."""
    names = {"recipe": "recipe", "request": "synth_core.request", "apply": "operators.apply", "png": "synth_core.png",
             "painting": "painting", "reproduce": "operators.reproduce"}
    return SimpleNamespace(**{key: part(name) for key, name in names.items()})


@pytest.fixture
def camera(scene):
    """The scene's camera, with a shifted lens."""
    import bpy

    thing = bpy.data.objects.new("Café", bpy.data.cameras.new("Lens"))
    thing.data.shift_x, thing.location = 0.2, (1, 2, 3)
    scene.collection.objects.link(thing)
    scene.camera = thing
    bpy.context.view_layer.update()
    return thing


def request_of(parts, **changes):
    random = np.random.RandomState(3)
    fields = {"labels": random.randint(1, 23, (64, 96)).astype(np.uint8), "seed": SEED,
              "style": random.normal(size=(23, 64)).astype(np.float32), "view": (0.5, -0.25), "anchors": parts.request.Anchors(
                  random.normal(size=(4, 6, 3)).astype(np.float32), np.full((4, 6), 0.5, np.float32), random.rand(4, 6) < 0.5)}
    return parts.request.Request(**{**fields, **changes})


def assert_equal(first, second) -> None:
    for name, value in vars(first).items():
        other = getattr(second, name)
        if is_dataclass(value):
            assert_equal(value, other)
        else:
            assert np.array_equal(value, other), name


def test_image_keeps_the_recipe_exactly(parts, scene, camera):
    import bpy

    recipe = parts.recipe.make(request_of(parts), scene, camera)
    image = bpy.data.images.new("Painting", 4, 4)
    parts.recipe.store(image, recipe)
    loaded = parts.recipe.load(image)
    assert_equal(recipe, loaded)
    assert loaded.camera == "Café" and loaded.seed == SEED
    request = loaded.request()
    assert_equal(replace(request, texts={}), request_of(parts))


def test_recipe_survives_saving(parts, scene, camera, tmp_path):
    import bpy

    recipe = parts.recipe.make(request_of(parts, style=None, anchors=None), scene, camera)
    image = bpy.data.images.new("Painting", 4, 4)
    image.use_fake_user = True
    parts.recipe.store(image, recipe)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert_equal(recipe, parts.recipe.load(bpy.data.images["Painting"]))


def test_texts_hold_the_recipe_and_painting_it_again_gives_the_same_texts(parts, scene, camera):
    recipe = parts.recipe.make(request_of(parts), scene, camera)
    texts = recipe.request().texts
    assert_equal(recipe, parts.recipe.loads(texts[parts.recipe.KEYWORD]))
    done = parts.recipe.finished(recipe, SimpleNamespace(engine="onnx 1.23.2", weights="ab" * 32, licence="Ours alone.", seed=SEED))
    assert done.weights == "ab" * 32 and done.request().texts == texts
    assert done.licence == "Ours alone." and parts.recipe.here(done).licence == ""
    assert parts.recipe.texts(done) == texts | {"Licence of the weights": "Ours alone."}
    assert parts.recipe.KEYWORD.encode() in parts.png.encode(np.zeros((64, 64, 3), np.uint8), texts)


def test_a_recipe_of_an_earlier_version_still_reads(parts, scene, camera):
    text = parts.recipe.dumps(parts.recipe.make(request_of(parts), scene, camera))
    former = {key: value for key, value in json.loads(text).items() if key not in ("created", "look", "licence")}
    loaded = parts.recipe.loads(json.dumps(former))
    assert (loaded.created, loaded.look, loaded.licence) == ("", "", "")


def test_a_finished_recipe_tells_when_and_by_which_look(parts, scene, camera):
    recipe = parts.recipe.make(request_of(parts), scene, camera, look="Golden hour")
    done = parts.recipe.finished(recipe, SimpleNamespace(engine="onnx", weights="ab" * 32, licence="Ours alone.", seed=SEED))
    assert parts.recipe.loads(parts.recipe.dumps(done)).look == "Golden hour"
    age = datetime.now(timezone.utc) - datetime.fromisoformat(done.created)
    assert 0 <= age.total_seconds() < 60
    assert parts.recipe.here(done).created == ""


@pytest.mark.parametrize("damage", [
    lambda text: text[:-9],
    lambda text: "[]",
    lambda text: json.dumps({**json.loads(text), "version": 99}),
    lambda text: json.dumps({**json.loads(text), "seed": "-1"}),
    lambda text: json.dumps({**json.loads(text), "labels": {"shape": [64, 95], "steps": json.loads(text)["labels"]["steps"]}}),
    lambda text: json.dumps({**json.loads(text), "labels": {"shape": [64, 96], "steps": "AAAA"}}),
    lambda text: json.dumps({key: value for key, value in json.loads(text).items() if key != "labels"}),
    lambda text: json.dumps({**json.loads(text), "surprise": 1}),
])
def test_damaged_recipe_is_refused_in_one_sentence(parts, scene, camera, damage):
    import bpy

    image = bpy.data.images.new("Painting", 4, 4)
    parts.recipe.store(image, parts.recipe.make(request_of(parts), scene, camera))
    image["veduta_recipe"] = damage(image["veduta_recipe"])
    with pytest.raises(parts.recipe.RecipeError, match="'Painting' can't be read"):
        parts.recipe.load(image)


def test_recipes_of_version_1_are_read(parts, scene, camera):
    recipe = parts.recipe.make(request_of(parts, anchors=None, view=(1.0, -1.0)), scene, camera)
    types = {"labels": "<u1", "style": "<f4", "matrix": "<f8", "projection": "<f8"}
    arrays = {name: np.ascontiguousarray(getattr(recipe, name), kind) for name, kind in types.items()}
    old = {name: {"shape": array.shape, "data": base64.b64encode(zlib.compress(array.tobytes())).decode()} for name, array in arrays.items()}
    rest = {name: getattr(recipe, name) for name in ("scene", "camera", "threads", "engine", "weights")}
    assert_equal(parts.recipe.loads(json.dumps({"version": 1, **old, **rest, "seed": str(SEED)})), recipe)


def test_the_best_of_several_is_kept_by_its_own_seed(parts, scene, camera):
    recipe = parts.recipe.make(request_of(parts, seed=5, best_of=4), scene, camera)
    assert recipe.request().best_of == 4
    done = parts.recipe.finished(recipe, SimpleNamespace(engine="onnx", weights="ab" * 32, licence="Ours alone.", seed=7))
    assert (done.seed, done.best_of, done.request().seed) == (7, 1, 7)


def test_relief_is_kept_without_its_maps(parts, scene, camera):
    area = (64, 96)
    relief = parts.request.Relief(np.full(area, 7, np.uint8), np.ones(area, np.float32), np.zeros((*area, 2), np.uint8),
                                  np.zeros(area, np.uint8), np.eye(4, dtype=np.float32), np.ones(4, np.float32), haze=0.5)
    recipe = parts.recipe.loads(parts.recipe.dumps(parts.recipe.make(request_of(parts, relief=relief), scene, camera)))
    assert recipe.relief["haze"] == 0.5 and recipe.relief["visibility"] == 12_000 and "depth" not in recipe.relief
    assert recipe.request(relief).relief is relief


def test_image_without_a_recipe_is_refused(parts, scene):
    import bpy

    with pytest.raises(parts.recipe.RecipeError, match="holds no recipe"):
        parts.recipe.load(bpy.data.images.new("Photo", 4, 4))


def test_moved_camera_is_noticed(parts, scene, camera):
    import bpy

    recipe = parts.recipe.make(request_of(parts), scene, camera)
    assert parts.recipe.is_view(recipe, scene, camera)
    camera.location.x += 0.01
    bpy.context.view_layer.update()
    assert not parts.recipe.is_view(recipe, scene, camera)


def test_reproduce_asks_for_the_same_picture(parts, scene, camera, monkeypatch):
    import bpy

    request = request_of(parts)
    picture = np.zeros((64, 96, 3), np.uint8)
    result = parts.request.Result(picture, parts.png.encode(picture), "onnx", "ab" * 32, 0.1, SEED)
    recipe = parts.recipe.finished(parts.recipe.make(request, scene, camera), result)
    assert not bpy.ops.veduta.reproduce.poll()
    parts.apply.put_up(scene, camera, np.zeros((64, 96), np.float32), result, recipe)
    assert bpy.ops.veduta.reproduce.poll()
    started = []
    monkeypatch.setattr(parts.painting, "start", lambda request, deliver: started.append((request, deliver)))
    monkeypatch.setattr(parts.reproduce.installed, "difference", lambda painted: "other weights" if painted == "ab" * 32 else "")
    warnings = parts.reproduce.begin(bpy.context)
    assert any("similar, not identical" in warning.lower() for warning in warnings)
    (again, deliver), = started
    assert_equal(again, recipe.request())
    deliver(parts.request.Result(picture, result.png, "onnx", "cd" * 32, 0.1, SEED))
    paintings = [image for image in bpy.data.images if "veduta_recipe" in image]
    assert sorted(parts.recipe.load(image).weights for image in paintings) == ["ab" * 32, "cd" * 32]


def test_reproduce_paints_the_same_bytes(parts, scene, package):
    import bpy

    if not (package / "weights" / "manifest.json").exists():
        pytest.skip("there are no weights to paint with")
    bpy.ops.veduta.sample_terrain()
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    scene.veduta.seed = "12345"
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    scene.veduta.seed = "6"  # the recipe's counts
    assert bpy.ops.veduta.reproduce() == {"FINISHED"}
    first, second = (image for image in bpy.data.images if "veduta_recipe" in image)
    assert first.packed_file.data == second.packed_file.data
    again = replace(parts.recipe.load(second), created=parts.recipe.load(first).created)
    assert_equal(parts.recipe.load(first), again)
