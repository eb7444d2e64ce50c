"""The painter: any size, both engines, seeds, styles, tiles, progress and cancelling, with small random networks."""
from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from maps import scenery
from synth_core import canvas, noise, painter
from synth_core.engines import EngineError, open_engine
from synth_core.painter import Cancelled, Painter
from synth_core.request import Request, RequestError
from synth_core.weights import WeightsError


@pytest.fixture(scope="module")
def onnx_painter(weights_folder):
    pytest.importorskip("onnxruntime")
    return Painter(weights_folder, threads=2)


@pytest.fixture(scope="module")
def torch_painter(weights_folder):
    pytest.importorskip("torch")
    return Painter(weights_folder, engine="torch")


def _apart(one, two) -> int:
    return int(np.abs(one.picture.astype(int) - two.picture).max())


@pytest.mark.parametrize("height, width", [(64, 64), (70, 333), (333, 70), (257, 511), (600, 1030)])
def test_engines_agree_at_any_size(onnx_painter, torch_painter, height, width):
    request = Request(scenery(height, width), seed=11)
    one, two = onnx_painter.paint(request), torch_painter.paint(request)
    assert one.picture.shape == (height, width, 3) and one.picture.dtype == np.uint8
    assert one.picture.std() > 5
    assert _apart(one, two) <= 1
    assert one.engine.startswith("onnxruntime 1.") and two.engine.startswith("torch ")


def test_the_png_holds_picture_and_texts(onnx_painter):
    result = onnx_painter.paint(Request(scenery(64, 90), texts={"Recipe": "blue"}))
    with Image.open(io.BytesIO(result.png)) as image:
        assert np.array_equal(np.asarray(image), result.picture) and image.text["Recipe"] == "blue"
    assert len(result.weights) == 64 and result.seconds > 0


def test_seeds(onnx_painter):
    ids = scenery(128, 200)
    one, again, other = (onnx_painter.paint(Request(ids, seed=seed)) for seed in (5, 5, 2**63 - 1))
    assert one.png == again.png
    assert np.abs(one.picture.astype(int) - other.picture).mean() > 1


def test_a_given_style_replaces_the_seed_s(onnx_painter):
    ids, style = scenery(256, 300), noise.normal(1, 0, 1, 23, 64)[0]
    given, drawn, other = (onnx_painter.paint(Request(ids, 0, style)) for style in (style, None, -style))
    assert _apart(given, drawn) > 2 and _apart(given, other) > 2


def test_the_view_s_heights_matter(onnx_painter):
    ids = scenery(256, 300)
    whole, level = (onnx_painter.paint(Request(ids, view=view)) for view in ((1.0, -1.0), (0.0, 0.0)))
    assert _apart(whole, level) > 2


def test_drawn_styles_are_mixes_of_the_bank():
    bank = noise.normal(0, 0, 4, 23, 64)
    styles = np.stack([painter.draw_style(seed, bank) for seed in range(20)])
    assert np.square(styles).mean(2) == pytest.approx(1, abs=1e-4)
    assert len(np.unique(styles[:, 0, 0])) == 20
    for style in styles:  # every label's code lies in the plane of the same two rows
        fits = [np.linalg.lstsq(bank[[a, b], 3].T, style[3], rcond=None)[1] for a in range(4) for b in range(a)]
        assert min(float(fit[0]) for fit in fits) < 1e-6


@pytest.mark.parametrize("label", [1, 12, 22])
def test_maps_of_one_label(onnx_painter, label):
    assert onnx_painter.paint(Request(np.full((96, 96), label, np.uint8))).picture.shape == (96, 96, 3)


def test_labels_matter(onnx_painter):
    one, other = (onnx_painter.paint(Request(np.full((256, 256), label, np.uint8))) for label in (1, 11))
    assert _apart(one, other) > 2


@pytest.mark.parametrize("engine", ["onnx", "torch"])
@pytest.mark.parametrize("size, limit, tile", [((300, 1500), "STRIP", 256), ((512, 600), "DETAIL_TILE", 100)])
def test_tiles_equal_the_whole(engine, size, limit, tile, request, monkeypatch):
    """Composition in strips, and detail in small tiles, against each painted at once: what remains is rounding of sums in another order."""
    painted_by = request.getfixturevalue(f"{engine}_painter")
    work = Request(scenery(*size), seed=3)
    monkeypatch.setattr(canvas, limit, 10_000)
    whole = painted_by.paint(work)
    monkeypatch.setattr(canvas, limit, tile)
    tiled = painted_by.paint(work)
    assert _apart(whole, tiled) <= 1
    assert (whole.picture != tiled.picture).mean() < 1e-4


def test_progress_rises_to_one(onnx_painter):
    told = []
    onnx_painter.paint(Request(scenery(600, 1030)), progress=told.append)
    assert len(told) > 3 and told == sorted(told) and told[0] > 0 and told[-1] == 1


def test_cancelling_stops_at_once(onnx_painter):
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) == 2

    with pytest.raises(Cancelled):
        onnx_painter.paint(Request(scenery(600, 1030)), cancelled=cancelled)
    assert len(asked) == 2


def test_the_largest_plans_are_made():
    """Painting 4096 x 4096 takes half a minute; its plan and its tiles' memory are checked here."""
    plan = canvas.plan(4096, 4096)
    assert plan.steps == 4
    labels = canvas.LabelAreas(np.ones((4096, 4096), np.uint8), plan)
    sources = [tile.source.scaled(2) for tile in canvas.tiles(2048, 2048, canvas.DETAIL_TILE, canvas.DETAIL_REACH, canvas.DETAIL_STRIDE)]
    assert max(window.height * window.width for window in sources) < 660**2
    assert labels.window(plan.steps, sources[-1])[1].min() == 1


@pytest.mark.parametrize("shape", [(63, 100), (100, 4097)])
def test_sizes_out_of_bounds(shape):
    with pytest.raises(RequestError, match="64 to 4096 pixels"):
        Request(np.ones(shape, np.uint8))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"labels": np.ones((64, 64), np.int32)}, "array of H x W uint8"),
        ({"labels": np.ones((64, 64, 3), np.uint8)}, "array of H x W uint8"),
        ({"labels": np.full((64, 64), 23, np.uint8)}, "holds id 23"),
        ({"labels": np.zeros((64, 64), np.uint8)}, "unlabelled pixels"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**63}, "outside 0 to"),
        ({"style": np.zeros((22, 64), np.float32)}, "style must be an array of 23 x 64"),
    ],
)
def test_requests_that_cannot_be_painted(changes, words):
    with pytest.raises(RequestError, match=words):
        Request(**{"labels": np.ones((64, 64), np.uint8), **changes})


def test_missing_weights(tmp_path):
    with pytest.raises(WeightsError, match="There are no weights"):
        Painter(tmp_path)


def test_an_unknown_engine(weights_folder):
    with pytest.raises(ValueError, match="no engine 'cuda'; the engines are onnx, torch"):
        Painter(weights_folder, engine="cuda")


@pytest.mark.parametrize("engine, library", [("onnx", "onnxruntime"), ("torch", "torch")])
def test_a_missing_library(engine, library, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(EngineError, match="not installed"):
        open_engine(engine, None)
