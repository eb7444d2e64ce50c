"""The trained encoder over a collection of photographs: the styles that looks are found among and that the stylist learns from."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..models.encoder import Encoder, pictured
from . import checkpoint
from .backbone import Backbone
from .config import ConfigError
from .data import Photographs, one_hot, to_tensor

SIZE = 128  # pixels of the pictures that the encoder reads, as in training
BATCH = 32


def open_backbone(extras: dict[str, torch.Tensor]) -> Backbone:
    """The frozen backbone with a run's measured deviations."""
    backbone = Backbone()
    backbone.load_state_dict({name: value for name, value in extras.items() if name.startswith("deviation")}, strict=False)
    return backbone.to(memory_format=torch.channels_last)


def open_encoder(state: dict[str, torch.Tensor]) -> Encoder:
    """The encoder whose state_dict() this is, not to be taught. Raises ConfigError for another version's."""
    encoder = Encoder()
    try:
        encoder.load_state_dict(state)
    except RuntimeError as error:
        raise ConfigError("The weights' encoder is another version's; take newer weights, or train composition on from these first.") from error
    return encoder.eval().requires_grad_(False)


@torch.inference_mode()
def encode(photographs: Photographs, weights: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By the averaged encoder of a weights folder: codes (N, 23, 64) of each photograph's middle square, the whole picture's (N, 64), and which
    labels it holds (N, 23). Raises ConfigError."""
    state = checkpoint.read(weights, "composition")
    encoder = open_encoder(state["averaged"]["encoder"])
    backbone = open_backbone(state["extras"])
    found = []
    for start in tqdm(range(0, len(photographs), BATCH), unit_scale=BATCH, unit="img"):
        cuts = [photographs.centre(index, SIZE) for index in range(start, min(start + BATCH, len(photographs)))]
        images, areas = to_tensor([cut[0] for cut in cuts]), one_hot(torch.from_numpy(np.stack([cut[1] for cut in cuts]).astype(np.int64)))
        codes, whole = encoder.codes(images, backbone(images)[1:], areas)
        found.append((torch.where(pictured(areas)[:, :, None], codes, whole[:, None]), whole, pictured(areas)))
    return tuple(torch.cat(part).numpy() for part in zip(*found))
