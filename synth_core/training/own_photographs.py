"""A user's own photographs: a folder of picture files with or without label maps, without a manifest. Nothing is learned here.

The map of NAME.jpg is NAME.png beside it, or in the folder `maps` among the photographs, where `python -m synth_core label` may have put it.
A photograph without a map is labelled by the weights' segmenter.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .. import segmenter
from ..maps import MapError, read_map, read_photograph
from ..weights import WeightsError
from .data import MARGIN, DataError, Photographs

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
MAPS = "maps"
FEWEST, MOST = 4, 2000  # photographs
SMALLEST = 128  # pixels of the short side


class OwnPhotographs(Photographs):
    """All photographs of such a folder, upright, held in memory at `MARGIN` times the training size."""

    def __init__(self, folder: Path, size: int, weights: Path):
        """weights: the folder whose segmenter labels what has no map. Raises DataError, WeightsError and EngineError."""
        self.size, self._segmenter = size, None
        paths = photographs(folder)
        self.names = [path.name for path in paths]
        with tqdm(paths, unit="photograph", desc="reading") as bar:
            self.pairs = [self._read(path, weights) for path in bar]

    def _read(self, path: Path, weights: Path) -> tuple[Image.Image, Image.Image]:
        try:
            picture = read_photograph(path)
            found = map_of(path)
            ids = read_map(found).labels if found else self._label(path, picture, weights)
        except MapError as error:
            raise DataError(str(error)) from error
        if min(picture.shape[:2]) < SMALLEST:
            raise DataError(f"{path.name} has {picture.shape[1]} x {picture.shape[0]} pixels; photographs to learn from have at least "
                            f"{SMALLEST} each way, and better 400.")
        if found and ids.shape != picture.shape[:2]:
            sizes = [f"{width} x {height}" for height, width in (ids.shape, picture.shape[:2])]
            raise DataError(f"The map {found.name} has {sizes[0]} pixels, its photograph {path.name} upright {sizes[1]}; make them one size.")
        return self._reduced(Image.fromarray(picture), Image.fromarray(ids))

    def _reduced(self, image: Image.Image, ids: Image.Image) -> tuple[Image.Image, Image.Image]:
        factor = MARGIN * self.size / min(image.size)
        if factor >= 0.95:
            return image, ids
        size = (round(image.width * factor), round(image.height * factor))
        return image.resize(size, Image.LANCZOS), ids.resize(size, Image.NEAREST)

    def _label(self, path: Path, picture: np.ndarray, weights: Path) -> np.ndarray:
        try:
            self._segmenter = self._segmenter or segmenter.best(weights)
        except WeightsError as error:
            raise DataError(f"{path.name} has no label map, and the weights to begin from can't make one: they hold no segmenter. Put a map of its "
                            f"size beside it, {path.stem}.png.") from error
        return self._segmenter.label(picture)


def photographs(folder: Path) -> list[Path]:
    """The photographs' files, by name. Raises DataError where there are too few or too many."""
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}; name the folder of your photographs.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.name[0] != "." and path.is_file())
    maps = {path for path in map(map_of, found) if path}
    found = [path for path in found if path not in maps]
    if not FEWEST <= len(found) <= MOST:
        kinds = ", ".join(f"*{ending}" for ending in ENDINGS)
        raise DataError(f"{folder} holds {len(found)} photographs ({kinds}); {FEWEST} to {MOST} can be learned from, and 30 or more are good.")
    return found


def map_of(photograph: Path) -> Path | None:
    """The label map's file of a photograph; None where there is none."""
    name = f"{photograph.stem}.png"
    places = (photograph.with_name(name), photograph.parent / MAPS / name)
    return next((place for place in places if place != photograph and place.is_file()), None)
