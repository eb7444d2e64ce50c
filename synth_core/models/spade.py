"""SPADE's generator (Park et al. 2019, 1903.07291), for published checkpoints: folded for painting alone, never trained here.

Written from the paper. Its parameters have the names of NVlabs' checkpoints, in which spectral norm is folded into the weights. How such a
file is read is foreign.py's. `SpadeComposition` makes it take what Veduta's own composition takes.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import labels as label_set
from .layers import SLOPE, pad

HIDDEN = 128  # width between the segmentation and its gains and biases
EPSILON = 1e-5  # batch norm's
BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3", "up_4")
WIDTHS = (16, 16, 16, 8, 4, 2, 1, 0.5)  # of each block's outcome, in units of `ngf`
# Pixels of the picture that a block's pixel spans, one number a block, by the number of upsampling layers.
SCALES = {"normal": (32, 16, 16, 8, 4, 2, 1), "more": (64, 32, 16, 8, 4, 2, 1), "most": (128, 64, 32, 16, 8, 4, 2, 1)}


@dataclass(frozen=True)
class Options:
    """What fixes the generator's shapes.

    planes: channels of the segmentation (classes, and an edge map where there is one). ngf: the last block's width (half of it with "most").
    upsampling: a key of SCALES. z_dim: length of the style vector, 0 for a generator that starts from the segmentation.
    start: rows and columns of the first grid, which the style vector fills; (0, 0) without one.
    """

    planes: int
    ngf: int = 64
    upsampling: str = "normal"
    z_dim: int = 0
    start: tuple[int, int] = (0, 0)

    @property
    def stride(self) -> int:
        """Pixels of which heights and widths are multiples."""
        return SCALES[self.upsampling][0]

    @property
    def reach(self) -> int:
        """Pixels beyond which nothing touches a pixel: two convolutions a block, and what shapes the first block. A multiple of `stride`."""
        first, *others = SCALES[self.upsampling]
        return -(-(5 * first + 2 * sum(others) + 2) // first) * first


class Convolution(nn.Conv2d):
    """A 3x3 convolution padded with zeros, or with the other side in the directions of `wrap` ("", "x" or "xy")."""

    wrap = ""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.wrap:
            return super().forward(x)
        around = F.pad(x, (1, 1, 0, 0), "circular")
        around = F.pad(around, (0, 0, 1, 1), "circular" if self.wrap == "xy" else "constant")
        return F.conv2d(around, self.weight, self.bias)


class Normalise(nn.Module):
    """Batch norm with the statistics that training left, and no parameters."""

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = torch.rsqrt(self.running_var + EPSILON)
        return (x - self.running_mean[:, None, None]) * scale[:, None, None]


class Spade(nn.Module):
    """Spatially-adaptive normalisation: a gain and a bias for every pixel, from the segmentation alone."""

    def __init__(self, channels: int, planes: int):
        super().__init__()
        self.param_free_norm = Normalise(channels)
        self.mlp_shared = nn.Sequential(Convolution(planes, HIDDEN), nn.ReLU())
        self.mlp_gamma = Convolution(HIDDEN, channels)
        self.mlp_beta = Convolution(HIDDEN, channels)

    def forward(self, x: torch.Tensor, segmentation: torch.Tensor) -> torch.Tensor:
        """x (N, C, h, w), segmentation (N, planes, h, w) -> (N, C, h, w)."""
        shared = self.mlp_shared(segmentation)
        return self.param_free_norm(x) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)


class Block(nn.Module):
    """The paper's residual block; its shortcut is learned where the width changes."""

    def __init__(self, inputs: int, outputs: int, planes: int):
        super().__init__()
        self.conv_0, self.norm_0 = Convolution(inputs, outputs), Spade(inputs, planes)
        self.conv_1, self.norm_1 = Convolution(outputs, outputs), Spade(outputs, planes)
        if inputs != outputs:
            self.conv_s, self.norm_s = nn.Conv2d(inputs, outputs, 1, bias=False), Spade(inputs, planes)

    def forward(self, x: torch.Tensor, segmentation: torch.Tensor) -> torch.Tensor:
        shortcut = self.conv_s(self.norm_s(x, segmentation)) if hasattr(self, "conv_s") else x
        x = self.conv_0(F.leaky_relu(self.norm_0(x, segmentation), SLOPE))
        return shortcut + self.conv_1(F.leaky_relu(self.norm_1(x, segmentation), SLOPE))


