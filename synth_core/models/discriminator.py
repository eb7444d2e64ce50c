"""The discriminator: reads every pixel of a picture as one of the labels or as *fake*, and judges the picture at each scale.

It stands on a frozen backbone's features (Projected GAN 2111.01007; pixel labels from OASIS 2012.04781 and DP-SIMS 2312.13314).
Used in training only.
"""
from __future__ import annotations

import torch
import torch.nn as nn

from .. import labels as label_set
from .layers import averaged_to, enlarge

DECODED = 48  # channels of what the decoder ends in
WIDTHS = 16, 24, 40, 112, 320  # the backbone's channels at strides 2, 4, 8, 16 and 32


class _Decode(nn.Sequential):
    """One resolution of a decoder over the backbone's features."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(nn.Conv2d(inputs, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.LeakyReLU(0.2))


def _head(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels + label_set.COUNT, 96, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(96, 96, 3, padding=1), nn.GroupNorm(8, 96), nn.LeakyReLU(0.2),
        nn.Conv2d(96, 1, 1),
    )  # fmt: skip


class Decoder(nn.Module):
    """From the backbone's features, divided by their standard deviation, and the pixels back to half a picture's size."""

    def __init__(self):
        super().__init__()
        w2, w4, w8, w16, w32 = WIDTHS
        self.stem2 = nn.Sequential(nn.Conv2d(3, 24, 4, 2, 1), nn.LeakyReLU(0.2))
        self.stem4 = nn.Sequential(nn.Conv2d(24, 48, 4, 2, 1), nn.LeakyReLU(0.2))
        self.decode32 = _Decode(w32, 128)
        self.decode16 = _Decode(128 + w16, 128)
        self.decode8 = _Decode(128 + w8, 96)
        self.decode4 = _Decode(96 + w4 + 48, 64)
        self.decode2 = _Decode(64 + w2 + 24, DECODED)

    def decode(self, image: torch.Tensor, features: list[torch.Tensor]) -> torch.Tensor:
        """image (N, 3, H, W), its features at strides 2-32 -> (N, DECODED, H/2, W/2)."""
        f2, f4, f8, f16, f32 = features
        s2 = self.stem2(image)
        s4 = self.stem4(s2)
        x = self.decode32(f32)
        x = self.decode16(torch.cat([enlarge(x), f16], 1))
        x = self.decode8(torch.cat([enlarge(x), f8], 1))
        x = self.decode4(torch.cat([enlarge(x), f4, s4], 1))
        return self.decode2(torch.cat([enlarge(x), f2, s2], 1))


class Discriminator(Decoder):
    """The decoder read as labels or *fake*, and a head on each of the backbone's scales."""

    def __init__(self):
        super().__init__()
        self.classify = nn.Conv2d(DECODED, label_set.COUNT + 1, 1)
        self.heads = nn.ModuleList(_head(w) for w in WIDTHS[1:])

    def forward(self, image: torch.Tensor, features: list[torch.Tensor], labels: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """image (N, 3, H, W), its features at strides 2-32, labels (N, 23, ...) one-hot or averaged to stride 4 ->
        logits (N, 24, H/2, W/2) of the labels and *fake*, and one realness map (N, 1, h, w) for each of strides 4-32."""
        realness = []
        for head, level in zip(self.heads, features[1:]):
            labels = averaged_to(labels, level)
            realness.append(head(torch.cat([level, labels], 1)))
        return self.classify(self.decode(image, features)), realness


class PixelHead(nn.Module):
    """Judges neighbourhoods of 15 pixels at full resolution, below the backbone's finest stride: (N, 3, H, W) -> realness (N, 1, H/2, W/2)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(32, 32, 3, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(32, 1, 3, padding=1),
        )  # fmt: skip
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):  # at torch's own smaller scale the biases drown the picture, and it learns nothing
                nn.init.kaiming_normal_(layer.weight, a=0.2)
                nn.init.zeros_(layer.bias)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image)
