"""Weights folders made of SPADE checkpoints: they paint what the checkpoint's own network paints, through both engines and at any size."""
from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from synth_core import canvas, cli, foreign, labels, noise, weights  # noqa: E402
from synth_core.canvas import areas  # noqa: E402
from synth_core.models import spade  # noqa: E402
from synth_core.models.spade import Options, edges  # noqa: E402
from synth_core.frames import picture_file  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import LICENCE, Request, TileRequest  # noqa: E402
from synth_core.tile import paint as paint_tile  # noqa: E402

import checkpoints  # noqa: E402
from maps import scenery  # noqa: E402

PLAIN, STYLED = Options(151, 2), Options(36, 2, "most", 100, (2, 4))


def _apart(one, other) -> int:
    return int(np.abs(one.picture.astype(int) - other.picture).max())


@pytest.fixture(scope="module")
def made(weights_folder, tmp_path_factory):
    """By "plain" (ADE20K without style vector and edges) and "styled" (Cityscapes with both): network, checkpoint, folder, its painters."""
    found = {}
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spade, "HIDDEN", 8)
        for name, options in (("plain", PLAIN), ("styled", STYLED)):
            folder = tmp_path_factory.mktemp(name)
            network = checkpoints.with_spectral_norm(options)
            path = checkpoints.write(folder / "latest_net_G.pth", network)
            foreign.take_over(path, folder / "weights", weights_folder)
            painters = {engine: Painter(folder / "weights", engine, 1) for engine in ("onnx", "torch")}
            found[name] = SimpleNamespace(network=network, path=path, folder=folder / "weights", painters=painters)
        yield found


@pytest.mark.parametrize("name", ["plain", "styled"])
@pytest.mark.parametrize("height, width", [(64, 64), (70, 333), (257, 511), (400, 300)])
def test_engines_agree_at_any_size(made, name, height, width):
    request = Request(scenery(height, width), seed=11)
    one, two = (painter.paint(request) for painter in made[name].painters.values())
    assert one.picture.shape == (height, width, 3) and one.picture.std() > 5
    assert _apart(one, two) <= 1


@pytest.mark.parametrize("name", ["plain", "styled"])
def test_pictures_are_the_checkpoint_s(made, name):
    """Labels as the checkpoint's classes, with edges where those meet: terrain is one class, though grass and hill are two labels."""
    ids = scenery(128, 256)
    ids[:, 150:] = 16
    ids[40:, 200:] = 6
    network = made[name].network
    by_class = {"plain": {1: 2, 5: 16, 12: 26, 20: 4, 16: 9, 6: 68}, "styled": {1: 23, 5: 22, 12: 6, 20: 21, 16: 22, 6: 22}}[name]
    classes = torch.from_numpy(np.vectorize(by_class.get)(ids))
    segmentation = (torch.arange(151 if name == "plain" else 35)[:, None, None] == classes)[None].float()
    style = noise.normal(4, 0, 1, labels.COUNT, 64)[0]
    if name == "styled":
        segmentation = torch.cat([segmentation, edges(classes[None, None].float())], 1)
    inputs = areas(ids, 1), style, np.zeros((8, 128, 256), np.float32), np.zeros((1, 128, 256), np.float32)
    state = foreign.read(made[name].path)
    ours = foreign.for_labels(state, foreign.options_of(state, made[name].path), foreign.published(state, made[name].path))
    with torch.no_grad():
        expected = network(segmentation, torch.from_numpy(style.reshape(1, -1)[:, :100]) if name == "styled" else None)[0].numpy()
        found = ours(*(torch.from_numpy(array)[None] for array in inputs))[0].numpy()
    assert expected.std() > 0.1 and np.abs(found - expected).max() < 1e-4
    for painter in made[name].painters.values():  # whose numbers are float16
        assert np.abs(painter._engine.composition(*inputs) - expected).max() < 0.02


