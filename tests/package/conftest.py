"""Installs the zip in a clean Blender and takes it away again. Fixtures and what the tests of this folder share.

Nothing is staged here and ONNX Runtime must not be installed beside bpy: what is missing from the zip is missing from these tests.
"""
from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import build  # noqa: E402  (the repository's build.py, found by the line above)


@pytest.fixture(scope="session")
def resources(tmp_path_factory) -> Path:
    """A user folder with spaces and non-ASCII letters, for as long as this process runs: bpy reads its place once."""
    assert importlib.util.find_spec("onnxruntime") is None, "ONNX Runtime is installed beside bpy; the zip's own can't be tested here"
    folder = tmp_path_factory.mktemp("Benutzer Müller – 山 x")
    os.environ["BLENDER_USER_RESOURCES"] = str(folder)
    return folder


@pytest.fixture(scope="module")
def installed(resources) -> SimpleNamespace:
    """The zip installed and enabled: `bpy`, and the extension's `folder`. Uninstalled after a file's tests, it leaves nothing installed."""
    archive = build.zip_path(build.host_platform())
    assert archive.is_file(), f"{archive} is missing; run `python3 build.py zip` first"
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    folder = resources / "extensions" / "user_default" / "veduta"
    yield SimpleNamespace(bpy=bpy, folder=folder)
    bpy.ops.extensions.package_uninstall(repo_directory=str(folder.parent), pkg_id="veduta")
    importlib.invalidate_caches()
    assert not folder.exists() and importlib.util.find_spec("onnxruntime") is None
