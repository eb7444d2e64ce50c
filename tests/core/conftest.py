"""Weights for the core's tests: small random networks, exported as trained ones are."""
from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def networks():
    """(composition, detail): small networks of random numbers with strong colours."""
    torch = pytest.importorskip("torch")
    from synth_core.models.composition import Composition
    from synth_core.models.detail import Detail

    torch.manual_seed(1)
    composition = Composition(channels=(16, 16, 8, 8, 8, 8, 8), label_channels=(8,) * 7, mirrors=True, soft=True)
    detail = Detail(channels=(16, 8, 8), label_channels=(8, 8, 8))
    for mirror in composition.mirrors:  # new ones look at no label
        torch.nn.init.normal_(mirror.gain.weight)
    detail.rgb.weight.data.mul_(3)
    return composition.eval(), detail.eval()


@pytest.fixture(scope="session")
def weights_folder(networks, tmp_path_factory) -> Path:
    """A weights folder of those networks. Tests that damage it copy it first."""
    torch = pytest.importorskip("torch")
    from synth_core.export import export

    folder = tmp_path_factory.mktemp("weights")
    export(*networks, {"code.weight": torch.randn(3, 2)}, torch.randn(5, 23, 64), folder, version="tiny")
    return folder
