"""Export: trained networks become the weights folder that the painter reads. Needs torch and onnx; nothing else here trains or paints.

All tensors go once, as float16 (statistics of a batch norm as float32), into `painter.safetensors`. The ONNX graphs hold no
numbers of their own: each of their parameters is external data (a byte range of that file) followed by a Cast to float32.
"""
from __future__ import annotations

import io
import json
import os
import shutil
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from . import labels as label_set
from . import thumbnail
from . import weights as files
from .canvas import DETAIL_NOISE
from .files import write_whole
from .models.composition import Composition
from .models.detail import Detail
from .models.layers import set_wrap
from .models.segmenter import Segmenter
from .painter import Painter
from .request import NOISE_CHANNELS, STYLE_SIZE

OPSET = 17
# Whose tensors each graph reads.
_READS = {graph: name for name, graph in (files.GRAPHS | files.PARTS).items()} | {graph: "composition" for graph in files.WRAPS.values()}
_KEPT = ".kept"  # ending of the names of parameters as they lie in the tensors' file
_EXACT = ("running_mean", "running_var")  # endings of the names of tensors whose ratios matter: small differences of large numbers
_TYPES = {np.dtype(np.float16): TensorProto.FLOAT16, np.dtype(np.float32): TensorProto.FLOAT}


class ExportError(ValueError):
    """A checkpoint that can't be exported; the message is one sentence for the user."""


def export(
    composition: torch.nn.Module, detail: Detail, encoder: dict[str, torch.Tensor], bank: torch.Tensor, folder: Path, version: str = "0",
    about: dict | None = None,
) -> None:
    """Write the weights folder: painter.safetensors, composition.onnx (and its variants that wrap), detail.onnx and manifest.json.

    composition is a `Composition` or takes and gives the same; encoder is the style encoder's state, bank the style codes (M, 23, 64) of M
    photographs; about: what else the manifest says. Looks, stylist and critic of the weights that were there belonged to those; they are
    made again (`add_looks`, `add_network`), and so is what people see of it (`present`).
    """
    networks = {"composition": (composition, _composition_example()), "detail": (detail, _detail_example())}
    tensors = {"styles.bank": bank}
    tensors |= {f"encoder.{key}": value for key, value in encoder.items()}
    for name, (network, _) in networks.items():
        tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
    graphs = {files.GRAPHS[name]: _graph(network, example, ["painted"]) for name, (network, example) in networks.items()}
    for wrap, name in files.WRAPS.items():
        set_wrap(composition, wrap)
        graphs[name] = _graph(composition, _composition_example(), ["painted"])
    set_wrap(composition, "")
    arguments = {name: network.arguments_of(network.state_dict()) for name, (network, _) in networks.items()}
    manifest = {"version": version, **arguments, **_segmenter_of(folder), **(about or {})}
    _write(folder, {name: _stored(name, value) for name, value in tensors.items()}, graphs, manifest)
    for name in (*files.PARTS.values(), files.THUMBNAIL):  # made from another painter
        (folder / name).unlink(missing_ok=True)


def add_looks(folder: Path, names: tuple[str, ...], looks: torch.Tensor, bank: torch.Tensor | None = None) -> None:
    """Put named looks (L, 23, 64), one a name, into a weights folder, in place of those it has; and styles (M, 23, 64) for seeds to draw from, in
    place of those that were remembered in training. Raises WeightsError, ExportError."""
    tensors, graphs, manifest = _read(folder)
    tensors["styles.looks"] = _stored("styles.looks", looks)
    if bank is not None:
        tensors["styles.bank"] = _stored("styles.bank", bank)
    _write(folder, tensors, graphs, manifest | {"looks": list(names)})


def add_network(folder: Path, name: str, network: torch.nn.Module, example: dict[str, torch.Tensor], outputs: list[str]) -> None:
    """Put one of `weights.PARTS` into a weights folder, in place of the one it has. Raises WeightsError, ExportError.

    example: inputs to trace the network with, by the graph's names; outputs: the graph's names for what it returns.
    """
    tensors, graphs, manifest = _read(folder)
    state = network.state_dict()
    tensors = {key: value for key, value in tensors.items() if not key.startswith(f"{name}.")}
    tensors |= {f"{name}.{key}": _stored(f"{name}.{key}", value) for key, value in state.items()}
    graphs[files.PARTS[name]] = _graph(network, example, outputs)
    _write(folder, tensors, graphs, manifest | {name: network.arguments_of(state)})


