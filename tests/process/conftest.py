"""A small tree like the staged add-on, in a folder with spaces and non-ASCII letters, with a stub painter and runtime; no Blender."""
from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def make_runtime(folder: Path, version: str) -> Path:
    """A folder of wheels that holds an empty ONNX Runtime of the given version."""
    package = folder / "onnxruntime"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = {version!r}\n")
    return folder


@pytest.fixture(scope="session")
def tree(tmp_path_factory) -> SimpleNamespace:
    """package: the tree's folder; its modules by their names; wheels: a folder with a stub runtime; make_runtime: makes another."""
    home = tmp_path_factory.mktemp("Größe – 山 x")
    package = home / "veduta_copy"
    core = package / "synth_core"
    core.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in ("client.py", "session.py"):
        shutil.copy(ROOT / "blender_addon" / name, package)
    for path in (ROOT / "synth_core").glob("*.py"):
        shutil.copy(path, core)
    (core / "engines").mkdir()
    shutil.copy(ROOT / "synth_core" / "engines" / "__init__.py", core / "engines")
    shutil.copy(Path(__file__).with_name("stub_painter.py"), core / "painter.py")
    sys.path.insert(0, str(home))
    names = ("client", "session", "synth_core.request", "synth_core.protocol", "synth_core.worker")
    modules = {name.rpartition(".")[2]: importlib.import_module(f"veduta_copy.{name}") for name in names}
    yield SimpleNamespace(package=package, wheels=make_runtime(home / "räder", "1.23.2"), make_runtime=make_runtime, **modules)
    sys.path.remove(str(home))


@pytest.fixture
def open_session(tree, tmp_path):
    """Makes sessions over the tree, and closes them."""
    sessions = []

    def make(**options):
        settings = {"wheels": [tree.wheels], "log": tmp_path / "löge" / "painter.log", "patience": 20.0} | options
        sessions.append(tree.session.Session(tree.package, **settings))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def make_request(tree):
    """Makes a 64 x 96 request of rock whose texts tell the stub painter what to do."""

    def make(**texts):
        return tree.request.Request(labels=np.full((64, 96), 7, np.uint8), texts=texts)

    return make
