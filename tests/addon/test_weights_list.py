"""The preferences' list of weights: what is chosen paints and is what everything else goes by; what is gone or damaged is told, not replaced."""
from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import bpy
import numpy as np
import pytest


@pytest.fixture
def parts(part, shelf) -> SimpleNamespace:
    """The extension's modules that are tested here."""
    names = ("installed", "looks", "painting", "recipe", "service", "thumbnails", "operators.reproduce", "synth_core.weights", "apply.backdrop")
    return SimpleNamespace(**{name.split(".")[-1]: part(name) for name in names})


@pytest.fixture
def karst(parts, tmp_path):
    """A folder of other weights: Veduta's own with another bank of styles, other looks and a name."""
    source = parts.service.weights_folder("")
    folder = shutil.copytree(source, tmp_path / "karst of Müller")
    path = folder / parts.weights.TENSORS
    place = parts.weights.places(path)["styles.bank"]
    data = bytearray(path.read_bytes())
    bank = np.frombuffer(bytes(data[place.offset : place.offset + place.length]), place.dtype)
    data[place.offset : place.offset + place.length] = bank.reshape(place.shape)[::-1].tobytes()
    path.write_bytes(data)
    manifest = json.loads((folder / parts.weights.MANIFEST).read_text())
    manifest["sha256"][parts.weights.TENSORS] = parts.weights.sha256(path)
    manifest |= {"name": "Karst", "licence": "For our studio alone.", "looks": ["karst look", *manifest["looks"][1:]]}
    (folder / parts.weights.MANIFEST).write_text(json.dumps(manifest))
    return folder


def painted(parts, scene) -> SimpleNamespace:
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    image = parts.backdrop.active_painting(scene)
    return SimpleNamespace(image=image, weights=parts.recipe.load(image).weights, bytes=bytes(image.packed_file.data))


def test_the_chosen_weights_paint_and_everything_goes_by_them(parts, karst, beach):
    own, first = parts.installed.sha256(), painted(parts, beach)
    thumbnails = parts.thumbnails.folder()
    assert bpy.ops.veduta.install_weights(filepath=str(karst)) == {"FINISHED"}
    assert [entry.name for entry in parts.installed.entries()][1:] == ["Karst"]
    assert parts.installed.sha256() == own and parts.looks.names(beach)[0] != "karst look"
    key = parts.installed.entries()[1].key
    assert bpy.ops.veduta.choose_weights(key=key) == {"FINISHED"}
    other = parts.weights.sha256(karst / parts.weights.TENSORS)
    assert parts.installed.sha256() == other != own
    assert parts.looks.names(beach)[0] == "karst look" and parts.thumbnails.folder() != thumbnails
    second = painted(parts, beach)
    assert (first.weights, second.weights) == (own, other) and first.bytes != second.bytes
    assert parts.installed.difference(second.weights) == ""
    assert "other weights" in parts.installed.difference("0" * 64) and "Veduta" not in parts.installed.difference("0" * 64)
    assert "which the preferences offer" in parts.installed.difference(own)
    assert bpy.ops.veduta.choose_weights() == {"FINISHED"}
    assert painted(parts, beach).bytes == first.bytes


def test_weights_that_are_gone_are_told_and_the_user_decides(parts, karst, beach):
    bpy.ops.veduta.install_weights(filepath=str(karst))
    key = parts.installed.entries()[1].key
    bpy.ops.veduta.choose_weights(key=key)
    shutil.rmtree(parts.service.weights_folder(key))
    parts.installed.forget()
    parts.looks.forget()
    with pytest.raises(RuntimeError, match="There are no weights in"):
        bpy.ops.veduta.paint()
    assert parts.painting.problem().operator == "veduta.choose_weights" and parts.service.preferences().weights == key
    assert parts.installed.chosen().problem and parts.installed.sha256() == ""
    assert bpy.ops.veduta.choose_weights() == {"FINISHED"} and bpy.ops.veduta.paint() == {"FINISHED"}


def test_damaged_weights_are_told_whatever_looks_are_set(parts, karst, beach):
    bpy.ops.veduta.install_weights(filepath=str(karst))
    key = parts.installed.entries()[1].key
    bpy.ops.veduta.choose_weights(key=key)
    (parts.service.weights_folder(key) / "detail.onnx").write_bytes(b"")
    for source in ("SEED", "LOOK"):
        beach.veduta.look.source = source
        with pytest.raises(RuntimeError, match="damaged"):
            bpy.ops.veduta.paint()
        assert parts.painting.problem().operator == "veduta.choose_weights"


def test_a_zip_goes_to_a_colleague_and_removal_goes_back_to_veduta_s_own(parts, karst, tmp_path):
    bpy.ops.veduta.install_weights(filepath=str(karst / "manifest.json"))
    key = parts.installed.entries()[1].key
    bpy.ops.veduta.choose_weights(key=key)
    assert bpy.ops.veduta.export_weights(key=key, filepath=str(tmp_path / "mine")) == {"FINISHED"}
    assert bpy.ops.veduta.remove_weights(key=key) == {"FINISHED"}
    assert parts.service.preferences().weights == "" and len(parts.installed.entries()) == 1
    assert not list(parts.service.shelf().iterdir())
    assert bpy.ops.veduta.install_weights(filepath=str(tmp_path / "mine.zip")) == {"FINISHED"}
    entry = parts.installed.entries()[1]
    assert (entry.key, entry.name, entry.weights.licence) == (key, "Karst", "For our studio alone.")


def test_bad_choices_are_refused_in_a_sentence(parts, tmp_path):
    (tmp_path / "no.zip").write_bytes(b"no")
    cases = [
        (bpy.ops.veduta.install_weights, {"filepath": str(tmp_path / "no.zip")}, "no.zip is no zip file"),
        (bpy.ops.veduta.install_weights, {"filepath": str(tmp_path)}, "holds no weights"),
        (bpy.ops.veduta.install_weights, {"filepath": str(tmp_path / "none.zip")}, "none.zip can't be read"),
        (bpy.ops.veduta.choose_weights, {"key": "none"}, "No weights 'none'"),
        (bpy.ops.veduta.remove_weights, {}, "Veduta's own stay"),
        (bpy.ops.veduta.export_weights, {"filepath": str(tmp_path / "nowhere" / "a.zip")}, "can't be written"),
        (bpy.ops.veduta.export_weights, {"filepath": "//a.zip"}, "give its whole path"),
    ]
    for operator, properties, words in cases:
        with pytest.raises(RuntimeError, match=words):
            operator(**properties)
    assert len(parts.installed.entries()) == 1
