"""Compares Veduta's reading of SPADE checkpoints with the reference implementation's answers: `python benchmarks/spade_reference.py FOLDER`.

FOLDER holds, for each NAME: NAME_net_G.pth (the checkpoint), NAME.json (its options, named as in NVlabs' code) and NAME.npz (`labels` (H, W)
class ids, `instances` (H, W), `z` (1, z_dim), `output` (3, H, W) in [-1, 1]). Neither is part of this project. The largest difference is
printed for torch on the checkpoint's own numbers, and for ONNX Runtime on what is written for it; above LIMIT the exit code is 1.
"""
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth_core import foreign  # noqa: E402  (the repository's, found by the line above)
from synth_core.engines.onnx import open_session  # noqa: E402
from synth_core.export import write_network  # noqa: E402
from synth_core.models.spade import SCALES, Generator, Options, edges  # noqa: E402

LIMIT = 2e-3


def options_of(told: dict) -> Options:
    """The options of NAME.json."""
    planes = told["label_nc"] + told["contain_dontcare_label"] + (not told["no_instance"])
    if not told["use_vae"]:
        return Options(planes, told["ngf"], told["num_upsampling_layers"])
    columns = told["crop_size"] // SCALES[told["num_upsampling_layers"]][0]
    return Options(planes, told["ngf"], told["num_upsampling_layers"], told["z_dim"], (round(columns / told["aspect_ratio"]), columns))


def inputs_of(told: dict, answers: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Segmentation (1, planes, H, W) and z, as the reference makes them."""
    classes = told["label_nc"] + told["contain_dontcare_label"]
    planes = [(torch.arange(classes)[:, None, None] == torch.from_numpy(answers["labels"]).long())[None].float()]
    if not told["no_instance"]:
        planes.append(edges(torch.from_numpy(answers["instances"]).float()[None, None]))
    return {"segmentation": torch.cat(planes, 1)} | ({"z": torch.from_numpy(answers["z"])} if told["use_vae"] else {})


def by_onnx(network: Generator, inputs: dict[str, torch.Tensor]) -> np.ndarray:
    """The picture (3, H, W) that ONNX Runtime makes of the exported network."""
    with tempfile.TemporaryDirectory() as folder:
        graph = write_network(Path(folder), "composition", network, inputs, ["painted"])
        return open_session(graph, 0).run(None, {name: tensor.numpy() for name, tensor in inputs.items()})[0][0]


def main() -> int:
    folder = Path(sys.argv[1])
    worst = 0.0
    print(f"{'checkpoint':24} {'size':>10} {'torch':>10} {'ONNX':>10}   largest difference, of a range of 2")
    for file in sorted(folder.glob("*_net_G.pth")):
        name = file.name.removesuffix("_net_G.pth")
        told = json.loads((folder / f"{name}.json").read_text("utf-8"))
        answers = dict(np.load(folder / f"{name}.npz"))
        options, state, inputs = options_of(told), foreign.read(file), inputs_of(told, answers)
        foreign.check(state, options, file)
        network, expected = foreign.generator(state, options), answers["output"].astype(np.float32)
        with torch.inference_mode():
            painted = network(*inputs.values())[0].numpy()
        apart = [float(np.abs(picture - expected).max()) for picture in (painted, by_onnx(network, inputs))]
        worst = max(worst, *apart)
        height, width = expected.shape[1:]
        print(f"{name:24} {f'{width} x {height}':>10} {apart[0]:10.6f} {apart[1]:10.6f}", flush=True)
    return int(not 0 < worst <= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
