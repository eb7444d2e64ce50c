"""Export: the weights folder says what the networks say, through both engines and at any size."""
from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from synth_core import export as exporting  # noqa: E402
from synth_core import noise, weights  # noqa: E402
from synth_core.canvas import areas  # noqa: E402
from synth_core.engines import open_engine  # noqa: E402

from maps import scenery  # noqa: E402

STYLE = noise.normal(5, 0, 1, 23, 64)[0]


@pytest.fixture(scope="module")
def engines(weights_folder):
    return [open_engine(name, weights.load(weights_folder), 1) for name in ("onnx", "torch")]


@pytest.mark.parametrize("size", [(64, 64), (64, 192), (320, 128)])
def test_engines_agree_on_composition(engines, size):
    height = np.broadcast_to(np.linspace(1, -1, size[0], dtype=np.float32)[None, :, None], (1, *size))
    one, two = (engine.composition(areas(scenery(*size), 1), STYLE, noise.normal(0, 0, 8, *size), height) for engine in engines)
    assert one.shape == (3, *size) and one.dtype == np.float32 and one.std() > 0.05
    assert np.abs(one - two).max() < 1e-4


@pytest.mark.parametrize("size", [(8, 4), (36, 52), (128, 96)])
def test_engines_agree_on_detail(engines, size):
    large = (2 * size[0], 2 * size[1])
    picture = np.tanh(noise.normal(1, 0, 3, *size))
    one, two = (engine.detail(picture, areas(scenery(*large), 1), STYLE, noise.normal(0, 0, 2, *large), 0.5) for engine in engines)
    assert one.shape == (3, *large) and one.std() > 0.05
    assert np.abs(one - two).max() < 1e-4


def test_detail_hears_its_scale(engines):
    picture, labels, grain = np.zeros((3, 16, 16), np.float32), areas(scenery(32, 32), 1), noise.normal(0, 0, 2, 32, 32)
    for engine in engines:
        assert np.abs(engine.detail(picture, labels, STYLE, grain, 0) - engine.detail(picture, labels, STYLE, grain, 2)).max() > 1e-3


def test_graphs_hold_no_numbers_of_their_own(weights_folder):
    places = weights.places(weights_folder / weights.TENSORS)
    for name, graph in weights.GRAPHS.items():
        assert (weights_folder / graph).stat().st_size < 400_000
        tensors = onnx.load(weights_folder / graph, load_external_data=False).graph.initializer
        assert all(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in tensors)
        pointed = {int(entry.value) for tensor in tensors for entry in tensor.external_data if entry.key == "offset"}
        own = {place.offset for key, place in places.items() if key.startswith(f"{name}.")}
        assert pointed <= own and len(pointed) > len(own) / 2  # untrained biases are all 0, and equal parameters are pointed at once


def test_manifest_and_tensors(weights_folder, networks):
    manifest = json.loads((weights_folder / weights.MANIFEST).read_text())
    assert manifest["composition"] == {"channels": [16, 16, 8, 8, 8, 8, 8], "label_channels": [8] * 7, "heavy": 5, "mirrors": True, "soft": True}
    assert manifest["detail"] == {"channels": [16, 8, 8], "label_channels": [8, 8, 8]}
    tensors = weights.read(weights_folder / weights.TENSORS)
    assert all(array.dtype == np.float16 for array in tensors.values())
    assert {name.split(".")[0] for name in tensors} == {"composition", "detail", "encoder", "styles"}
    expected = networks[0].state_dict()["start.weight"].numpy().astype(np.float16)
    assert np.array_equal(tensors["composition.start.weight"], expected)
    assert not list(weights_folder.glob("*.new"))


def _checkpoints(networks, folder):
    composition, detail = networks
    judges = {"discriminator": {"bias": torch.ones(3)}, "pixel_head": {"bias": torch.zeros(2)}}
    first = {
        "run": {"stage": "composition"}, "seen": 800, "extras": {"bank": torch.randn(4, 23, 64)}, "learners": judges,
        "averaged": {"composition": composition.state_dict(), "encoder": {"mean": torch.zeros(64)}},
    }  # fmt: skip
    second = {"run": {"stage": "detail"}, "seen": 90, "extras": {}, "learners": judges, "averaged": {"detail": detail.state_dict()}}
    torch.save(first, folder / "first.pt")
    torch.save(second, folder / "second.pt")
    return folder / "first.pt", folder / "second.pt"


def test_checkpoints_of_both_stages(networks, weights_folder, tmp_path):
    exporting.export_checkpoints(*_checkpoints(networks, tmp_path), tmp_path / "out")
    found, expected = weights.load(tmp_path / "out"), weights.load(weights_folder)
    assert found.version == "composition 800 images, detail 90 images" and found.networks == expected.networks
    for name, array in expected.tensors("composition.").items():
        assert np.array_equal(found.tensors("composition.")[name], array)
    assert weights.read(tmp_path / "out" / weights.JUDGES)["detail.discriminator.bias"].tolist() == [1, 1, 1]


def test_wrong_checkpoints(networks, tmp_path):
    first, second = _checkpoints(networks, tmp_path)
    with pytest.raises(exporting.ExportError, match="checkpoint of the detail stage; the composition stage's is needed"):
        exporting.export_checkpoints(second, first, tmp_path / "out")
    with pytest.raises(exporting.ExportError, match="There is no checkpoint"):
        exporting.export_checkpoints(tmp_path / "none.pt", second, tmp_path / "out")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(exporting.ExportError, match="text.pt is no checkpoint"):
        exporting.export_checkpoints(tmp_path / "text.pt", second, tmp_path / "out")


def test_numbers_beyond_float16(networks, tmp_path):
    with pytest.raises(exporting.ExportError, match="encoder.code .*diverged"):
        exporting.export(*networks, {"code": torch.tensor([1e6])}, torch.randn(2, 23, 64), tmp_path)
