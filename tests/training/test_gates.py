"""The gates find what they are there for in pictures made up to have it, and their command keeps, goes on and explains."""
import json

import numpy as np
import pytest

from synth_core import labels as label_set
from synth_core.cli import main
from synth_core.training import gates
from synth_core.training.gates import clean_maps, figures, judge, memorising, repetition, resolution, seeds, style, tiles, water
from synth_core.training.gates.figures import Figure


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def noise(rng, *shape):
    return rng.integers(0, 256, (*shape, 3)).astype(np.uint8)


def soft(picture, radius):
    return np.stack([figures.box_mean(picture[..., channel], radius) for channel in range(3)], -1).astype(np.uint8)


def test_a_tiled_picture_repeats_and_noise_does_not(rng):
    tile = noise(rng, 64, 64)
    assert figures.repetition(np.tile(tile, (2, 8, 1))) > 0.95
    assert figures.repetition(noise(rng, 128, 512)) < 0.1


def test_smooth_shading_is_no_repetition():
    ramp = np.repeat(np.linspace(0, 255, 512)[None, :, None], 128, 0).repeat(3, 2)
    assert figures.repetition((ramp + np.random.default_rng(0).normal(0, 3, ramp.shape)).clip(0, 255).astype(np.uint8)) < 0.1


def test_what_stands_in_the_same_place_of_every_cell_is_told_apart(rng):
    pictures = [soft(noise(rng, 256, 256), 2) for _ in range(6)]
    assert abs(figures.locked(pictures, 32)) < 0.005
    place = np.kron(np.ones((8, 8)), np.pad(np.ones((8, 8)), 12))[..., None]  # a spot in the middle of each cell
    assert figures.locked([(picture * 0.8 + 20 * place).astype(np.uint8) for picture in pictures], 32) > 0.1
    assert figures.locked([(picture * 0.8 + 20 * place).astype(np.uint8) for picture in pictures], 24) < 0.05
    elsewhere = [np.roll(picture * 0.8 + 20 * place, 5 * k, (0, 1)).astype(np.uint8) for k, picture in enumerate(pictures)]
    assert abs(figures.locked(elsewhere, 32)) < 0.03


def test_a_grid_is_a_spike_of_the_spectrum(rng):
    texture = noise(rng, 96, 96)
    grid = (texture * 0.5 + 60 * (np.arange(96) % 8 < 2)[None, :, None]).astype(np.uint8)
    assert figures.spikes(texture) < 0.01 and figures.spikes(soft(texture, 1)) < 0.05
    assert figures.spikes(grid) > 0.3


def test_blank_cells_are_counted_and_air_is_left_out(rng):
    picture, ids = noise(rng, 64, 64), np.full((64, 64), label_set.BY_NAME["grass"].id, np.uint8)
    assert figures.blank(picture, ids) == (0, 16)
    picture[:32] = 90
    assert figures.blank(picture, ids) == (8, 16)
    ids[:32] = label_set.BY_NAME["sky"].id
    assert figures.blank(picture, ids) == (0, 8)


def test_a_soft_picture_is_not_sharp(rng):
    photographs = [noise(rng, 64, 64) for _ in range(4)]
    assert resolution.sharp("own", photographs, photographs).passed
    blurred = resolution.sharp("own", [soft(picture, 1) for picture in photographs], photographs)
    assert blurred.value < 0.6 and blurred.passed is False


def test_sharpness_beyond_photographs_is_their_step_carried_on(rng):
    photographs = [noise(rng, 64, 64) for _ in range(3)]
    whole, half = ([figures.gradient(p) for p in pictures] for pictures in (photographs, [resolution.shrunk(p, 32) for p in photographs]))
    own = [noise(rng, 128, 128) for _ in range(3)]
    expected = np.mean([figures.gradient(p) for p in own]) * np.mean(half) / np.mean(whole) ** 2
    assert resolution.beyond(photographs, own).value == pytest.approx(expected)


def test_squares_are_cut_at_their_own_resolution(rng):
    picture = noise(rng, 1024, 1024)
    cuts = resolution.squares(picture)
    assert len(cuts) == 4 and np.array_equal(cuts[3], picture[640:896, 640:896])


def test_a_copied_photograph_is_found_mirrored_or_not(rng):
    train, unseen = [[soft(noise(rng, 64, 64), 4) for _ in range(20)] for _ in range(2)]
    to_nearest = lambda pictures: memorising.to_nearest(pictures, memorising.tones(train), memorising.tones)
    real, fresh = to_nearest(unseen), to_nearest([soft(noise(rng, 64, 64), 4) for _ in range(20)])
    copies = to_nearest([picture[:, ::-1] if place % 2 else picture for place, picture in enumerate(train)])
    assert [figure.passed for figure in memorising.compared("copies", copies, real)] == [False, False]
    assert [figure.passed for figure in memorising.compared("fresh", fresh, real)] == [True, True]


