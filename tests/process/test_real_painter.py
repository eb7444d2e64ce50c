"""The real painter in its process: staged tree, shipped weights and real runtime, in a folder with spaces and non-ASCII letters."""
from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import build
from synth_core.painter import Painter

NAME = "veduta_staged"


@pytest.fixture(scope="module")
def staged(tmp_path_factory) -> SimpleNamespace:
    """package: the staged tree; session, request: its modules, imported without its __init__, which needs Blender."""
    package = build.stage(tmp_path_factory.mktemp("Größe – 山 x") / "veduta")
    sys.modules[NAME] = ModuleType(NAME)
    sys.modules[NAME].__path__ = [str(package)]
    return SimpleNamespace(
        package=package, session=importlib.import_module(f"{NAME}.session"), request=importlib.import_module(f"{NAME}.synth_core.request")
    )


def test_the_process_paints_what_the_painter_paints(staged, tmp_path):
    runtime = Path(importlib.util.find_spec("onnxruntime").origin).parents[1]
    labels = np.repeat(np.uint8([1, 5, 12, 9]), 20)[:, None].repeat(130, 1)
    request = staged.request.Request(labels, seed=7, texts={"Title": "Größe"})
    session = staged.session.Session(staged.package, wheels=[runtime], log=tmp_path / "log")
    seen = set()
    try:
        job = session.start(request)
        while job.is_running:
            session.wait(job, 0.001)
            seen.add(job.progress)
    finally:
        session.close()
    assert job.state == "done", job.problem
    assert job.result.picture.shape == (80, 130, 3) and seen <= {0.0, 1.0}
    here = Painter(staged.package / "weights").paint(request)
    assert np.array_equal(job.result.picture, here.picture) and job.result.png == here.png
    assert (job.result.engine, job.result.weights) == (here.engine, here.weights)


def test_damaged_weights_are_explained(staged, tmp_path):
    package = build.stage(tmp_path / "veduta")
    tensors = package / "weights" / "painter.safetensors"
    damaged = bytearray(tensors.read_bytes())
    damaged[-1] ^= 1
    tensors.write_bytes(damaged)
    session = staged.session.Session(package, log=tmp_path / "log")
    try:
        job = session.start(staged.request.Request(np.full((64, 64), 1, np.uint8)))
        session.wait(job, 60)
    finally:
        session.close()
    assert job.state == "failed" and "damaged" in job.problem.message and "Reinstall" in job.problem.mend
