"""Detail: a picture and the label map at twice its size become the picture at twice its size.

Applied again for four, eight and sixteen times. It adds what composition cannot hold (leaves, grains, ripples) as a residual over bicubic
enlargement; it never composes. Most of its work happens at the picture's own size and below, so that large paintings stay cheap.
"""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import labels as label_set
from ..canvas import DETAIL_NOISE as NOISE_CHANNELS
from ..request import STYLE_SIZE
from .layers import Block, Conv3x3, Enlarge, leaky, pixel_norm

COARSE = 4  # outgoing pixels


class Detail(nn.Module):
    """`channels` are the widths at half the incoming size, at the incoming size and at twice the incoming size; `label_channels` likewise."""

    def __init__(self, channels=(64, 48, 24), label_channels=(48, 32, 16)):
        super().__init__()
        c, l = channels, label_channels
        self.condition = nn.Sequential(nn.Linear(STYLE_SIZE + 1, 64), nn.LeakyReLU(0.2), nn.Linear(64, STYLE_SIZE))
        inputs = label_set.COUNT + NOISE_CHANNELS
        self.embed = nn.ModuleList([Conv3x3(inputs, l[0]), Conv3x3(inputs, l[1]), nn.Conv2d(inputs, l[2], 1)])
        self.read = Conv3x3(3, c[1])
        self.narrow = nn.Conv2d(c[1], c[0], 1)
        self.coarse = nn.ModuleList(Block(c[0], l[0], STYLE_SIZE) for _ in range(2))
        self.widen = nn.Conv2d(c[0], c[1], 1)
        self.middle = Block(c[1], l[1], STYLE_SIZE)
        self.finer = nn.Conv2d(c[1], c[2], 1)
        self.fine = Block(c[2], l[2], STYLE_SIZE, 1)
        self.rgb = Conv3x3(c[2], 3)
        self.enlarge = Enlarge()
        nn.init.zeros_(self.rgb.bias)
        self.rgb.weight.data.mul_(0.1)

    @staticmethod
    def arguments_of(state: dict[str, torch.Tensor]) -> dict:
        """What the constructor takes for networks of this state's shapes."""
        channels = [len(state[f"{layer}.weight"]) for layer in ("narrow", "read", "finer")]
        return {"channels": channels, "label_channels": [len(state[f"embed.{i}.weight"]) for i in range(3)]}

    @classmethod
    def from_state(cls, state: dict[str, torch.Tensor]) -> Detail:
        """The network whose state_dict() this is."""
        network = cls(**cls.arguments_of(state))
        network.load_state_dict(state)
        return network

    def forward(self, picture: torch.Tensor, labels: torch.Tensor, style: torch.Tensor, noise: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """picture (N, 3, h, w) in [-1, 1], labels (N, 23, 2h, 2w), style (N, 23, 64), noise (N, 2, 2h, 2w) white of variance 1,
        scale (N,) = log2(short side of the whole picture that comes out / 512 px) -> picture (N, 3, 2h, 2w) in [-1, 1].
        h and w are multiples of canvas.DETAIL_STRIDE."""
        whole = pixel_norm(pixel_norm(style, -1).mean(1))  # (N, 64)
        condition = pixel_norm(self.condition(torch.cat([whole, scale[:, None]], 1)))
        seen = torch.cat([labels, noise], 1)
        features = []
        for embed in reversed(self.embed):
            features.insert(0, leaky(embed(seen)))
            seen = F.avg_pool2d(seen, 2) if len(features) < 3 else seen

        skip = self.read(picture)  # (N, c1, h, w)
        x = self.narrow(F.avg_pool2d(leaky(skip), 2))  # (N, c0, h/2, w/2)
        for block in self.coarse:
            x = block(x, features[0], condition)
        x = self.middle(skip + self.enlarge(self.widen(x)), features[1], condition)  # (N, c1, h, w)
        x = self.fine(self.enlarge(self.finer(x)), features[2], condition)  # (N, c2, 2h, 2w)
        residual = self.rgb(leaky(pixel_norm(x)))
        return (F.interpolate(picture, scale_factor=2, mode="bicubic", align_corners=False) + self._fine_part(residual)).clamp(-1, 1)

    def _fine_part(self, residual):
        """The residual (N, 3, 2h, 2w) without what its cells of COARSE pixels have in common: detail can't recolour what composition painted."""
        coarse = F.avg_pool2d(residual, COARSE)
        for _ in range(COARSE.bit_length() - 1):
            coarse = self.enlarge(coarse)
        return residual - coarse