def test_it_computes_on_the_device_that_it_is_on():
    network = spade.SpadeComposition(8, "normal", edges=True).to("meta")
    inputs = (torch.empty(1, *shape, device="meta") for shape in ((23, 256, 256), (23, 64), (8, 256, 256), (1, 256, 256)))
    assert network(*inputs).shape == (1, 3, 256, 256)


def test_the_seed_draws_the_style_vector_where_there_is_one(made):
    ids = scenery(256, 256)
    plain, styled = ([made[name].painters["onnx"].paint(Request(ids, seed)) for seed in (1, 1, 2)] for name in ("plain", "styled"))
    assert _apart(plain[0], plain[2]) == 0 and _apart(styled[0], styled[1]) == 0 and _apart(styled[0], styled[2]) > 5
    larger = [made["plain"].painters["onnx"].paint(Request(scenery(512, 512), seed)) for seed in (1, 2)]
    assert _apart(*larger) > 0, "detail's grain"
    drawn = np.concatenate([made["styled"].painters["onnx"]._styles.drawn(seed).ravel()[:100] for seed in range(50)])
    assert abs(drawn.mean()) < 0.1 and drawn.std() == pytest.approx(1, abs=0.1)


def test_strips_equal_the_whole_and_a_style_s_picture_is_not_cut(made, monkeypatch):
    request = Request(scenery(256, 1500))
    for name in ("plain", "styled"):
        monkeypatch.setattr(canvas, "STRIP", 10_000)
        whole = made[name].painters["onnx"].paint(request)
        monkeypatch.setattr(canvas, "STRIP", 256)
        assert _apart(whole, made[name].painters["onnx"].paint(request)) <= 1


@pytest.mark.parametrize("name, roll", [("plain", 192), ("styled", 0)])
def test_pictures_wrap(made, name, roll):
    """Plain, no pixel of a rolled map's picture differs; with a style its grid stays with the picture, and only the seam is gone."""
    ids = np.full((256, 512), 16, np.uint8)
    ids[:100, 100:300] = 1
    for wrap, view in (("x", (1.0, -1.0)), ("xy", (0.0, 0.0))):
        painter = made[name].painters["onnx"]
        straight, rolled = (painter.paint(Request(np.roll(ids, by, 1), wrap=wrap, view=view)).picture for by in (0, roll))
        assert np.abs(np.roll(straight, roll, 1).astype(int) - rolled).max() <= 1
        ends = painter.paint(Request(ids)).picture
        assert not np.array_equal(straight, ends)
    assert paint_tile(made[name].painters["onnx"], TileRequest(16, 256)).picture.shape == (256, 256, 3)


def test_what_the_folder_says_of_itself(made):
    plain, styled = (weights.load(made[name].folder) for name in ("plain", "styled"))
    assert plain.name == "SPADE, ADE20K" and styled.name == "SPADE, Cityscapes" and "non-commercial" in plain.licence
    assert (plain.cut.stride, plain.cut.whole, styled.cut.stride, styled.cut.whole) == (64, "", 128, "xy")
    assert {plain.cut.least, plain.cut.most, styled.cut.least, styled.cut.most} == {256}  # as both were taught, whatever Veduta's own paints at
    assert plain.looks == () and set(plain.networks) == {"composition", "detail"}
    kept = weights.read(made["plain"].folder / weights.TENSORS)
    assert kept["composition.generator.fc.weight"].shape[1] == labels.COUNT  # of 151 planes, those that stand for our labels
    assert {str(array.dtype) for array in kept.values()} == {"float16", "float32"}


def test_the_licence_is_stored_with_the_painting(made, tmp_path):
    result = made["plain"].painters["onnx"].paint(Request(scenery(64, 64), texts={"Title": "Hills"}))
    (tmp_path / "out.png").write_bytes(result.png)
    assert Image.open(tmp_path / "out.png").text == {"Title": "Hills", LICENCE: foreign.LICENCE} and result.licence == foreign.LICENCE
    (tmp_path / "cut.png").write_bytes(picture_file(result, np.zeros((64, 64), np.uint8), {}))
    assert Image.open(tmp_path / "cut.png").text == {LICENCE: foreign.LICENCE}


