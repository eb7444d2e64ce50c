"""What lies where in the sample terrain: heights, labels by height and slope, the lake, the path, and where plants stand.

Pure numpy, no bpy; the same landscape every time. Metres, x to the right of the camera, y away from it, z up, the sea at 0.
"""
from __future__ import annotations

import numpy as np

EYE = (0.0, 0.0, 14.5)  # the camera's place
HOUSE = (10.5, 43.0)  # its middle
HOUSE_FLOOR, PLINTH = 6.3, 0.25  # the floor's height, and how far it stands above the ground
LAKE = (-6.0, 30.0)  # its middle
LAKE_RADII = (11.0, 6.5)
LAKE_LEVEL = 4.4
PATH = ((5.0, 7.0), (7.0, 14.0), (11.5, 21.0), (14.5, 28.0), (14.0, 34.0), (11.5, 40.0))
PATH_WIDTH = 2.0
TREE_LINE, SNOW_LINE = 52.0, 92.0
FAR = 7000.0  # the range beyond the sea

_random = np.random.RandomState(20)  # RandomState's stream never changes between numpy's versions
_SHUFFLE = np.tile(_random.permutation(256), 2)
_ANGLES = _random.uniform(0, 2 * np.pi, 256)


def noise(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Gradient noise (Perlin) at any points, about -0.7 to 0.7, one unit a lattice cell."""
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    u, v = x - column, y - row

    def corner(i: int, j: int) -> np.ndarray:
        angle = _ANGLES[_SHUFFLE[_SHUFFLE[(column + i) & 255] + ((row + j) & 255)]]
        return np.cos(angle) * (u - i) + np.sin(angle) * (v - j)

    s, t = u**3 * (u * (6 * u - 15) + 10), v**3 * (v * (6 * v - 15) + 10)
    near = corner(0, 0) * (1 - s) + corner(1, 0) * s
    far = corner(0, 1) * (1 - s) + corner(1, 1) * s
    return near * (1 - t) + far * t


def fractal(x: np.ndarray, y: np.ndarray, size: float, octaves: int, ridged: bool = False) -> np.ndarray:
    """Octaves of noise summed, the coarsest `size` metres wide; `ridged` folds each into crests (0 to about 1)."""
    total = np.zeros(np.broadcast(x, y).shape)
    for octave in range(octaves):
        layer = noise(x / size * 2**octave + 31.7 * octave, y / size * 2**octave + 17.3 * octave)
        total += (1 - 2 * np.abs(layer) if ridged else layer) / 2**octave
    return total / 2 if ridged else total


def smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 at `low` and before it, 1 at `high` and beyond, an S between; falling where `high` is the lesser."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def shore(y: np.ndarray) -> np.ndarray:
    """Where the coast runs: x of the waterline at distance y. Land lies to its right."""
    return np.interp(y, (-40, 20, 50, 80, 120, 180, 300, 600, 1500), (-48, -36, -26, -16, -4, 8, 40, 70, 90)) \
        + 5 * noise(y / 37, np.full_like(y, 3.3))


def lake_radius(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance from the lake's middle, 1 at its waterline (a wavy ellipse)."""
    u, v = (x - LAKE[0]) / LAKE_RADII[0], (y - LAKE[1]) / LAKE_RADII[1]
    return np.hypot(u, v) * (1 + 0.16 * noise(x / 7, y / 7))


def path_distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance in metres from the path's middle line."""
    nearest = np.full(np.broadcast(x, y).shape, np.inf)
    for (x0, y0), (x1, y1) in zip(PATH, PATH[1:]):
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)))
    return nearest


