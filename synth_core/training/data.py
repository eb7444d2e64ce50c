"""Photographs with label maps, cut into training batches on the processor. Nothing here touches a network.

A data folder holds `manifest.csv` (columns name, split) and for each row NAME.webp (RGB) and NAME.png (label ids, same size); `hires/NAME.webp`,
where it exists, is the same photograph larger.
"""
from __future__ import annotations

import csv
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .. import labels as label_set
from ..maps import resize
from .blockouts import blockout

# Photographs are kept at this many times the training size: crops are then nearly always reduced, never blown up.
MARGIN = 1.6
CLOSE = 2.5  # the same where parts of large photographs are learned from at their own resolution
# How people simplify: (label, what they call it, how often).
MERGES = (
    ("cloud", "sky", 0.3), ("fog", "sky", 0.3), ("hill", "mountain", 0.15), ("field", "grass", 0.1), ("bush", "grass", 0.1),
    ("flower", "grass", 0.3), ("river", "lake", 0.15), ("lake", "sea", 0.1), ("stone", "rock", 0.15),
)  # fmt: skip
# Share of photographs below which a label is rare and its photographs are drawn more often (repeat factor, LVIS 1908.03195).
RARE = 0.08


class DataError(ValueError):
    """A data folder that can't be trained on; the message is one sentence for the user."""


@dataclass
class Batch:
    """N crops of one size. Images (N, 3, S, S) float32 in [-1, 1]; maps (N, S, S) int64; height (N, 1, S, S), +1 at the photograph's top.

    `truth` is the photograph's own map, `drawn` the map as a modeller would draw it, `asked` what the painter is given to paint: the same, but
    for made-up maps in the last places. The style crop is another cut of the same photograph.
    """

    image: torch.Tensor
    truth: torch.Tensor
    drawn: torch.Tensor
    asked: torch.Tensor
    height: torch.Tensor
    style_image: torch.Tensor
    style_map: torch.Tensor


@dataclass
class Cuts:
    """What a batch is made of, as bytes: it travels from process to process and to a graphics card at a sixth of the batch's size.

    Images (N, S, S, 3), maps (N, S, S), blockouts (K, S, S): made-up maps; rows (N, S) float32: each row's height in what is to be painted.
    """

    image: np.ndarray
    truth: np.ndarray
    drawn: np.ndarray
    rows: np.ndarray
    blockouts: np.ndarray
    style_image: np.ndarray
    style_map: np.ndarray

    def to(self, device: torch.device | str) -> Batch:
        size = self.rows.shape[1]
        height = send(self.rows, device)[:, None, :, None].expand(-1, 1, size, size).contiguous()
        drawn = send(self.drawn, device).long()
        asked, photographed = drawn, len(drawn) - len(self.blockouts)
        if len(self.blockouts):
            asked = torch.cat([drawn[:photographed], send(self.blockouts, device).long()])
        pictures = (to_picture(send(part, device)) for part in (self.image, self.style_image))
        return Batch(next(pictures), send(self.truth, device).long(), drawn, asked, height, next(pictures), send(self.style_map, device).long())


def send(array: np.ndarray, device: torch.device | str) -> torch.Tensor:
    """The array on the device; on its way to a graphics card nothing waits."""
    tensor = torch.from_numpy(array)
    if torch.device(device).type != "cuda" or not array.size:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def one_hot(maps: torch.Tensor) -> torch.Tensor:
    """(N, H, W) ids -> (N, 23, H, W) float32, channels last."""
    return F.embedding(maps, torch.eye(label_set.COUNT, device=maps.device)).permute(0, 3, 1, 2)


def to_tensor(images: list[np.ndarray]) -> torch.Tensor:
    """(H, W, 3) bytes -> (N, 3, H, W) float32 in [-1, 1], channels last."""
    return to_picture(torch.from_numpy(np.stack(images)))


