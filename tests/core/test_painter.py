"""The painter: any size, both engines, seeds, styles, tiles, progress and cancelling, with small random networks."""
from __future__ import annotations

import io
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from maps import scenery
from synth_core import canvas, noise, painter, weights
from synth_core.anchors import Anchors
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


@pytest.mark.parametrize("height, width", [(64, 64), (70, 333), (333, 70), (257, 511), (640, 1030)])
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


@pytest.mark.parametrize("label", [1, 12, 22])
def test_maps_of_one_label(onnx_painter, label):
    assert onnx_painter.paint(Request(np.full((96, 96), label, np.uint8))).picture.shape == (96, 96, 3)


def test_labels_matter(onnx_painter):
    one, other = (onnx_painter.paint(Request(np.full((256, 256), label, np.uint8))) for label in (1, 11))
    assert _apart(one, other) > 2


@pytest.mark.parametrize("engine", ["onnx", "torch"])
@pytest.mark.parametrize("size, limit, tile", [((300, 1500), "STRIP", 256), ((900, 300), "STRIP", 256), ((704, 820), "DETAIL_TILE", 100)])
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


def _wrapping(ids: np.ndarray, wrap: str) -> Request:
    return Request(ids, 3, wrap=wrap, view=(0.0, 0.0) if wrap == "xy" else (1.0, -1.0))


@pytest.mark.parametrize("engine, wrap, size, roll", [
    ("torch", "x", (256, 512), (0, 128)), ("onnx", "xy", (768, 768), (256, -128)), ("onnx", "x", (640, 1280), (0, 512)),
    ("onnx", "xy", (96, 96), (32, -64))])
def test_rolled_labels_and_noise_give_the_rolled_picture(engine, wrap, size, roll, request, monkeypatch):
    """No pixel differs but by rounding; the third size is made of several tiles, the last one of a picture that is averaged down."""
    painted_by, ids = request.getfixturevalue(f"{engine}_painter"), scenery(*size)
    assert not any(way % canvas.unit(size[1], size[0]) for way in roll)
    straight = painted_by.paint(_wrapping(ids, wrap)).picture.astype(int)
    whole = noise.normal
    height = canvas.plan(size[1], size[0]).grid_height

    def rolled(seed, stream, channels, *window):
        scale = 2.0 ** (stream - painter.COMPOSITION_STREAM) * height / size[0]
        rows, columns = (round(side * scale) for side in size)
        field = np.roll(whole(seed, stream, channels, rows, columns), [round(way * scale) for way in roll], (1, 2))
        return canvas.read(field, canvas.Window(window[2] if len(window) > 2 else 0, window[3] if len(window) > 2 else 0, *window[:2]))

    monkeypatch.setattr(noise, "normal", rolled)
    again = painted_by.paint(_wrapping(np.roll(ids, roll, (0, 1)), wrap)).picture
    apart = np.abs(np.roll(straight, roll, (0, 1)) - again)
    assert apart.max() <= 1 and (apart > 0).mean() < 1e-4


def test_a_seam_is_no_different_from_any_other_column(onnx_painter):
    """One label all over: without wrap the edges differ from their other side as strangers do, with it as neighbours do."""
    ids = np.full((512, 512), 16, np.uint8)
    for wrap, picture in ((wrap, onnx_painter.paint(_wrapping(ids, wrap)).picture.astype(int)) for wrap in ("", "xy")):
        for axis in (0, 1):
            apart = np.abs(picture - np.roll(picture, 1, axis)).mean((2, 1 - axis))
            seam, others = apart[0], apart[1:]
            assert (seam <= others.max()) == (wrap == "xy")


@pytest.mark.parametrize("wrap, pads", [("x", ((0, 0), (0, 0), (576, 576))), ("xy", ((0, 0), (576, 576), (576, 576)))])
def test_wrapping_equals_its_slow_twin(onnx_painter, torch_painter, wrap, pads):
    """Composition that pads with the other side against one that ends, of a picture that goes around as far as it sees."""
    ids, style = scenery(192, 256), noise.normal(1, 0, 1, 23, 64)[0]
    inputs = canvas.areas(ids, 1), noise.normal(2, 0, 8, 192, 256), np.zeros((1, 192, 256), np.float32)
    labels, field, rows = (np.pad(array, pads, mode="wrap") for array in inputs)
    engines = onnx_painter._engine, torch_painter._engine
    wrapped = [engine.composition(inputs[0], style, *inputs[1:], wrap) for engine in engines]
    (_, (top, _), (left, _)) = pads
    slow = engines[0].composition(labels, style, field, rows)[:, top:top + 192, left:left + 256]
    for fast in wrapped:
        assert np.abs(fast - slow).max() < 1e-4
    assert np.abs(engines[0].composition(inputs[0], style, *inputs[1:]) - slow).max() > 0.01


