"""Critic: how far a picture looks like a photograph of its labels, pixel by pixel. Distilled from the discriminator, small enough to ship."""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import labels as label_set
from .layers import Conv3x3, enlarge, leaky, pixel_norm


class Critic(nn.Module):
    """`channels` are the widths at strides 4, 8 and 16; heights and widths of the inputs are multiples of 16."""

    def __init__(self, channels=(64, 96, 160)):
        super().__init__()
        c = channels
        self.read = Conv3x3(48, c[0])
        self.labels = nn.ModuleList(nn.Conv2d(label_set.COUNT, width, 1) for width in c)
        self.narrow = nn.ModuleList(nn.Conv2d(c[i], c[i + 1], 1) for i in range(2))
        self.see = nn.ModuleList(Conv3x3(width, width) for width in (*c, c[2]))
        self.lift = nn.ModuleList(nn.Conv2d(c[i + 1], c[i], 1) for i in range(2))
        self.look = Conv3x3(c[0], c[0])
        self.classify = nn.Conv2d(c[0], label_set.COUNT + 1, 1)
        self.judge = nn.Conv2d(c[0], 1, 1)

    @staticmethod
    def arguments_of(state: dict[str, torch.Tensor]) -> dict:
        """What the constructor takes for networks of this state's shapes."""
        return {"channels": [len(state[f"see.{i}.weight"]) for i in range(3)]}

    def forward(self, picture: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """picture (N, 3, H, W) in [-1, 1], labels (N, 23, H, W) one-hot -> logits (N, 24, H/4, W/4) of the labels and *fake*, for which the
        labels given do not matter, and realness (N, 1, H/4, W/4), the mean answer of the discriminator's heads."""
        x4 = self._see(0, self.read(F.pixel_unshuffle(picture, 4)))
        x8 = self._see(1, self.narrow[0](F.avg_pool2d(x4, 2)))
        x16 = self._see(3, self._see(2, self.narrow[1](F.avg_pool2d(x8, 2))))
        read = self._gather(x4, x8, x16)
        scaled, told = F.avg_pool2d(labels, 2), []
        for x, label in zip((x4, x8, x16), self.labels):
            scaled = F.avg_pool2d(scaled, 2)
            told.append(x + label(scaled))
        return self.classify(read), self.judge(self._gather(*told))

    def _gather(self, x4: torch.Tensor, x8: torch.Tensor, x16: torch.Tensor) -> torch.Tensor:
        x8 = x8 + enlarge(self.lift[1](leaky(pixel_norm(x16))))
        x4 = x4 + enlarge(self.lift[0](leaky(pixel_norm(x8))))
        return leaky(pixel_norm(x4 + self.look(leaky(pixel_norm(x4)))))

    def _see(self, index: int, x: torch.Tensor) -> torch.Tensor:
        return x + self.see[index](leaky(pixel_norm(x)))
