"""Encoder: a photograph and its label map become a style, one code for every label.

It reads the frozen backbone's features (`training/backbone.py`), so it lives with the trainer and is not needed to paint.
"""
from __future__ import annotations

import torch
import torch.nn as nn

from ..request import STYLE_SIZE
from .layers import averaged_to, exactly, leaky, pixel_norm


def pool_by_label(features: torch.Tensor, areas: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of features (N, C, h, w) under each label of areas (N, K, h, w): two tensors (N, K, C); 0 where a label is absent."""
    flat, weights = features.flatten(2).transpose(1, 2), areas.flatten(2)  # (N, hw, C), (N, K, hw)
    weights = weights / weights.sum(2, keepdim=True).clamp_min(1e-6)
    mean = weights @ flat
    variance = weights @ flat.square() - mean.square()
    return mean, (variance.clamp_min(0) + 1e-4).sqrt()


def pictured(labels: torch.Tensor) -> torch.Tensor:
    """Which labels cover enough of the picture to have a code of their own: areas (N, 23, H, W) -> (N, 23) bool."""
    return labels.mean((2, 3)) > 2e-3


class Encoder(nn.Module):
    """Statistics under each label (SEAN 1911.12861) through one shared network; a label that the photograph lacks takes the whole picture's code.

    Codes are normalised by their running mean and deviation to the length sqrt(64): encoded and drawn styles are then one distribution.
    `average` makes one tensor of those of many training processes; it is the trainer's to replace.
    """

    average = staticmethod(lambda tensor: tensor)

    def __init__(self, widths=(24, 40, 112, 320), hidden: int = 256):
        super().__init__()
        size = 2 * sum(widths[:3]) + widths[3] + 6
        self.read = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, hidden))
        self.colour = nn.Linear(6, hidden)
        self.code = nn.Linear(hidden, STYLE_SIZE)
        self.register_buffer("mean", torch.zeros(STYLE_SIZE))
        self.register_buffer("deviation", torch.ones(STYLE_SIZE))

    def forward(self, image: torch.Tensor, features: list[torch.Tensor], labels: torch.Tensor, dropout: float = 0.0) -> torch.Tensor:
        """image (N, 3, H, W) in [-1, 1], features of strides 4, 8, 16 and 32, labels (N, 23, H, W) one-hot -> style (N, 23, 64).

        dropout is the share of labels that take the whole picture's code although they are present (training only).
        """
        codes, whole = self.codes(image, features, labels)
        present = pictured(labels)
        if dropout:
            present = present & (torch.rand(present.shape, device=present.device) >= dropout)
        return torch.where(present[:, :, None], codes, whole[:, None])

    def codes(self, image: torch.Tensor, features: list[torch.Tensor], labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The code of each label, (N, 23, 64), without meaning where the picture lacks it, and of the whole picture, (N, 64)."""
        with exactly(image.device):  # a deviation is a small difference of large numbers
            return self._codes(image, [level.float() for level in features], labels)

    def _codes(self, image, features, labels):
        areas = torch.cat([labels, torch.ones_like(labels[:, :1])], 1)  # the last "label" is the whole picture
        gathered = []
        for k, level in enumerate(features):
            scaled = averaged_to(areas, level)
            mean, deviation = pool_by_label(level, scaled)
            gathered += [mean, deviation] if k < 3 else [mean]
        colour = torch.cat(pool_by_label(image, areas), 2)  # (N, 24, 6)
        raw = self.code(leaky(self.read(torch.cat([*gathered, colour], 2)) + self.colour(colour)))  # (N, 24, 64)
        if self.training:
            self._follow(raw.detach()[:, -1])
        code = pixel_norm((raw - self.mean) / self.deviation, -1)
        return code[:, :-1], code[:, -1]

    @torch.no_grad()
    def _follow(self, raw):
        self.mean.lerp_(self.average(raw.mean(0)), 0.01)
        self.deviation.lerp_(self.average((raw - self.mean).square().mean(0)).sqrt().clamp_min(0.05), 0.01)
