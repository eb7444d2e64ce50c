"""Stylist: a photograph becomes a style without the trainer's backbone. Distilled from the encoder, small enough to ship.

It also reads what the photograph shows, roughly, so that a photograph without a label map gets a code for every label.
"""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import labels as label_set
from ..request import STYLE_SIZE
from .encoder import pictured, pool_by_label
from .layers import Conv3x3, enlarge, leaky, pixel_norm


class Stylist(nn.Module):
    """`channels` are the widths at strides 4, 8 and 16; heights and widths of the inputs are multiples of 16. `hidden` is the width of the layer
    between statistics and code."""

    def __init__(self, channels=(48, 80, 128), hidden: int = 256):
        super().__init__()
        c = channels
        self.read = Conv3x3(48, c[0])
        self.narrow = nn.ModuleList(nn.Conv2d(c[i], c[i + 1], 1) for i in range(2))
        self.see = nn.ModuleList(Conv3x3(width, width) for width in (*c, c[2]))
        self.lift = nn.ModuleList(nn.Conv2d(c[i + 1], c[i], 1) for i in range(2))
        self.name = nn.Conv2d(c[0], label_set.COUNT, 1)
        size = 2 * sum(c) + 6
        self.norm, self.gather = nn.LayerNorm(size), nn.Linear(size, hidden)
        self.colour = nn.Linear(6, hidden)
        self.code = nn.Linear(hidden, STYLE_SIZE)

    @staticmethod
    def arguments_of(state: dict[str, torch.Tensor]) -> dict:
        """What the constructor takes for networks of this state's shapes."""
        return {"channels": [len(state[f"see.{i}.weight"]) for i in range(3)], "hidden": len(state["code.weight"][0])}

    def forward(self, picture: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """picture (N, 3, H, W) in [-1, 1], labels (N, 23, H, W) one-hot -> style (N, 23, 64), where absent labels have the whole picture's
        code, and logits (N, 23, H/4, W/4) of what the picture itself shows (the labels given do not matter to them)."""
        codes, whole, shown = self.codes(picture, labels)
        return torch.where(pictured(labels)[:, :, None], codes, whole[:, None]), shown

    def codes(self, picture: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Each label's code (N, 23, 64), without meaning where it is absent, the whole picture's (N, 64), and the logits."""
        x4 = self._see(0, self.read(F.pixel_unshuffle(picture, 4)))
        x8 = self._see(1, self.narrow[0](F.avg_pool2d(x4, 2)))
        x16 = self._see(3, self._see(2, self.narrow[1](F.avg_pool2d(x8, 2))))
        x8 = x8 + enlarge(self.lift[1](leaky(x16)))
        x4 = x4 + enlarge(self.lift[0](leaky(x8)))
        areas = torch.cat([labels, torch.ones_like(labels[:, :1])], 1)
        colour = torch.cat(pool_by_label(picture, areas), 2)  # (N, 24, 6)
        gathered, scaled = [], F.avg_pool2d(areas, 2)
        for level in (x4, x8, x16):
            scaled = F.avg_pool2d(scaled, 2)
            gathered += pool_by_label(leaky(pixel_norm(level)), scaled)
        hidden = self.gather(self.norm(torch.cat([*gathered, colour], 2))) + self.colour(colour)
        code = pixel_norm(self.code(leaky(hidden)), -1)  # (N, 24, 64)
        return code[:, :-1], code[:, -1], self.name(leaky(pixel_norm(x4)))

    def _see(self, index: int, x: torch.Tensor) -> torch.Tensor:
        return x + self.see[index](leaky(pixel_norm(x)))