def test_nearest_is_the_smallest_distance(rng):
    queries, known = rng.normal(size=(5, 7)), rng.normal(size=(9, 7))
    each = np.linalg.norm(queries[:, None] - known, axis=2).min(1)
    assert figures.nearest(queries, known) == pytest.approx(each)


def two_labels(rng, below, count=8):
    """Pictures whose upper half has one colour each and whose lower half has the colours `below`, with their map."""
    ids = np.repeat(np.uint8([1, 16]), 32)[:, None].repeat(64, 1)
    colours = np.stack([rng.integers(60, 200, (count, 3)), below], 1)
    pictures = [(colour[(ids == 16).astype(int)] + rng.normal(0, 15, (64, 64, 1))).clip(0, 255).astype(np.uint8) for colour in colours]
    return pictures, [ids] * count


def test_a_style_that_is_followed_passes_and_a_grey_one_fails(rng):
    pictures, maps = two_labels(rng, rng.integers(60, 200, (8, 3)))
    real = style.measured(pictures, maps)
    assert all(figure.passed for figure in style.likeness("own", real, real))
    grey = [figures.grey(picture).astype(np.uint8)[..., None].repeat(3, 2) for picture in pictures]
    chroma, contrast, followed = style.likeness("own", style.measured(grey, maps), real)
    assert chroma.value < 0.1 and contrast.passed and followed.value < 0.8
    flat = [(picture * 0.3 + 80).astype(np.uint8) for picture in pictures]
    assert style.likeness("own", style.measured(flat, maps), real)[1].value < 0.5


def test_labels_that_one_of_both_lacks_do_not_count(rng):
    pictures, maps = two_labels(rng, rng.integers(60, 200, (8, 3)))
    painted = style.measured(pictures, maps)
    other = painted.copy()
    other[:, 16] = np.nan
    assert style.colourfulness("own", painted, other)[0].value == pytest.approx(1)


def test_equal_paintings_of_two_seeds_have_no_variety(rng):
    base, photographs, like = (rng.normal(size=(8, 30)) for _ in range(3))
    assert seeds.compared("noise", base, base, photographs, like, 0.35)[0].passed is False
    assert seeds.compared("noise", base, rng.normal(size=(8, 30)), photographs, like, 0.35)[0].passed


def test_the_likest_map_is_another_one_with_the_same_labels():
    maps = [np.full((64, 64), label, np.uint8) for label in (1, 5, 1, 12)]
    maps[3][:32] = 5
    assert seeds.likest(seeds.shares(maps)).tolist() == [2, 3, 0, 1]


def test_the_forty_clean_maps_are_whole_and_hold_every_label():
    maps = clean_maps.clean_maps()
    assert len(maps) == 40 and all(ids.min() > 0 for ids in maps.values())
    assert set().union(*(np.unique(ids).tolist() for ids in maps.values())) == set(range(1, label_set.COUNT))


def test_mean_iou_counts_what_is_labelled():
    truth = np.uint8([[1, 1, 5, 5], [0, 0, 5, 5]])
    assert clean_maps.mean_iou(truth, truth) == 1
    read = np.uint8([[1, 5, 5, 5], [7, 7, 5, 5]])
    assert clean_maps.mean_iou(read, truth) == pytest.approx((1 / 2 + 4 / 5) / 2)


def test_the_dimensions_that_codes_fill_are_counted(rng):
    wide = rng.normal(size=(4000, 16))
    narrow = wide * ([10] * 2 + [0.1] * 14)
    assert style.dimensions(wide) == pytest.approx(16, rel=0.05) and style.dimensions(narrow) == pytest.approx(2, rel=0.05)


def test_water_that_mirrors_its_shore_follows_it(rng):
    ids = np.full((64, 64), label_set.BY_NAME["lake"].id, np.uint8)
    ids[:32] = label_set.BY_NAME["mountain"].id
    shore = figures.box_mean(noise(rng, 32, 64).mean(2), 4)[..., None].repeat(3, 2)
    still, strange = (np.concatenate((shore, below)) for below in (shore[::-1], shore[:, ::-1]))
    assert water.has_shore(ids) and not water.has_shore(ids[32:])
    follows, does_not = water.following([still, strange], [ids, ids])
    assert follows > 0.95 and abs(does_not) < 0.5


