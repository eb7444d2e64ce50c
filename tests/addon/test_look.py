"""Looks: what the settings come to, what is refused and how, looks from photographs, and thumbnails that give way to any other job."""
from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

LOOKS = ("golden hour", "mist", "storm")


@pytest.fixture
def parts(part, monkeypatch, tmp_path) -> SimpleNamespace:
    """The extension's modules that are tested here, with three looks in the weights."""
    names = {"looks": "looks", "painting": "painting", "thumbnails": "thumbnails", "thumbnail": "synth_core.thumbnail",
             "styles": "synth_core.styles", "weights": "synth_core.weights", "request": "synth_core.request",
             "photographs": "photographs", "recipe": "recipe", "service": "service", "exr": "synth_core.exr", "backdrop": "apply.backdrop"}
    found = SimpleNamespace(**{key: part(name) for key, name in names.items()})
    monkeypatch.setattr(found.looks, "_styles", found.styles.Styles(weights_folder(found.weights, tmp_path / "weights")))
    yield found
    found.thumbnails.free()


def weights_folder(weights, folder: Path) -> Path:
    """A weights folder with three looks and a bank of styles, and nothing to paint with."""
    folder.mkdir()
    random = np.random.RandomState(2)
    codes = {"styles.bank": random.normal(size=(6, 23, 64)), "styles.looks": random.normal(size=(3, 23, 64))}
    weights.write(folder / weights.TENSORS, {name: array.astype(np.float16) for name, array in codes.items()})
    for graph in weights.GRAPHS.values():
        (folder / graph).write_bytes(b"")
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    manifest = {"version": "test", "sha256": sums, "looks": LOOKS, **{name: {} for name in weights.GRAPHS}}
    (folder / weights.MANIFEST).write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def settings(scene, parts):
    return scene.veduta.look


def test_by_seed_leaves_the_style_to_the_painter(parts, scene):
    assert parts.looks.wanted(scene, 7) == (None, "")


def test_a_named_look(parts, scene, settings):
    settings.source, settings.look = "LOOK", "mist"
    style, name = parts.looks.wanted(scene, 7)
    assert name == "mist" and np.allclose(style, parts.looks.styles().look("mist"), atol=1e-5)


def test_choosing_a_source_fills_in_the_looks(settings):
    settings.source = "BLEND"
    assert (settings.look, settings.other) == (LOOKS[0], LOOKS[-1])


def test_a_blend_goes_from_one_look_to_the_other(parts, scene, settings):
    settings.source, settings.look, settings.other = "BLEND", "mist", "storm"
    ends = []
    for share in (0, 1):
        settings.share = share
        ends.append(parts.looks.wanted(scene, 1).style)
    assert np.allclose(ends[0], parts.looks.styles().look("mist"), atol=1e-5)
    assert np.allclose(ends[1], parts.looks.styles().look("storm"), atol=1e-5)
    settings.share = 0.25
    assert parts.looks.wanted(scene, 1).name == "mist to storm 25%"


def test_strength_leads_to_the_middle_of_all_photographs(parts, scene, settings):
    settings.source, settings.look, settings.strength = "LOOK", "mist", 0
    assert np.allclose(parts.looks.wanted(scene, 1).style, parts.looks.styles().mean, atol=1e-5)
    settings.strength = 1.5
    assert parts.looks.wanted(scene, 1).name == "mist at 150%"
    settings.source = "SEED"
    one, other = (parts.looks.wanted(scene, seed).style for seed in (1, 2))
    assert not np.allclose(one, other)


def test_a_label_with_a_look_of_its_own(parts, scene, settings):
    settings.source, settings.look = "LOOK", "mist"
    bpy.ops.veduta.add_label_look()
    entry, = settings.labels
    assert entry.label == "SKY"
    entry.look = "storm"
    style, name = parts.looks.wanted(scene, 1)
    differs = np.abs(style - parts.looks.styles().look("mist")).max(1) > 1e-4
    assert np.flatnonzero(differs).tolist() == [1] and np.allclose(style[1], parts.looks.styles().look("storm")[1], atol=1e-5)
    assert name == "mist, sky storm"
    bpy.ops.veduta.add_label_look()
    assert settings.labels[1].label == "CLOUD"  # the next without one
    bpy.ops.veduta.remove_label_look(index=0)
    assert [entry.label for entry in settings.labels] == ["CLOUD"]
    with pytest.raises(RuntimeError, match="no number 4"):
        bpy.ops.veduta.remove_label_look(index=4)


