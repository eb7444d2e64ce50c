"""The pieces that composition and detail share: hand-padded convolutions, pixel norm and label-modulated residual blocks.

No batch statistics anywhere: a picture must not depend on its crop or its batch. Nothing here knows labels by name or reads files.
"""
from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

SLOPE = 0.2


def leaky(x: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(x, SLOPE)


def quickly(device: torch.device) -> AbstractContextManager:
    """A context that computes in bfloat16 on devices that have instructions for its products."""
    if device.type == "cuda" or device.type == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def exactly(device: torch.device) -> AbstractContextManager:
    """A context whose arithmetic keeps its tensors' own precision, inside a training step that computes in bfloat16."""
    return torch.autocast(device.type, enabled=False) if torch.amp.is_autocast_available(device.type) else nullcontext()


def pixel_norm(x: torch.Tensor, dim: int = 1) -> torch.Tensor:
    """x scaled to a mean square of 1 along `dim` (Karras et al. 2018, 1710.10196)."""
    return PixelNorm.apply(x, dim) if x.requires_grad else x * _inverse_length(x, dim)


def _inverse_length(x, dim):
    scale = torch.rsqrt(x.square().mean(dim, keepdim=True) + 1e-6)
    return scale.to(x.dtype)  # autocast takes roots in float32; the whole of x need not follow


class PixelNorm(torch.autograd.Function):
    """`pixel_norm` with its gradient in closed form: torch's own makes whole tensors of each mean, in another memory layout than x has."""

    @staticmethod
    def forward(ctx, x, dim):
        scale = _inverse_length(x, dim)
        normed = x * laid_over(scale, x)
        ctx.dim = dim
        ctx.save_for_backward(normed, scale)
        return normed

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        normed, scale = ctx.saved_tensors
        along = (gradient * normed).mean(ctx.dim, keepdim=True)  # the part that would lengthen x
        return (gradient - normed * laid_over(along, normed)) * laid_over(scale, normed), None


def laid_over(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """x broadcast to the shape of `like`, and copied out where a processor learns: its arithmetic takes a broadcast over channels pixel by pixel,
    which is several times slower than the copy."""
    if like.is_cuda:
        return x
    return x.expand_as(like).contiguous(memory_format=memory_layout(like))


def enlarge(x: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W) by repetition."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def averaged_to(areas: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Areas (N, K, H, W) averaged to the height and width of `like`, which divide theirs."""
    return areas if areas.shape[2:] == like.shape[2:] else F.adaptive_avg_pool2d(areas, like.shape[2:])


def halve_noise(x: torch.Tensor) -> torch.Tensor:
    """White noise of variance 1 -> white noise of variance 1 at half the size: the sum of four is twice as wide, their mean half."""
    return 2 * F.avg_pool2d(x, 2)


def pad(x: torch.Tensor, wrap: str) -> torch.Tensor:
    """One more pixel on every side: the border repeated, or the other side's in the directions of `wrap` ("", "x" or "xy")."""
    if x.is_cuda or x.requires_grad or x.dtype == torch.bfloat16:
        return Border.apply(x, wrap)
    if not wrap:
        return F.pad(x, (1, 1, 1, 1), "replicate")
    x = F.pad(x, (1, 1, 0, 0), "circular")
    return F.pad(x, (0, 0, 1, 1), "circular" if wrap == "xy" else "replicate")


class Border(torch.autograd.Function):
    """What `pad` does by F.pad, by copies that keep memory layout and precision: torch's own on a graphics card turns the layout round, and
    adds gradients up atomically, in bfloat16 too; on a processor its gradient is slower, and autocast takes it to float32."""

    @staticmethod
    def forward(ctx, x, wrap):
        # the first and the last line, each with the line of x that it repeats
        ctx.lines = down, across = [((0, -1), (-1, 0)) if axis in wrap else ((0, 0), (-1, -1)) for axis in "yx"]
        n, c, h, w = x.shape
        out = torch.empty((n, c, h + 2, w + 2), dtype=x.dtype, device=x.device, memory_format=memory_layout(x))
        out[:, :, 1:-1, 1:-1] = x
        inner = out[..., 1:-1]
        for side, row in down:
            inner[:, :, side] = x[:, :, row]
        for side, column in across:
            out[..., side] = inner[..., column]
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        g = gradient
        inner = g[:, :, 1:-1, 1:-1].contiguous(memory_format=memory_layout(g))
        down, across = ctx.lines
        for side, row in down:
            inner[:, :, row] += g[:, :, side, 1:-1]
        for side, column in across:
            inner[..., column] += g[:, :, 1:-1, side]
        for y, row in down:
            for x, column in across:
                inner[:, :, row, column] += g[:, :, y, x]
        return inner, None


def memory_layout(x: torch.Tensor) -> torch.memory_format:
    return torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format


class Conv3x3(nn.Conv2d):
    """A 3x3 convolution that repeats the border instead of padding with zeros, which would tell the network where the picture ends.

    With `wrap` the picture continues at its other side: "x" from right to left, "xy" from bottom to top too.
    """

    wrap = ""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(pad(x, self.wrap))


class Enlarge(nn.Module):
    """(N, C, H, W) -> (N, C, 2H, 2W), bilinear; with `wrap` across the seams too.

    What paints never enlarges by repetition: the edges of the repeated cells showed as lines across the picture and as a grid in its texture.
    """

    wrap = ""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.wrap:  # interpolate repeats the border by itself
            return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return F.interpolate(pad(x, self.wrap), scale_factor=2, mode="bilinear", align_corners=False)[:, :, 2:-2, 2:-2]


class Soften(nn.Module):
    """White noise of variance 1 (N, C, H, W) -> noise of variance 1 blurred by 1 2 1, down and across.

    Enlarged white noise peaks at its grid's nodes alone, and so then does what is painted from it: crests, crags and clouds stood in rows a
    coarse cell apart. Of blurred noise the peaks lie anywhere between (value noise against band-limited noise: Cook & DeRose 2005).
    """

    wrap = ""

    def __init__(self):
        super().__init__()
        self.register_buffer("gain", torch.tensor(8 / 3))  # of 1, 2, 1 over 4 the squares' sum is 3/8; a state that has it is one of soft noise

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gain * F.avg_pool2d(F.avg_pool2d(pad(x, self.wrap), 2, 1), 2, 1)


def set_wrap(network: nn.Module, wrap: str) -> None:
    """Make `network` continue at the other side in x ("x") or in both directions ("xy"), or stop doing so ("")."""
    for module in network.modules():
        if hasattr(module, "wrap"):
            module.wrap = wrap


class Modulate(nn.Module):
    """Pixel norm, then a gain and a bias for every pixel from the label features and from the style (SPADE 1903.07291, without its batch norm)."""

    def __init__(self, channels: int, label_channels: int, style_size: int):
        super().__init__()
        self.labels = nn.Conv2d(label_channels, 2 * channels, 1)
        self.style = nn.Linear(style_size, 2 * channels)
        nn.init.normal_(self.labels.weight, 0, 0.06)
        nn.init.zeros_(self.labels.bias)
        nn.init.normal_(self.style.weight, 0, 0.04)
        nn.init.zeros_(self.style.bias)

    def forward(self, x, label_features, style):
        # Two convolutions rather than one cut in halves: ONNX Runtime would copy both halves out of its blocked layout.
        gain_weight, bias_weight = self.labels.weight.chunk(2)
        gain_offset, bias_offset = self.labels.bias.chunk(2)
        gain_style, bias_style = self.style(style)[:, :, None, None].chunk(2, 1)  # (N, C, 1, 1) each
        if x.requires_grad:
            gain_style, bias_style = laid_over(gain_style, x), laid_over(bias_style, x)
        gain = F.conv2d(label_features, gain_weight, gain_offset) + (1 + gain_style)  # (N, C, H, W)
        bias = F.conv2d(label_features, bias_weight, bias_offset) + bias_style
        return pixel_norm(x) * gain + bias


class Block(nn.Module):
    """A residual block of one or two modulated convolutions at one resolution, (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, channels: int, label_channels: int, style_size: int, convolutions: int = 2):
        super().__init__()
        self.modulate = nn.ModuleList(Modulate(channels, label_channels, style_size) for _ in range(convolutions))
        self.convolve = nn.ModuleList(Conv3x3(channels, channels) for _ in range(convolutions))

    def forward(self, x, label_features, style):
        h = x
        for modulate, convolve in zip(self.modulate, self.convolve):
            h = convolve(leaky(modulate(h, label_features, style)))
        return (x + h) * 0.7071