def derive(source: Path, folder: Path, tensors: dict[str, torch.Tensor], manifest: dict) -> None:
    """Write a weights folder that is another's, with its judges, but for some tensors, by their whole names, and what the manifest says.

    What people see of it is made anew (`present`). Raises WeightsError, ExportError.
    """
    former, graphs, said = _read(source)
    said["sha256"].pop(files.THUMBNAIL, None)  # made by another painter
    folder.mkdir(parents=True, exist_ok=True)
    for name in (files.JUDGES, *said["sha256"].keys() - {files.TENSORS, *graphs}):  # parts in files of their own
        shutil.copyfile(source / name, folder / name)
    _write(folder, former | {name: _stored(name, value) for name, value in tensors.items()}, graphs, said | manifest)


def write_network(folder: Path, name: str, network: torch.nn.Module, example: dict[str, torch.Tensor], outputs: list[str]) -> Path:
    """Write the tensors and the graph of one network alone, whatever it is, under one of the names of `weights.GRAPHS`. Returns the graph's file.

    example, outputs: as in `add_network`.
    """
    tensors = {f"{name}.{key}": _stored(key, value) for key, value in network.state_dict().items()}
    _write(folder, tensors, {files.GRAPHS[name]: _graph(network, example, outputs)}, {})
    return folder / files.GRAPHS[name]


def add_segmenter(folder: Path, network: Segmenter, example: dict[str, torch.Tensor]) -> None:
    """Put the segmenter into a weights folder, in files of its own: `export` leaves it there. Raises WeightsError, ExportError."""
    files.load(folder)
    graph_name, tensors_name = files.SEGMENTER
    new = {name: folder / f"{name}.new" for name in files.SEGMENTER}
    state = network.state_dict()
    files.write(new[tensors_name], {f"segmenter.{key}": _stored(key, value) for key, value in state.items()})
    graph = _graph(network, example, ["logits"])
    _point_outside(graph, "segmenter", files.places(new[tensors_name]), tensors_name)
    new[graph_name].write_bytes(graph.SerializeToString())
    manifest = json.loads((folder / files.MANIFEST).read_text(encoding="utf-8"))
    manifest["segmenter"] = network.arguments_of(state)
    manifest["sha256"] |= {name: files.sha256(path) for name, path in new.items()}
    for name, path in new.items():
        os.replace(path, folder / name)
    write_whole(folder / files.MANIFEST, _json(manifest))


def _segmenter_of(folder: Path) -> dict:
    """What the manifest of a folder says of its segmenter; nothing where there is none."""
    try:
        manifest = json.loads((folder / files.MANIFEST).read_text(encoding="utf-8"))
        return {"segmenter": manifest["segmenter"], "sha256": {name: manifest["sha256"][name] for name in files.SEGMENTER}}
    except (OSError, ValueError, KeyError):
        return {}


def present(folder: Path, name: str, licence: str, style: np.ndarray | None = None) -> None:
    """Give a weights folder what people see of it: its name, its licence in one short sentence, today's date, and a thumbnail that it
    paints, in a style (23, 64) or in one that is drawn. Raises WeightsError."""
    write_whole(folder / files.THUMBNAIL, Painter(folder).paint(thumbnail.request(style)).png)
    manifest = json.loads((folder / files.MANIFEST).read_text(encoding="utf-8"))
    manifest |= {"name": name, "licence": licence, "created": date.today().isoformat()}
    manifest["sha256"][files.THUMBNAIL] = files.sha256(folder / files.THUMBNAIL)
    write_whole(folder / files.MANIFEST, _json(manifest))


def _json(manifest: dict) -> bytes:
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def _read(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, onnx.ModelProto], dict]:
    """A checked weights folder's tensors, graphs and manifest."""
    files.load(folder)
    manifest = json.loads((folder / files.MANIFEST).read_text(encoding="utf-8"))
    graphs = {name: onnx.load(folder / name, load_external_data=False) for name in manifest["sha256"] if name in _READS}
    return files.read(folder / files.TENSORS), graphs, manifest


