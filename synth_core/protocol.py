"""The frames that Blender's half and the painter's process exchange: their bytes, their limits, and the proof of who speaks.

A frame is two lengths, a JSON object and the raw bytes of its arrays. Nothing is unpickled, and nothing is allocated beyond the limit.
No connection is opened here and nothing is painted.

    prefix   12 bytes, big-endian: length of the JSON (4), length of the raw bytes (8)
    JSON     {"kind": "paint", "fields": {"job": 1, ...}, "arrays": [["labels", "|u1", [512, 512]], ...]}
    raw      each array's bytes in that order: C order, little-endian

    kind        from      fields                           arrays
    challenge   parent    nonce, proof
    hello       worker    proof
    paint       parent    job, seed, texts                 labels, style?, noise?
    cancel      parent    job
    progress    worker    job, fraction
    done        worker    job, engine, weights, seconds    picture, png
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

from .request import Request, Result

LOOPBACK = "127.0.0.1"
LIMIT = 128 << 20  # bytes of one frame; the largest painting and its PNG take 96 MiB
HANDSHAKE_LIMIT = 4096  # bytes of one frame from a peer that has proved nothing yet
_PREFIX = struct.Struct(">IQ")
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

    def array(self, name: str, kind: str, dimensions: int) -> np.ndarray:
        """The array `name`; ProtocolError unless it is there with that type ("uint8", "float32") and number of dimensions."""
        value = self.arrays.get(name)
        if value is None or value.dtype != kind or value.ndim != dimensions:
            raise ProtocolError(f"A {self.kind} frame needs a {dimensions}-D array of {kind} called {name}.")
        return value


def encode(frame: Frame) -> bytes:
    """The frame's bytes. Raises ProtocolError when it is too large or holds arrays of another type."""
    arrays = {name: np.ascontiguousarray(array) for name, array in frame.arrays.items()}
    for name, array in arrays.items():
        if array.dtype.str not in _TYPES:
            raise ProtocolError(f"The array {name} is {array.dtype}; a frame carries uint8 and float32.")
    shapes = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    head = json.dumps({"kind": frame.kind, "fields": frame.fields, "arrays": shapes}).encode()
    raw = sum(array.nbytes for array in arrays.values())
    if len(head) + raw > LIMIT:
        raise ProtocolError(f"A {frame.kind} frame of {len(head) + raw:,} bytes is over the limit of {LIMIT:,}.")
    return b"".join((_PREFIX.pack(len(head), raw), head, *(array.data for array in arrays.values())))


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
    if not isinstance(kind, str) or not isinstance(fields, dict) or raw.size or len(arrays) != len(listed):
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


def paint_frame(job: int, request: Request) -> Frame:
    arrays = {"labels": request.labels, "style": request.style, "noise": request.noise}
    given = {name: array for name, array in arrays.items() if array is not None}
    return Frame("paint", {"job": job, "seed": request.seed, "texts": request.texts}, given)


def request_of(frame: Frame) -> Request:
    """The request in a paint frame. Raises ProtocolError, or RequestError when it can't be painted."""
    return Request(
        labels=frame.array("labels", "uint8", 2),
        seed=frame.take("seed", int),
        style=frame.array("style", "float32", 2) if "style" in frame.arrays else None,
        noise=frame.array("noise", "float32", 3) if "noise" in frame.arrays else None,
        texts=frame.take("texts", dict),
    )


def done_frame(job: int, result: Result) -> Frame:
    fields = {"job": job, "engine": result.engine, "weights": result.weights, "seconds": result.seconds}
    return Frame("done", fields, {"picture": result.picture, "png": np.frombuffer(result.png, np.uint8)})


def result_of(frame: Frame) -> Result:
    """The result in a done frame. Raises ProtocolError."""
    return Result(
        picture=frame.array("picture", "uint8", 3),
        png=frame.array("png", "uint8", 1).tobytes(),
        engine=frame.take("engine", str),
        weights=frame.take("weights", str),
        seconds=frame.take("seconds", float),
    )
