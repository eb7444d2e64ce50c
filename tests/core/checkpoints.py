"""Checkpoints of SPADE's generator to test with: tiny, of random numbers, written as NVlabs' code writes them."""
from __future__ import annotations

from pathlib import Path

import torch
from torch.nn.utils import spectral_norm

from synth_core.models.spade import Generator, Normalise, Options


def with_spectral_norm(options: Options) -> Generator:
    """A generator of random numbers whose blocks' convolutions torch keeps spectrally normalised, in evaluation mode."""
    torch.manual_seed(3)
    network = Generator(options)
    for name, module in list(network.named_modules()):
        if name.rpartition(".")[2] in ("conv_0", "conv_1", "conv_s"):
            spectral_norm(module)
            for _ in range(5):  # each step in training mode brings the norm nearer to its value
                module(torch.zeros(1, module.in_channels, 1, 1))
        if isinstance(module, Normalise):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.3, 1.2)
    network.conv_img.weight.data.mul_(4)
    return network.eval()


def write(path: Path, network: Generator, old: bool = False) -> Path:
    """The checkpoint of `network`; `old`: in the format of 2019. Returns `path`."""
    state = {}
    for name, tensor in network.state_dict().items():
        state[name] = tensor
        if name.endswith("running_var"):
            state[name.replace("running_var", "num_batches_tracked")] = torch.tensor(7)
    torch.save(state, path, _use_new_zipfile_serialization=not old)
    return path
