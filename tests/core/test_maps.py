"""Label maps in files: recognised by their values, mended, completed, converted there and back, and refused in one sentence."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maps import scenery
from synth_core import cli, labels
from synth_core.holes import nearest_labels
from synth_core.labels import BY_NAME
from synth_core.maps import MapError, converted, read_map, resize
from synth_core.vocabularies import VOCABULARIES

WRITTEN = [(name, colours) for name, vocabulary in VOCABULARIES.items() for colours in ((True, False) if vocabulary.forms else (True,))]
SKY, SEA, TREE = (BY_NAME[name].id for name in ("sky", "sea", "tree"))


@pytest.fixture
def read(tmp_path):
    """Save an image or array, and read it as a label map."""

    def run(image, palette: str = "auto", name: str = "map.png", **options):
        path = tmp_path / name
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
        return read_map(path, palette)

    return run


def colours_of(ids: np.ndarray, name: str) -> np.ndarray:
    return converted(ids, VOCABULARIES[name], True)[0]


# Recognising


@pytest.mark.parametrize("name, colours", WRITTEN)
@pytest.mark.parametrize("palette", ["auto", "named"])
def test_every_palette_is_recognised(read, name, colours, palette):
    ids = scenery(70, 100)
    found = read(converted(ids, VOCABULARIES[name], colours)[0], name if palette == "named" else "auto")
    assert np.array_equal(found.labels, ids) and found.notes == ()
    assert found.found.startswith(f"{VOCABULARIES[name].title}'s {'colours' if colours else 'ids'}")


@pytest.mark.parametrize("name, colours", WRITTEN)
def test_labels_that_both_have_come_back(read, name, colours):
    kept = [label for label, each in VOCABULARIES[name].written.items() if each.label == label]
    ids = np.array(kept, np.uint8).repeat(70)[None].repeat(64, 0)
    assert len(kept) >= 15 and np.array_equal(read(converted(ids, VOCABULARIES[name], colours)[0], name).labels, ids)


@pytest.mark.parametrize(
    "ids, found, names",
    [
        ([157, 169, 124, 106, 0], "COCO-Stuff's ids from 1", ["sky", "tree", "grass", "cloud"]),
        ([156, 168, 123, 105, 255], "COCO-Stuff's ids from 0", ["sky", "tree", "grass", "cloud"]),
        ([157, 124, 135, 149, 150], "COCO-Stuff's ids from 1", ["sky", "grass", "mountain", "road", "rock"]),  # all landscape from 0, too
        ([3, 5, 27, 61, 114], "ADE20K's ids from 1", ["sky", "tree", "sea", "river", "waterfall"]),
        ([2, 4, 26, 60, 255], "ADE20K's ids from 0", ["sky", "tree", "sea", "river"]),
    ],
)
def test_forms_of_ids(read, ids, found, names):
    values = np.array(ids, np.uint8).repeat(20)[:, None].repeat(64, 1)
    result = read(values)
    assert result.found == found
    assert [labels.LABELS[label].name for label in result.labels[10 : 20 * len(names) : 20, 0]] == names


def test_small_ids_are_ours_and_another_reading_is_named(read):
    values = np.array([3, 5, 10, 17], np.uint8).repeat(16)[:, None].repeat(64, 1)  # sky, tree, grass and mountain in ADE20K
    ours = read(values)
    assert ours.found == "Veduta's ids" and np.array_equal(ours.labels, values)
    assert ours.notes == ("its ids would fit ADE20K as well (--palette ade20k)",)
    assert set(np.unique(read(values, "ade20k").labels)) == {BY_NAME[name].id for name in ("sky", "tree", "grass", "mountain")}
    assert read(scenery(64, 64)).notes == ()  # ADE20K has no landscape there


def test_a_drawing_programs_palette_counts_before_its_indices(read):
    ids = scenery(64, 80)
    drawn = Image.fromarray(colours_of(ids, "gaugan")).convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    assert drawn.mode == "P" and np.asarray(drawn).max() < 4
    found = read(drawn)
    assert found.found == "GauGAN's colours" and np.array_equal(found.labels, ids)


def test_ids_count_before_a_palette_that_says_nothing(read):
    ids = scenery(64, 80)
    indexed = Image.fromarray(ids)
    indexed.putpalette(np.array([each.colour for each in VOCABULARIES["coco"].classes], np.uint8).tobytes())  # bicycles and trucks
    found = read(indexed)
    assert found.found == "Veduta's ids" and np.array_equal(found.labels, ids)


def test_ids_saved_as_grey_colours(read):
    found = read(scenery(64, 64)[..., None].repeat(3, 2))
    assert found.found == "Veduta's ids" and np.array_equal(found.labels, scenery(64, 64))


# Mending


def test_smoothed_borders_are_mended_and_counted(read):
    ids = scenery(160, 200)
    picture = colours_of(ids, "gaugan")
    blended = picture.copy()
    borders = np.argwhere(ids[:, 1:] != ids[:, :-1])
    for y, x in borders:
        blended[y, x] = picture[y, x] * 0.75 + picture[y, x + 1] * 0.25
    off = sum(tuple(blended[y, x]) != tuple(picture[y, x]) for y, x in borders)
    found = read(blended)
    assert off > 100 and found.notes == (f"{off} pixels of smoothed borders mended",)
    assert np.array_equal(found.labels, ids)


@pytest.mark.parametrize("name", VOCABULARIES)
@pytest.mark.parametrize("size", [(150, 112), (620, 465)])
def test_a_resized_map_has_no_label_that_was_not_there(read, name, size):
    ids = scenery(300, 400)
    found = read(Image.fromarray(colours_of(ids, name)).resize(size, Image.Resampling.LANCZOS))
    assert found.found == f"{VOCABULARIES[name].title}'s colours" and "mended" in found.notes[0]
    assert set(np.unique(found.labels)) == set(np.unique(ids))
    assert (found.labels != resize(ids, *size)).mean() < 0.02


# Sizes


def test_a_reduced_map_takes_the_label_at_each_centre():
    ids = np.array([[1, 2], [3, 4]], np.uint8).repeat(64, 0).repeat(64, 1)
    assert np.array_equal(resize(ids, 64, 64), ids[::2, ::2])
    assert np.array_equal(resize(ids, 256, 64)[:, [0, 120, 135, 255]], ids[::2, [0, 60, 67, 127]])


def test_an_enlarged_map_has_a_straight_outline_where_it_had_steps():
    slope = np.add.outer(3 * np.arange(96), np.arange(96))
    ids = np.where(slope < 180, 1, 5).astype(np.uint8)
    truth = np.where(np.add.outer(3 * (np.arange(768) - 3.5) / 8, (np.arange(768) - 3.5) / 8) < 179.5, 1, 5)
    inside = np.s_[40:-40, 40:-40]
    steps = (np.kron(ids, np.ones((8, 8), np.uint8)) != truth)[inside].mean()
    assert (resize(ids, 768, 768) != truth)[inside].mean() < 0.3 * steps


def test_what_is_one_pixel_wide_outlasts_enlarging():
    ids = np.full((64, 64), 16, np.uint8)
    ids[20], ids[:, 31], ids[40, 50] = 21, 14, 20
    found = resize(ids, 320, 320)
    assert np.array_equal(found[2::5, 2::5], ids)
    assert np.array_equal(resize(ids, 64, 64), ids)


# Holes


def test_nearest_label_by_brute_force():
    ids = np.random.default_rng(3).integers(1, 23, (17, 23)).astype(np.uint8)
    ids[np.random.default_rng(4).random(ids.shape) < 0.9] = 0
    rows, columns = np.nonzero(ids)
    distance = np.abs(np.arange(17)[:, None, None] - rows) + np.abs(np.arange(23)[None, :, None] - columns)
    key = (distance * 256 + ids[rows, columns]).argmin(-1)
    assert np.array_equal(nearest_labels(ids), ids[rows, columns][key])


def test_what_has_no_label_is_named_and_takes_its_neighbours(read):
    ids = np.full((100, 100), SEA, np.uint8)
    ids[:40] = SKY
    picture = colours_of(ids, "gaugan")
    shown = {each.name: each.colour for each in VOCABULARIES["gaugan"].classes}
    picture[0:80, 10:20] = shown["person"]  # from the sea up to the picture's edge
    picture[90:95, 90:95] = shown["boat"]
    found = read(picture)
    assert found.notes == ("no label for person (8.0 %) and boat (0.2 %), filled with what is around",)
    assert np.array_equal(found.labels, ids)


def test_void_is_sky_above_and_the_nearest_label_elsewhere(read):
    ids = np.zeros((100, 100), np.uint8)
    ids[60:, :50] = TREE  # under an open sky
    ids[70:80, 20:30] = 0  # a hole in it
    found = read(ids)
    assert found.notes == ("81.0 % unlabelled, filled with the sky above or what is around",)
    assert (found.labels[:60, :50] == SKY).all() and (found.labels[60:, :50] == TREE).all()
    assert (found.labels[:50, 50:] == SKY).all() and (found.labels[50:, 50:] == TREE).all()  # nothing there at all: sky down to the middle


# Refusing


def _spot(name: str) -> np.ndarray:
    picture = colours_of(scenery(64, 64), name)
    picture[5, 9] = (1, 2, 3)
    return picture


def _patch() -> np.ndarray:
    picture = colours_of(scenery(64, 64), "ade20k")
    picture[2:12, 2:12] = (200, 40, 90)
    return picture


def _single(vocabulary: str, name: str) -> np.ndarray:
    colour = next(each.colour for each in VOCABULARIES[vocabulary].classes if each.name == name)
    return np.full((64, 64, 3), colour, np.uint8)


@pytest.mark.parametrize(
    "image, palette, words",
    [
        (_spot("gaugan"), "auto", "1 pixel has a colour that is no class of GauGAN's (the first is (1, 2, 3) at x 9, y 5)"),
        (_spot("veduta"), "auto", "1 pixel has a colour that is no label's"),
        (_patch(), "auto", "pixels have a colour that is no class of ADE20K's (the first is (200, 40, 90)"),
        (colours_of(scenery(64, 64), "gaugan"), "ade20k", "4,096 pixels have a colour that is no class of ADE20K's"),
        (_single("gaugan", "person"), "auto", "read as GauGAN's colours, shows only person (100.0 %), for which there is no label"),
        (np.zeros((64, 64), np.uint8), "auto", "shows nothing but unlabelled pixels"),
        (np.full((64, 64), 200, np.uint8), "auto", "holds id 200, and its ids are not those of Veduta, COCO-Stuff or ADE20K"),
        (np.full((64, 64), 23, np.uint8), "veduta", "holds id 23, and its ids are not those of Veduta"),
        (scenery(64, 64), "gaugan", "has ids, and GauGAN's maps have colours"),
        (Image.new("CMYK", (64, 64)), "auto", "has mode CMYK"),
    ],
)
def test_what_is_no_map_is_refused(read, image, palette, words):
    with pytest.raises(MapError) as error:
        read(image, palette, "map.tif")
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_jpeg_is_refused(read, name):
    picture = Image.fromarray(colours_of(scenery(300, 400), name)).resize((200, 150), Image.Resampling.BICUBIC)
    with pytest.raises(MapError, match="save the map without smoothing or loss"):
        read(picture, name="map.jpg", quality=80)


def test_ids_that_fit_two_palettes_alike(read):
    with pytest.raises(MapError, match="fit several palettes alike; say which by --palette coco or ade20k"):
        read(np.full((64, 64), 129, np.uint8))  # leaves in COCO-Stuff, a lake in ADE20K


# The commands


def test_one_scene_in_four_palettes_is_one_painting(weights_folder, tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    Image.fromarray(scenery(80, 112)).save(tmp_path / "map.png")
    paintings = []
    for name, colours in WRITTEN:
        kind = () if colours else ("--ids",)
        assert cli.main(["convert", str(tmp_path / "map.png"), "-o", str(tmp_path / "other.png"), "--to", name, *kind]) == 0
        out = tmp_path / f"{name}{colours}.png"
        assert cli.main(["paint", str(tmp_path / "other.png"), "-o", str(out), "--weights", str(weights_folder), "--seed", "3"]) == 0
        assert f"other.png: {VOCABULARIES[name].title}'s" in capsys.readouterr().out
        paintings.append(out.read_bytes())
    assert len(set(paintings)) == 1


def test_convert_says_what_gets_lost(tmp_path, capsys):
    ids = scenery(64, 100)
    ids[:, :25] = BY_NAME["snow"].id
    Image.fromarray(ids).save(tmp_path / "map.png")
    assert cli.main(["convert", str(tmp_path / "map.png"), "-o", str(tmp_path / "out.png"), "--to", "ade20k"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"{tmp_path / 'out.png'}: ADE20K's colours; snow (25.0 %) as earth"
    assert Image.open(tmp_path / "out.png").mode == "RGB"


@pytest.mark.parametrize(
    "options, words",
    [
        (("--to", "gaugan", "--ids"), "GauGAN's maps have colours, not ids"),
        (("--to", "coco", "-o", "nowhere/out.png"), "its folder does not exist"),
    ],
)
def test_conversions_that_are_refused(tmp_path, capsys, options, words):
    Image.fromarray(scenery(64, 64)).save(tmp_path / "map.png")
    assert cli.main(["convert", str(tmp_path / "map.png"), "-o", str(tmp_path / "out.png"), *options]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and not (tmp_path / "out.png").exists()


def test_the_readmes_map_reads(capsys):
    found = read_map(Path(__file__).parents[2] / "docs" / "images" / "labels.png")
    assert str(found) == "Veduta's colours" and found.labels.shape == (576, 1024)
