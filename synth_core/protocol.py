"""The frames that Blender's half and the painter's process exchange: their bytes, their limits, and the proof of who speaks.

A frame is two lengths, a JSON object and the raw bytes of its arrays. Nothing is unpickled, and nothing is allocated beyond the limit.
No connection is opened here and nothing is painted.

    prefix   12 bytes, big-endian: length of the JSON (4), length of the raw bytes (8)
    JSON     {"kind": "paint", "fields": {"job": 1, ...}, "arrays": [["labels", "|u1", [512, 512]], ...]}
    raw      each array's bytes in that order: C order, little-endian

    kind        from      fields and arrays
    challenge   parent    nonce, proof
    hello       worker    proof
    paint …     parent    job, and the parts of a request: see JOBS and `fields.pack`
    cancel      parent    job
    progress    worker    job, fraction
    note        worker    job, message: what the user should know of the engine; may be empty
    done        worker    job, and the parts of the request's result
    failed      worker    job, message, mend
"""
from __future__ import annotations

import hashlib
import hmac
import json
import math
import socket
import struct
from dataclasses import dataclass, field

import numpy as np

from . import fields as parts
from .fields import RequestError
from .request import (
    BakeRequest, JudgeRequest, JudgeResult, LabelRequest, LabelResult, ReliefRequest, Request, Result, StyleRequest, StyleResult, TileRequest,
    TileResult,
)

LOOPBACK = "127.0.0.1"
LIMIT = 256 << 20  # bytes of one frame; the largest picture and its relief take 192 MiB
HANDSHAKE_LIMIT = 4096  # bytes of one frame from a peer that has proved nothing yet
JOBS = {"paint": (Request, Result), "style": (StyleRequest, StyleResult), "judge": (JudgeRequest, JudgeResult), "relief": (ReliefRequest, Result),
        "tile": (TileRequest, TileResult), "bake": (BakeRequest, Result), "label": (LabelRequest, LabelResult)}
_PREFIX = struct.Struct(">IQ")
LARGEST = _PREFIX.size + LIMIT  # bytes of one frame with its prefix
_TYPES = {kind.str: kind for kind in (np.dtype("u1"), np.dtype("<f4"))}
_CHUNK = 1 << 20  # most bytes taken by one receive


class ProtocolError(ValueError):
    """Bytes or a frame that break the rules above."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One message: `fields` are JSON values, `arrays` are uint8 or float32."""

    kind: str
    fields: dict = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def take(self, name: str, kind: type):
        """The field `name`; ProtocolError unless it is there and of that type."""
        value = self.fields.get(name)
        if not isinstance(value, kind):
            raise ProtocolError(f"A {self.kind} frame needs a {kind.__name__} called {name}.")
        return value


def encode(frame: Frame) -> bytes:
    """The frame's bytes. Raises ProtocolError when it is too large or holds arrays of another type."""
    for name, array in frame.arrays.items():
        if array.dtype.str not in _TYPES:
            raise ProtocolError(f"The array {name} is {array.dtype}; a frame carries uint8 and float32.")
    shapes = [[name, array.dtype.str, array.shape] for name, array in frame.arrays.items()]
    head = json.dumps({"kind": frame.kind, "fields": frame.fields, "arrays": shapes}).encode()
    raw = sum(array.nbytes for array in frame.arrays.values())
    if len(head) + raw > LIMIT:
        raise ProtocolError(f"A {frame.kind} frame of {len(head) + raw:,} bytes is over the limit of {LIMIT:,}.")
    return b"".join((_PREFIX.pack(len(head), raw), head, *(np.ascontiguousarray(array).data for array in frame.arrays.values())))


def decode(data: bytearray) -> Frame:
    """The frame whose bytes `encode` gave; its arrays may be views of `data`. Raises ProtocolError for anything else."""
    if len(data) < _PREFIX.size:
        raise ProtocolError("The bytes end within a frame.")
    head, raw = _PREFIX.unpack_from(data)
    if not head or len(data) != _PREFIX.size + head + raw:
        raise ProtocolError("The bytes are not one whole frame.")
    body = np.frombuffer(data, np.uint8, offset=_PREFIX.size)
    return _decode(body[:head], body[head:])


