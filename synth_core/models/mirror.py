"""Still water: what each of its pixels mirrors, and how that comes into a painting. Which labels are water is composition.py's.

A convolution sees a shore only as far as it reaches, and never upside down. Here the features above a waterline are laid over the water below it,
upside down, smeared as ripples smear them, and the network learns how much of them each kind of water shows.
"""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .layers import memory_layout, pad

CLEARNESS = 0.7  # share of the features above the waterline that untaught water shows
SMEARED = 9, 2  # cells up and down of whose mirrored features a cell shows the mean, and how often it takes that of three cells from left to right
DOUBLINGS = 9  # what lies 2**DOUBLINGS pixels or more below its waterline mirrors nothing; no ordinary view is as high


class Mirror(nn.Module):
    """Adds what water mirrors to a level's features: as they are but for the smear, at first, and by the same gain for all water."""

    wrap = ""

    def __init__(self, channels: int, label_channels: int):
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1)
        self.gain = nn.Conv2d(label_channels, channels, 1)
        nn.init.dirac_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)
        nn.init.zeros_(self.gain.weight)
        nn.init.constant_(self.gain.bias, CLEARNESS)

    def forward(self, x: torch.Tensor, label_features: torch.Tensor, water: torch.Tensor, height: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W), label features (N, L, H, W), water and the view's height as `mirrored_rows` takes them -> (N, C, H, W)."""
        rows, mirrors = mirrored_rows(water, height)
        mixed = self.mix(x)
        seen = mixed.gather(2, rows.expand(-1, x.shape[1], -1, -1)) * mirrors.to(x.dtype)
        seen = seen.contiguous(memory_format=memory_layout(mixed))  # a gather puts them first: pooled several times as slowly
        water = water.to(x.dtype)
        share = self._smear(water).clamp_min(1e-3)
        return x + self.gain(label_features) * self._smear(seen) * (water / share)

    def _smear(self, x):
        """Without it every step in a shore's outline is cut into the water twice as large, since each column has a waterline of its own."""
        down, across = SMEARED
        x = F.avg_pool2d(x, (down, 1), 1, (down // 2, 0), count_include_pad=False)
        for _ in range(across):
            x = F.avg_pool2d(pad(x, self.wrap)[:, :, 1:-1], (1, 3), 1)
        return x


@torch.no_grad()
def mirrored_rows(water: torch.Tensor, height: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """water (N, 1, H, W) bool and the view's height (N, 1, H, W) -> the row that each pixel mirrors, (N, 1, H, W) int64, and whether it mirrors
    anything, (N, 1, H, W) bool.

    A pixel lies as far below its waterline (the lower end of whatever is above it that isn't water) as what it mirrors lies above. Below a rock that
    is lower than that, it mirrors the shore beyond the rock's own water. The view's upper edge stands for what lies above it.
    Where what is mirrored would not be higher in the view, the ground is seen from above, and mirrors nothing.
    """
    count = water.shape[2]
    row = torch.arange(count, device=water.device, dtype=torch.float32).view(1, 1, -1, 1)
    line = torch.where(water, torch.zeros_like(row), row + 1)
    for doubling in range(DOUBLINGS):  # the largest so far down each column
        line = torch.maximum(line, F.pad(line, (0, 0, 2**doubling, 0))[:, :, :count])
    first = torch.where(water, (2 * line - 1 - row).clamp_min(0), row).long()
    beyond = (2 * line.gather(2, first) - 1 - row).clamp_min(0).long()
    found = torch.where(water.gather(2, first), beyond, first)
    return found, water & (line > 0) & ~water.gather(2, found) & (height.gather(2, found) > height)
