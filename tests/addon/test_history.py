"""The file's paintings: listed, put up again, marked and deleted, each with nothing lost; their recipes told in words."""
from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

SHAPE = (64, 96)


@pytest.fixture
def parts(part) -> SimpleNamespace:
    """The extension's modules that are tested here."""
    names = {"history": "history", "recipe": "recipe", "request": "synth_core.request", "backdrop": "apply.backdrop", "png": "synth_core.png",
             "panel": "panels.history"}
    return SimpleNamespace(**{key: part(name) for key, name in names.items()})


@pytest.fixture
def camera(beach):
    return beach.camera


def paint(parts, scene, camera, shade: int, created: str, look: str = "", weights: str = "ab" * 32) -> bpy.types.Image:
    """A delivered painting of one shade, as if painted at `created`."""
    picture = np.full((*SHAPE, 3), shade, np.uint8)
    request = parts.request.Request(np.full(SHAPE, 9, np.uint8), seed=shade)
    recipe = parts.recipe.make(request, scene, camera, look)
    recipe = dataclasses.replace(recipe, engine="onnx", weights=weights, created=created)
    result = SimpleNamespace(picture=picture, png=parts.png.encode(picture))
    return parts.backdrop.deliver(bpy.context, scene=scene, camera=camera, matte=np.zeros(SHAPE, np.float32), result=result, recipe=recipe)


@pytest.fixture
def three(parts, scene, camera) -> list[bpy.types.Image]:
    """Three paintings, the last of them up, delivered out of their order in time."""
    return [paint(parts, scene, camera, 10, "2026-01-02T10:00:00+00:00", "Mist"),
            paint(parts, scene, camera, 20, "2026-01-03T10:00:00+00:00"),
            paint(parts, scene, camera, 30, "2026-01-01T10:00:00+00:00", "Storm")]


def test_paintings_are_listed_newest_first_in_words(parts, three):
    bpy.data.images.new("Photo", 4, 4)
    assert parts.history.paintings() == [three[1], three[0], three[2]]
    told = parts.history.summary(three[0])
    assert (told.look_name, told.seed, told.camera, told.width, told.height) == ("Mist", "10", "Camera", 96, 64)
    assert told.when.startswith("02 Jan 2026") and told.when_short
    assert parts.history.summary(three[1]).look_name == "By seed"


def test_a_painting_of_an_earlier_version_is_listed_last(parts, scene, camera, three):
    former = paint(parts, scene, camera, 40, "")
    assert parts.history.paintings()[-1] == former and parts.history.summary(former).when_short == "Earlier"


def test_a_painting_whose_recipe_is_damaged_is_listed_with_a_sentence(parts, three, scene):
    damaged = bpy.data.images.new("Damaged", 4, 4)
    damaged["veduta_recipe"] = "{"
    assert damaged in parts.history.paintings() and "can't be read" in parts.history.summary(damaged).problem
    with pytest.raises(RuntimeError, match="can't be read"):
        bpy.ops.veduta.apply_painting(painting="Damaged")
    assert parts.backdrop.active_painting(scene) == three[2]


def test_apply_puts_a_painting_up_again(parts, scene, three):
    before = len(bpy.data.images)
    assert bpy.ops.veduta.apply_painting(painting=three[0].name) == {"FINISHED"}
    assert parts.backdrop.active_painting(scene) == three[0]
    assert len(bpy.data.images) == before and all(image.packed_file for image in three)
    entry, = scene.camera.data.background_images
    assert entry.image == three[0]
    bpy.ops.veduta.remove_backdrop()
    assert not scene.camera.data.background_images and bpy.data.objects["Plane"].visible_camera


def test_a_painting_saved_out_of_the_file_is_put_up_too(parts, scene, three, tmp_path):
    scene.view_settings.view_transform = "AgX"  # needs an image of its own for renders
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    three[0].unpack(method="WRITE_LOCAL")
    assert bpy.ops.veduta.apply_painting(painting=three[0].name) == {"FINISHED"}
    assert parts.backdrop.active_painting(scene) == three[0]
    rendered = bpy.data.images["Veduta Render Backdrop"]
    assert rendered.packed_file and [*rendered.size] == [*three[0].size]
    bpy.ops.veduta.remove_backdrop()
    Path(bpy.path.abspath(three[0].filepath)).unlink()
    three[0].reload()
    with pytest.raises(RuntimeError, match="is gone; put .* back"):
        bpy.ops.veduta.apply_painting(painting=three[0].name)
    assert parts.backdrop.find(scene) is None and bpy.data.objects["Plane"].visible_camera


