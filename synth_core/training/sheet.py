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
    """Write rows of N pictures (N, 3, H, W) or maps (N, H, W) as one picture, each row `side` pixels high at the most."""
    cells = [[PALETTE[item.cpu().numpy()] if item.dim() == 2 else to_bytes(item) for item in row] for row in rows]
    side = min(side, cells[0][0].shape[0])
    widths = [round(side * row[0].shape[1] / row[0].shape[0]) for row in cells]
    sheet = Image.new("RGB", (max(width * len(row) for width, row in zip(widths, cells)), side * len(cells)))
    for y, (width, row) in enumerate(zip(widths, cells)):
        for x, cell in enumerate(row):
            sheet.paste(Image.fromarray(cell).resize((width, side), Image.LANCZOS), (x * width, y * side))
    sheet.save(path)
