"""Encoder: a photograph and its label map become a style, one code for every label.

It reads the frozen backbone's features (`training/backbone.py`), so it lives with the trainer and is not needed to paint.
"""
from __future__ import annotations

import torch
import torch.nn as nn

from ..request import STYLE_SIZE
from .layers import averaged_to, exactly, leaky, pixel_norm

COLOURS = 6  # statistics of a label's colours: mean and deviation of red, green and blue
MOST = 5.0  # spreads from the usual beyond which a statistic says no more


def pool_by_label(features: torch.Tensor, areas: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of features (N, C, h, w) under each label of areas (N, K, h, w): two tensors (N, K, C); 0 where a label is absent."""
    rows = features.permute(0, 2, 3, 1)  # (N, h, w, C)
    counted = torch.cat([rows, rows.square(), torch.ones_like(rows[..., :1])], 3)
    # row by row: of few channels and labels one product over all pixels takes a processor four times as long
    sums = (counted.transpose(2, 3) @ areas.permute(0, 2, 3, 1)).sum(1).transpose(1, 2)  # (N, K, 2C + 1)
    mean, square = (sums[..., :-1] / sums[..., -1:].clamp_min(1e-6)).chunk(2, 2)
    return mean, ((square - mean.square()).clamp_min(0) + 1e-4).sqrt()


def pictured(labels: torch.Tensor) -> torch.Tensor:
    """Which labels cover enough of the picture to have a code of their own: areas (N, 23, H, W) -> (N, 23) bool."""
    return labels.mean((2, 3)) > 2e-3


class Encoder(nn.Module):
    """Statistics under each label (SEAN 1911.12861) through one shared network; a label that the photograph lacks takes the whole picture's code.

    The backbone being frozen, its statistics have a usual mean and spread, which `calibrate` measures: what is read is how a label differs from that.
    Without it, what all labels have in common is a dozen times larger than what tells them apart, and is all that learning moves.
    Codes are normalised by their running mean and deviation under labels, to the length sqrt(64): encoded and drawn styles are then one distribution.
    `average` makes one tensor of those of many training processes; it is the trainer's to replace.
    """

    average = staticmethod(lambda tensor: tensor)

    def __init__(self, widths=(24, 40, 112, 320), hidden: int = 256):
        super().__init__()
        size = 2 * sum(widths[:3]) + widths[3] + COLOURS
        self.read = nn.Linear(size, hidden)
        self.colour = nn.Linear(COLOURS, hidden)  # a hundredth of what is read is colours, but they are half of a style
        self.code = nn.Linear(hidden, STYLE_SIZE)
        self.register_buffer("usual", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
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
            found = (self.statistics(image, features, labels) - self.usual) / self.spread
            found = found.clamp(-MOST, MOST)
            raw = self.code(leaky(self.read(found) + self.colour(found[..., -COLOURS:])))  # (N, 24, 64)
            if self.training:
                self._follow(raw.detach()[:, :-1], pictured(labels))
            code = pixel_norm((raw - self.mean) / self.deviation, -1)
        return code[:, :-1], code[:, -1]

    @staticmethod
    def statistics(image: torch.Tensor, features: list[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """What is read of each label and, as the last, of the whole picture: (N, 24, C) means and deviations of features, then of colours."""
        areas = torch.cat([labels, torch.ones_like(labels[:, :1])], 1)
        gathered, scaled = [], areas
        for k, level in enumerate(features):
            scaled = averaged_to(scaled, level)
            mean, deviation = pool_by_label(level.float(), scaled)
            gathered += [mean, deviation] if k < 3 else [mean]
        return torch.cat([*gathered, *pool_by_label(image, areas)], 2)

    @torch.no_grad()
    def calibrate(self, samples: list[tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]]) -> None:
        """Measure the usual statistics under the labels of some photographs; samples are (image, features, labels) as `forward` takes them."""
        found = torch.cat([self.statistics(*sample)[:, :-1] for sample in samples])
        present = torch.cat([pictured(labels) for _, _, labels in samples])
        self.usual.copy_(_mean_of(found, present))
        self.spread.copy_(_mean_of((found - self.usual).square(), present).sqrt() + 1e-3)

    @torch.no_grad()
    def _follow(self, raw, present):
        self.mean.lerp_(_mean_of(raw, present, self.average), 0.01)
        self.deviation.lerp_(_mean_of((raw - self.mean).square(), present, self.average).sqrt().clamp_min(0.05), 0.01)


def _mean_of(values: torch.Tensor, present: torch.Tensor, average=lambda tensor: tensor) -> torch.Tensor:
    """The mean (C,) of values (N, 23, C) over the labels that are present (N, 23), and over processes by `average`."""
    present = present[:, :, None].to(values.dtype)
    return average((values * present).sum((0, 1))) / average(present.sum()).clamp_min(1)
