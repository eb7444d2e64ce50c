"""Made-up label maps with the straight, clean edges of a Blender blockout, which no photograph's map has. No photographs here."""
from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageDraw

from .. import labels as label_set

RIDGES = ("mountain", "mountain", "hill", "rock", "snow", "tree")
GROUNDS = ("grass", "grass", "sand", "dirt", "snow", "field", "rock", "sea", "lake")
PATCHES = ("sand", "dirt", "rock", "road", "field", "grass", "lake", "river")
THINGS = ("tree", "tree", "bush", "rock", "stone")


def blockout(size: int, rng: random.Random) -> np.ndarray:
    """(size, size) uint8 label ids: sky, ridges of few corners, flat ground with patches, a lake, low-poly trees and rocks, a house at times."""
    image = Image.new("L", (size, size), _id("cloud" if rng.random() < 0.2 else "sky"))
    pen = ImageDraw.Draw(image)
    horizon = size * rng.uniform(0.3, 0.7)
    for _ in range(rng.randint(0, 3)):
        _ridge(pen, size, horizon, rng)
    pen.rectangle((0, horizon, size, size), fill=_id(rng.choice(GROUNDS)))
    for _ in range(rng.randint(0, 2)):
        _patch(pen, size, horizon, rng)
    if rng.random() < 0.3:
        _pond(pen, size, horizon, rng)
    if rng.random() < 0.2:
        _house(pen, size, horizon, rng)
    name = rng.choice(THINGS)
    for _ in range(rng.choice((0, 0, 3, 8, 20))):
        _thing(pen, name, size, horizon, rng)
    return np.array(image)


def _id(name: str) -> int:
    return label_set.BY_NAME[name].id


def _ridge(pen, size, horizon, rng):
    """A skyline of few straight pieces, down to the horizon."""
    corners = rng.randint(3, 12)
    tallest = rng.uniform(0.15, 0.95) * horizon
    xs = sorted(rng.uniform(-0.1, 1.1) * size for _ in range(corners))
    line = [(x, horizon - tallest * rng.uniform(0.1, 1)) for x in xs]
    start, stop = (-0.2 * size, 1.2 * size) if rng.random() < 0.7 else (xs[0] - 0.2 * size, xs[-1] + 0.2 * size)
    pen.polygon([(start, horizon + 1), *line, (stop, horizon + 1)], fill=_id(rng.choice(RIDGES)))


def _patch(pen, size, horizon, rng):
    """Another ground from a straight slanting edge on, or a strip that narrows towards the horizon."""
    fill = _id(rng.choice(PATCHES))
    if rng.random() < 0.5:
        left, right = (rng.uniform(horizon, 1.2 * size) for _ in range(2))
        pen.polygon([(0, left), (size, right), (size, 1.5 * size), (0, 1.5 * size)], fill=fill)
        return
    far, near, wide = rng.uniform(0.2, 0.8) * size, rng.uniform(-0.2, 1.2) * size, rng.uniform(0.1, 0.5) * size
    pen.polygon([(far, horizon), (far + 0.1 * wide, horizon), (near + wide, size), (near, size)], fill=fill)


def _pond(pen, size, horizon, rng):
    """A round lake as the eye sees it from low above."""
    x, y = rng.uniform(0, size), rng.uniform(horizon, size)
    wide = rng.uniform(0.2, 0.7) * size
    high = wide * rng.uniform(0.15, 0.35)
    pen.ellipse((x - wide / 2, max(horizon, y - high / 2), x + wide / 2, max(horizon, y - high / 2) + high), fill=_id("lake"))


def _house(pen, size, horizon, rng):
    x, wide, high = rng.uniform(0, 0.8) * size, rng.uniform(0.08, 0.3) * size, rng.uniform(0.06, 0.2) * size
    base = rng.uniform(horizon, 0.9 * size)
    pen.polygon([(x, base), (x, base - high), (x + wide / 2, base - 1.6 * high), (x + wide, base - high), (x + wide, base)], fill=_id("building"))


def _thing(pen, name, size, horizon, rng):
    """A cone of a tree or a lump with few corners, smaller towards the horizon."""
    base = rng.uniform(horizon, size)
    tall = size * (0.04 + 0.35 * (base - horizon) / max(1.0, size - horizon)) * rng.uniform(0.6, 1.2)
    x = rng.uniform(0, size)
    if name == "tree" and rng.random() < 0.6:
        pen.polygon([(x - 0.25 * tall, base), (x, base - tall), (x + 0.25 * tall, base)], fill=_id(name))
        return
    angles = sorted(rng.uniform(0, 2 * np.pi) for _ in range(rng.randint(5, 9)))
    half = 0.5 * tall if name == "tree" else 0.25 * tall
    pen.polygon([(x + half * np.cos(a), base - half + half * np.sin(a)) for a in angles], fill=_id(name))
