"""The weights to choose from: those that came with Veduta, others that the user has installed, and which of them paint.

Others lie in Blender's user folder for this extension, one folder each, so that an update of Veduta keeps them. Which one is chosen stands in
the preferences, by its folder's name. What a weights folder holds is `synth_core.weights`'s business, how one is handed on `archive`'s.
"""
from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from . import service
from .synth_core import archive, weights
from .synth_core.weights import Weights, WeightsError

OWN = ""  # the key of the weights that came with Veduta
MEND = "veduta.choose_weights"  # the operator that goes back to them


@dataclass(frozen=True)
class Entry:
    """Weights that can be chosen. key: of the preferences; weights: what their manifest says; problem: why that can't be read, else ""."""

    key: str
    weights: Weights | None
    problem: str = ""

    @property
    def name(self) -> str:
        return (self.weights.name if self.weights else self.key) if self.key != OWN else "Veduta"


_entries: list[Entry] | None = None


def entries() -> list[Entry]:
    """Veduta's own weights first, then the others by name. Read once; `forget` has them read again."""
    global _entries
    if _entries is None:
        keys = [path.name for path in service.shelf().glob("[!.]*") if path.is_dir()]
        _entries = [_entry(OWN), *sorted(map(_entry, keys), key=lambda entry: entry.name.lower())]
    return _entries


def chosen() -> Entry:
    """The weights that paint. Those that are chosen but gone are an entry with a problem."""
    key = service.preferences().weights
    return find(key) or _entry(key)


def find(key: str) -> Entry | None:
    """The installed weights of a key."""
    return next((entry for entry in entries() if entry.key == key), None)


def sha256() -> str:
    """Of the chosen weights; "" when they can't be read, which the painter tells."""
    found = chosen().weights
    return found.sha256 if found else ""


def difference(painted: str) -> str:
    """What to say of a picture that weights of the hash `painted` made; "" where they are the chosen ones, or none can be read, which the
    painter tells."""
    if sha256() in ("", painted):
        return ""
    name = next((entry.name for entry in entries() if entry.weights and entry.weights.sha256 == painted), None)
    return "it was painted with other weights" if name is None else f"it was painted with the weights {name!r}, which the preferences offer"


def is_broken() -> bool:
    """Whether weights are chosen that the user has installed, and are missing or damaged. Reads all of them."""
    key = service.preferences().weights
    if key == OWN:
        return False
    try:
        weights.load(service.weights_folder(key))
    except WeightsError:
        return True
    return False


def add(source: Path) -> Entry:
    """Install the weights of a folder or a zip. Raises WeightsError, and OSError that names a file."""
    key = archive.install(source, service.shelf()).folder.name
    forget()
    return find(key)


def remove(entry: Entry) -> None:
    """Delete installed weights. Raises OSError."""
    shutil.rmtree(service.weights_folder(entry.key))
    forget()


def forget() -> None:
    """Read the folders again when next asked."""
    global _entries
    _entries = None


def _entry(key: str) -> Entry:
    try:
        return Entry(key, weights.describe(service.weights_folder(key)))
    except WeightsError as error:
        return Entry(key, None, str(error))