class Reader:
    """Collects frames from a socket, blocking or not. `limit` is the most bytes a frame may announce."""

    def __init__(self, connection: socket.socket, limit: int):
        self.limit = limit
        self._connection = connection
        self._expect_prefix()

    def receive(self) -> Frame | None:
        """Take what one recv gives, and return the frame if that completed one.

        Raises BlockingIOError when nothing waits, EOFError when the peer has closed between frames, ProtocolError when it closed within one
        or sent anything but frames, OSError when the connection broke.
        """
        count = self._connection.recv_into(self._missing[:_CHUNK])
        if not count:
            if self._head_size is None and len(self._missing) == _PREFIX.size:
                raise EOFError("The connection was closed.")
            raise ProtocolError("The connection ended within a frame.")
        self._missing = self._missing[count:]
        if self._missing:
            return None
        if self._head_size is None:
            self._expect_body()
            return None
        body, head_size = self._buffer, self._head_size
        self._expect_prefix()
        return _decode(body[:head_size], body[head_size:])

    def _expect_prefix(self) -> None:
        self._head_size: int | None = None
        self._allocate(_PREFIX.size)

    def _expect_body(self) -> None:
        self._head_size, raw_size = _PREFIX.unpack(self._buffer)
        size = self._head_size + raw_size
        if not self._head_size or size > self.limit:
            raise ProtocolError(f"A frame announced {size:,} bytes; 1 to {self.limit:,} are allowed.")
        self._allocate(size)

    def _allocate(self, size: int) -> None:
        self._buffer = np.empty(size, np.uint8)  # unlike bytearray it touches no page before bytes arrive
        self._missing = memoryview(self._buffer)


def _decode(head: np.ndarray, raw: np.ndarray) -> Frame:
    try:
        content = json.loads(head.tobytes())
        kind, fields, listed = content["kind"], content["fields"], content["arrays"]
        arrays = {}
        for name, type_name, shape in listed:
            arrays[name], raw = _split(raw, _TYPES[type_name], shape)
    except (ValueError, TypeError, LookupError, RecursionError, OverflowError) as error:
        raise ProtocolError("A frame's JSON does not describe its content.") from error
    if not isinstance(kind, str) or not kind.isidentifier() or not isinstance(fields, dict) or raw.size or len(arrays) != len(listed):
        raise ProtocolError("A frame's JSON does not describe its content.")
    return Frame(kind, fields, arrays)


def _split(raw: np.ndarray, kind: np.dtype, shape: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The first array in `raw`, a view where alignment allows it, and the bytes after it."""
    if not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError(shape)
    size = math.prod(shape) * kind.itemsize
    if size > raw.size:
        raise ValueError(size)
    return np.require(raw[:size].view(kind).reshape(shape), requirements="A"), raw[size:]


def proof(token: str, role: str, nonce: str) -> str:
    """Shows that `role` ("parent" or "worker") holds the token, without telling it."""
    return hmac.new(bytes.fromhex(token), f"{role} {nonce}".encode("ascii", "replace"), hashlib.sha256).hexdigest()


def check_proof(frame: Frame, token: str, role: str, nonce: str) -> None:
    """Raises ProtocolError unless the frame proves that `role` sent it in answer to `nonce`."""
    given = frame.take("proof", str).encode("ascii", "replace")
    if not hmac.compare_digest(given, proof(token, role, nonce).encode()):
        raise ProtocolError("The other side does not know the token.")


def request_frame(job: int, request: object) -> Frame:
    """The frame that asks for `request`, an instance of any request class of JOBS."""
    kind = next(kind for kind, (request_class, _) in JOBS.items() if type(request) is request_class)
    fields, arrays = parts.pack(request)
    return Frame(kind, {"job": job, **fields}, arrays)


def request_of(frame: Frame) -> object:
    """The request in a frame. Raises ProtocolError for a frame that asks for nothing, RequestError for a request that can't be met."""
    if frame.kind not in JOBS:
        raise ProtocolError(f"A {frame.kind[:40]} frame asks for nothing that is known here; it may come from a newer version.")
    return parts.unpack(JOBS[frame.kind][0], content(frame))


def done_frame(job: int, result: object) -> Frame:
    """The frame that answers with `result`, an instance of any result class of JOBS."""
    fields, arrays = parts.pack(result)
    return Frame("done", {"job": job, **fields}, arrays)


def result_of(frame: Frame, request: object) -> object:
    """The result in a done frame that answers `request`. Raises ProtocolError."""
    expected = next(result for request_class, result in JOBS.values() if type(request) is request_class)
    try:
        return parts.unpack(expected, content(frame))
    except RequestError as error:
        raise ProtocolError(str(error)) from error


def content(frame: Frame) -> dict[str, object]:
    """A frame's fields and arrays together, for `fields.unpack`, but for the job's number. Raises ProtocolError for two of one name."""
    if frame.fields.keys() & frame.arrays.keys():
        raise ProtocolError(f"A {frame.kind} frame holds two parts of one name.")
    return {name: part for name, part in {**frame.fields, **frame.arrays}.items() if name != "job"}
