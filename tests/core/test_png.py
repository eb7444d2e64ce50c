"""PNG: what is written reads back the same, pixels and texts."""
from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from synth_core import noise, png


def _picture(height: int, width: int) -> np.ndarray:
    return (np.clip(noise.normal(1, 0, 3, height, width), -2, 2) * 60 + 127).astype(np.uint8).transpose(1, 2, 0)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (70, 333), (600, 5)])  # the last is cut into bands
def test_pixels_read_back(size):
    picture = _picture(*size)
    with Image.open(io.BytesIO(png.encode(picture))) as image:
        assert image.mode == "RGB" and np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize("size", [(1, 1), (70, 333), (600, 5)])
def test_sixteen_bit_greys_read_back(size):
    values = (noise.normal(2, 0, 1, *size)[0] * 9000 + 30000).clip(0, 65535).astype(np.uint16)
    with Image.open(io.BytesIO(png.encode_data(values))) as image:
        assert image.mode == "I;16" and np.array_equal(np.asarray(image), values)


def test_four_channels_read_back():
    values = np.dstack((_picture(70, 33), _picture(70, 33)[..., 0]))
    for file in (png.encode_data(values), png.encode(values, {"key": "text"})):
        check_alpha(file, values)


def check_alpha(file: bytes, values: np.ndarray) -> None:
    with Image.open(io.BytesIO(file)) as image:
        assert image.mode == "RGBA" and np.array_equal(np.asarray(image), values)


@pytest.mark.parametrize("values", [np.zeros((4, 4), np.int16), np.zeros((4, 4, 4), np.uint16), np.zeros((4, 4, 3), np.uint8)])
def test_other_numbers_are_refused(values):
    with pytest.raises(ValueError, match="numbers are"):
        png.encode_data(values)


def test_texts_read_back():
    texts = {"Title": "Dünen, 砂丘", "Veduta map": "abc " * 5000, "Empty": ""}
    file = png.encode(_picture(4, 4), texts)
    with Image.open(io.BytesIO(file)) as image:
        assert {key: str(value) for key, value in image.text.items()} == texts
    assert len(file) < 2000  # the long one is packed


def test_smooth_pictures_get_small():
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None, None], (256, 256, 3))
    assert len(png.encode(ramp)) < 2000


@pytest.mark.parametrize("keyword", ["", "x" * 80, " a", "a  b", "a\n", "砂"])
def test_keywords_that_png_forbids(keyword):
    with pytest.raises(ValueError, match="keyword"):
        png.encode(_picture(2, 2), {keyword: "text"})


@pytest.mark.parametrize("picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 5), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_other_arrays_are_refused(picture):
    with pytest.raises(ValueError, match="a picture is"):
        png.encode(picture)
