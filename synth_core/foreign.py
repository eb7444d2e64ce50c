"""Other people's weights: NVlabs' checkpoints of SPADE's generator, read without running anything in them, become weights folders.

What a checkpoint is made of is found from its tensors' shapes and checked to the last name. The network itself is models/spade.py's, how a
folder is written export.py's. Needs torch and onnx.
"""
from __future__ import annotations

import pickle
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import labels as label_set
from . import noise
from . import weights as files
from .canvas import STRIDE, round_up
from .export import export
from .models.detail import Detail
from .models.spade import SCALES, WIDTHS, Generator, Options, SpadeComposition
from .request import STYLE_SIZE
from .styles import Styles, normalised
from .vocabularies import CITYSCAPES, VOCABULARIES, Vocabulary

LICENCE = "Holds NVIDIA's SPADE weights: CC BY-NC-SA 4.0, for non-commercial use only."
STYLES = 64  # random styles that a seed mixes two of

_LARGEST = 65_504  # of float16, in which the numbers are kept
_POWER = ("_u", "_v")  # endings of spectral norm's vectors


@dataclass(frozen=True)
class Published:
    """One of the paper's option sets: its classes, whether there is an edge map, and what its generators were published with.

    first: the class id of the first plane. upsampling: a key of SCALES. width, height: of the pictures that it learned from, in pixels.
    """

    classes: Vocabulary
    edges: bool
    first: int = 1
    upsampling: str = "normal"
    width: int = 256
    height: int = 256

    @property
    def planes(self) -> list[int]:
        """The plane that stands for each of Veduta's 23 labels. Unlabelled pixels, which no painting has, would be sky."""
        written = self.classes.written
        return [written[label.id or label_set.BY_NAME["sky"].id].id - self.first for label in label_set.LABELS]


# By the planes of the segmentation: the classes, one more for pixels without any (not in Cityscapes), one more for an edge map.
SETS = {
    184: Published(VOCABULARIES["coco"], True),
    183: Published(VOCABULARIES["coco"], False),
    152: Published(VOCABULARIES["ade20k"], True),
    151: Published(VOCABULARIES["ade20k"], False),
    36: Published(CITYSCAPES, True, 0, "more", 512),
    35: Published(CITYSCAPES, False, 0, "more", 512),
}


class ForeignError(files.WeightsError):
    """A checkpoint that can't be taken over; the message is one sentence for the user."""


