"""Label maps to test with."""
from __future__ import annotations

import numpy as np


def scenery(height: int, width: int) -> np.ndarray:
    """A label map with slanted borders: sky, mountain, sea and a round tree."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    ids = np.where(y < 0.4 + 0.2 * x, 1, np.where(y < 0.7 - 0.1 * x, 5, 12)).astype(np.uint8)
    ids[(x - 0.3) ** 2 + (y - 0.6) ** 2 < 0.04] = 20
    return ids
