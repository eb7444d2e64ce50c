"""What the benchmarks of pictures and the blind sheet count, on pictures and answers made up to have a known count."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def program(place: str):
    """A program of the repository as a module."""
    spec = importlib.util.spec_from_file_location(Path(place).stem, ROOT / place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def baselines():
    return program("benchmarks/baselines.py")


@pytest.fixture(scope="module")
def by_label():
    return program("benchmarks/by_label.py")


@pytest.fixture(scope="module")
def blind_sheet():
    return program("scripts/blind_sheet.py")


def test_a_label_s_mean_colour_is_its_pixels_mean(baselines):
    picture, ids = np.zeros((2, 2, 3), np.uint8), np.uint8([[1, 1], [5, 0]])
    picture[0] = [[10, 20, 30], [20, 40, 60]]
    colours = baselines.mean_colours([(picture, ids)])
    assert colours[1].tolist() == [15, 30, 45] and colours[5].tolist() == [0, 0, 0] and colours[12].tolist() == [128] * 3


def test_baselines_take_the_photograph_of_the_likest_map(baselines, photographs):
    found = baselines.baselines(photographs)
    assert list(found) == ["nearest training photograph by label map", "each label's mean colour"]
    nearest, again = found["nearest training photograph by label map"]
    from synth_core.training.data import Photographs

    val, train = Photographs(photographs, "val", 256), Photographs(photographs, "train", 256)
    maps = {train.centre(index)[0].tobytes(): train.centre(index)[1] for index in range(len(train))}
    for index, name in enumerate(val.names):  # the made-up maps come four kinds, two of each in the training split
        assert all(np.array_equal(maps[pictures[name].tobytes()], val.centre(index)[1]) for pictures in (nearest, again))
        assert not np.array_equal(nearest[name], again[name])


def test_cosines_are_of_the_labels_that_are_there():
    wanted, codes, present = np.ones((2, 3, 4)), np.ones((2, 3, 4)), np.zeros((2, 3), bool)
    codes[0, 0], codes[0, 1] = [2, -2, 2, 2], -1
    present[0, 0] = present[1, 2] = True
    assert program("benchmarks/stylist.py").cosine(codes, wanted, present) == pytest.approx(0.75)


def test_the_table_ends_with_the_photographs_own_figures(baselines):
    judged = {name: 0.5 for name in baselines.FIGURES} | {"fd_floor": 0.1, "miou_real": 0.37, "acc_real": 0.69}
    rows = baselines.table({"ours": judged}).splitlines()
    assert rows[-1] == "| photographs | 0.100 | – | 0.370 | 0.690 | – | – |" and rows[2].startswith("| ours | 0.500 | 0 |")


def test_octaves_add_up_and_a_wave_lies_in_its_own():
    contrast = program("benchmarks/contrast.py")
    across = np.arange(512)
    wave = np.tile(np.sin(2 * np.pi * across / 24), (512, 1))
    bands = contrast.octaves(wave)
    assert np.allclose(sum(bands), wave)
    assert np.argmax([band.std() for band in bands]) == 3  # 16 to 32 px


def test_contrast_is_counted_under_labels_by_their_share():
    contrast = program("benchmarks/contrast.py")
    ids = np.full((64, 64), 12, np.uint8)
    ids[:32], ids[:, 0] = 9, 20  # sea, sand and hardly a tree
    noise = np.random.default_rng(0).integers(100, 156, (64, 64, 1)).repeat(3, 2)
    flat = (128 + (noise - 128) // 2 * (ids == 12)[..., None] + (noise - 128) * (ids != 12)[..., None]).astype(np.uint8)
    shares = contrast.covered(ids)
    assert shares[12] == pytest.approx(0.5, abs=0.01) and shares[20] == 0 == shares[0]
    over = contrast.deviations(flat, ids)[:, 0] / np.maximum(contrast.deviations(noise.astype(np.uint8), ids)[:, 0], 1)
    assert over[9] == pytest.approx(1, abs=0.05) and over[12] == pytest.approx(0.5, abs=0.05) and over[1] == 0


def test_intersection_over_union_by_label(by_label):
    truth, read = np.uint8([[[1, 1, 5, 0]]]), np.uint8([[[1, 5, 5, 5]]])
    matrix = by_label.confusion(read, truth)
    assert matrix.sum() == 3 and matrix[1, 5] == 1
    assert by_label.iou(matrix)[[1, 5]].tolist() == [0.5, 0.5]


def test_labels_are_ranked_by_what_paintings_lose(by_label):
    real, painted = np.zeros((23, 23), int), np.zeros((23, 23), int)
    for label, right in ((1, 9000), (5, 9000), (12, 9000)):
        real[label, label], painted[label, label], painted[label, 7] = 10_000, right - 1000 * label // 2, 1000
    real[3, 3] = 10  # too few to say
    assert by_label.ranked(painted, real) == [12, 5, 1]


def test_crops_are_cut_where_the_label_is(by_label):
    maps = np.ones((3, 256, 256), np.uint8)
    maps[1, 128:, 128:] = 12
    (index, (rows, columns)), = by_label.places(maps, 12)[:1]
    assert index == 1 and (rows.start, columns.start) == (128, 128)


def test_multiplications_are_counted():
    speed = program("benchmarks/speed.py")
    layer = torch.nn.Conv2d(3, 8, 3)
    with torch.inference_mode():
        assert speed.gmac(lambda: layer(torch.zeros(1, 3, 10, 12))) == 3 * 8 * 9 * 8 * 10 / 1e9


@pytest.fixture
def one_thread():
    """A network of many tiny layers waits for its threads most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_plain_spade_learns_goes_on_and_is_folded_to_the_same_painter(photographs, tmp_path, baselines, one_thread):
    plain_spade = program("benchmarks/plain_spade.py")
    from synth_core.training.data import Batches, Photographs, one_hot

    batch = Batches(Photographs(photographs, "train", 64), 2, 0.9).draw(plain_spade.random.Random(0))
    teacher = plain_spade.Teacher(2)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items() if name.endswith(".bias")}
    assert all(np.isfinite(list(teacher.step(batch).values())))
    after = teacher.state_dict()
    moved = [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]
    assert {name.split(".")[0] for name in moved} == {"generator", "judges"}
    plain_spade.save(teacher, tmp_path / "spade.pt")
    again = plain_spade.Teacher(2)
    again.load_state_dict(torch.load(tmp_path / "spade.pt", weights_only=True))
    kept = again.state_dict()
    assert again.seen == 2 and all(torch.equal(tensor, after[name]) for name, tensor in kept.items() if torch.is_tensor(tensor))
    areas = one_hot(batch.truth)
    with torch.no_grad():
        wanted = again.generator.eval()(areas)
        generator, name = plain_spade.finished(tmp_path / "spade.pt")
        assert torch.allclose(generator(areas), wanted, atol=1e-4)
    assert name.startswith("plain SPADE, ngf 2, 2 images")
    painted, _ = baselines.spade(photographs, tmp_path / "spade.pt")[name]
    assert len(painted) == 4 and all(picture.shape == (256, 256, 3) for picture in painted.values())