def read(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint `latest_net_G.pth`, float32, with spectral norm folded into the weights.

    Nothing in the file is run. Raises ForeignError for a file that is no such checkpoint, OSError for one that can't be opened.
    """
    state = _load(path)
    if not isinstance(state, dict) or not state or not all(isinstance(name, str) and _is_plain(value) for name, value in state.items()):
        raise ForeignError(f"{path} holds no generator: a checkpoint of SPADE's is a dictionary of named tensors.")
    if sum(tensor.nbytes for tensor in state.values()) > path.stat().st_size:
        raise ForeignError(f"{path} claims more numbers than a file of its size holds; download it again.")
    folded = _fold({name: tensor.float() for name, tensor in state.items() if not name.endswith("num_batches_tracked")}, path)
    for name, tensor in folded.items():
        if not (tensor.abs() <= _LARGEST).all():  # nor for NaN
            raise ForeignError(f"{path} holds numbers that no painter works with (in {name}).")
    return folded


def _load(path: Path) -> object:
    """What torch finds in the file by its reader of numbers alone."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            if zipfile.is_zipfile(file) and sum(entry.file_size for entry in zipfile.ZipFile(file).infolist()) > path.stat().st_size:
                raise ForeignError(f"{path} is compressed, which no checkpoint of PyTorch's is; it was not unpacked.")
            file.seek(0)
            warnings.simplefilter("ignore")  # of old files' ways of writing
            return torch.load(file, map_location="cpu", weights_only=True)
    except ForeignError:
        raise
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        if isinstance(error, OSError) and error.filename:  # the system's: the file can't be opened
            raise
        if isinstance(error, pickle.UnpicklingError):
            kinds = "of another kind, or one that would run a program when it is opened"
            raise ForeignError(f"{path} is no checkpoint of numbers alone but a file {kinds}; nothing of it was run.") from error
        raise ForeignError(f"{path} is no PyTorch checkpoint, or only a part of one; download it again.") from error


def _is_plain(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.layout == torch.strided and not (value.is_complex() or value.is_quantized)


def _fold(state: dict[str, torch.Tensor], path: Path) -> dict[str, torch.Tensor]:
    """The state with each `weight_orig` divided by its largest singular value, as training left it (Miyato et al. 2018, 1802.05957)."""
    folded = {}
    for name, tensor in state.items():
        if name.endswith("weight_orig"):
            short = name.removesuffix("_orig")
            folded[short] = tensor / _singular(tensor, *(state.get(short + ending) for ending in _POWER), path, short)
        elif not name.endswith(tuple(f"weight{ending}" for ending in _POWER)):
            folded[name] = tensor
    return folded


def _singular(weight: torch.Tensor, left: torch.Tensor | None, right: torch.Tensor | None, path: Path, name: str) -> torch.Tensor:
    matrix = weight.flatten(1) if weight.dim() > 1 else weight
    if left is None or right is None or (*left.shape, *right.shape) != tuple(matrix.shape):
        raise ForeignError(f"{path} is no checkpoint of SPADE's generator: the spectral norm of {name} is missing or of another shape.")
    return left @ matrix @ right


def published(state: dict[str, torch.Tensor], path: Path) -> Published:
    """The option set whose classes the checkpoint paints. Raises ForeignError for another one, and for tensors that are no generator's."""
    planes = _sizes(state, path)[0]
    if planes not in SETS:
        counts: dict[str, list[str]] = {}
        for count, chosen in SETS.items():
            counts.setdefault(chosen.classes.title, []).append(str(count))
        known = ", ".join(f"{title} ({' or '.join(of)})" for title, of in counts.items())
        raise ForeignError(f"{path} reads {planes} planes, and none of the classes that Veduta knows has so many: {known}.")
    return SETS[planes]


def options_of(state: dict[str, torch.Tensor], path: Path, upsampling: str = "") -> Options:
    """What the generator of a (folded) state is made of, found from its shapes.

    Without a style vector "normal" and "more" have the same shapes: it is as published for its classes, unless `upsampling` (a key of SCALES)
    says otherwise. Raises ForeignError for tensors that are not exactly such a generator's.
    """
    usual = published(state, path)
    planes, ngf, z_dim, cells = _sizes(state, path)
    if "up_4.conv_0.weight" in state:
        upsampling = "most"
    elif not upsampling:
        fitting = [name for name, (stride, *_) in SCALES.items() if cells * stride**2 == usual.width * usual.height]
        upsampling = fitting[0] if fitting else usual.upsampling
    if z_dim > label_set.COUNT * STYLE_SIZE:
        raise ForeignError(f"{path} has a style vector of {z_dim} numbers; Veduta's styles have {label_set.COUNT * STYLE_SIZE}.")
    rows = max(1, round((cells * usual.height / usual.width) ** 0.5))
    options = Options(planes, ngf, upsampling, z_dim, (rows, cells // rows) if z_dim else (0, 0))
    check(state, options, path)
    return options


def _sizes(state: dict[str, torch.Tensor], path: Path) -> tuple[int, int, int, int]:
    """Planes, ngf, z_dim and the cells of the grid that a style vector fills (0 and 0 without one)."""
    try:
        planes, width = state["head_0.norm_0.mlp_shared.0.weight"].shape[1], state["head_0.conv_0.weight"].shape[0]
        start = state["fc.weight"].shape
        z_dim, cells = (start[1], start[0] // width) if len(start) == 2 else (0, 0)
    except (KeyError, IndexError, ZeroDivisionError):
        raise ForeignError(f"{path} is no checkpoint of SPADE's generator.") from None
    if not planes or width < WIDTHS[0] or len(start) == 2 and not (cells and z_dim):
        raise ForeignError(f"{path} is no checkpoint of SPADE's generator: its first layers are too narrow.")
    return planes, width // WIDTHS[0], z_dim, cells


def check(state: dict[str, torch.Tensor], options: Options, path: Path) -> None:
    """Raises ForeignError unless the state has exactly the tensors of a generator of these options."""
    with torch.device("meta"):
        expected = {name: tuple(tensor.shape) for name, tensor in Generator(options).state_dict().items()}
    for name in sorted(expected.keys() | state.keys()):
        found, needed = tuple(state[name].shape) if name in state else None, expected.get(name)
        if found is None:
            raise ForeignError(f"{path} is no whole checkpoint of SPADE's generator: {name} is missing.")
        if needed is None:
            raise ForeignError(f"{path} is no checkpoint of SPADE's generator that Veduta knows: {name[:80]} is not one of its tensors.")
        if found != needed:
            raise ForeignError(f"{path} is no checkpoint of SPADE's generator: {name} is {_by(found)}, not {_by(needed)}.")


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"


def generator(state: dict[str, torch.Tensor], options: Options) -> Generator:
    """The network of a state that has these options."""
    network = Generator(options)
    network.load_state_dict(state)
    return network.eval()


def take_over(path: Path, folder: Path, painter: Path, name: str = "", licence: str = LICENCE, upsampling: str = "") -> None:
    """Make a weights folder of a checkpoint: its generator composes, and the detail network of another folder, `painter`, enlarges.

    name: for people, that of its classes where it is empty. upsampling: as for `options_of`. Raises ForeignError, WeightsError and OSError.
    """
    state = read(path)
    usual, options = published(state, path), options_of(state, path, upsampling)
    own = files.load(painter)
    about = {"name": name or f"SPADE, {usual.classes.title}", "licence": licence, "cut": _cut(options, usual)}
    export(for_labels(state, options, usual), _detail(own), {}, _bank(own, options.z_dim), folder, f"SPADE of {usual.classes.title}", about)


def for_labels(state: dict[str, torch.Tensor], options: Options, usual: Published) -> SpadeComposition:
    """The generator with Veduta's labels for its classes: of what reads the segmentation, the planes that stand for labels are kept."""
    planes = usual.planes + [options.planes - 1] * usual.edges
    kept = {name: tensor[:, planes] if _reads_planes(name, tensor) else tensor for name, tensor in state.items()}
    network = SpadeComposition(options.ngf, options.upsampling, options.z_dim, options.start, usual.edges)
    network.generator.load_state_dict(kept)
    network.classes.copy_(torch.tensor(usual.planes))
    return network.eval()


def _reads_planes(name: str, tensor: torch.Tensor) -> bool:
    return name.endswith("mlp_shared.0.weight") or name == "fc.weight" and tensor.dim() == 4


def _cut(options: Options, usual: Published) -> dict:
    """The manifest's `canvas.Cut`: it paints at the size that it learned from. A style's grid is stretched over the whole picture, which is
    therefore not cut."""
    stride, short = max(STRIDE, options.stride), min(usual.width, usual.height)
    return {"least": short, "most": short, "stride": stride, "reach": round_up(options.reach, stride), "whole": "xy" if options.z_dim else ""}


def _detail(weights: files.Weights) -> Detail:
    network = Detail(**weights.networks["detail"])
    network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in weights.tensors("detail.").items()})
    return network.eval()


def _bank(weights: files.Weights, z_dim: int) -> torch.Tensor:
    """Styles (M, 23, 64) for seeds to mix: the painter's own, or random numbers where the generator reads them as its style vector, and
    elsewhere the painter's mean, which detail was taught to read."""
    if not z_dim:
        return torch.from_numpy(weights.tensors("styles.")["bank"])
    rows = -(-z_dim // STYLE_SIZE)
    styles = np.repeat(Styles(weights).mean[None], STYLES, 0)
    styles[:, :rows] = normalised(noise.normal(0, 0, STYLES, rows, STYLE_SIZE))
    return torch.from_numpy(styles)