class Generator(nn.Module):
    """The network. Heights and widths of its segmentation are multiples of `options.stride`."""

    def __init__(self, options: Options):
        super().__init__()
        self.options = options
        widths = [int(width * options.ngf) for width in WIDTHS[: len(SCALES[options.upsampling])]]
        if options.z_dim:
            rows, columns = options.start
            self.fc = nn.Linear(options.z_dim, widths[0] * rows * columns)
        else:
            self.fc = Convolution(options.planes, widths[0])
        for name, inputs, outputs in zip(BLOCKS, (widths[0], *widths), widths):
            self.add_module(name, Block(inputs, outputs, options.planes))
        self.conv_img = Convolution(widths[-1], 3)

    def forward(self, segmentation: torch.Tensor, z: torch.Tensor | None = None) -> torch.Tensor:
        """segmentation (N, planes, H, W), z (N, z_dim) of normal numbers where there is a style -> picture (N, 3, H, W) in [-1, 1]."""
        scales = SCALES[self.options.upsampling]
        x = self._start(segmentation, z)
        for name, scale, coarser in zip(BLOCKS, scales, (scales[0], *scales)):
            if scale != coarser:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            # The nearest neighbour of a whole number of pixels is the first of them.
            x = getattr(self, name)(x, segmentation[:, :, ::scale, ::scale])
        return torch.tanh(self.conv_img(F.leaky_relu(x, SLOPE)))

    def _start(self, segmentation: torch.Tensor, z: torch.Tensor | None) -> torch.Tensor:
        """The first features (N, 16 ngf, H / stride, W / stride); the style's grid is stretched to pictures of another size."""
        stride = self.options.stride
        small = segmentation[:, :, ::stride, ::stride]
        if not self.options.z_dim:
            return self.fc(small)
        grid = self.fc(z).view(z.shape[0], -1, *self.options.start)
        return F.interpolate(grid, size=small.shape[2:], mode="bilinear", align_corners=False)


class SpadeComposition(nn.Module):
    """A generator whose classes are Veduta's labels, with the inputs and the picture of `composition.Composition`.

    Each pixel is wholly its largest label, as the generator learned it. Without instances from the scene, the edge map shows where the
    checkpoint's classes meet. The style vector is the beginning of the style's numbers; noise and height are not used.
    """

    wrap = ""

    def __init__(self, ngf: int, upsampling: str, z_dim: int = 0, start: tuple[int, int] = (0, 0), edges: bool = False):
        """edges: whether the checkpoint has an edge map; the rest is `Options`'."""
        super().__init__()
        self.generator = Generator(Options(label_set.COUNT + edges, ngf, upsampling, z_dim, tuple(start)))
        self.edges = edges
        self.register_buffer("classes", torch.arange(label_set.COUNT, dtype=torch.float32))  # the checkpoint's class of each label

    def arguments_of(self, _state: dict[str, torch.Tensor]) -> dict:
        """What the constructor takes for this network, and `architecture`, by which a weights folder tells it from Veduta's own."""
        options = self.generator.options
        return {"architecture": "spade", "ngf": options.ngf, "upsampling": options.upsampling, "z_dim": options.z_dim,
                "start": list(options.start), "edges": self.edges}

    def forward(self, labels: torch.Tensor, style: torch.Tensor, noise: torch.Tensor, height: torch.Tensor) -> torch.Tensor:
        """labels (N, 23, H, W) area-averaged, style (N, 23, 64), noise (N, 8, H, W), height (N, 1, H, W) -> picture (N, 3, H, W)."""
        ids = labels.argmax(1)  # (N, H, W)
        segmentation = (ids[:, None] == torch.arange(label_set.COUNT, device=ids.device)[:, None, None]).float()
        if self.edges:
            segmentation = torch.cat([segmentation, edges(self.classes[ids][:, None], self.wrap)], 1)
        options = self.generator.options
        return self.generator(segmentation, style.flatten(1)[:, : options.z_dim] if options.z_dim else None)


def edges(classes: torch.Tensor, wrap: str = "") -> torch.Tensor:
    """1 where a pixel differs from one of its four neighbours, else 0: (N, 1, H, W) -> (N, 1, H, W) float32."""
    around = pad(classes, wrap)
    rows, columns = around[:, :, :, 1:-1], around[:, :, 1:-1]
    different = (rows[:, :, :-2] != classes) | (rows[:, :, 2:] != classes) | (columns[:, :, :, :-2] != classes) | (columns[:, :, :, 2:] != classes)
    return different.float()