def test_apply_cuts_out_what_is_kept_now(scene, three):
    bpy.ops.mesh.primitive_cube_add(size=2)
    bpy.context.object.veduta.keep = True
    bpy.ops.veduta.apply_painting(painting=three[0].name)
    entry, = scene.camera.data.background_images
    pixels = np.array(entry.image.pixels[:], np.float32).reshape(*SHAPE, 4)
    assert entry.image != three[0] and 0.02 < (pixels[..., 3] == 0).mean() < 0.5


def test_without_its_camera_a_painting_goes_behind_the_scenes(scene, three, camera):
    bpy.data.objects.remove(camera)
    with pytest.raises(RuntimeError, match="camera"):
        bpy.ops.veduta.apply_painting(painting=three[0].name)
    bpy.ops.object.camera_add()
    scene.camera = bpy.context.object
    assert bpy.ops.veduta.apply_painting(painting=three[0].name) == {"FINISHED"}


def test_favourites_are_marked_and_listed_alone(parts, scene, three):
    bpy.ops.veduta.favourite_painting(painting=three[2].name)
    assert [parts.history.is_favourite(image) for image in three] == [False, False, True]
    listing = parts.panel.VEDUTA_UL_paintings
    wanted = SimpleNamespace(filter_name="", bitflag_filter_item=1 << 30)
    wanted._wanted = lambda image, favourites: listing._wanted(wanted, image, favourites)
    scene.veduta.history.favourites = True
    shown, _ = listing.filter_items(wanted, bpy.context, bpy.data, "images")
    assert [image for image, flag in zip(bpy.data.images, shown) if flag] == [three[2]]
    scene.veduta.history.favourites = False
    wanted.filter_name = "mist"
    shown, order = listing.filter_items(wanted, bpy.context, bpy.data, "images")
    assert [image for image, flag in zip(bpy.data.images, shown) if flag] == [three[0]]
    bpy.ops.veduta.favourite_painting(painting=three[2].name)
    assert not parts.history.is_favourite(three[2])


def test_the_list_is_in_order_of_time(parts, three):
    bpy.data.images.new("Photo", 4, 4)
    listing = parts.panel.VEDUTA_UL_paintings
    wanted = SimpleNamespace(filter_name="", bitflag_filter_item=1 << 30, _wanted=lambda image, favourites: True)
    _, order = listing.filter_items(wanted, bpy.context, bpy.data, "images")
    places = {image.name: order[index] for index, image in enumerate(bpy.data.images)}
    assert sorted(three, key=lambda image: places[image.name]) == [three[1], three[0], three[2]]


def test_the_choice_stays_right_when_images_come_and_go(parts, scene, three):
    settings = scene.veduta.history
    assert parts.history.selected(scene) == three[2]  # the backdrop's, as nothing is chosen
    settings.index = bpy.data.images.find(three[1].name)
    bpy.data.images.new("A first image", 4, 4)
    assert parts.history.selected(scene) == three[1] and settings.index == bpy.data.images.find(three[1].name)
    bpy.ops.veduta.delete_painting()
    assert parts.history.selected(scene) == three[2]


def test_deleting_the_backdrops_painting_takes_the_backdrop_along(parts, scene, three):
    name = three[2].name
    bpy.ops.veduta.delete_painting(painting=name)
    assert name not in bpy.data.images and parts.backdrop.find(scene) is None
    assert bpy.data.objects["Plane"].visible_camera
    assert len(parts.history.paintings()) == 2


def test_a_painting_in_use_elsewhere_is_not_deleted_and_stays_the_backdrop(parts, scene, three):
    material = bpy.data.materials.new("Wall")
    material.use_nodes = True
    shown = three[2]
    material.node_tree.nodes.new("ShaderNodeTexImage").image = shown
    with pytest.raises(RuntimeError, match="in use by Wall;"):
        bpy.ops.veduta.delete_painting(painting=shown.name)
    assert shown.name in bpy.data.images and parts.backdrop.active_painting(scene) == shown


def test_a_name_that_is_no_paintings_is_refused(three):
    with pytest.raises(RuntimeError, match="holds no painting 'Nowhere'"):
        bpy.ops.veduta.apply_painting(painting="Nowhere")


def test_without_paintings_the_buttons_are_off(scene, parts):
    assert not any(operator.poll() for operator in (bpy.ops.veduta.apply_painting, bpy.ops.veduta.delete_painting, bpy.ops.veduta.reproduce))


def test_any_painting_of_the_file_is_reproduced(part, three, monkeypatch):
    painting, reproduce = part("painting"), part("operators.reproduce")
    started = []
    monkeypatch.setattr(painting, "start", lambda request, deliver: started.append(request))
    warnings = reproduce.begin(bpy.context, three[0].name)
    assert started[0].seed == 10 and any("not identical" in warning for warning in warnings)
