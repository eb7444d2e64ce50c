"""Weights as zips: they come back as they were, and whatever is no weights, damaged, too large or malicious is refused and leaves nothing."""
from __future__ import annotations

import json
import os
import shutil
import zipfile

import pytest

from synth_core import archive, weights
from synth_core.weights import WeightsError


@pytest.fixture
def shelf(tmp_path):
    return tmp_path / "shelf of Müller"


def test_a_packed_folder_comes_back(weights_folder, shelf, tmp_path):
    archive.pack(weights_folder, tmp_path / "mine.zip")
    found = archive.install(tmp_path / "mine.zip", shelf)
    assert [path.name for path in shelf.iterdir()] == [found.sha256[:16]] and found.folder.parent == shelf
    for path in weights_folder.iterdir():
        assert (found.folder / path.name).read_bytes() == path.read_bytes()
    weights.load(found.folder)


def test_a_folder_or_its_manifest_will_do_and_once_more_is_no_second_copy(weights_folder, shelf):
    for source in (weights_folder, weights_folder / weights.MANIFEST):
        archive.install(source, shelf)
    assert len(list(shelf.iterdir())) == 1


def test_a_zip_made_by_hand_has_a_folder_inside_and_other_files(weights_folder, shelf, tmp_path):
    with zipfile.ZipFile(tmp_path / "hand.zip", "w") as made:
        for path in weights_folder.iterdir():
            made.write(path, f"my weights/{path.name}")
        made.writestr("my weights/run.py", "print('no')")
        made.writestr("__MACOSX/my weights/._manifest.json", "")
        made.writestr("../escaped.onnx", "")
    found = archive.install(tmp_path / "hand.zip", shelf)
    assert not (found.folder / "run.py").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hand.zip", shelf.name]


def zipped(folder, tmp_path, **changed: bytes | None):
    """A zip of the folder in which files are changed, or left out for None."""
    contents = {path.name: path.read_bytes() for path in folder.iterdir()} | {name.replace("__", "."): data for name, data in changed.items()}
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as made:
        for name, data in contents.items():
            if data is not None:
                made.writestr(name, data)
    return tmp_path / "bad.zip"


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"manifest__json": None}, "holds no weights"),
        ({"manifest__json": b"{}"}, "holds no weights that this Veduta knows"),
        ({"manifest__json": b" " * (archive.LARGEST_MANIFEST + 1)}, "holds no weights"),
        ({"detail__onnx": None}, "lacks detail.onnx"),
        ({"detail__onnx": b"other"}, "bad.zip is damaged .the SHA-256 of detail.onnx"),
        ({"painter__safetensors": b"other"}, "bad.zip is damaged"),
    ],
)
def test_what_is_no_weights_is_refused(weights_folder, shelf, tmp_path, changed, words):
    with pytest.raises(WeightsError, match=words):
        archive.install(zipped(weights_folder, tmp_path, **changed), shelf)
    assert not list(shelf.iterdir())


def test_a_pickle_under_a_good_name_is_refused(weights_folder, shelf, tmp_path):
    """With the checksum that its maker wrote."""
    folder = shutil.copytree(weights_folder, tmp_path / "evil")
    (folder / weights.TENSORS).write_bytes(b"\x80\x04\x95 a pickle")
    manifest = json.loads((folder / weights.MANIFEST).read_text())
    manifest["sha256"][weights.TENSORS] = weights.sha256(folder / weights.TENSORS)
    (folder / weights.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(WeightsError, match="no safetensors file"):
        archive.install(folder, shelf)
    assert not list(shelf.iterdir())


def test_a_zip_that_would_fill_the_disk_is_refused(weights_folder, shelf, tmp_path, monkeypatch):
    archive.pack(weights_folder, tmp_path / "large.zip")
    monkeypatch.setattr(archive, "LARGEST", 1000)
    with pytest.raises(WeightsError, match="large.zip holds"):
        archive.install(tmp_path / "large.zip", shelf)


@pytest.mark.parametrize("data", [b"", b"no zip", None])
def test_what_is_no_zip_is_refused(weights_folder, shelf, tmp_path, data):
    path = tmp_path / "bad.zip"
    if data is None:  # cut in the middle
        archive.pack(weights_folder, path)
        data = path.read_bytes()[:3000]
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="bad.zip is no zip file"):
        archive.install(path, shelf)
    with pytest.raises(OSError, match="none.zip"):
        archive.install(tmp_path / "none.zip", shelf)


def test_a_zip_damaged_within_a_file_is_refused(weights_folder, shelf, tmp_path):
    archive.pack(weights_folder, tmp_path / "bad.zip")
    data = bytearray((tmp_path / "bad.zip").read_bytes())
    place = zipfile.ZipFile(tmp_path / "bad.zip").getinfo(weights.TENSORS).header_offset + 30 + len(weights.TENSORS)
    data[place:place + 64] = b"\xff" * 64
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(WeightsError, match="bad.zip is no zip file that can be read .*invalid block type"):
        archive.install(tmp_path / "bad.zip", shelf)
    assert not list(shelf.iterdir())


def test_files_older_than_zips_are_packed(weights_folder, tmp_path):
    folder = shutil.copytree(weights_folder, tmp_path / "copy")
    os.utime(folder / weights.TENSORS, (0, 0))
    archive.pack(folder, tmp_path / "old.zip")
    assert zipfile.is_zipfile(tmp_path / "old.zip")


def test_damaged_weights_are_not_packed(weights_folder, tmp_path):
    folder = shutil.copytree(weights_folder, tmp_path / "copy")
    (folder / "detail.onnx").write_bytes(b"")
    with pytest.raises(WeightsError, match="damaged"):
        archive.pack(folder, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()