def test_tiles_that_differ_are_counted(rng):
    picture = noise(rng, 64, 64).clip(1, 200)
    other = picture.copy()
    other[3, 4, 1] += 9
    other[5, 5, 0] += 1
    figure = tiles.differing("x", picture, other)
    assert figure.value == 1 and figure.passed is False and figure.note.startswith("1 of")
    assert tiles.differing("x", picture, picture).passed


def test_a_program_s_memory_is_its_own_and_not_its_parent_s():
    ballast = np.ones(300 << 17)  # 300 MiB
    program = [tiles.sys.executable, "-c", "held = bytearray(b'x') * (100 << 20)"]
    assert 0.09 < tiles.peak_of(program) < 0.25 and ballast[0] == 1
    assert np.isnan(tiles.peak_of([tiles.sys.executable, "-c", "raise SystemExit(1)"]))


def test_a_bootstrap_holds_the_mean_and_narrows_with_numbers(rng):
    few, many = (figures.bootstrap("x", lambda sample: float(sample.mean()), rng.normal(5, 1, count)) for count in (10, 1000))
    assert few.low < few.value < few.high and many.high - many.low < 0.4 * (few.high - few.low)


def test_a_figure_that_is_no_number_has_not_passed():
    assert Figure("x", float("nan"), least=0.9).passed is False
    assert Figure("x", 1.0, least=0.9, most=1.1).passed and Figure("x", 1.0).passed is None


def test_the_table_says_what_holds_and_what_fails():
    style_figures = [Figure("a", 1.0, 0.95, 1.05, least=0.9, most=1.1), Figure("b", 0.5, least=0.8, note="so")]
    answers = {"style": style_figures, "tiles": [Figure("c", 0, most=0)]}
    head, rule, *rows = gates.table(answers).splitlines()
    assert len(rows) == 3 and rule.count("---") == 6
    assert rows[0] == "| Style | a | 1.000 | 0.950–1.050 | 0.900–1.100 | holds |"
    assert rows[1] == "| Style | b (so) | 0.500 | – | ≥ 0.800 | **fails** |"
    assert rows[2].endswith("| 0 | – | ≤ 0 | holds |")


def test_the_judge_s_line_is_read_and_its_complaint_passed_on(tmp_path):
    program = tmp_path / "evaluate.py"
    program.write_text("import json, sys\nprint(json.dumps({'fd': len(sys.argv)}))")
    assert judge.judge(program, tmp_path, tmp_path, tmp_path) == {"fd": 4}
    program.write_text("import sys\nsys.exit('only 3 names')")
    with pytest.raises(gates.GateError, match="only 3 names"):
        judge.judge(program, tmp_path)


def test_gates_go_on_where_they_were_stopped(photographs, tmp_path, monkeypatch, capsys):
    asked = []
    for name in ("style", "tiles"):
        module = pytest.importorskip(f"synth_core.training.gates.{name}")
        monkeypatch.setattr(module, "gate", lambda studio, name=name: asked.append(name) or [Figure(name, 1.0, least=0.9)])
    out = tmp_path / "gates.json"
    line = ["gates", str(photographs), "-o", str(out), "--only"]
    assert main([*line, "style"]) == 0 and main([*line, "style", "tiles"]) == 0
    assert asked == ["style", "tiles"] and "| Tiles and memory | tiles |" in capsys.readouterr().out
    kept = json.loads(out.read_text())
    out.write_text(json.dumps(kept | {"weights": "others"}))
    monkeypatch.setattr("synth_core.training.gates.style.gate", lambda studio: asked.append("again") or [Figure("x", 0.1, least=0.9)])
    assert main([*line, "style"]) == 1 and asked[-1] == "again"


@pytest.mark.parametrize("words, part", [(["--only", "taste"], "no gate 'taste'"), (["--weights", "nowhere"], "no weights in nowhere")])
def test_gates_that_can_t_be_asked_are_told_in_one_sentence(photographs, tmp_path, capsys, words, part):
    line = ["gates", str(photographs), "-o", str(tmp_path / "gates.json")]
    assert main([*line, *words]) == 2
    said = capsys.readouterr().err
    assert part in said and said.count("\n") == 1
    (tmp_path / "gates.json").write_text("[]")
    assert main(line) == 2 and "holds no gates' figures" in capsys.readouterr().err


def test_strips_are_long_and_show_the_middle():
    image, ids = (repetition.Image.fromarray(np.zeros((108, 192, *rest), np.uint8)) for rest in ((3,), ()))
    picture, labels = repetition.strip(image, ids)
    assert picture.shape == (512, 2048, 3) and labels.shape == (512, 2048)