def _write(folder: Path, tensors: dict[str, np.ndarray], graphs: dict[str, onnx.ModelProto], manifest: dict) -> None:
    """Write a weights folder: every file under a temporary name first; the manifest, which holds the others' checksums, is replaced last."""
    folder.mkdir(parents=True, exist_ok=True)
    new = {name: folder / f"{name}.new" for name in (files.TENSORS, *graphs, files.MANIFEST)}
    files.write(new[files.TENSORS], tensors)
    places = files.places(new[files.TENSORS])
    for name, graph in graphs.items():
        _point_outside(graph, _READS[name], places)
        new[name].write_bytes(graph.SerializeToString())
    kept = {name: total for name, total in manifest.get("sha256", {}).items() if name in (files.THUMBNAIL, *files.SEGMENTER)}
    manifest["sha256"] = {name: files.sha256(path) for name, path in new.items() if name != files.MANIFEST} | kept
    new[files.MANIFEST].write_bytes(_json(manifest))
    for name, path in new.items():
        os.replace(path, folder / name)


def _stored(name: str, tensor: torch.Tensor) -> np.ndarray:
    """The tensor as it lies in the file. Raises ExportError for numbers beyond float16."""
    if name.endswith(_EXACT):
        return tensor.detach().cpu().float().numpy()
    half = tensor.detach().cpu().half().numpy()
    if not np.isfinite(half).all():
        raise ExportError(f"The tensor {name} holds numbers that float16 can't hold; the run has diverged, so take an earlier checkpoint.")
    return half


def _composition_example() -> dict[str, torch.Tensor]:
    """Inputs of any size to trace composition with, by the graph's names."""
    height, width = 128, 256
    return {
        "labels": torch.rand(1, label_set.COUNT, height, width).softmax(1),
        "style": torch.randn(1, label_set.COUNT, STYLE_SIZE),
        "noise": torch.randn(1, NOISE_CHANNELS, height, width),
        "height": torch.rand(1, 1, height, width),
    }


def _detail_example() -> dict[str, torch.Tensor]:
    """Inputs of any size to trace detail with, by the graph's names."""
    height, width = 32, 48
    return {
        "picture": torch.rand(1, 3, height, width),
        "labels": torch.rand(1, label_set.COUNT, 2 * height, 2 * width).softmax(1),
        "style": torch.randn(1, label_set.COUNT, STYLE_SIZE),
        "noise": torch.randn(1, DETAIL_NOISE, 2 * height, 2 * width),
        "scale": torch.zeros(1),
    }


def _graph(network: torch.nn.Module, example: dict[str, torch.Tensor], outputs: list[str]) -> onnx.ModelProto:
    """The network's ONNX graph for pictures of any height and width; its parameters are yet to be pointed at their places in the tensors' file."""
    graph = _trace(network, example, outputs)
    _empty(graph)
    _convolve_cubic(graph)
    return graph


def _trace(network: torch.nn.Module, example: dict[str, torch.Tensor], outputs: list[str]) -> onnx.ModelProto:
    """The network's ONNX graph, its parameters still inside."""
    network = network.cpu().eval()
    with torch.no_grad():
        answers = network(*example.values())
    shaped = example | dict(zip(outputs, answers if isinstance(answers, tuple) else (answers,)))
    planes = {name: {2: f"{name}_rows", 3: f"{name}_columns"} for name, tensor in shaped.items() if tensor.dim() == 4}
    file = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        # This exporter is deprecated, but it alone writes edge padding of open sizes as plain ONNX operators.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, tuple(example.values()), file, dynamo=False, opset_version=OPSET, do_constant_folding=False,
            input_names=list(example), output_names=outputs, dynamic_axes=planes,
        )  # fmt: skip
    model = onnx.load_from_string(file.getvalue())
    read = {entry.name for entry in model.graph.input}
    for name in example.keys() - read:  # what a network does not read, whoever runs it gives all the same
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * example[name].dim()))
    return model


