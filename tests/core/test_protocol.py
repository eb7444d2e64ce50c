"""Frames: what goes in comes out, and nothing but a frame is taken for one."""
from __future__ import annotations

import json
import math
import random
import struct
from dataclasses import is_dataclass

import numpy as np
import pytest

from synth_core import protocol
from synth_core.protocol import Frame, ProtocolError, Reader
from synth_core.request import (
    STYLE_SIZE, Anchors, JudgeRequest, JudgeResult, LabelRequest, Relief, ReliefRequest, Request, RequestError, Result, StyleRequest, StyleResult)
from synth_core import labels


class Wire:
    """Hands out the given bytes, at most `step` at a time, and then the end."""

    def __init__(self, data: bytes, step: int = 1 << 30):
        self._data, self._step = data, step

    def recv_into(self, space: memoryview) -> int:
        part = self._data[: min(len(space), self._step)]
        self._data = self._data[len(part):]
        space[: len(part)] = part
        return len(part)


def read(data: bytes, step: int = 1 << 30, limit: int = protocol.LIMIT) -> list[Frame]:
    """Every frame in `data`; EOFError, which ends it cleanly, is swallowed."""
    reader, frames = Reader(Wire(data, step), limit), []
    try:
        while True:
            frame = reader.receive()
            if frame:
                frames.append(frame)
    except EOFError:
        return frames


def by_hand(content: object, raw: bytes = b"") -> bytes:
    head = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack(">IQ", len(head), len(raw)) + head + raw


def anchors(height: int = 4, width: int = 5) -> Anchors:
    random_numbers = np.random.default_rng(5)
    return Anchors(random_numbers.normal(size=(height, width, 3)).astype(np.float32), np.full((height, width), 0.5, np.float32),
                   random_numbers.random((height, width)) < 0.5)


def relief(height: int = 64, width: int = 67) -> Relief:
    random_numbers = np.random.default_rng(6)
    ids, shade = (random_numbers.integers(1, labels.COUNT, (height, width), np.uint8) for _ in range(2))
    slopes, depth = random_numbers.integers(0, 256, (height, width, 2), np.uint8), np.full((height, width), np.inf, np.float32)
    return Relief(ids, depth, slopes, shade, np.eye(4, dtype=np.float32), np.ones(4, np.float32), True, 500.0, haze=0.5)


def requests() -> list:
    """One of each kind, with all its parts."""
    random_numbers = np.random.default_rng(1)
    ids = random_numbers.integers(1, labels.COUNT, (64, 67), np.uint8)
    picture = random_numbers.integers(0, 256, (64, 67, 3), np.uint8)
    style = random_numbers.normal(size=(labels.COUNT, STYLE_SIZE)).astype(np.float32)
    texts = {"Veduta": "Größe 山"}
    return [Request(ids, 2**62, style, anchors(), "xy", 3, relief(), (0.5, 0.5), texts), StyleRequest(picture, ids), JudgeRequest(picture, ids),
            ReliefRequest(picture, relief(), texts), LabelRequest(picture)]


def assert_equal(one: object, other: object) -> None:
    """Both are of one class and hold the same, arrays included."""
    assert type(one) is type(other)
    for name, value in vars(one).items():
        twin = getattr(other, name)
        if is_dataclass(value):
            assert_equal(value, twin)
        elif isinstance(value, np.ndarray):
            assert value.dtype == twin.dtype and np.array_equal(value, twin) and twin.flags.aligned, name
        else:
            assert value == twin and type(value) is type(twin), name


@pytest.mark.parametrize("step", [1, 7, 1 << 30])
@pytest.mark.parametrize("request_sent", [*requests(), Request(np.full((64, 67), 3, np.uint8)[::-1, ::-1]), StyleRequest(requests()[1].picture)],
                         ids=lambda request: type(request).__name__)
def test_requests_survive_the_wire_in_any_pieces(step, request_sent):
    data = protocol.encode(protocol.request_frame(1, request_sent)) + protocol.encode(protocol.request_frame(2, requests()[2]))
    first, second = read(data, step)
    assert (first.take("job", int), second.take("job", int)) == (1, 2)
    assert_equal(protocol.request_of(first), request_sent)
    assert_equal(protocol.request_of(second), requests()[2])


