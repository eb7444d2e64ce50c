"""Weights: the safetensors format, and a clear sentence for whatever is missing or damaged."""
from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from synth_core import weights
from synth_core.weights import WeightsError


@pytest.fixture
def copy(weights_folder, tmp_path):
    """A copy of the weights folder to damage."""
    return shutil.copytree(weights_folder, tmp_path / "weights of Müller")


def test_tensors_read_back(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {
        "b": np.arange(6, dtype=np.float16).reshape(2, 3),
        "a.x": np.float32([1.5]),
        "count": np.int64([3, 4]),
        "none": np.zeros((0, 2), np.float32),
    }
    weights.write(path, tensors)
    found = weights.read(path)
    assert set(found) == set(tensors)
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)
    assert set(weights.read(path, "a.")) == {"a.x"}
    place = weights.places(path)["b"]
    assert path.read_bytes()[place.offset : place.offset + place.length] == tensors["b"].tobytes()


def test_agrees_with_the_safetensors_package(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    tensors = {"b": np.float16([[1, 2]]), "a": np.float32([3])}
    weights.write(tmp_path / "ours", tensors)
    theirs = safetensors.load_file(tmp_path / "ours")
    assert {name: array.tolist() for name, array in theirs.items()} == {"a": [3.0], "b": [[1.0, 2.0]]}
    safetensors.save_file(tensors, tmp_path / "theirs", metadata={"by": "them"})
    assert weights.read(tmp_path / "theirs")["b"].tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"short", b"\xff" * 64, (5).to_bytes(8, "little") + b"{nojs", (2).to_bytes(8, "little") + b"[]",
        (60).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(60),
    ],
)  # fmt: skip
def test_files_that_are_no_safetensors(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="bad.safetensors is no safetensors file"):
        weights.read(path)


def test_a_good_folder(weights_folder):
    found = weights.load(weights_folder)
    assert found.version == "tiny" and found.sha256 == weights.sha256(weights_folder / weights.TENSORS)
    bank = found.tensors("styles.")["bank"]
    assert bank.shape == (5, 23, 64) and bank.dtype == np.float32


@pytest.mark.parametrize("name", [weights.TENSORS, "composition.onnx", "detail.onnx", weights.MANIFEST])
def test_a_missing_file(copy, name):
    (copy / name).unlink()
    with pytest.raises(WeightsError, match=f"{name}.*install"):
        weights.load(copy)


def test_a_missing_folder(tmp_path):
    with pytest.raises(WeightsError, match="There are no weights in .*nowhere"):
        weights.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [weights.TENSORS, "composition.onnx", "detail.onnx"])
def test_one_changed_byte(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(WeightsError, match=f"{name} is damaged"):
        weights.load(copy)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": "1", "sha256": {}}', '{"version": "1", "sha256": 3}'])
def test_a_damaged_manifest(copy, content):
    (copy / weights.MANIFEST).write_text(content)
    with pytest.raises(WeightsError, match="manifest.json can't be read"):
        weights.load(copy)


def test_a_manifest_without_a_network(copy):
    manifest = json.loads((copy / weights.MANIFEST).read_text())
    del manifest["detail"]
    (copy / weights.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(WeightsError, match="can't be read"):
        weights.load(copy)


def test_a_folder_s_name_licence_and_thumbnail(copy):
    before = weights.load(copy)
    assert (before.name, before.licence, before.created) == ("tiny", "", "")
    torch, export = pytest.importorskip("torch"), pytest.importorskip("synth_core.export")
    export.present(copy, "Karst – " + 80 * "x", "For our studio alone.")
    found = weights.load(copy)
    assert found.name.startswith("Karst – x") and len(found.name) == 60
    assert found.licence == "For our studio alone." and found.created.startswith("20") and found.sha256 == before.sha256
    picture = (copy / weights.THUMBNAIL).read_bytes()
    bank = found.tensors("styles.")["bank"]
    export.add_looks(copy, ("dusk",), torch.zeros(1, 23, 64))
    assert weights.load(copy).name == found.name and (weights.load(copy).tensors("styles.")["bank"] == bank).all()
    export.add_looks(copy, ("dusk",), torch.zeros(1, 23, 64), torch.ones(7, 23, 64))
    assert (weights.load(copy).tensors("styles.")["bank"] == np.ones((7, 23, 64))).all()
    (copy / weights.THUMBNAIL).write_bytes(picture[:-1])
    with pytest.raises(WeightsError, match="thumbnail.png is damaged"):
        weights.load(copy)