def _run(capsys, *words):
    code = cli.main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.err if code else captured.out


def test_a_checkpoint_is_imported_and_painted_with(made, weights_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli, "WEIGHTS", weights_folder)
    Image.fromarray(scenery(64, 96)).save(tmp_path / "map.png")
    code, said = _run(capsys, "import-spade", made["plain"].path, "-o", tmp_path / "mine", "--weights", weights_folder, "--name", "Mine",
                      "--layers", "more", "--licence", "Ours alone.")
    assert code == 0 and "SPADE of ADE20K" in said and "Ours alone." in said
    found = weights.load(tmp_path / "mine")
    assert (found.name, found.licence) == ("Mine", "Ours alone.") and found.networks["composition"]["upsampling"] == "more"
    assert (tmp_path / "mine" / weights.THUMBNAIL).is_file()
    pictures = []
    for source in (made["plain"].path, made["plain"].folder):
        code, said = _run(capsys, "paint", tmp_path / "map.png", "-o", tmp_path / "out.png", "--weights", source, "--threads", "1")
        assert code == 0 and foreign.LICENCE in said
        pictures.append((tmp_path / "out.png").read_bytes())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("options, words", [
    (("--look", "sunset"), "There is no look 'sunset'; the installed weights hold none"),
    (("--best-of", "3"), "hold no critic; choose weights that have one"),
    (("--style-photo", "photo.png"), "hold no stylist; choose weights that have one"),
])  # fmt: skip
def test_what_the_folder_lacks_is_told_in_one_sentence(made, options, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(scenery(64, 96)).save("map.png")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save("photo.png")
    code, said = _run(capsys, "paint", "map.png", "-o", "out.png", "--weights", made["plain"].folder, *options)
    assert code == 2 and words in said and said.count("\n") == 1 and not (tmp_path / "out.png").exists()


def test_files_that_are_no_checkpoints(tmp_path, capsys):
    Image.fromarray(scenery(64, 96)).save(tmp_path / "map.png")
    (tmp_path / "text.pth").write_text("hello")
    for words in (("paint", tmp_path / "map.png", "--weights", tmp_path / "text.pth", "-o", tmp_path / "out.png"),
                  ("import-spade", tmp_path / "text.pth", "-o", tmp_path / "out"),
                  ("import-spade", tmp_path / "none.pth", "-o", tmp_path / "out")):
        code, said = _run(capsys, *words)
        assert code == 2 and ".pth" in said and said.count("\n") == 1 and not (tmp_path / "out").exists()
    with pytest.raises(weights.WeightsError, match="text.pth is a file, not a folder of weights; .*import-spade"):
        weights.load(tmp_path / "text.pth")


@pytest.mark.parametrize("change", [{"stride": 0}, {"stride": 32}, {"reach": 100}, {"reach": -64}, {"colour": 1}])
def test_a_manifest_with_another_cut_is_refused(made, change, tmp_path):
    folder = shutil.copytree(made["plain"].folder, tmp_path / "weights")
    manifest = json.loads((folder / weights.MANIFEST).read_text())
    manifest["cut"] |= change
    (folder / weights.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(weights.WeightsError, match="can't be read"):
        weights.load(folder)


def test_an_architecture_that_is_not_known_is_refused(made, tmp_path):
    folder = shutil.copytree(made["plain"].folder, tmp_path / "weights")
    manifest = json.loads((folder / weights.MANIFEST).read_text())
    manifest["composition"]["architecture"] = "palladio"
    (folder / weights.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(weights.WeightsError, match="another version"):
        Painter(folder, "torch")


def test_a_style_vector_that_no_style_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(spade, "HIDDEN", 8)
    path = checkpoints.write(tmp_path / "long.pth", checkpoints.with_spectral_norm(Options(36, 1, "more", 1500, (4, 8))))
    with pytest.raises(foreign.ForeignError, match="a style vector of 1500 numbers"):
        foreign.options_of(foreign.read(path), path)
