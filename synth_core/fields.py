"""What a dataclass that crosses between Blender's half and the painter's may hold, and its way into the parts of a frame and back.

Type hints say everything: numbers, strings, bytes, tuples of numbers, dictionaries of strings, arrays (`Array`), other such dataclasses, and
each of them `| None`. What comes from outside is checked against them before anything is built; nothing is unpickled. No bytes are made
here (`protocol.py`), and no dataclass knows how it travels.
"""
from __future__ import annotations

import functools
import math
import types
import typing
from dataclasses import dataclass, is_dataclass

import numpy as np

_NONE = type(None)
_MISSING = object()


class RequestError(ValueError):
    """A request (or an answer) that holds what it must not; the message is one sentence for the user."""


@dataclass(frozen=True)
class Array:
    """What an array must be, as `Annotated[np.ndarray, Array("float32", "h w 3")]`.

    dtype: "uint8", "float32" or "bool". axes: one word an axis: a number fixes its length, a name (the same one at the same length all over
    the dataclass) leaves it open. infinite: whether a float may be infinite; none may be NaN.
    """

    dtype: str
    axes: str
    infinite: bool = False


def check(value: object) -> None:
    """Raises RequestError unless every array of the dataclass instance `value` is what its hint says. Meant for __post_init__."""
    _check_arrays(type(value), vars(value))


def pack(value: object, prefix: str = "") -> tuple[dict, dict[str, np.ndarray]]:
    """A dataclass instance as a frame's parts: JSON values, and arrays of uint8 or float32, both by their dotted names. None is left out."""
    fields, arrays = {}, {}
    for name in _hints(type(value)):
        item, key = getattr(value, name), prefix + name
        if item is None:
            continue
        if is_dataclass(item):
            inner_fields, inner_arrays = pack(item, f"{key}.")
            fields |= inner_fields
            arrays |= inner_arrays
        elif isinstance(item, bytes):
            arrays[key] = np.frombuffer(item, np.uint8)
        elif isinstance(item, np.ndarray):
            arrays[key] = item.astype(np.uint8) if item.dtype == bool else item
        else:
            fields[key] = list(item) if isinstance(item, tuple) else item
    return fields, arrays


def unpack(kind: type, parts: dict[str, object]):
    """The `kind` whose parts (JSON values and arrays together, by their dotted names) these are.

    Raises RequestError for parts that are missing, unknown or of another type or shape, and whatever the dataclass itself raises.
    """
    own, inner = {}, {}
    for key, part in parts.items():
        name, dot, rest = key.partition(".")
        if dot:
            inner.setdefault(name, {})[rest] = part
        else:
            own[name] = part
    values = {}
    for name, hint in _hints(kind).items():
        plain, _ = _plain(hint)
        source = inner if is_dataclass(plain) else own
        values[name] = _taken(f"{kind.__name__}.{name}", hint, source.pop(name, _MISSING))
    unknown = next(iter(own | inner), None)
    if unknown is not None:
        raise RequestError(f"{kind.__name__} has no part called {unknown[:40]!r}; it may come from a newer version.")
    _check_arrays(kind, values)
    return kind(**values)


@functools.cache
def _hints(kind: type) -> dict[str, object]:
    return typing.get_type_hints(kind, include_extras=True)


def _plain(hint: object) -> tuple[object, bool]:
    """The hint without `| None`, and whether that was there."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        plain, = (choice for choice in typing.get_args(hint) if choice is not _NONE)
        return plain, True
    return hint, False


def _taken(what: str, hint: object, part: object):
    """The value of a part that came from outside. Raises RequestError when it is not what the hint says."""
    plain, optional = _plain(hint)
    if part is _MISSING:
        if optional:
            return None
        raise RequestError(f"{what} is missing.")
    if is_dataclass(plain):
        return unpack(plain, part)
    if typing.get_origin(plain) is typing.Annotated:
        return _array(what, typing.get_args(plain)[1], part)
    return _value(what, plain, part)


def _array(what: str, expected: Array, part: object) -> np.ndarray:
    if not isinstance(part, np.ndarray):
        raise RequestError(f"{what} must be an array, not {type(part).__name__}.")
    return part != 0 if expected.dtype == "bool" and part.dtype == np.uint8 else part


def _value(what: str, hint: object, part: object):
    """A number, a string, bytes, or a tuple or dictionary of them."""
    origin, choices = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and isinstance(part, list) and len(part) == len(choices):
        return tuple(_value(what, choice, item) for choice, item in zip(choices, part))
    if origin is dict and isinstance(part, dict):
        return {key: _value(what, choices[1], item) for key, item in part.items()}
    if hint is bytes and isinstance(part, np.ndarray) and part.dtype == np.uint8 and part.ndim == 1:
        return part.tobytes()
    if hint is float and type(part) in (int, float) and abs(part) < math.inf:
        return float(part)
    if hint in (bool, int, str) and type(part) is hint:
        return part
    raise RequestError(f"{what} must be {getattr(hint, '__name__', hint)}, not {str(part)[:40]!r}.")


def _check_arrays(kind: type, values: dict[str, object]) -> None:
    sides: dict[str, int] = {}
    for name, hint in _hints(kind).items():
        plain, _ = _plain(hint)
        if typing.get_origin(plain) is typing.Annotated and values[name] is not None:
            _check_array(f"{kind.__name__}.{name}", typing.get_args(plain)[1], values[name], sides)


def _check_array(what: str, expected: Array, array: np.ndarray, sides: dict[str, int]) -> None:
    """`sides`: the lengths of the named axes so far; those of this array are added."""
    axes = expected.axes.split()
    fits = array.dtype == expected.dtype and array.ndim == len(axes)
    fits = fits and all(length == (int(axis) if axis.isdigit() else sides.setdefault(axis, length)) for axis, length in zip(axes, array.shape))
    if not fits:
        shape = " x ".join(str(sides.get(axis, axis)) for axis in axes)
        raise RequestError(f"{what} must be an array of {shape} {expected.dtype}; this one is {_shape(array)} {array.dtype}.")
    if expected.dtype == "float32" and (np.isnan(array).any() or not (expected.infinite or np.isfinite(array).all())):
        raise RequestError(f"{what} holds numbers that are none (NaN or infinite).")


def _shape(array: np.ndarray) -> str:
    return " x ".join(str(side) for side in array.shape) or "a single"
