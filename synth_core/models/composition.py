"""Composition: a label map, a style and noise become a whole picture.

A label pyramid runs fine to coarse (context), then coarse to fine with the picture; every level's features are modulated by the labels and the
style. Fully convolutional, but for water, which sees what it mirrors (mirror.py). The style is one code for every label (SEAN 1911.12861), laid
over the map by the one-hot labels, so that a style can differ by label. It is learned with six levels at 128 px, then grown by a light level to
256 px (and on, level by level).
"""
from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import labels as label_set
from ..request import NOISE_CHANNELS, STYLE_SIZE
from .layers import Block, Conv3x3, Enlarge, Soften, halve_noise, leaky, pixel_norm
from .mirror import Mirror

WATER = slice(label_set.BY_NAME["sea"].id, label_set.BY_NAME["river"].id + 1)  # sea, lake and river: what mirrors its shore
AIR = slice(label_set.BY_NAME["sky"].id, label_set.BY_NAME["sun"].id + 1)  # sky, cloud, fog and sun: what has no outline of its own
SOFTNESS = 3  # halvings: one's colour passes into the other's over about 2**3 pixels to either side
LAID = 24  # channels of a label's style code where it lies over the map
NOISE_STRENGTH = 0.3
SOFTENED = 3  # of the coarsest levels: of finer ones' noise the grid is not seen


