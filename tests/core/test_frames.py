"""A captured frame as a file: what is saved is loaded, and nothing but a whole frame is taken for one."""
from __future__ import annotations

import os
import random
import zlib

import numpy as np
import pytest

from maps import scenery
from synth_core import fields, frames, protocol
from synth_core.frames import Captured, FrameError
from synth_core.request import Anchors, Relief, Request

FUZZED = 3000
FIELDS, ARRAYS = fields.pack(Captured(Request(np.ones((64, 64), np.uint8))))


def captured() -> Captured:
    """A frame with every part that one of an animation has."""
    numbers = np.random.default_rng(1)
    ids = scenery(64, 80)
    anchors = Anchors(numbers.normal(size=(6, 8, 3)).astype(np.float32), np.full((6, 8), 0.5, np.float32), numbers.random((6, 8)) < 0.5)
    slopes, depth = numbers.integers(0, 256, (64, 80, 2), np.uint8), np.full((64, 80), np.inf, np.float32)
    relief = Relief(ids, depth, slopes, ids, np.eye(4, dtype=np.float32), np.ones(4, np.float32), True, 500.0, haze=0.5)
    style = numbers.normal(size=(23, 64)).astype(np.float32)
    return Captured(Request(ids, 2**62, style, anchors, "", 1, relief, (1.0, -1.0), {"Veduta": "Größe 山"}), ids * 9)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shot_0001.vframe"
    frames.save(path, captured())
    return path


def content(frame: Captured) -> bytes:
    return protocol.encode(protocol.Frame("captured", *fields.pack(frame)))


def refused(path, data: bytes) -> str:
    """The one sentence that these bytes are refused with."""
    path.write_bytes(data)
    with pytest.raises(FrameError) as caught:
        frames.load(path)
    sentence = str(caught.value)
    assert sentence.startswith(path.name) and sentence.endswith(".") and "\n" not in sentence
    return sentence


def packed(content: bytes, version: int = frames.VERSION) -> bytes:
    return frames.MAGIC + version.to_bytes(2, "big") + zlib.compress(content)


def test_what_is_saved_is_loaded(file):
    assert content(captured()) == content(frames.load(file))
    assert os.listdir(file.parent) == [file.name]  # no temporary file is left


def test_a_loaded_frame_is_one_that_can_be_written_to(file):
    frames.load(file).request.labels[0, 0] = 1


@pytest.mark.parametrize("data, words", [
    (b"", "no captured frame"),
    (b"VEDUTA", "no captured frame"),
    (b"VEDUTA\n" + bytes(100), "no captured frame"),  # a copy in text mode
    (packed(b"", 2), "has version 2"),
    (packed(b""), "is damaged"),
    (packed(b"\0" * 12), "is damaged"),
    (packed(b"\0" * 8 + b"\1" * 200), "is damaged"),
    (packed(protocol.encode(protocol.Frame("captured"))), "Captured.request is missing"),
    (packed(protocol.encode(protocol.Frame("captured", {"colour": 1, **FIELDS}, ARRAYS))), "no part called 'colour'"),
    (packed(protocol.encode(protocol.Frame("captured", FIELDS, ARRAYS | {"alpha": np.ones((64, 65), np.uint8)}))), "another size"),
    (packed(protocol.encode(protocol.Frame("captured", FIELDS, {"request.labels": np.full((64, 64), 99, np.uint8)}))), "id 99"),
    (packed(protocol.encode(protocol.Frame("paint", FIELDS, ARRAYS))), "is damaged"),
])
def test_what_is_no_frame_is_told_in_one_sentence(file, data, words):
    assert words in refused(file, data)


def test_a_file_cut_short_or_with_something_behind_it_is_damaged(file):
    whole = file.read_bytes()
    for data in (whole[:-1], whole[: len(whole) // 2], whole + b"x", whole + whole):
        assert "is damaged" in refused(file, data)


def test_a_bomb_is_refused_before_it_unfolds(file, monkeypatch):
    monkeypatch.setattr(protocol, "LARGEST", 1 << 20)
    assert "is damaged" in refused(file, packed(bytes(1 << 24)))


def test_damaged_files_are_refused(file):
    """zlib's checksum finds damaged bytes; damage before compression is found by what follows, or is a frame that can be painted."""
    whole, numbers = bytearray(file.read_bytes()), random.Random(1)
    whole_content, refusals = zlib.decompress(whole[10:]), 0
    for _ in range(FUZZED // 2):
        damaged = bytearray(whole)
        damaged[numbers.randrange(len(whole))] ^= 1 << numbers.randrange(8)
        try:
            assert content(frames.read(bytes(damaged), "x")) == whole_content  # a bit that fills up the last byte
        except FrameError:
            refusals += 1
    assert refusals > FUZZED // 2 - 20
    refusals = 0
    for _ in range(FUZZED // 2):
        damaged = bytearray(whole_content)
        damaged[numbers.randrange(400)] = numbers.randrange(256)
        try:
            frames.read(packed(bytes(damaged)), "x")
        except FrameError:
            refusals += 1
    assert refusals > FUZZED // 3
