"""Frames: what goes in comes out, and nothing but a frame is taken for one."""
from __future__ import annotations

import json
import random
import struct

import numpy as np
import pytest

from synth_core import protocol
from synth_core.protocol import Frame, ProtocolError, Reader
from synth_core.request import NOISE_CHANNELS, STYLE_SIZE, Request, RequestError, Result
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


@pytest.mark.parametrize("step", [1, 7, 1 << 30])
def test_requests_survive_the_wire_in_any_pieces(step):
    random_numbers = np.random.default_rng(1)
    request = Request(
        labels=random_numbers.integers(1, labels.COUNT, (64, 67), np.uint8),
        seed=2**63 - 1,
        style=random_numbers.normal(size=(labels.COUNT, STYLE_SIZE)).astype(np.float32),
        noise=random_numbers.normal(size=(NOISE_CHANNELS, 4, 5)).astype(np.float32),
        texts={"Veduta": "Größe 山"},
    )
    plain = Request(labels=request.labels[::-1, ::-1])
    data = protocol.encode(protocol.paint_frame(1, request)) + protocol.encode(protocol.paint_frame(2, plain))
    first, second = read(data, step)
    assert (first.take("job", int), second.take("job", int)) == (1, 2)
    back = protocol.request_of(first)
    assert back.seed == request.seed and back.texts == request.texts
    assert all(np.array_equal(getattr(back, name), getattr(request, name)) for name in ("labels", "style", "noise"))
    assert back.style.flags.aligned
    back = protocol.request_of(second)
    assert np.array_equal(back.labels, plain.labels) and back.style is None and back.noise is None


def test_results_survive_the_wire():
    picture = np.random.default_rng(2).integers(0, 256, (64, 65, 3), np.uint8)
    [frame] = read(protocol.encode(protocol.done_frame(9, Result(picture, b"\x89PNG", "onnx 1.23.2", "ab", 0.5))))
    back = protocol.result_of(frame)
    assert np.array_equal(back.picture, picture)
    assert (back.png, back.engine, back.weights, back.seconds) == (b"\x89PNG", "onnx 1.23.2", "ab", 0.5)


def test_an_unpaintable_request_is_told_as_such():
    frame = Frame("paint", {"job": 1, "seed": 0, "texts": {}}, {"labels": np.zeros((64, 64), np.uint8)})
    with pytest.raises(RequestError, match="unlabelled"):
        protocol.request_of(frame)


@pytest.mark.parametrize("change", [{"fields": {"job": 1, "texts": {}}}, {"arrays": {}}, {"arrays": {"labels": np.zeros(9, np.float32)}}])
def test_a_frame_without_its_parts_is_refused(change):
    parts = {"fields": {"job": 1, "seed": 0, "texts": {}}, "arrays": {"labels": np.ones((64, 64), np.uint8)}} | change
    with pytest.raises(ProtocolError, match="paint frame needs"):
        protocol.request_of(Frame("paint", **parts))


def test_truncated_frames_are_refused():
    data = protocol.encode(protocol.paint_frame(1, Request(labels=np.ones((64, 64), np.uint8))))
    for length in (1, 11, 12, 50, len(data) - 1):
        with pytest.raises(ProtocolError, match="ended within"):
            read(data[:length])


def test_oversize_frames_are_refused_before_they_arrive():
    with pytest.raises(ProtocolError, match="announced"):
        read(struct.pack(">IQ", 2, protocol.LIMIT))
    with pytest.raises(ProtocolError, match="announced"):
        read(struct.pack(">IQ", protocol.HANDSHAKE_LIMIT + 1, 0), limit=protocol.HANDSHAKE_LIMIT)
    with pytest.raises(ProtocolError, match="limit"):
        protocol.encode(Frame("done", {}, {"picture": np.broadcast_to(np.uint8(0), (1 << 14, 1 << 14))}))
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
    whole = protocol.encode(protocol.paint_frame(1, request))
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
