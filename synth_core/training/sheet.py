"""Sample sheets: rows of pictures and label maps in one image file."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .. import labels as label_set

PALETTE = np.array([label.colour for label in label_set.LABELS], np.uint8)


def to_bytes(picture: torch.Tensor) -> np.ndarray:
    """(3, H, W) in [-1, 1] -> (H, W, 3) bytes."""
    return ((picture.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()


def save_sheet(rows: list[torch.Tensor], path: Path, side: int = 192) -> None:
    """Write rows of N pictures (N, 3, H, W) or maps (N, H, W) as one picture, each cell `side` pixels at the most."""
    cells = [[PALETTE[item.cpu().numpy()] if item.dim() == 2 else to_bytes(item) for item in row] for row in rows]
    side = min(side, cells[0][0].shape[0])
    sheet = Image.new("RGB", (side * len(cells[0]), side * len(cells)))
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            sheet.paste(Image.fromarray(cell).resize((side, side), Image.LANCZOS), (x * side, y * side))
    sheet.save(path)
