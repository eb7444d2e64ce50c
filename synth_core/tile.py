"""A tile: a painting of one label that continues at its other side both ways, with the maps of a material.

How a painting wraps is the painter's; how the maps come of it is material.py's.
"""
from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from . import material, png
from .painter import Painter
from .request import Request, TileRequest, TileResult

VIEW = (0.0, 0.0)  # a tile is seen frontally: all of it lies at one height of the view


def paint(painter: Painter, request: TileRequest, progress: Callable[[float], None] | None = None,
          cancelled: Callable[[], bool] | None = None) -> TileResult:
    """Paint the tile. `progress` and `cancelled` as in `Painter.paint`, and raises what that raises."""
    started = time.perf_counter()
    ids = np.full((request.size, request.size), request.label, np.uint8)
    result = painter.paint(Request(ids, request.seed, request.style, wrap="xy", view=VIEW, texts=request.texts), progress, cancelled)
    maps = material.maps(result.picture, request.label)
    height, normal, roughness = (png.encode(picture) for picture in (maps.height, maps.normal, maps.roughness))
    seconds = time.perf_counter() - started
    return TileResult(result.picture, result.png, height, normal, roughness, result.engine, result.weights, seconds, result.licence)
