"""sRGB bytes to linear light and back, by tables. What is done to the light is not known here."""
from __future__ import annotations

import numpy as np

LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)  # of linear sRGB


def _linear_table() -> np.ndarray:
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


TO_LINEAR = _linear_table()  # (256,) float32: the light of each byte, 0 to 1
_FINE = 1 << 14
# By the square root, which spreads dark tones as sRGB does: a table in linear steps would band there.
_TO_BYTE = np.searchsorted((TO_LINEAR[1:] + TO_LINEAR[:-1]) / 2, (np.arange(_FINE + 1) / _FINE) ** 2).astype(np.uint8)


def to_bytes(light: np.ndarray) -> np.ndarray:
    """Linear light, clipped to 0..1, as sRGB bytes of the same shape."""
    return _TO_BYTE[np.rint(np.sqrt(np.clip(light, 0, 1)) * _FINE).astype(np.int32)]
