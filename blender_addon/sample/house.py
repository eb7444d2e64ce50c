"""The sample house as plain geometry: walls with real window openings, a gable roof, frames, panes and a chimney.

No bpy and no materials but their names. Metres; the middle of the floor is the origin, the front faces -y.
"""
from __future__ import annotations

WIDTH, DEPTH, EAVES, RIDGE = 9.6, 6.8, 2.9, 5.6
WALL = 0.3
OVERHANG = 0.5

Point = tuple[float, float, float]


class Parts:
    """Faces gathered by the name of their material: `points`, `faces` (indices) and `materials` (a name for every face)."""

    def __init__(self):
        self.points: list[Point] = []
        self.faces: list[tuple[int, ...]] = []
        self.materials: list[str] = []

    def prism(self, material: str, outline: list[Point], shift: Point) -> None:
        """A solid: the flat `outline`, counter-clockwise when seen against `shift`, pulled along `shift`."""
        count, first = len(outline), len(self.points)
        self.points += outline + [tuple(a + b for a, b in zip(point, shift)) for point in outline]
        sides = [(i, (i + 1) % count, (i + 1) % count + count, i + count) for i in range(count)]
        for face in [tuple(reversed(range(count))), tuple(range(count, 2 * count)), *sides]:
            self.faces.append(tuple(first + index for index in face))
            self.materials.append(material)

    def box(self, material: str, low: Point, high: Point) -> None:
        """A box between two opposite corners."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        self.prism(material, [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)], (0, 0, z1 - z0))


def _wall(parts: Parts, openings: list[tuple[float, float, float, float]], length: float, place) -> None:
    """A wall along u from 0 to `length`, with `openings` (u0, u1, z0, z1) left free and glazed.

    place(u0, u1, z0, z1, inset, depth) gives the two corners of a box in the wall: `inset` from its outer face, `depth` thick.
    """
    columns = sorted({0.0, length, *(u for opening in openings for u in opening[:2])})
    rows = sorted({0.0, EAVES, *(z for opening in openings for z in opening[2:])})
    for u0, u1 in zip(columns, columns[1:]):
        for z0, z1 in zip(rows, rows[1:]):
            if not any(a <= u0 < b and c <= z0 < d for a, b, c, d in openings):
                parts.box("plaster", *place(u0, u1, z0, z1, 0.0, WALL))
    for opening in openings:
        _window(parts, *opening, place)


def _window(parts: Parts, u0: float, u1: float, z0: float, z1: float, place) -> None:
    """A frame with a mullion and a pane in one opening."""
    bar, inset, depth = 0.07, 0.1, 0.08
    middle = (u0 + u1) / 2
    for a, b in ((u0, u0 + bar), (middle - bar / 2, middle + bar / 2), (u1 - bar, u1)):
        parts.box("wood", *place(a, b, z0, z1, inset, depth))
    for a, b in ((z0, z0 + bar), (z1 - bar, z1)):
        parts.box("wood", *place(u0 + bar, u1 - bar, a, b, inset, depth))
    parts.box("glass", *place(u0 + bar, u1 - bar, z0 + bar, z1 - bar, inset + 0.03, 0.015))


def _gable(parts: Parts, x: float) -> None:
    """The triangle over a side wall whose outer or inner face is at `x`."""
    parts.prism("plaster", [(x, -DEPTH / 2, EAVES), (x, DEPTH / 2, EAVES), (x, 0, RIDGE)], (WALL, 0, 0))


def _roof(parts: Parts) -> None:
    """Two slabs that meet at the ridge and hang over the walls."""
    pitch = (RIDGE - EAVES) / (DEPTH / 2)
    out, thick = DEPTH / 2 + OVERHANG, 0.22
    low = EAVES - OVERHANG * pitch
    length = WIDTH + 2 * OVERHANG
    for side in (-1, 1):
        end = -length / 2
        slab = [(end, side * out, low), (end, 0, RIDGE), (end, 0, RIDGE + thick), (end, side * out, low + thick)]
        parts.prism("roof", slab if side < 0 else slab[::-1], (length, 0, 0))


def house(plinth: float) -> Parts:
    """The whole house, its floor `plinth` above the ground.

    Nothing of it lies below: buried parts would show once the ground is hidden from the camera.
    """
    parts = Parts()
    front, back, left, right = -DEPTH / 2, DEPTH / 2, -WIDTH / 2, WIDTH / 2

    def in_front(u0, u1, z0, z1, inset, depth):
        return (left + u0, front + inset, z0), (left + u1, front + inset + depth, z1)

    def in_back(u0, u1, z0, z1, inset, depth):
        return (left + u0, back - inset - depth, z0), (left + u1, back - inset, z1)

    def in_left(u0, u1, z0, z1, inset, depth):
        return (left + inset, front + WALL + u0, z0), (left + inset + depth, front + WALL + u1, z1)

    def in_right(u0, u1, z0, z1, inset, depth):
        return (right - inset - depth, front + WALL + u0, z0), (right - inset, front + WALL + u1, z1)

    _wall(parts, [(0.9, 4.1, 0.35, 2.45), (7.0, 8.6, 0.9, 2.4)], WIDTH, in_front)
    _wall(parts, [(0.7, 4.3, 0.35, 2.45), (6.8, 8.8, 0.9, 2.4)], WIDTH, in_back)
    between = DEPTH - 2 * WALL
    _wall(parts, [(1.0, between - 1.0, 0.35, 2.45)], between, in_left)
    _wall(parts, [(2.0, between - 2.0, 0.9, 2.4)], between, in_right)
    _gable(parts, left)
    _gable(parts, right - WALL)
    _roof(parts)
    parts.box("wood", (left + 5.0, front - 0.05, 0.05), (left + 6.15, front + 0.1, 2.3))  # the door
    parts.box("plaster", (1.9, 0.5, RIDGE - 1.2), (2.7, 1.3, RIDGE + 0.9))  # the chimney
    parts.box("stone", (left - 0.15, front - 0.15, -plinth), (right + 0.15, back + 0.15, 0.0))  # the plinth
    parts.box("wood", (left - 0.4, front - 2.6, -plinth), (1.6, front - 0.15, -0.02))  # the terrace
    return parts
