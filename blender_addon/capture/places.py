"""From a View to Anchors: the places whose noise stays with them while the camera moves. How noise is made of them is the painter's."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..synth_core import canvas
from ..synth_core.anchors import Anchors

if TYPE_CHECKING:
    from . import View


def anchors(view: View) -> Anchors:
    """The places that the view's pixels show, thinned to those that composition paints: more would change nothing that can be seen."""
    height, width = view.labels.shape
    needed = canvas.plan(width, height).needed(0)
    rows, columns = (_thinned(side, most) for side, most in zip((height, width), needed))
    thinned = np.ix_(rows, columns)
    lens = view.lens
    pixel = np.sqrt((lens.right - lens.left) / len(columns) * (lens.top - lens.bottom) / len(rows))  # its side on the frame
    depth = view.depth[thinned]
    sky = ~np.isfinite(depth)
    point = np.where(sky[..., None], lens.horizon(width, height)[thinned], view.position[thinned])
    footprint = np.where(sky | lens.orthographic, 1, depth) * pixel
    return Anchors(point.astype(np.float32), footprint.astype(np.float32), sky)


def _thinned(side: int, most: int) -> np.ndarray:
    """Of `side` pixels at most `most`, evenly spread: their indices."""
    count = min(side, most)
    return ((np.arange(count) + 0.5) * side / count).astype(np.intp)
