"""Networks that tell what a photograph shows: the decoder that the command line sets on the trainer's backbone, and a small one that ships alone.

Reading sizes and edges are not known here.
"""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import labels as label_set
from .discriminator import DECODED, WIDTHS, Decoder
from .layers import Conv3x3, Enlarge, leaky, pixel_norm

DROPPED = 0.1  # share of the decoder's channels that are left out at a time while it learns


class Reader(Decoder):
    """The discriminator's decoder read as labels alone, so that its training is the start of this one's; what the whole picture is about makes some
    labels likelier everywhere."""

    def __init__(self):
        super().__init__()
        self.name = nn.Conv2d(DECODED, label_set.COUNT, 1)
        self.about = nn.Linear(WIDTHS[-1], label_set.COUNT)
        nn.init.zeros_(self.about.weight)
        nn.init.zeros_(self.about.bias)

    def forward(self, picture: torch.Tensor, features: list[torch.Tensor]) -> torch.Tensor:
        """picture (N, 3, H, W), its features at strides 2 to 32 -> logits (N, 23, H/2, W/2); label 0 is never taught."""
        seen = F.dropout2d(self.decode(picture, features), DROPPED, self.training)
        about = self.about(F.dropout(features[-1].mean((2, 3)), DROPPED, self.training))  # (N, 23)
        return self.name(seen) + about[:, :, None, None]


class _Refine(nn.Module):
    """A residual pair of convolutions at one resolution, (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, channels: int):
        super().__init__()
        self.first, self.second = Conv3x3(channels, channels), Conv3x3(channels, channels)

    def forward(self, x):
        return x + self.second(leaky(self.first(leaky(pixel_norm(x)))))


class Segmenter(nn.Module):
    """The small one, for pictures whose sides are multiples of 32. `channels` are its widths at strides 4, 8, 16 and 32; `depth` its residual
    pairs at strides 16 and 32 on the way down."""

    def __init__(self, channels=(24, 48, 96, 160), depth: int = 2):
        super().__init__()
        self.read = Conv3x3(48, channels[0])
        self.see = nn.ModuleList(nn.ModuleList(_Refine(width) for _ in range(1 if level < 2 else depth)) for level, width in enumerate(channels))
        self.narrow = nn.ModuleList(nn.Conv2d(4 * width, below, 1) for width, below in zip(channels, channels[1:]))
        self.whole = nn.Linear(channels[3], channels[3])
        self.lower = nn.ModuleList(nn.Conv2d(below, width, 1) for width, below in zip(channels, channels[1:]))
        self.refine = nn.ModuleList(_Refine(width) for width in channels[:3])
        self.enlarge = Enlarge()
        self.name = nn.Conv2d(channels[0], label_set.COUNT, 1)

    @staticmethod
    def arguments_of(state: dict[str, torch.Tensor]) -> dict:
        """What the constructor takes for networks of this state's shapes."""
        depth = len({key.split(".")[2] for key in state if key.startswith("see.3.")})
        return {"channels": [len(state[f"see.{level}.0.first.weight"]) for level in range(4)], "depth": depth}

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """picture (N, 3, H, W) in [-1, 1] -> logits (N, 23, H/4, W/4); label 0 is never taught."""
        x, levels = self.read(F.pixel_unshuffle(picture, 4)), []
        for level, blocks in enumerate(self.see):
            if level:
                x = self.narrow[level - 1](F.pixel_unshuffle(leaky(pixel_norm(x)), 2))
            for block in blocks:
                x = block(x)
            levels.append(x)
        x = x + self.whole(leaky(pixel_norm(x)).mean((2, 3)))[:, :, None, None]  # what the whole picture is about
        for level in (2, 1, 0):
            x = self.refine[level](levels[level] + self.enlarge(self.lower[level](leaky(pixel_norm(x)))))
        return self.name(leaky(pixel_norm(x)))