def _empty(model: onnx.ModelProto) -> None:
    """Replace every parameter's numbers by a Cast to float32 of numbers that lie elsewhere, in place."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        name, inner, shape = tensor.name, f"{tensor.name}{_KEPT}", list(tensor.dims)
        tensor.CopyFrom(TensorProto(name=inner, dims=shape, data_location=TensorProto.EXTERNAL))
        casts.append(helper.make_node("Cast", [inner], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _point_outside(model: onnx.ModelProto, network: str, places: dict[str, files.Place], location: str = files.TENSORS) -> None:
    """Point every parameter at its place in the tensors' file `location`, in place."""
    for tensor in model.graph.initializer:
        name, _, _ = tensor.name.rpartition(".")  # its ending is another in weights of earlier versions
        place = places[f"{network}.{name}"]
        tensor.data_type = _TYPES[place.dtype]
        del tensor.external_data[:]
        for key, value in (("location", location), ("offset", place.offset), ("length", place.length)):
            tensor.external_data.add(key=key, value=str(value))


def _convolve_cubic(model: onnx.ModelProto) -> None:
    """Replace bicubic doubling of RGB pictures by the same sums as a convolution, in place: ONNX Runtime's own takes 20 times longer."""
    nodes = []
    for node in model.graph.node:
        cubic = node.op_type == "Resize" and any(attribute.s == b"cubic" for attribute in node.attribute)
        nodes += _cubic_nodes(node.name, node.input[0], node.output[0]) if cubic else [node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _cubic_nodes(name: str, source: str, result: str) -> list[onnx.NodeProto]:
    """Five taps in both directions give the four new pixels of every old one as channels, which are then dealt out."""
    even = np.array([-0.03515625, 0.26171875, 0.87890625, -0.10546875, 0.0], np.float32)  # Keys' cubic, a = -0.75, a quarter pixel off
    taps = np.stack((even, even[::-1]))
    kernel = np.einsum("ay,bx,oi->oabiyx", taps, taps, np.eye(3, dtype=np.float32)).reshape(12, 3, 5, 5)
    pads = np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64)
    return [
        helper.make_node("Constant", [], [f"{name}.pads"], value=numpy_helper.from_array(pads)),
        helper.make_node("Constant", [], [f"{name}.kernel"], value=numpy_helper.from_array(np.ascontiguousarray(kernel))),
        helper.make_node("Pad", [source, f"{name}.pads"], [f"{name}.padded"], mode="edge"),
        helper.make_node("Conv", [f"{name}.padded", f"{name}.kernel"], [f"{name}.dealt"]),
        helper.make_node("DepthToSpace", [f"{name}.dealt"], [result], blocksize=2, mode="CRD"),
    ]


def export_checkpoints(composition: Path, detail: Path, folder: Path) -> None:
    """Write the weights folder from the checkpoints of the two training stages: their moving averages, the encoder and its styles, and beside
    them the discriminators, which only the trainer reads.

    Raises ExportError for a file that is no checkpoint of its stage.
    """
    first, second = _checkpoint(composition, "composition"), _checkpoint(detail, "detail")
    version = f"composition {first['seen']} images, detail {second['seen']} images"
    bank = first["extras"]["bank"]
    export(_rebuild(first, "composition"), _rebuild(second, "detail"), first["averaged"]["encoder"], bank, folder, version)
    _write_judges({"composition": first, "detail": second}, folder)


def _write_judges(checkpoints: dict[str, dict], folder: Path) -> None:
    """Both stages' discriminators, pixel heads and feature deviations, from which the next run goes on."""
    tensors = {}
    for stage, state in checkpoints.items():
        found = {f"{name}.{key}": value for name in ("discriminator", "pixel_head") for key, value in state["learners"][name].items()}
        found |= {key: value for key, value in state["extras"].items() if key.startswith("deviation")}
        tensors |= {f"{stage}.{key}": _stored(key, value) for key, value in found.items()}
    new = folder / f"{files.JUDGES}.new"
    files.write(new, tensors)
    os.replace(new, folder / files.JUDGES)


def _checkpoint(path: Path, stage: str) -> dict:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        found = state["run"]["stage"]
    except FileNotFoundError:
        raise ExportError(f"There is no checkpoint {path}.") from None
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        raise ExportError(f"{path} is no checkpoint of a training run ({type(error).__name__}).") from error
    if found != stage:
        raise ExportError(f"{path} is a checkpoint of the {found} stage; the {stage} stage's is needed here.")
    return state


def _rebuild(checkpoint: dict, name: str) -> Composition | Detail:
    state = checkpoint["averaged"][name]
    return {"composition": Composition, "detail": Detail}[name].from_state(state)
