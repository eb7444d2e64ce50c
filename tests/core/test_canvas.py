"""Canvas: every size gets a plan that covers it, and windows and tiles agree with the whole."""
from __future__ import annotations

import numpy as np
import pytest

from maps import scenery
from synth_core import canvas
from synth_core.canvas import LabelAreas, Window

SIZES = [(64, 64), (64, 4096), (4096, 64), (70, 333), (181, 182), (256, 256), (363, 1000), (512, 512), (1920, 1080), (4096, 4096)]


@pytest.mark.parametrize("width, height", SIZES)
def test_plans_cover_the_painting_and_fit_the_networks(width, height):
    plan = canvas.plan(width, height)
    for grid, side in ((plan.grid_height, height), (plan.grid_width, width)):
        assert grid % canvas.STRIDE == 0
        assert 0 <= grid * 2.0**plan.steps - side < canvas.STRIDE * 2.0**plan.steps
    assert canvas.LEAST * 2**-0.5 <= min(width, height) / 2.0**plan.steps <= canvas.MOST * 2**0.5
    assert plan.needed(plan.steps) == (height, width)


def test_a_picture_halved_as_often_as_detail_doubled_it_has_the_same_composition():
    for width, height in ((1024, 576), (1920, 1080), (2560, 1440), (4096, 4096)):
        whole = canvas.plan(width, height)
        small = canvas.plan(width >> whole.steps, height >> whole.steps)
        assert small.steps == 0 and (small.grid_width, small.grid_height) == (whole.grid_width, whole.grid_height)
    assert canvas.plan(1024, 576).steps == 0 and canvas.plan(1920, 1080).steps == 1


def test_scales_count_octaves_of_512_up_to_those_that_are_taught():
    plan = canvas.plan(3000, 2048, cut=canvas.Cut(least=128, most=128))
    assert [plan.scale(step) for step in range(1, plan.steps + 1)] == [-1, 0, 1, 1]


@pytest.mark.parametrize("width, height", [(512, 512), (300, 70), (1080, 700)])
def test_height_runs_over_the_view_alone(width, height):
    plan = canvas.plan(width, height)
    channel = canvas.heights(plan)
    assert channel.shape == (1, plan.grid_height, plan.grid_width) and channel.dtype == np.float32
    rows = channel[0, :, 0]
    view = height / 2.0**plan.steps
    assert rows[0] == pytest.approx(1 - 1 / view)
    assert abs(rows[: int(view)].mean()) < 1 / view and (np.diff(rows) <= 0).all()
    assert rows[-1] == rows[int(np.ceil(view)) - 1]


def test_areas_are_shares():
    ids = np.array([[1, 1, 2, 2], [1, 3, 2, 2]], np.uint8)
    shares = canvas.areas(ids, 2)
    assert shares.shape == (23, 1, 2)
    assert shares[:4, 0].tolist() == [[0, 0], [0.75, 0], [0, 1], [0.25, 0]]


@pytest.mark.parametrize("block", [1, 2, 16])
def test_areas_equal_their_slow_twin(block):
    ids = scenery(64, 96)
    hot = np.eye(23, dtype=np.float32)[ids]
    slow = hot.reshape(64 // block, block, 96 // block, block, 23).mean((1, 3)).transpose(2, 0, 1)
    assert np.array_equal(canvas.areas(ids, block), slow)


@pytest.mark.parametrize("width, height", [(70, 333), (300, 550), (1030, 700)])
def test_windows_agree_with_the_whole_at_every_step(width, height):
    plan = canvas.plan(width, height)
    labels = LabelAreas(scenery(height, width), plan)
    for step in range(max(plan.steps, 0) + 1):
        rows, columns = plan.grid_height << step, plan.grid_width << step
        whole = labels.window(step, Window(0, 0, rows, columns))
        assert whole.shape == (23, rows, columns) and (whole.sum(0) == 1).all()
        part = Window(12, 20, 36, 44)
        assert np.array_equal(labels.window(step, part), whole[(slice(None), *part.slices)])


def test_small_maps_are_enlarged_and_edges_repeat():
    ids = scenery(64, 100)
    labels = LabelAreas(ids, canvas.plan(100, 64))
    shown = labels.window(0, Window(0, 0, 256, 448)).argmax(0)
    assert np.array_equal(shown[:, :400], ids.repeat(4, 0).repeat(4, 1))
    assert (shown[:, 400:] == shown[:, 399:400]).all()


@pytest.mark.parametrize(
    "height, width, longest, reach, stride",
    [(256, 256, 288, 16, 4), (540, 964, 288, 16, 4), (256, 4096, 1024, 512, 64), (4, 8, 8, 4, 4)],
)
def test_tiles_cover_each_pixel_once_with_their_reach(height, width, longest, reach, stride):
    covered = np.zeros((height, width), int)
    for tile in canvas.tiles(height, width, longest, reach, stride):
        covered[tile.core.slices] += 1
        assert max(tile.core.height, tile.core.width) <= longest + stride
        source, core = tile.source, tile.core
        assert not any(number % stride for number in (source.top, source.left, source.height, source.width))
        assert source.top == max(0, core.top - reach) and source.left == max(0, core.left - reach)
        assert source.top + source.height == min(height, core.top + core.height + reach)
        assert source.left + source.width == min(width, core.left + core.width + reach)
    assert (covered == 1).all()


def test_average_down():
    picture = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert canvas.average_down(picture, 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]


def test_windows_beyond_the_edges_go_around():
    picture = np.arange(6 * 8).reshape(6, 8)
    around = np.tile(picture, (5, 5))
    for top, left, height, width in ((0, 0, 6, 8), (-3, 2, 4, 5), (4, -9, 13, 26), (-12, -16, 1, 1)):
        assert np.array_equal(canvas.read(picture, Window(top, left, height, width)), around[top + 12:, left + 16:][:height, :width])


def test_label_windows_beyond_the_edges_go_around():
    for width, height in ((512, 512), (96, 96)):
        plan = canvas.plan(width, height, "xy")
        labels = LabelAreas(scenery(height, width), plan)
        whole = labels.window(0, Window(0, 0, plan.grid_height, plan.grid_width))
        window = Window(-8, plan.grid_width - 12, 24, 24)
        assert np.array_equal(labels.window(0, window), canvas.read(whole, window))


@pytest.mark.parametrize("view", [(1.0, -1.0), (0.25, -0.5), (0.5, 0.5)])
def test_height_runs_between_the_view_s_edges(view):
    rows = canvas.heights(canvas.plan(512, 512), view)[0, :, 0]
    assert rows[0] == pytest.approx(view[0], abs=0.01) and rows[-1] == pytest.approx(view[1], abs=0.01)