def to_picture(images: torch.Tensor) -> torch.Tensor:
    """(N, H, W, 3) bytes -> (N, 3, H, W) float32 in [-1, 1], channels last."""
    return (images.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def read_manifest(folder: Path) -> list[dict[str, str]]:
    """The rows of a data folder's manifest, with their name and split at least. Raises DataError for a folder without one."""
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise DataError(f"{folder} has no manifest.csv; a data folder lists its photographs there (columns name, split).")
    with manifest.open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


class Photographs:
    """The photographs of one split, held in memory at `margin` times the training size where they are as large."""

    def __init__(self, folder: Path, split: str, size: int, limit: int | None = None, margin: float = MARGIN):
        """Raises DataError when the folder has no manifest or no photograph of that split."""
        self.size, self.margin = size, margin
        names = [row["name"] for row in read_manifest(folder) if row["split"] == split]
        if limit:
            names = names[:: max(1, len(names) // limit)][:limit]
        self.names = [n for n in names if (folder / f"{n}.webp").is_file()]
        if not self.names:
            raise DataError(f"{folder} holds no photograph of the split {split!r}.")
        with ThreadPoolExecutor() as pool:  # Pillow decodes and reduces beside other threads
            self.pairs = list(pool.map(lambda name: self._load(folder, name), self.names))

    def __len__(self) -> int:
        return len(self.pairs)

    def _load(self, folder: Path, name: str) -> tuple[Image.Image, Image.Image]:
        image, ids = Image.open(folder / f"{name}.webp").convert("RGB"), Image.open(folder / f"{name}.png")
        ids.load()
        if image.size != ids.size:
            raise DataError(f"{name}: the photograph is {image.size}, its map {ids.size}; they must be of one size.")
        larger = folder / "hires" / f"{name}.webp"
        if self.size > min(image.size) and larger.is_file():
            image = Image.open(larger).convert("RGB")
            ids = Image.fromarray(resize(np.asarray(ids), *image.size))
        factor = self.margin * self.size / min(image.size)
        if factor < 0.95:
            size = (round(image.width * factor), round(image.height * factor))
            image, ids = image.resize(size, Image.LANCZOS), ids.resize(size, Image.NEAREST)
        return image, ids

    def histogram(self) -> np.ndarray:
        """(len, 23) share of each photograph's pixels under each label."""
        counts = [np.bincount(np.asarray(ids).ravel(), minlength=label_set.COUNT)[: label_set.COUNT] / (ids.width * ids.height) for _, ids in self.pairs]
        return np.stack(counts)

    def centre(self, index: int, size: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The middle square of one photograph and its map, (S, S, 3) and (S, S) bytes."""
        image, ids = self.pairs[index]
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        return cut(image, ids, (left, top, left + side, top + side), size or self.size)


def cut(image: Image.Image, ids: Image.Image, box: tuple[int, int, int, int], size: int) -> tuple[np.ndarray, np.ndarray]:
    """The box (left, top, right, bottom) of a photograph and its map at `size` x `size`."""
    return np.asarray(image.resize((size, size), Image.LANCZOS, box=box)), np.asarray(ids.resize((size, size), Image.NEAREST, box=box))


def random_box(image: Image.Image, smallest: float, rng: random.Random) -> tuple[int, int, int, int]:
    """A square of `smallest` to 1 times the short side, anywhere in the picture; every enlargement is as likely."""
    side = int(min(image.size) / rng.uniform(1, 1 / smallest))
    left, top = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
    return left, top, left + side, top + side


def draw_like_a_modeller(ids: np.ndarray, rng: random.Random) -> np.ndarray:
    """A photograph's map with smoother edges, a third of the time: Blender's maps have no ragged borders. (S, S) bytes."""
    if rng.random() > 0.35:
        return ids
    cell = rng.choice((4, 8))
    hot = one_hot(torch.from_numpy(ids.astype(np.int64))[None])
    smooth = F.interpolate(F.avg_pool2d(hot, cell), size=ids.shape, mode="bilinear", align_corners=False)
    return smooth.argmax(1)[0].numpy().astype(np.uint8)


def merge(rng: random.Random) -> np.ndarray:
    """A random table id -> id that calls some labels by a broader name. (256,) bytes."""
    table = np.arange(256, dtype=np.uint8)
    for name, broader, chance in MERGES:
        if rng.random() < chance:
            table[table == label_set.BY_NAME[name].id] = label_set.BY_NAME[broader].id
    return table


class Batches:
    """An endless supply of random batches; photographs with rare labels come more often.

    Of a large photograph a crop may be as small as its own pixels allow (any-resolution training, Chai et al. 2022, 2204.07156): composition paints
    larger pictures than it learns from, and finds the texture of those in such crops.
    """

    def __init__(
        self, photographs: Photographs, batch: int, smallest_crop: float, blockouts: float = 0.0, style_size: int = 128, large: float = 0.0,
        whole: float = 0.0,
    ):  # fmt: skip
        """blockouts: how many of a batch's last maps that are asked for are made-up ones (`blockouts.py`), on average; large: the share of
        photographs at least twice as large as the crops, 0 for as many as there are (as is the case where all or none are); whole: the share of
        batches that are half as many crops, twice as large, of such photographs alone, none where there are none."""
        self.photographs, self.batch, self.smallest_crop, self.style_size = photographs, batch, smallest_crop, style_size
        self.blockouts = blockouts
        shares = photographs.histogram()
        present = shares > 0.02
        common = np.maximum(present.mean(0), 1e-3)
        repeat = np.where(present, np.sqrt(RARE / common), 0).max(1).clip(1, 3)
        ample = np.array([min(image.size) >= 2 * photographs.size for image, _ in photographs.pairs])
        if large and ample.any() and not ample.all():
            repeat = np.where(ample, large * repeat / repeat[ample].sum(), (1 - large) * repeat / repeat[~ample].sum())
        self._cumulative = np.cumsum(repeat).tolist()
        self._ample = np.cumsum(repeat * ample).tolist()
        self.whole = whole if ample.any() else 0.0
        self.frequency = torch.tensor(shares.mean(0), dtype=torch.float32)

    def draw(self, rng: random.Random) -> Batch:
        """One batch, wholly decided by the state of `rng`."""
        return self.cut(rng).to("cpu")

    def cut(self, rng: random.Random) -> Cuts:
        """One batch as bytes, wholly decided by the state of `rng`."""
        size, count, weights = self.photographs.size, self.batch, self._cumulative
        if self.whole and rng.random() < self.whole:
            size, count, weights = 2 * size, count // 2, self._ample
        indices = rng.choices(range(len(self.photographs)), cum_weights=weights, k=count)
        samples = zip(*(self._sample(*self.photographs.pairs[i], size, rng) for i in indices))
        image, truth, drawn, rows, style_image, style_map = (np.stack(part) for part in samples)
        asked = min(count, int(self.blockouts) + (rng.random() < self.blockouts % 1))
        made_up = np.zeros((asked, *truth.shape[1:]), np.uint8)
        for k in range(len(made_up)):
            made_up[k], rows[k - len(made_up)] = self._blockout(size, rng)
        return Cuts(image, truth, drawn, rows, made_up, style_image, style_map)

    def _blockout(self, size, rng):
        """A square of a made-up view that is as large as photographs are held at the most, and its rows' heights."""
        view = round(rng.uniform(size, max(size, self.photographs.size * self.photographs.margin)))
        left, top = rng.randint(0, view - size), rng.randint(0, view - size)
        return blockout(view, rng)[top : top + size, left : left + size], 1 - 2 * (top + np.arange(size, dtype=np.float32) + 0.5) / view

    def _sample(self, image, ids, size, rng):
        table = merge(rng)
        box = random_box(image, min(self.smallest_crop, size / min(image.size)), rng)
        picture, truth = cut(image, ids, box, size)
        style_picture, style_map = cut(image, ids, random_box(image, self.smallest_crop, rng), self.style_size)
        rows = (box[1] + (np.arange(size, dtype=np.float32) + 0.5) * (box[3] - box[1]) / size) / image.height
        if rng.random() < 0.5:
            picture, truth = picture[:, ::-1].copy(), truth[:, ::-1].copy()
        return picture, truth, draw_like_a_modeller(table[truth], rng), 1 - 2 * rows, style_picture, table[style_map]
