"""The one painter's session of this Blender, and the folders it needs. What a job is lives in `session`, what it delivers in `painting`."""
from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import bpy

from .session import Session

ROOT_PACKAGE = __package__  # the extension's name: `extension_path_user` and the preferences refuse a sub-package's
PACKAGE = Path(__file__).parent

_session: Session | None = None


def session() -> Session:
    """The session, made on first use. Nothing starts until it is given a job."""
    global _session
    if _session is None:
        chosen = preferences()
        own_python = chosen.engine == "torch"
        python, folders = (chosen.python, []) if own_python else (sys.executable, wheels())
        _session = Session(PACKAGE, python, folders, weights=weights_folder(chosen.weights), log=log_path(), engine=chosen.engine,
                           threads=chosen.threads)
    return _session


def note() -> str:
    """One sentence for the user when the engine is another than the one that was chosen; else empty."""
    return _session.note if _session else ""


def close() -> None:
    """End the painter's process and wait until it is gone; the next use makes a new one."""
    global _session
    if _session is not None:
        _session.close()
        _session = None


def preferences() -> bpy.types.AddonPreferences:
    """The extension's preferences."""
    return bpy.context.preferences.addons[ROOT_PACKAGE].preferences


def threads() -> int:
    """Processor threads that the user lets the painter have; 0 for all."""
    return preferences().threads


def user_folder() -> Path:
    """The folder that Blender gives this extension for files of its own; made when missing. Where it can't be made Blender gives no path, which
    would mean the working folder: who writes to the one returned is told what is wrong with it."""
    return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, create=True) or bpy.utils.extension_path_user(ROOT_PACKAGE))


def shelf() -> Path:
    """Where weights lie that the user has installed beside Veduta's own, a folder each."""
    return user_folder() / "weights"


def weights_folder(key: str) -> Path:
    """The folder of weights by their key in the preferences: its name on the shelf, "" for Veduta's own."""
    return shelf() / key if key else PACKAGE / "weights"


def log_path() -> Path:
    """Where the painter's process writes its log."""
    return user_folder() / "painter.log"


def wheels() -> list[Path]:
    """The folder that ONNX Runtime lies in, found without importing it; empty when it is not installed."""
    found = importlib.util.find_spec("onnxruntime")
    return [Path(found.origin).parents[1]] if found and found.origin else []
