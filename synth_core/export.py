"""Export: trained networks become the weights folder that the painter reads. Needs torch and onnx; nothing else here trains or paints.

All tensors go once, as float16, into `painter.safetensors`. The ONNX graphs hold no numbers of their own: each of their parameters is
external data (a byte range of that file) followed by a Cast to float32.
"""
from __future__ import annotations

import io
import json
import os
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

from . import labels as label_set
from . import weights as files
from .models.composition import Composition
from .models.detail import Detail
from .models.detail import NOISE_CHANNELS as DETAIL_NOISE
from .request import NOISE_CHANNELS, STYLE_SIZE

OPSET = 17


class ExportError(ValueError):
    """A checkpoint that can't be exported; the message is one sentence for the user."""


def export(
    composition: Composition, detail: Detail, encoder: dict[str, torch.Tensor], bank: torch.Tensor, folder: Path, version: str = "0"
) -> None:
    """Write the weights folder: painter.safetensors, composition.onnx, detail.onnx and manifest.json.

    encoder is the style encoder's state, bank the style codes (M, 23, 64) of M photographs. Every file is written under a temporary name
    first; the manifest, which holds the others' checksums, is replaced last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = {"composition": (composition, _composition_example()), "detail": (detail, _detail_example())}
    tensors = {"styles.bank": bank}
    tensors |= {f"encoder.{key}": value for key, value in encoder.items()}
    for name, (network, _) in networks.items():
        tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
    new = {name: folder / f"{name}.new" for name in (files.TENSORS, *files.GRAPHS.values(), files.MANIFEST)}
    files.write(new[files.TENSORS], {name: _half(name, value) for name, value in tensors.items()})
    places = files.places(new[files.TENSORS])
    for name, (network, example) in networks.items():
        graph = _trace(network, example)
        _point_outside(graph, name, places)
        new[files.GRAPHS[name]].write_bytes(graph.SerializeToString())
    manifest = {
        "version": version,
        "sha256": {name: files.sha256(path) for name, path in new.items() if name != files.MANIFEST},
        "composition": composition.arguments,
        "detail": detail.arguments,
    }
    new[files.MANIFEST].write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    for name, path in new.items():
        os.replace(path, folder / name)