class Composition(nn.Module):
    """The network. `channels` and `label_channels` hold one width a level, coarse to fine; the first `heavy` levels get two convolutions.

    Height and width of its inputs are multiples of `stride`. `rgb` has one output for the last heavy level and for each light level after it;
    the picture is their sum, coarser ones enlarged. With `mirrors` the water of every light level but the finest sees what it mirrors, with `soft`
    the coarsest levels' noise is softened (both ask for it that are taught now; there are weights without).
    """

    def __init__(
        self, channels=(256, 256, 256, 128, 64, 32, 24), label_channels=(64, 64, 64, 48, 32, 16, 12), heavy: int = 5, mirrors: bool = False,
        soft: bool = False,
    ):
        super().__init__()
        self.heavy, self.levels, self.stride = heavy, len(channels), 2 ** (len(channels) - 1)
        count, c, l = label_set.COUNT, channels, label_channels
        self.mapping = nn.Sequential(nn.Linear(STYLE_SIZE, 128), nn.LeakyReLU(0.2), nn.Linear(128, STYLE_SIZE))
        self.label_code = nn.Parameter(torch.randn(count, STYLE_SIZE) * 0.1)
        self.lay = nn.Sequential(nn.Linear(STYLE_SIZE, 128), nn.LeakyReLU(0.2), nn.Linear(128, LAID))
        self.tint = nn.Linear(STYLE_SIZE, 6)
        nn.init.zeros_(self.tint.weight)
        nn.init.zeros_(self.tint.bias)

        inputs = count + LAID + NOISE_CHANNELS + 1
        self.embed = nn.ModuleList(Conv3x3(inputs, w) if i < heavy else nn.Conv2d(inputs, w, 1) for i, w in enumerate(l))
        self.context = nn.ModuleList(Conv3x3(l[i], l[i - 1]) for i in range(1, self.levels))
        self.enrich = nn.ModuleList(nn.Conv2d(l[i - 1], l[i], 1) for i in range(1, self.levels))
        self.start = Conv3x3(l[0] + NOISE_CHANNELS, c[0])
        self.start_style = nn.Linear(STYLE_SIZE, c[0])
        self.widen = nn.ModuleList(nn.Conv2d(c[i - 1], c[i], 1, bias=False) if c[i - 1] != c[i] else nn.Identity() for i in range(1, self.levels))
        self.blocks = nn.ModuleList(Block(c[i], l[i], STYLE_SIZE, 2 if i < heavy else 1) for i in range(self.levels))
        self.rgb = nn.ModuleList(Conv3x3(w, 3) for w in c[heavy:])
        self.mirrors = nn.ModuleList(Mirror(c[i], l[i]) for i in range(heavy, self.levels - 1) if mirrors)
        self.enlarge, self.soften = Enlarge(), Soften() if soft else None
        for layer in self.rgb[1:]:
            nn.init.zeros_(layer.bias)
            layer.weight.data.mul_(0.2)

    @staticmethod
    def arguments_of(state: dict[str, torch.Tensor]) -> dict:
        """What the constructor takes for networks of this state's shapes."""
        levels = range(len({name.split(".")[1] for name in state if name.startswith("blocks.")}))
        return {
            "channels": [len(state[f"blocks.{i}.convolve.0.weight"]) for i in levels],
            "label_channels": [len(state[f"embed.{i}.weight"]) for i in levels],
            "heavy": sum(f"blocks.{i}.convolve.1.weight" in state for i in levels),
            "mirrors": any(name.startswith("mirrors.") for name in state),
            "soft": "soften.gain" in state,
        }

    @classmethod
    def from_state(cls, state: dict[str, torch.Tensor]) -> Composition:
        """The network whose state_dict() this is."""
        network = cls(**cls.arguments_of(state))
        network.load_state_dict(state)
        return network

    def forward(self, labels: torch.Tensor, style: torch.Tensor, noise: torch.Tensor, height: torch.Tensor) -> torch.Tensor:
        """labels (N, 23, H, W) one-hot or area-averaged, style (N, 23, 64), noise (N, 8, H, W) white of variance 1,
        height (N, 1, H, W) +1 at the top of the view and -1 at its bottom -> picture (N, 3, H, W) in [-1, 1]."""
        code = pixel_norm(style, -1)  # (N, 23, 64)
        whole = pixel_norm(self.mapping(pixel_norm(code.mean(1))))  # (N, 64)
        laid = pixel_norm(self.lay(code + self.label_code), -1)  # (N, 23, 24)

        maps = [labels]
        noises = [noise]
        heights = [height]
        for _ in range(self.levels - 1):
            maps.insert(0, F.avg_pool2d(maps[0], 2))
            noises.insert(0, halve_noise(noises[0]))
            heights.insert(0, F.avg_pool2d(heights[0], 2))

        if self.soften:
            noises[:SOFTENED] = map(self.soften, noises[:SOFTENED])
        features = self._features(maps, laid, noises, heights)  # coarse to fine
        x = self.start(torch.cat([features[0], noises[0]], 1)) + self.start_style(whole)[:, :, None, None]
        picture = None
        for i, block in enumerate(self.blocks):
            if i:
                x = self.enlarge(self.widen[i - 1](x))
            x = self._mirror(i, x, maps[i], features[i], heights[i])
            x = block(x, features[i], whole)
            if i >= self.heavy:
                shown = self.rgb[i - self.heavy](leaky(pixel_norm(x)))  # (N, 3, h, w)
                picture = shown if picture is None else shown + self.enlarge(picture)
        gain, bias = self._tints(labels, self.tint(code + self.label_code)).chunk(2, 1)  # (N, 3, H, W) each
        return torch.tanh(picture * (1 + gain) + bias)

    def _mirror(self, level, x, labels, features, height):
        """x (N, C, h, w) of a level with what its water mirrors."""
        if not self.heavy <= level < self.heavy + len(self.mirrors):
            return x
        water = labels[:, WATER].sum(1, keepdim=True) > 0.5
        return self.mirrors[level - self.heavy](x, features, water, height)

    def _tints(self, labels, codes):
        """The labels' own colours (N, 6, H, W) from their codes (N, 23, 6): each up to its outline, but those of AIR pass into each other."""
        air = self._over(labels[:, AIR], codes[:, AIR])
        share = labels[:, AIR].sum(1, keepdim=True)
        soft = F.avg_pool2d(torch.cat([air, share.to(air.dtype)], 1), 2**SOFTNESS)
        for _ in range(SOFTNESS):
            soft = self.enlarge(soft)
        return self._over(labels, codes) - air + share * soft[:, :-1] / soft[:, -1:].clamp_min(1e-3)

    @staticmethod
    def _over(labels, codes):
        """Codes (N, 23, K) laid over the map: (N, K, H, W)."""
        n, _, h, w = labels.shape
        if labels.is_contiguous(memory_format=torch.channels_last):  # as the trainer's are: turning them round would cost a copy
            return torch.matmul(labels.permute(0, 2, 3, 1).flatten(1, 2), codes).view(n, h, w, codes.shape[2]).permute(0, 3, 1, 2)
        return torch.matmul(codes.transpose(1, 2), labels.flatten(2)).view(n, codes.shape[2], h, w)

    def _embed(self, level, labels, laid, rest):
        """Label features (N, C, H, W) of a level from its labels, their laid style codes, and its noise and height."""
        layer = self.embed[level]
        if level < self.heavy:
            return layer(torch.cat([labels, self._over(labels, laid), rest], 1))
        # A light level sees each pixel by itself: its layer is applied to the 23 codes first, and only what comes out is laid over the map.
        by_label, by_style, by_rest = layer.weight.split([labels.shape[1], LAID, rest.shape[1]], 1)
        codes = by_label[:, :, 0, 0].t() + laid @ by_style[:, :, 0, 0].t()  # (N, 23, C)
        return self._over(labels, codes) + F.conv2d(rest, by_rest, layer.bias)

    def _features(self, maps, laid, noises, heights):
        """Label features of each level, coarse to fine: first gathered fine to coarse, then enriched with the context of the coarser level."""
        gathered = [None] * self.levels
        below = None
        for i in reversed(range(self.levels)):
            h = self._embed(i, maps[i], laid, torch.cat([NOISE_STRENGTH * noises[i], heights[i]], 1))
            gathered[i] = leaky(h if below is None else h + below)
            if i:
                below = self.context[i - 1](F.avg_pool2d(gathered[i], 2))
        features = [gathered[0]]
        for i in range(1, self.levels):
            features.append(leaky(gathered[i] + self.enlarge(self.enrich[i - 1](features[-1]))))
        return features
