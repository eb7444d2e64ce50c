"""Forty fixed maps as clean as a blockout's: each label alone, horizons, wedges, discs, polygons. Is each label read back, is nothing
blank, does no frequency stand out? The reading is the discriminator's, which taught the painter: it tells weights apart and proves
nothing."""
from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ... import labels as label_set
from .figures import Figure, blank, spikes
from .judge import judge, lay
from .studio import SIDE, Studio

TEXTURE = 96  # pixels a side of a square within one label
WHOLE = 0.97  # share of it that is that label
PATCHES = 4  # such squares taken from one photograph at the most
LOST = 0.5  # share of a label's own map below which it counts as read as something else


def gate(studio: Studio) -> list[Figure]:
    maps = clean_maps()
    pictures = {name: studio.paint(ids, index) for index, (name, ids) in enumerate(maps.items())}
    found = [*readable(studio, maps, pictures), *filled(studio, maps, pictures), *even(studio, maps, pictures)]
    return found + judged(studio, maps, pictures) if studio.evaluate else found


def clean_maps() -> dict[str, np.ndarray]:
    """The forty maps (SIDE, SIDE) by name."""
    ids = {label.name: label.id for label in label_set.LABELS}
    maps = {name: np.full((SIDE, SIDE), number, np.uint8) for name, number in ids.items() if number}
    for far, near in (("sky", "sea"), ("sky", "grass"), ("cloud", "sand"), ("sky", "snow"), ("fog", "lake"), ("sky", "field")):
        maps[f"horizon {near}"] = drawn(far, [(near, below(0.45))])
    for peak, ground in (("mountain", "grass"), ("hill", "field"), ("rock", "sea"), ("snow", "lake")):
        maps[f"wedge {peak}"] = drawn("sky", [(peak, [(0.1, 0.6), (0.5, 0.15), (0.95, 0.6)]), (ground, below(0.6))])
    for disc, ground in (("lake", "grass"), ("sand", "sea"), ("tree", "field")):
        round_ = [(0.5 + 0.35 * np.cos(turn), 0.72 + 0.16 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 64, endpoint=False)]
        maps[f"disc {disc}"] = drawn("sky", [(ground, below(0.4)), (disc, round_)])
    things = ("tree", "grass"), ("rock", "sand"), ("bush", "dirt"), ("stone", "river"), ("flower", "grass")
    for corners, (thing, ground) in enumerate(things, 3):
        turns = 2 * np.pi * np.arange(corners) / corners - np.pi / 2
        polygon = [(0.5 + 0.3 * np.cos(turn), 0.6 + 0.3 * np.sin(turn)) for turn in turns]
        maps[f"{corners} corners {thing}"] = drawn("sky", [(ground, below(0.5)), (thing, polygon)])
    return maps


def below(horizon: float) -> list[tuple[float, float]]:
    """Corners of all that lies below a height, 0 the map's top."""
    return [(0, horizon), (1, horizon), (1, 1), (0, 1)]


def drawn(back: str, areas: list[tuple[str, list[tuple[float, float]]]]) -> np.ndarray:
    """A map (SIDE, SIDE): the label `back` everywhere, then polygons of labels with corners (x, y) in 0 to 1."""
    image = Image.new("L", (SIDE, SIDE), label_set.BY_NAME[back].id)
    for name, corners in areas:
        ImageDraw.Draw(image).polygon([(x * SIDE, y * SIDE) for x, y in corners], fill=label_set.BY_NAME[name].id)
    return np.array(image)


