"""Labels from Photo: what is asked, what is kept as one undoable step, what the map says, and its painting; refusals in one sentence."""
from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

IDS = np.repeat(np.uint8([1, 1, 12, 9]), 20)[:, None].repeat(96, 1)  # half sky, then sea and sand; row 0 at the top


@pytest.fixture
def parts(part) -> SimpleNamespace:
    names = {"painting": "painting", "maps": "photo_maps", "request": "synth_core.request", "segmenter": "synth_core.segmenter", "png": "synth_core.png",
             "photographs": "photographs"}
    return SimpleNamespace(**{key: part(name) for key, name in names.items()})


@pytest.fixture
def answered(parts, monkeypatch) -> list:
    """Requests that were sent; each is answered at once, photographs by IDS."""
    asked = []

    def start(request, deliver):
        asked.append(request)
        map_file = parts.png.encode(parts.segmenter.coloured(IDS))
        painted = parts.png.encode(np.full((80, 96, 3), 90, np.uint8))
        is_photo = isinstance(request, parts.request.LabelRequest)
        deliver(parts.request.LabelResult(IDS, map_file) if is_photo else SimpleNamespace(png=painted))

    monkeypatch.setattr(parts.painting, "start", start)
    return asked


def photo(path: Path, size: tuple[int, int]) -> Path:
    """A picture file with a red upper half."""
    image = bpy.data.images.new("Photo", *size)
    pixels = np.zeros((size[1], size[0], 4), np.float32)
    pixels[size[1] // 2 :, :, 0], pixels[..., 3] = 0.8, 1
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def test_a_photograph_becomes_one_image_and_one_step(parts, scene, answered, tmp_path):
    bpy.ops.ed.undo_push(message="Before")
    before = set(bpy.data.images)
    assert bpy.ops.veduta.labels_from_photo(filepath=str(photo(tmp_path / "beach.png", (4096, 1024)))) == {"FINISHED"}
    assert answered[0].picture.shape == (512, 2048, 3) and answered[0].picture[5, 5, 0] > 200 > answered[0].picture[-5, 5, 0]
    made, = set(bpy.data.images) - before
    assert scene.veduta.label_help.photo_map == made and made.name == "beach labels" and made.packed_file and made.use_fake_user
    assert [(label.name, share) for label, share in parts.maps.shares(made)] == [("sky", 0.5), ("sand", 0.25), ("sea", 0.25)]
    assert np.array_equal(parts.maps.ids(made), IDS)
    bpy.ops.ed.undo()
    assert bpy.context.scene.veduta.label_help.photo_map is None


def test_an_image_of_the_file_stays_as_it_is(parts, scene, answered):
    image = bpy.data.images.new("Reference", 3000, 100)
    assert bpy.ops.veduta.labels_from_photo(image="Reference") == {"FINISHED"}
    assert tuple(image.size) == (3000, 100) and answered[0].picture.shape == (68, 2048, 3)
    assert scene.veduta.label_help.photo_map.name == "Reference labels" and len(bpy.data.images) == 2


@pytest.mark.parametrize("told", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photograph_is_turned_as_the_camera_was_held(parts, tmp_path, told, order):
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    stored = {1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud, 5: lambda p: p.swapaxes(0, 1),
              6: lambda p: np.rot90(p, 1), 7: lambda p: np.rot90(p.swapaxes(0, 1), 2), 8: lambda p: np.rot90(p, -1)}[told](picture)
    assert np.array_equal(parts.photographs._upright(stored, told), picture)
    tiff = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IHHHIHH", 8, 1, 0x0112, 3, 1, told, 0)
    segments = b"\xff\xe0\0\x04ab" + b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff + b"\xff\xda"
    (tmp_path / "held.jpg").write_bytes(b"\xff\xd8" + segments + bytes(20))
    assert parts.photographs.orientation(tmp_path / "held.jpg") == told
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8" + segments[:20])
    assert parts.photographs.orientation(tmp_path / "cut.jpg") == 1


def test_the_map_is_painted_as_it_is_now(parts, scene, answered, tmp_path):
    assert not bpy.ops.veduta.paint_photo_map.poll()
    bpy.ops.veduta.labels_from_photo(filepath=str(photo(tmp_path / "beach.png", (96, 80))))
    made = scene.veduta.label_help.photo_map
    pixels = np.array(made.pixels[:], np.float32).reshape(80, 96, 4)
    pixels[0, :, :3] = np.array((36, 98, 50)) / 255  # painted over at the bottom, nearly in tree's colour
    made.pixels.foreach_set(pixels.ravel())
    scene.veduta.seed = "11"
    assert bpy.ops.veduta.paint_photo_map() == {"FINISHED"}
    request = answered[1]
    assert request.seed == 11 and np.array_equal(request.labels[:-1], IDS[:-1]) and (request.labels[-1] == 20).all()
    assert bpy.data.images["beach labels painted"].packed_file


def test_what_can_t_be_labelled_is_told(parts, scene, tmp_path):
    with pytest.raises(RuntimeError, match="There is no photograph"):
        bpy.ops.veduta.labels_from_photo(filepath=str(tmp_path / "gone.jpg"))
    with pytest.raises(RuntimeError, match="There is no image 'gone' in this file"):
        bpy.ops.veduta.labels_from_photo(image="gone")
    assert not bpy.data.images


def test_any_image_can_t_be_taken_for_a_map(parts, scene):
    image = bpy.data.images.new("Plain", 8, 8)
    assert not parts.maps.is_map(image) and not parts.maps.is_map(None)
    image["veduta_label_shares"] = "damaged"
    assert parts.maps.is_map(image) and parts.maps.shares(image) == []