KEY = {"pictures": {f"{number:02}": {"kind": kind} for number, kind in enumerate(["photo", "painting", "painting", "photo"], 1)}}


def test_answers_are_marked(blind_sheet):
    said = blind_sheet.marked(KEY, "1 photo\n02 painting, soft rocks\n3: Photo\n\n4 painting")
    assert said.startswith("1 of 2 paintings taken for photographs (03); 1 of 2 photographs taken for paintings (04); 2 of 4 right")
    assert said.endswith("0.69")


@pytest.mark.parametrize("text, part", [("1 photo", "no answer to 02, 03, 04"), ("1 maybe", "'1 maybe' is no number")])
def test_answers_that_are_none(blind_sheet, text, part):
    with pytest.raises(blind_sheet.TrialError, match=part):
        blind_sheet.marked(KEY, text)


@pytest.mark.parametrize("words, part", [
    (["mark", "absent.json", "absent.txt"], "absent.json can't be used: No such file"),
    (["mark", "answers.txt", "answers.txt"], "answers.txt is no key"),
    (["make", ".", "out"], "has no manifest.csv"),
])  # fmt: skip
def test_files_that_are_none_are_named(blind_sheet, tmp_path, monkeypatch, words, part):
    (tmp_path / "answers.txt").write_text("1 photo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["blind_sheet.py", *words])
    with pytest.raises(SystemExit, match=part):
        blind_sheet.command_line("about", 24, "photographs", blind_sheet.make, blind_sheet.marked)


def test_too_few_photographs_for_a_blind_sheet(blind_sheet, photographs, tmp_path):
    with pytest.raises(blind_sheet.TrialError, match="has 0 val photographs of 512 pixels; 48 are needed"):
        blind_sheet.make(photographs, tmp_path, ROOT / "weights", 24)


def test_a_blind_sheet_hides_what_is_what(blind_sheet, photographs, tmp_path, monkeypatch):
    monkeypatch.setattr(blind_sheet, "SIDE", 64)
    blind_sheet.make(photographs, tmp_path, ROOT / "weights", 2)
    key = blind_sheet.json.loads((tmp_path / "key.json").read_text())["pictures"]
    assert sorted(picture["kind"] for picture in key.values()) == ["painting", "painting", "photo", "photo"]
    assert len({picture["name"] for picture in key.values()}) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01.png", "02.png", "03.png", "04.png", "key.json", "sheet-1.png"]


def test_a_releases_sheet_has_the_scenes_and_16_layouts(tmp_path):
    release = program("scripts/release_sheet.py")
    for number in range(40):
        Image.fromarray(np.full((60, 80), 1 + number % 22, np.uint8)).save(tmp_path / f"layout_{number:02}.png")
    assert [path.stem[-2:] for path in release.layouts(tmp_path)][:4] == ["00", "02", "05", "07"]
    shown = release.maps(tmp_path, 96)
    assert list(shown)[:6] == list(release.scenes.NAMES) and len(shown) == 22
    assert shown["coast"].shape == (96, 144) and shown["layout_05"].shape == (96, 128) and (shown["layout_05"] == 6).all()
    cells = [release.PALETTE[labels] for labels in shown.values()]
    assert release.sheet(cells).shape == (6 * (96 + release.GAP), 4 * (144 + release.GAP), 3)
    with pytest.raises(release.MapError, match="has 40 label maps .*; 41 are needed"):
        release.layouts(tmp_path, 41)


@pytest.fixture(scope="module")
def blind_labels():
    return program("scripts/blind_labels.py")


TRIAL = {"right": 0.6, "places": {f"{number:02}": {"kind": kind, "map": word} for number, (kind, word) in enumerate(
    [("misread", "a"), ("right", "b"), ("misread", "b"), ("misread", "a"), ("misread", "a"), ("right", "a")], 1)}}  # fmt: skip


def test_preferred_names_are_counted(blind_labels):
    said = blind_labels.marked(TRIAL, "1 A\n02 b\n3: a, a lake\n\n4 both\n5 neither\n6 B").splitlines()
    assert said[0] == "misread, 4 places: map 1, other 1, both 1, neither 1"
    assert said[1].startswith("pixels right by the maps 0.600; named at least as well as by the maps 0.800 (0.604 to 0.996)")
    assert said[2] == "right, 2 places: map 1, other 1, both 0, neither 0"


@pytest.mark.parametrize("text, part", [("1 a", "no answer to 02, 03, 04, 05, 06"), ("1 lake", "'1 lake' is no number")])
def test_names_that_are_none(blind_labels, text, part):
    with pytest.raises(blind_labels.TrialError, match=part):
        blind_labels.marked(TRIAL, text)


def test_a_trial_of_names_shows_both_and_hides_whose_they_are(blind_labels, photographs, tmp_path):
    blind_labels.make(photographs, tmp_path, ROOT / "weights", 12)
    places = blind_labels.json.loads((tmp_path / "key.json").read_text())["places"].values()
    assert sorted(place["kind"] for place in places) == ["misread"] * 12 + ["right"] * 6
    assert all(len(set(place["names"])) == 2 for place in places) and {place["map"] for place in places} == {"a", "b"}
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["sheet-01.png", "sheet-02.png", "sheet-03.png"]
    with pytest.raises(blind_labels.TrialError, match="pixels are of this kind; 10000000 are needed"):
        blind_labels.make(photographs, tmp_path, ROOT / "weights", 10_000_000)


def test_places_are_drawn_from_labelled_pixels_that_are_wanted_alone(blind_labels):
    truth, found = np.uint8([[0, 1, 1], [1, 1, 1]]), np.uint8([[5, 1, 1], [1, 1, 5]])
    read = [(truth, truth, truth), (truth, found, truth), (truth[::-1], found, truth)]
    drawn = blind_labels.drawn(read, lambda truth, first, _: truth != first, 3, np.random.default_rng(0))
    assert sorted(drawn) == [(1, 1, 2), (2, 0, 0), (2, 1, 2)]