def readable(studio: Studio, maps: dict[str, np.ndarray], pictures: dict[str, np.ndarray]) -> list[Figure]:
    """mIoU of the discriminator's reading, against that of photographs, and the labels that it does not find on their own maps."""
    read = studio.readings(list(pictures.values()), list(maps.values()))
    truth = np.stack([reduced(ids) for ids in maps.values()])
    photographs, theirs = zip(*studio.cuts)
    real = mean_iou(studio.readings(list(photographs), list(theirs)), np.stack([reduced(ids) for ids in theirs]))
    lost = [name for name, one, ids in zip(maps, read, truth) if name in label_set.BY_NAME and (one == ids).mean() < LOST]
    return [
        Figure("mIoU read by the discriminator", mean_iou(read, truth), least=real, note=f"photographs {real:.3f}"),
        Figure("labels read as something else on their own map", len(lost), most=2, note=", ".join(lost)),
    ]


def reduced(ids: np.ndarray) -> np.ndarray:
    """A map at a quarter of its size, each pixel the label at its centre."""
    return ids[2::4, 2::4]


def mean_iou(read: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the labels that are there of the intersection over the union; pixels without a label count nothing."""
    known = truth > 0
    read, truth = read[known], truth[known]
    shares = [((read == label) & (truth == label)).sum() / ((read == label) | (truth == label)).sum() for label in np.unique(truth)]
    return float(np.mean(shares))


def filled(studio: Studio, maps: dict[str, np.ndarray], pictures: dict[str, np.ndarray]) -> list[Figure]:
    """The share of blank cells, against the photographs'."""
    share = lambda pairs: float(np.divide(*np.array([blank(picture, ids) for picture, ids in pairs]).sum(0)))
    real = share(studio.cuts)
    own = share(zip(pictures.values(), maps.values()))
    return [Figure("blank area, air left out", own, most=real + 0.02, note=f"photographs {real:.3f}")]


def even(studio: Studio, maps: dict[str, np.ndarray], pictures: dict[str, np.ndarray]) -> list[Figure]:
    """The mean share of spikes in the spectrum of one-label maps' paintings, against photographs' squares of the same labels."""
    real: dict[str, list[float]] = {}
    for picture, ids in studio.cuts:
        for name, texture in textures(picture, ids):
            real.setdefault(name, []).append(spikes(texture))
    painted = {name: np.mean([spikes(texture) for _, texture in textures(pictures[name], maps[name])]) for name in sorted(real)}
    theirs = float(np.mean([np.mean(shares) for shares in real.values()]))
    worst = max(painted, key=painted.get)
    return [Figure("spectral spikes' share of the variance", float(np.mean(list(painted.values()))), most=theirs + 0.02,
                   note=f"{len(real)} labels; photographs {theirs:.3f}; worst {worst} {painted[worst]:.2f}")]  # fmt: skip


def textures(picture: np.ndarray, ids: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """(label, square of TEXTURE pixels) of places that show one label, at most PATCHES."""
    found = []
    for top in range(0, len(ids) - TEXTURE + 1, TEXTURE // 2):
        for left in range(0, ids.shape[1] - TEXTURE + 1, TEXTURE // 2):
            square = ids[top : top + TEXTURE, left : left + TEXTURE]
            counts = np.bincount(square.ravel(), minlength=label_set.COUNT)
            label = int(counts[1:].argmax()) + 1
            if counts[label] >= WHOLE * square.size:
                found.append((label_set.LABELS[label].name, picture[top : top + TEXTURE, left : left + TEXTURE]))
    return found[:: max(1, len(found) // PATCHES)][:PATCHES]


def judged(studio: Studio, maps: dict[str, np.ndarray], pictures: dict[str, np.ndarray]) -> list[Figure]:
    """How much the judge reads back, of these paintings and of others of the same maps (it takes no fewer than 64)."""
    others = {f"{name} again": studio.paint(ids, index + len(maps)) for index, (name, ids) in enumerate(maps.items())}
    with tempfile.TemporaryDirectory() as folder:
        painted = lay(Path(folder) / "painted", pictures | others)
        labels = lay(Path(folder) / "labels", maps | {f"{name} again": ids for name, ids in maps.items()})
        found = judge(studio.evaluate, painted, labels, painted)
    return [Figure("mIoU read by the judge", found["miou"]), Figure("accuracy read by the judge", found["acc"])]