@pytest.mark.parametrize("size, wrap, words", [((256, 300), "x", "320, not 300"), ((500, 512), "xy", "wraps in y .* 448 or 512, not 500")])
def test_sizes_that_cannot_wrap(onnx_painter, size, wrap, words):
    with pytest.raises(RequestError, match=words):
        onnx_painter.paint(_wrapping(scenery(*size), wrap))


def test_weights_without_graphs_that_wrap_say_so(weights_folder, tmp_path):
    folder = shutil.copytree(weights_folder, tmp_path / "weights")
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in weights.WRAPS.values():
        del manifest["sha256"][name]
        (folder / name).unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    old = Painter(folder)
    assert old.paint(Request(scenery(64, 64))).picture.shape == (64, 64, 3)
    with pytest.raises(EngineError, match="newer weights"):
        old.paint(_wrapping(scenery(256, 256), "x"))


def _ground(height: int, width: int) -> Anchors:
    """A plane seen from above, a unit a pixel of 256."""
    y, x = np.mgrid[:height, :width].astype(np.float32) * np.float32(256 / min(height, width))
    return Anchors(np.stack((x, y, 0 * x), 2), np.full((height, width), 256 / min(height, width), np.float32), np.zeros((height, width), bool))


class _Listener:
    """An engine that paints grey and keeps the noise that it was given, by the size of what it paints."""

    name = "listener"

    def __init__(self):
        self.heard = {}

    def composition(self, labels, style, noise, height, wrap):
        self.heard[noise.shape] = noise
        return np.zeros((3, *noise.shape[1:]), np.float32)

    def detail(self, picture, labels, style, noise, scale):
        return self.composition(labels, style, noise, None, "")


def test_anchored_noise_stays_with_the_place(onnx_painter, monkeypatch):
    """The camera moves by half its view: what it sees again has the same noise."""
    monkeypatch.setattr(canvas, "DETAIL_TILE", 10_000)
    heard = []
    here, there = _ground(256, 512), _ground(256, 512)
    there.point[..., 0] += 256
    for anchors in (here, there):
        monkeypatch.setattr(onnx_painter, "_engine", _Listener())
        onnx_painter.paint(Request(np.full((256, 512), 16, np.uint8), 3, anchors=anchors))
        onnx_painter.paint(Request(np.full((512, 1024), 16, np.uint8), 3, anchors=anchors))
        heard.append(onnx_painter._engine.heard)
    first, second = heard
    fields = [shape for shape in first if shape[0] == 8]  # composition's; detail's stays with the picture
    assert fields
    for shape in fields:
        half = shape[2] // 2
        assert np.mean(np.abs(first[shape][:, :, half:] - second[shape][:, :, :half]) > 1e-3) < 1e-3, shape


def test_anchored_noise_is_the_same_in_tiles(onnx_painter, monkeypatch):
    request = Request(scenery(512, 600), 3, anchors=_ground(64, 75))
    whole = onnx_painter.paint(request)
    assert _apart(whole, onnx_painter.paint(Request(request.labels, 3))) > 2
    monkeypatch.setattr(canvas, "DETAIL_TILE", 100)
    assert _apart(whole, onnx_painter.paint(request)) <= 1


def test_progress_rises_to_one(onnx_painter):
    told = []
    onnx_painter.paint(Request(scenery(640, 1030)), progress=told.append)
    assert len(told) > 3 and told == sorted(told) and told[0] > 0 and told[-1] == 1


def test_cancelling_stops_at_once(onnx_painter):
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) == 2

    with pytest.raises(Cancelled):
        onnx_painter.paint(Request(scenery(640, 1030)), cancelled=cancelled)
    assert len(asked) == 2


def test_the_largest_plans_are_made():
    """Painting 4096 x 4096 takes half a minute; its plan and its tiles' memory are checked here."""
    plan = canvas.plan(4096, 4096)
    assert plan.steps == 3
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
    with pytest.raises(ValueError, match="no engine 'cuda'; the engines are onnx, gpu, torch"):
        Painter(weights_folder, engine="cuda")


@pytest.mark.parametrize("engine, words", [
    ("onnx", "Non-zero status code: Failed to allocate memory for requested buffer of size 268435456"), ("onnx", "std::bad_alloc"),
    ("torch", "DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"), ("torch", "CUDA out of memory. Tried to allocate")])
def test_a_library_without_memory_raises_memory_error(engine, words, weights_folder, monkeypatch):
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    made = Painter(weights_folder, engine)

    def fail(*_, **__):
        raise Exception(words)  # the libraries' own kinds share no other

    if engine == "onnx":
        monkeypatch.setattr(made._engine, "_sessions", {"composition.onnx": SimpleNamespace(run=fail)})
    else:
        monkeypatch.setattr(made._engine._composition, "forward", fail)
    with pytest.raises(MemoryError):
        made.paint(Request(scenery(64, 64)))


@pytest.mark.parametrize("engine, library", [("onnx", "onnxruntime"), ("torch", "torch")])
def test_a_missing_library(engine, library, monkeypatch, weights_folder):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(EngineError, match="not installed"):
        open_engine(engine, weights.load(weights_folder))
