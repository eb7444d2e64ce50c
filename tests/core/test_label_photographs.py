"""Segmenter, snapped edges and `label`: the network answers through ONNX Runtime as in torch, borders follow the picture, folders are resumed."""
from __future__ import annotations

import io
import shutil
import struct
import zlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from PIL import Image  # noqa: E402

from synth_core import cli, edges, export, labels, segmenter, weights  # noqa: E402
from synth_core.maps import read_map  # noqa: E402
from synth_core.reading import shrink  # noqa: E402
from synth_core.segmenter import Segmenter  # noqa: E402
from synth_core.weights import WeightsError  # noqa: E402


@pytest.fixture(scope="module")
def reading(weights_folder, tmp_path_factory):
    """A weights folder with a segmenter, and its network: sky where a picture is bright, rock where it is dark."""
    from synth_core.models.segmenter import Segmenter as Network
    from synth_core.training.segmenter import example

    torch.manual_seed(3)
    folder = shutil.copytree(weights_folder, tmp_path_factory.mktemp("segmenter") / "weights")
    network = Network((8, 8, 8, 8), 1).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(0.3)
        network.name.weight.zero_()
        network.name.bias.fill_(-9)
        network.read.weight[0] = 1 / 432  # channel 0 becomes the mean of the picture around
        for module in (*network.see[0], network.refine[0]):
            module.second.weight[0], module.second.bias[0] = 0, 0
        network.lower[0].weight[0], network.lower[0].bias[0] = 0, 0
        for label, weight in (("sky", 9.0), ("rock", -9.0)):
            network.name.weight[labels.BY_NAME[label].id, 0], network.name.bias[labels.BY_NAME[label].id] = weight, 0
    export.add_segmenter(folder, network, example())
    return folder, network


def picture(height: int = 90, width: int = 140) -> np.ndarray:
    """White above a slanting line, black below it."""
    rows, columns = np.mgrid[:height, :width]
    return np.where((rows * width < height * (0.3 * width + 0.4 * columns))[..., None], np.uint8(235), np.uint8(20)).repeat(3, 2)


def truth(of: np.ndarray) -> np.ndarray:
    return np.where(of[..., 0] > 128, labels.BY_NAME["sky"].id, labels.BY_NAME["rock"].id)


def test_the_segmenter_answers_as_its_network(reading):
    folder, network = reading
    small = np.random.default_rng(0).normal(size=(1, 3, 256, 320)).astype(np.float32)
    found = Segmenter(folder, 1)._read(small)
    with torch.no_grad():
        expected = network(torch.from_numpy(small))[0].numpy()
    assert found.shape == (23, 64, 80) and np.abs(found - expected).max() < 0.05


@pytest.mark.parametrize("size", [(90, 140), (700, 300), (5, 3), (40, 900)])
def test_a_map_has_the_photograph_s_size_and_no_holes(reading, size):
    seen = picture(*size)
    ids = Segmenter(reading[0], 1).label(seen)
    assert ids.shape == size and ids.dtype == np.uint8 and ids.min() > 0
    if min(size) > 80:
        assert (ids == truth(seen)).mean() > 0.97


def test_small_photographs_are_enlarged_without_steps_and_large_ones_averaged():
    ramp = np.uint8([[0, 100, 200]])[..., None].repeat(3, 2).repeat(60, 0)
    read = (shrink(ramp, 30, 12)[0, 1] + 1) * 127.5
    assert read.shape == (30, 12) and np.allclose(read[0], [0, 0, 12.5, 37.5, 62.5, 87.5, 112.5, 137.5, 162.5, 187.5, 200, 200], atol=1e-3)
    assert np.allclose((shrink(ramp.swapaxes(0, 1), 1, 2)[0, 0] + 1) * 127.5, 100, atol=1e-3)


def test_weights_without_a_segmenter(weights_folder):
    with pytest.raises(WeightsError, match="hold no segmenter; choose weights that have one"):
        segmenter.best(weights_folder)


def test_the_segmenter_outlives_the_painter(reading, networks, tmp_path):
    folder = shutil.copytree(reading[0], tmp_path / "weights")
    export.export(*networks, {"code.weight": torch.randn(3, 2)}, torch.randn(5, 23, 64), folder, version="next")
    export.add_looks(folder, ("noon",), torch.randn(1, 23, 64))
    assert weights.load(folder).networks["segmenter"] == {"channels": [8, 8, 8, 8], "depth": 1}
    assert Segmenter(folder, 1).label(picture()).shape == (90, 140)


def test_a_damaged_segmenter_is_named(reading, tmp_path):
    folder = shutil.copytree(reading[0], tmp_path / "weights")
    path = folder / "segmenter.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="segmenter.safetensors is damaged"):
        Segmenter(folder)


@pytest.mark.parametrize("size", [(120, 180), (1400, 2100)])
def test_snapped_borders_follow_the_picture(size):
    seen = picture(*size)
    coarse = np.stack([np.asarray(Image.fromarray(np.float32(truth(seen) == label)).resize((15, 10), Image.BOX)) for label in (1, 7)])
    names = np.array([1, 7])
    plain, snapped = names[edges.lay(seen, coarse)], names[edges.snap(seen, coarse)]
    wrong = [(found != truth(seen)).sum() for found in (plain, snapped)]
    assert wrong[1] < 0.2 * wrong[0]