def _mountain(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The massif on the right, with ridges; the summit stands some 150 m high at 780 m."""
    wide = np.exp(-(((x - 430) / 330) ** 2) - ((y - 800) / 300) ** 2)
    second = np.exp(-(((x - 170) / 120) ** 2) - ((y - 900) / 200) ** 2)
    crests = fractal(x, y, 260, 6, ridged=True)
    return (185 * wide + 60 * second) * (0.42 + 0.75 * crests)


def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the ground in metres at any points."""
    inland = x - shore(y)
    beach = np.where(inland > 0, 2.2 * smoothstep(0, 36, inland), 0.12 * np.maximum(inland, -60))
    meadow = 3.4 * smoothstep(16, 44, inland) + 1.1 * fractal(x, y, 34, 3) * smoothstep(10, 40, inland)
    stand = 7.6 * np.exp(-(((x - 2) / 16) ** 2) - ((y + 1) / 11) ** 2)  # the rise that the camera stands on
    slope = 0.06 * np.maximum(x - 20, 0) * smoothstep(0, 60, inland) * smoothstep(20, 120, y) * smoothstep(600, 300, y)
    rolling = 9 * smoothstep(90, 260, y) * smoothstep(20, 120, inland) * (0.6 + fractal(x, y, 120, 4))
    ground = beach + meadow + stand + slope + rolling + _mountain(x, y) * smoothstep(30, 150, inland)

    from_house = np.maximum(np.abs(x - HOUSE[0]) - 6.5, np.abs(y - HOUSE[1]) - 7)
    ground += (HOUSE_FLOOR - PLINTH - ground) * smoothstep(9, 0, from_house)
    radius = lake_radius(x, y)
    ground += (LAKE_LEVEL + 0.9 - ground) * smoothstep(2.0, 1.25, radius)
    return ground - 2.2 * smoothstep(1.25, 0.7, radius)


GROUND = ("sand", "grass", "tree", "rock", "snow")  # the labels of the terrain's mesh, by index


def ground_label(points: np.ndarray, steep: np.ndarray) -> np.ndarray:
    """Index into GROUND for points (N, 3) on the ground, by height and by `steep`, the rise over run there."""
    x, y, z = points.T
    patch = fractal(x, y, 110, 5)
    index = np.full(len(points), GROUND.index("grass"))
    index[(y > 120) & (z > 12 + 14 * patch) & (z < TREE_LINE + 26 * patch)] = GROUND.index("tree")
    index[(z >= TREE_LINE + 26 * patch) | (steep > 1.1)] = GROUND.index("rock")
    index[z > SNOW_LINE + 48 * patch + 14 * (steep - 0.7)] = GROUND.index("snow")
    index[(z < 1.9 + 0.5 * patch) & (lake_radius(x, y) > 2.2)] = GROUND.index("sand")
    return index


def _axis(low: float, high: float, spread: float, count: int) -> np.ndarray:
    """`count` positions from `low` to `high`, close together within `spread` of 0 and ever wider beyond."""
    return spread * np.sinh(np.linspace(np.arcsinh(low / spread), np.arcsinh(high / spread), count))


def grid_faces(columns: int, rows: int) -> np.ndarray:
    """(F, 4) vertex indices of the quads of a grid whose vertices run along x first."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1, 1)
    return first + np.array((0, 1, columns + 1, columns))


def terrain(columns: int = 360, rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ground as a mesh: vertices (V, 3), quads (F, 4) and for every quad its index into GROUND."""
    x, y = np.meshgrid(_axis(-160, 1100, 60, columns), _axis(-45, 1300, 60, rows))
    points = np.stack((x, y, height(x, y)), -1).reshape(-1, 3)
    faces = grid_faces(columns, rows)
    corners = points[faces]
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    return points, faces, ground_label(corners.mean(1), np.hypot(normal[:, 0], normal[:, 1]) / normal[:, 2])


def far_range(columns: int = 240, rows: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """The mountains beyond the sea: vertices (V, 3) and quads (F, 4) of a band some 7 km away."""
    x, y = np.meshgrid(np.linspace(-5200, 5200, columns), np.linspace(FAR, FAR + 2400, rows))
    crest = fractal(x, y, 2600, 6, ridged=True)
    rise = np.sin(np.linspace(0, np.pi / 2, rows))[:, None]
    z = rise * (760 * smoothstep(-4300, -1500, x) * (0.25 + crest) ** 2 + 40) - 20
    return np.stack((x, y, z), -1).reshape(-1, 3), grid_faces(columns, rows)


def lake_outline(count: int = 48) -> np.ndarray:
    """(count, 3) points of the lake's surface, a little wider than its waterline, so that the ground cuts it."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    outline = np.stack((np.cos(angle) * LAKE_RADII[0] * 1.25, np.sin(angle) * LAKE_RADII[1] * 1.25, np.zeros(count)), 1)
    return outline + (*LAKE, LAKE_LEVEL)


def path(steps: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """The path to the house: vertices (V, 3) and quads (F, 4) of a ribbon laid on the ground."""
    corners = np.array(PATH)
    at = np.linspace(0, len(corners) - 1, steps)
    middle = np.stack([np.interp(at, np.arange(len(corners)), corners[:, axis]) for axis in (0, 1)], 1)
    kernel = np.hanning(17)
    padded = np.pad(middle, ((8, 8), (0, 0)), "edge")
    middle = np.stack([np.convolve(padded[:, axis], kernel / kernel.sum(), "valid") for axis in (0, 1)], 1)
    ahead = np.gradient(middle, axis=0)
    across = np.stack((ahead[:, 1], -ahead[:, 0]), 1) / np.linalg.norm(ahead, axis=1, keepdims=True)
    offsets = np.linspace(-0.5, 0.5, 5) * PATH_WIDTH
    flat = middle[:, None] + offsets[None, :, None] * across[:, None]
    x, y = flat[..., 0], flat[..., 1]
    return np.stack((x, y, height(x, y) + 0.07), -1).reshape(-1, 3), grid_faces(len(offsets), steps)


def _scatter(count: int, low: tuple[float, float], high: tuple[float, float], seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(seed)
    return random.uniform(low[0], high[0], count), random.uniform(low[1], high[1], count)


def tree_spots() -> np.ndarray:
    """(N, 4): places of the trees and their heights: a wood behind the house, and clumps along the meadow."""
    x, y = _scatter(1500, (-30, 44), (110, 190), 3)
    wood = (fractal(x, y, 34, 2) > 0.05 + 0.25 * smoothstep(28, 12, x)) & (y > 56 - 0.2 * x)
    beside = (x > 20) & (y < 60) & (fractal(x, y, 17, 2) > -0.12)
    keep = (wood | beside) & (x > shore(y) + 16) & (path_distance(x, y) > 4) & (lake_radius(x, y) > 1.9)
    keep &= np.maximum(np.abs(x - HOUSE[0]), np.abs(y - HOUSE[1])) > 8
    return _stand(x[keep], y[keep], spacing=3.4, sizes=(5.0, 11.0), seed=4)


def bush_spots() -> np.ndarray:
    """(N, 4): places of the bushes and their heights: about the house, the lake and the foot of the rise."""
    x, y = _scatter(900, (-22, 14), (30, 60), 5)
    keep = (fractal(x, y, 11, 2) > 0.16) & (path_distance(x, y) > 2.6) & (lake_radius(x, y) > 1.3) & (x > shore(y) + 14)
    keep &= np.maximum(np.abs(x - HOUSE[0]), np.abs(y - HOUSE[1])) > 6.5
    return _stand(x[keep], y[keep], spacing=1.5, sizes=(0.7, 1.7), seed=6)


def boulder_spots() -> np.ndarray:
    """(N, 4): places of the boulders and their heights, along the water's edge."""
    x, y = _scatter(900, (-40, 30), (20, 150), 7)
    inland = x - shore(y)
    keep = (inland > -5) & (inland < 4) & (fractal(x, y, 25, 2) > 0.05)
    return _stand(x[keep], y[keep], spacing=2.0, sizes=(0.8, 2.4), seed=8)


def _stand(x: np.ndarray, y: np.ndarray, spacing: float, sizes: tuple[float, float], seed: int) -> np.ndarray:
    """(N, 4) x, y, z, size of those points that keep `spacing` from all before them, with sizes drawn between the two."""
    chosen: list[int] = []
    for index in range(len(x)):
        if not chosen or np.hypot(x[chosen] - x[index], y[chosen] - y[index]).min() >= spacing:
            chosen.append(index)
    x, y = x[chosen], y[chosen]
    return np.stack((x, y, height(x, y), np.random.RandomState(seed).uniform(*sizes, len(x))), 1)