def test_results_survive_the_wire():
    picture = np.random.default_rng(2).integers(0, 256, (64, 65, 3), np.uint8)
    style = np.ones((labels.COUNT, STYLE_SIZE), np.float32)
    answers = [(0, Result(picture, b"\x89PNG", "onnx 1.23.2", "ab", 0.5, 4, -1.5)), (0, Result(picture, b"", "onnx", "ab", 0.5, 0)),
               (1, StyleResult(style)), (2, JudgeResult(0.25, np.zeros((3, 4), np.float32))), (3, Result(picture, b"", "relief", "", 0.5, 0))]
    for which, result in answers:
        [frame] = read(protocol.encode(protocol.done_frame(9, result)))
        assert_equal(protocol.result_of(frame, requests()[which]), result)
        if type(result) is not Result:
            with pytest.raises(ProtocolError):
                protocol.result_of(frame, requests()[0])


def test_an_unpaintable_request_is_told_as_such():
    frame = protocol.request_frame(1, Request(np.ones((64, 64), np.uint8)))
    frame.arrays["labels"] = np.zeros((64, 64), np.uint8)
    with pytest.raises(RequestError, match="unlabelled"):
        protocol.request_of(frame)


def test_labels_of_a_newer_version_are_told_as_such():
    frame = protocol.request_frame(1, Request(np.ones((64, 64), np.uint8)))
    frame.arrays["labels"] = np.full((64, 64), labels.COUNT, np.uint8)
    with pytest.raises(RequestError, match="newer version"):
        protocol.request_of(frame)


WRONG_PARTS = [
    ({"seed": None}, "seed is missing"),
    ({"seed": "1"}, "seed must be int, not '1'"),
    ({"seed": True}, "seed must be int"),
    ({"seed": 1.5}, "seed must be int"),
    ({"seed": 1 << 70}, "outside 0 to"),
    ({"texts": {"a": 1}}, "texts must be str"),
    ({"texts": []}, "texts must be"),
    ({"view": [1.0]}, "view must be"),
    ({"view": [1.0, math.inf]}, "view must be float"),
    ({"view": [1.0, math.nan]}, "view must be float"),
    ({"view": [5.0, 1.0]}, "within -4 to 4"),
    ({"view": [1.0, -1.0]}, "no upper and lower edge"),
    ({"wrap": "y"}, "not in 'y'"),
    ({"best_of": 0}, "1 to 64 pictures"),
    ({"best_of": 10**9}, "1 to 64 pictures"),
    ({"surprise": 1}, "no part called 'surprise'"),
    ({"anchors": {"point": 1}}, "no part called 'anchors'"),
    ({"anchors.depth": 1}, "no part called 'depth'"),
    ({"labels": None}, "labels is missing"),
    ({"labels": "x"}, "labels must be an array, not str"),
    ({"labels": np.ones(9, np.uint8)}, "array of H x W uint8; this one is 9 uint8"),
    ({"labels": np.ones((64, 67), np.float32)}, "uint8; this one is 64 x 67 float32"),
    ({"labels": np.ones((64, 0), np.uint8)}, "64 x 0|0 x 64"),
    ({"style": np.ones((22, 64), np.float32)}, "23 x 64 float32; this one is 22 x 64"),
    ({"style": np.full((23, 64), np.nan, np.float32)}, "NaN or infinite"),
    ({"anchors.point": None}, "point is missing"),
    ({"anchors.point": np.ones((3, 5, 3), np.float32)}, "array of 3 x 5|array of 4 x 5"),
    ({"anchors.footprint": np.zeros((4, 5), np.float32)}, "above 0"),
    ({"anchors.sky": np.ones((4, 5), np.float32)}, "bool; this one is 4 x 5 float32"),
    ({"relief.frame": np.ones(3, np.float32)}, "array of 4 float32; this one is 3"),
    ({"relief.haze": 2.0}, "between 0 and 1"),
    ({"relief.orthographic": 1}, "must be bool"),
    ({"relief.labels": np.ones((65, 67), np.uint8)}, "array of"),
]


@pytest.mark.parametrize("changes, words", WRONG_PARTS)
def test_parts_that_are_not_what_they_should_be_are_refused(changes, words):
    frame = protocol.request_frame(1, requests()[0])
    for name, part in changes.items():
        home = frame.arrays if name in frame.arrays or isinstance(part, np.ndarray) else frame.fields
        home.pop(name, None)
        if part is not None:
            (frame.arrays if isinstance(part, np.ndarray) else frame.fields)[name] = part
    with pytest.raises(RequestError, match=words) as caught:
        protocol.request_of(frame)
    assert str(caught.value).count("\n") == 0 and len(str(caught.value)) < 300