def test_the_pictures_choice_sets_the_name(settings):
    settings.source = "LOOK"
    settings.choice = "storm"
    assert settings.look == "storm" and settings.choice == "storm"


def test_a_look_that_the_weights_lack_is_refused_with_a_sentence_and_kept(parts, beach, settings):
    settings.source, settings.look = "LOOK", "blue moon"
    with pytest.raises(RuntimeError, match="no look 'blue moon'"):
        bpy.ops.veduta.paint()
    assert settings.look == "blue moon" and "Choose another" in parts.painting.problem().mend


def test_a_photographs_look_without_readable_weights_is_refused_with_their_fault(parts, beach, settings, monkeypatch):
    name = parts.looks.keep(beach, "Dunes", parts.looks.styles().look("mist"))
    settings.source, settings.look = "LOOK", name
    monkeypatch.setattr(parts.looks, "_styles", parts.weights.WeightsError("The weights are damaged."))
    with pytest.raises(RuntimeError, match="The weights are damaged"):
        bpy.ops.veduta.paint()


def test_the_recipe_keeps_codes_and_name_whatever_becomes_of_the_look(parts, beach, settings):
    settings.source, settings.look = "LOOK", "mist"
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    style = parts.looks.styles().look("mist")
    settings.look = "storm"
    recipe = parts.recipe.load(parts.backdrop.active_painting(beach))
    assert recipe.look == "mist" and np.allclose(recipe.style, style, atol=1e-5)


def test_the_look_shows_in_the_painting(parts, beach, settings):
    pictures = []
    for source in ("SEED", "LOOK"):
        settings.source, settings.look = source, "storm"
        bpy.ops.veduta.paint()
        pictures.append(parts.backdrop.active_painting(beach).packed_file.data)
    assert pictures[0] != pictures[1]


# ---- photographs ----