def test_bands_of_a_large_picture_make_one_map(monkeypatch):
    seen = np.random.default_rng(0).integers(0, 256, (120, 90, 3), np.uint8)
    beliefs = np.random.default_rng(1).dirichlet(np.ones(4), (6, 5)).transpose(2, 0, 1).astype(np.float32)
    whole = edges.snap(seen, beliefs)
    monkeypatch.setattr(edges, "_BAND", 700)
    assert np.array_equal(edges.snap(seen, beliefs), whole)


@pytest.fixture
def folder(tmp_path):
    """Photographs as people have them: one turned by its EXIF tag, two of one name."""
    photos = tmp_path / "photos"
    photos.mkdir()
    seen = Image.fromarray(picture())
    seen.save(photos / "hill.jpg", quality=95)
    seen.resize((70, 45)).save(photos / "hill.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    seen.rotate(90, expand=True).save(photos / "turned.jpg", exif=exif, quality=95)
    return photos


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG's."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def label(folder, weights_folder, *more) -> int:
    out = folder.parent / "maps"
    return cli.main(["label", str(folder), *map(str, more), "-o", str(out), "--weights", str(weights_folder), "--threads", "1"])


def test_a_folder_of_photographs_is_labelled(reading, folder, capsys):
    assert label(folder, reading[0]) == 0
    assert "3 photographs: 3 labelled, 0 there already, 0 failed" in capsys.readouterr().out
    maps = folder.parent / "maps"
    assert sorted(path.name for path in maps.iterdir()) == ["hill.jpg.png", "hill.png.png", "turned.png"]
    upright = read_map(maps / "turned.png").labels
    assert upright.shape == (90, 140) and (upright == truth(picture())).mean() > 0.97
    assert Image.open(maps / "turned.png").convert("RGB").getpixel((0, 0)) == labels.BY_NAME["sky"].colour


def test_what_is_there_is_left_and_what_is_broken_is_made_again(reading, folder, capsys):
    label(folder, reading[0])
    maps = folder.parent / "maps"
    kept, half, other = maps / "turned.png", maps / "hill.png.png", maps / "hill.jpg.png"
    half.write_bytes(half.read_bytes()[:-30])
    Image.fromarray(np.ones((4, 4), np.uint8)).save(other)  # another picture's
    before = kept.stat().st_mtime_ns
    capsys.readouterr()
    assert label(folder, reading[0]) == 0
    assert "2 labelled, 1 there already" in capsys.readouterr().out
    assert kept.stat().st_mtime_ns == before and read_map(half).labels.shape == (45, 70) and read_map(other).labels.shape == (90, 140)


def test_a_bad_file_is_named_and_the_others_are_labelled(reading, folder, capsys):
    (folder / "broken.jpg").write_bytes(b"no picture")
    png = (folder / "hill.png").read_bytes()
    (folder / "chunk.png").write_bytes(png[:33] + _chunk(b"tEXt", b"a\0b")[:-1] + b"?" + png[33:])  # its checksum is wrong
    (folder / "exif.png").write_bytes(png[:33] + _chunk(b"eXIf", b"no EXIF") + png[33:])
    (folder / "text.png").write_bytes(png[:33] + _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 26))) + png[33:])  # over Pillow's limit
    assert label(folder, reading[0], folder / "missing.jpg") == 1
    told = capsys.readouterr()
    for name in ("broken.jpg", "chunk.png", "exif.png", "text.png"):
        assert f"{name} is no image file" in told.err
    assert "missing.jpg can't be read (No such file or directory)" in told.err
    assert "8 photographs: 3 labelled, 0 there already, 5 failed" in told.out


@pytest.mark.parametrize("change, sentence", [("empty", "holds no photographs"), ("same", "would lie among the photographs"),
                                              ("twice", "hill.jpg is there twice"), ("weights", "hold no segmenter")])
def test_what_can_t_be_labelled_at_all(reading, weights_folder, folder, tmp_path, capsys, change, sentence):
    other = tmp_path / "other"
    other.mkdir()
    if change == "twice":
        shutil.copy(folder / "hill.jpg", other)
    sources = {"empty": [other], "same": [folder], "twice": [folder, other], "weights": [folder]}[change]
    out = folder if change == "same" else tmp_path / "maps"
    chosen = weights_folder if change == "weights" else reading[0]
    assert cli.main(["label", *map(str, sources), "-o", str(out), "--weights", str(chosen)]) == 2
    assert sentence in capsys.readouterr().err and not list(out.glob("hill*.png.png"))


def test_the_painter_s_process_labels_a_photograph(reading):
    from synth_core.request import LabelRequest
    from synth_core.worker import Workshop

    result = Workshop({"weights": reading[0], "threads": 1}).label(LabelRequest(picture()), None, None)
    assert (result.labels == truth(picture())).mean() > 0.97
    shown = np.asarray(Image.open(io.BytesIO(result.png)))
    assert shown.shape == (90, 140, 3) and tuple(shown[0, 0]) == labels.BY_NAME["sky"].colour