@pytest.mark.parametrize("kind", ["sing", "done", "hello"])
def test_unknown_kinds_are_refused(kind):
    with pytest.raises(ProtocolError, match="newer version"):
        protocol.request_of(Frame(kind, {"job": 1}))


def test_a_part_can_t_stand_twice():
    frame = protocol.request_frame(1, requests()[0])
    frame.fields["labels"] = 1
    with pytest.raises(ProtocolError, match="two parts of one name"):
        protocol.request_of(frame)


def test_truncated_frames_are_refused():
    data = protocol.encode(protocol.request_frame(1, Request(labels=np.ones((64, 64), np.uint8))))
    for length in (1, 11, 12, 50, len(data) - 1):
        with pytest.raises(ProtocolError, match="ended within"):
            read(data[:length])


def test_oversize_frames_are_refused_before_they_arrive():
    with pytest.raises(ProtocolError, match="announced"):
        read(struct.pack(">IQ", 2, protocol.LIMIT))
    with pytest.raises(ProtocolError, match="announced"):
        read(struct.pack(">IQ", protocol.HANDSHAKE_LIMIT + 1, 0), limit=protocol.HANDSHAKE_LIMIT)
    with pytest.raises(ProtocolError, match="limit"):
        protocol.encode(Frame("done", {}, {"picture": np.broadcast_to(np.uint8(0), (1 << 15, 1 << 15))}))
    with pytest.raises(ProtocolError, match="float64"):
        protocol.encode(Frame("done", {}, {"picture": np.zeros(3)}))


BARE = {"kind": "done", "fields": {}, "arrays": []}


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        bytes(64),
        by_hand(b"[" * 100_000),
        by_hand(b"\xff\xfe"),
        by_hand([]),
        by_hand({"kind": "done"}),
        by_hand(BARE | {"kind": 5}),
        by_hand(BARE | {"fields": []}),
        by_hand(BARE, b"left over"),
        by_hand(BARE | {"arrays": [["a", "|u1", [5]]]}, b"four"),
        by_hand(BARE | {"arrays": [["a", "|O", [1]]]}, bytes(8)),
        by_hand(BARE | {"arrays": [["a", "|u1", [-1]]]}, bytes(8)),
        by_hand(BARE | {"arrays": [["a", "|u1", [True]]]}, bytes(1)),
        by_hand(BARE | {"arrays": [["a", "|u1", [1 << 99, 0]]]}),
        by_hand(BARE | {"arrays": [["a", "|u1", [1]], ["a", "|u1", [1]]]}, bytes(2)),
        by_hand(BARE | {"arrays": [[[], "|u1", [1]]]}, bytes(1)),
    ],
)
def test_garbage_is_refused(data):
    with pytest.raises(ProtocolError):
        read(data)


def test_two_thousand_damaged_frames_raise_nothing_else():
    dice = random.Random(3)
    request = Request(labels=np.ones((64, 64), np.uint8), style=np.zeros((labels.COUNT, STYLE_SIZE), np.float32))
    whole = protocol.encode(protocol.request_frame(1, request))
    head_end = 12 + struct.unpack(">I", whole[:4])[0]
    refused = 0
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(head_end)] = dice.randrange(256)
        try:
            for frame in read(bytes(data[: dice.choice([len(data), dice.randrange(len(data))])]), limit=1 << 20):
                protocol.request_of(frame)
        except (ProtocolError, RequestError):
            refused += 1
    assert refused > 1500  # the others only changed a value, a text for instance


def test_a_proof_needs_the_token_the_role_and_the_nonce():
    token, other = "ab" * 32, "cd" * 32
    hello = Frame("hello", {"proof": protocol.proof(token, "worker", "nonce")})
    protocol.check_proof(hello, token, "worker", "nonce")
    for wrong in ((other, "worker", "nonce"), (token, "parent", "nonce"), (token, "worker", "another")):
        with pytest.raises(ProtocolError, match="token"):
            protocol.check_proof(hello, *wrong)
    with pytest.raises(ProtocolError, match="token"):
        protocol.check_proof(Frame("hello", {"proof": "Größe\ud800"}), token, "worker", "nonce")
    with pytest.raises(ProtocolError, match="proof"):
        protocol.check_proof(Frame("hello"), token, "worker", "nonce")