def photo(path: Path, size: tuple[int, int] = (1600, 400)) -> Path:
    """A picture file with a red upper half."""
    image = bpy.data.images.new("Photo", *size)
    pixels = np.zeros((size[1], size[0], 4), np.float32)
    pixels[size[1] // 2 :, :, 0], pixels[..., 3] = 0.8, 1
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def test_a_photograph_is_read_small_upright_and_leaves_no_image(parts, tmp_path):
    picture = parts.photographs.read(photo(tmp_path / "dusk.png"), 512)
    assert picture.shape == (128, 512, 3) and picture.dtype == np.uint8
    assert abs(int(picture[5, 5, 0]) - 204) <= 1 and picture[-5, 5, 0] == 0
    assert not bpy.data.images


def test_a_linear_picture_comes_out_in_srgb(parts, tmp_path):
    parts.exr.write(tmp_path / "grey.exr", {band: lambda rows: np.full((rows.stop - rows.start, 64), 0.214) for band in "RGB"}, 64, 64)
    assert abs(int(parts.photographs.read(tmp_path / "grey.exr", 512)[0, 0, 0]) - 127) <= 1


def test_a_photographs_look_is_kept_as_codes_and_chosen(parts, scene, settings, tmp_path, monkeypatch):
    style = parts.looks.styles().drawn(3)
    asked = []
    monkeypatch.setattr(parts.painting, "start", lambda request, deliver: (asked.append(request), deliver(SimpleNamespace(style=style))))
    for _ in range(2):
        assert bpy.ops.veduta.look_from_photo(filepath=str(photo(tmp_path / "dusk.png"))) == {"FINISHED"}
    assert isinstance(asked[0], parts.request.StyleRequest) and asked[0].labels is None
    assert parts.looks.names(scene) == ["dusk", "dusk 2", *LOOKS]
    assert (settings.source, settings.look) == ("LOOK", "dusk 2")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert np.array_equal(parts.looks.wanted(bpy.context.scene, 1).style, parts.looks.styles().strength(style, 1))
    assert not any(image.name.startswith("dusk") for image in bpy.data.images)


def test_a_photographs_look_is_removed_and_what_used_it_takes_another(parts, scene, settings):
    parts.looks.keep(scene, "dusk", parts.looks.styles().drawn(3))
    settings.source, settings.look = "LOOK", "dusk"
    bpy.ops.veduta.add_label_look()
    assert settings.labels[0].look == "dusk"
    bpy.ops.veduta.remove_look(look="dusk")
    assert parts.looks.names(scene) == list(LOOKS) and settings.look == settings.labels[0].look == LOOKS[0]
    with pytest.raises(RuntimeError, match="can't be removed"):
        bpy.ops.veduta.remove_look(look="mist")


@pytest.mark.parametrize("make, message", [
    (lambda path: None, "There is no photograph"),
    (lambda path: path.write_text("no picture"), "can't be read as a picture"),
    (lambda path: path.mkdir(), "There is no photograph"),
])
def test_a_file_that_is_no_photograph_is_refused(parts, tmp_path, make, message):
    make(tmp_path / "dusk.png")
    with pytest.raises(RuntimeError, match=message):
        bpy.ops.veduta.look_from_photo(filepath=str(tmp_path / "dusk.png"))
    assert not bpy.data.images


def test_damaged_codes_are_refused_with_a_sentence(parts, scene, settings):
    parts.looks.keep(scene, "dusk", parts.looks.styles().drawn(3))
    for codes in ("", "!", settings.photos[0].codes[:40]):
        settings.photos[0].codes = codes
        with pytest.raises(parts.painting.PaintingError, match="'dusk' is damaged"):
            parts.looks.find(scene, "dusk")


# ---- thumbnails ----


def step_until(parts, done) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        parts.thumbnails.step()
        time.sleep(0.01)


def test_a_thumbnail_is_painted_kept_and_gives_way_to_a_painting(parts, beach, monkeypatch):
    style = parts.looks.styles().look("mist")
    path = parts.thumbnails.folder() / parts.thumbnails.file_name(style)
    parts.thumbnails.ask(path.name, style)
    assert parts.thumbnails.step() and parts.service.session()._job.is_running
    assert bpy.ops.veduta.paint.poll() and bpy.ops.veduta.paint() == {"FINISHED"}
    assert not path.exists()
    step_until(parts, path.exists)
    assert path.read_bytes().startswith(b"\x89PNG") and not parts.thumbnails.step()
    assert parts.thumbnails.problem() == ""


def test_thumbnails_of_other_weights_go(parts):
    former = parts.thumbnails.folder().parent / "of other weights"
    former.mkdir(parents=True, exist_ok=True)
    style = parts.looks.styles().look("storm")
    parts.thumbnails.ask(parts.thumbnails.file_name(style), style)
    step_until(parts, lambda: not former.exists())


def test_a_painter_that_fails_is_not_asked_again(parts):
    style = parts.looks.styles().look("storm")
    parts.thumbnails.ask("a.png", style)
    parts.thumbnails.step()
    parts.service.session()._client._process.kill()
    step_until(parts, lambda: parts.thumbnails.problem())
    assert "ended unexpectedly" in parts.thumbnails.problem() and not parts.thumbnails.step()


def test_a_folder_that_cant_be_written_is_named(parts, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(parts.thumbnails, "folder", lambda: tmp_path / "file" / "weights")
    parts.thumbnails._save("a.png", b"")
    assert "can't be kept" in parts.thumbnails.problem()


def test_the_small_map_has_every_kind_of_ground_in_it(parts):
    shares = np.bincount(parts.thumbnail.scenery().ravel(), minlength=23) / parts.thumbnail.SIZE**2
    assert {label for label in range(23) if shares[label] > 0.03} == {1, 5, 13, 16, 20} and shares.sum() == pytest.approx(1)
