"""Styles: looks by name, styles of seeds, blends and strengths; a folder without looks says so."""
from __future__ import annotations

import shutil

import numpy as np
import pytest

from synth_core import noise, weights
from synth_core.styles import StyleError, Styles, angle

ONE, OTHER = noise.normal(0, 0, 2, 23, 64)


@pytest.fixture(scope="module")
def folder(weights_folder, tmp_path_factory):
    """The tiny weights with two looks."""
    torch = pytest.importorskip("torch")
    from synth_core.export import add_looks

    copy = shutil.copytree(weights_folder, tmp_path_factory.mktemp("looks") / "weights")
    add_looks(copy, ("dawn", "dusk"), torch.from_numpy(np.stack([ONE, OTHER])))
    return copy


@pytest.fixture(scope="module")
def styles(folder):
    return Styles(folder)


def _long(style):
    return style.shape == (23, 64) and style.dtype == np.float32 and np.square(style).mean(1) == pytest.approx(1, abs=1e-4)


def test_looks_by_name(styles):
    assert styles.names == ("dawn", "dusk")
    assert _long(styles.look("dusk")) and np.abs(angle(styles.look("dusk"), OTHER / np.sqrt(np.square(OTHER).mean(1, keepdims=True)))).max() < 2e-3
    with pytest.raises(StyleError, match="no look 'noon'; the looks are dawn, dusk"):
        styles.look("noon")


def test_weights_without_looks(weights_folder):
    without = Styles(weights_folder)
    assert without.names == () and _long(without.drawn(3))
    with pytest.raises(StyleError, match="weights hold none"):
        without.look("dawn")


def test_drawn_styles_are_mixes_of_the_bank(styles, weights_folder):
    bank = weights.load(weights_folder).tensors("styles.")["bank"]
    drawn = np.stack([styles.drawn(seed) for seed in range(20)])
    assert np.square(drawn).mean(2) == pytest.approx(1, abs=1e-4)
    assert len(np.unique(drawn[:, 0, 0])) == 20
    for style in drawn:  # every label's code lies in the plane of the same two rows
        fits = [np.linalg.lstsq(bank[[a, b], 3].T, style[3], rcond=None)[1] for a in range(5) for b in range(a)]
        assert min(float(fit[0]) for fit in fits) < 1e-6


def test_blends_go_evenly_from_one_to_the_other(styles):
    one, other = styles.look("dawn"), styles.look("dusk")
    steps = np.stack([styles.blend(one, other, share) for share in np.linspace(0, 1, 9)])
    assert np.abs(steps[0] - one).max() < 1e-5 and np.abs(steps[-1] - other).max() < 1e-5
    between = angle(steps[:-1], steps[1:])
    assert between.std(0).max() < 2e-3 and between.min() > 0.05
    assert _long(steps[3])


def test_blends_of_equal_and_opposite_styles(styles):
    one = styles.look("dawn")
    assert np.abs(styles.blend(one, one, 0.3) - one).max() < 1e-5
    assert np.isfinite(styles.blend(one, -one, 0.5)).all()


def test_strength(styles):
    look = styles.look("dawn")
    assert np.abs(styles.strength(look, 0) - styles.mean).max() < 1e-5 and np.abs(styles.strength(look, 1) - look).max() < 1e-5
    away = [angle(styles.strength(look, strength), styles.mean) for strength in (0.5, 1, 1.4)]
    assert (away[0] < away[1]).all() and (away[1] < away[2]).all()


def test_by_label_changes_those_labels_alone(styles):
    one, other = styles.look("dawn"), styles.look("dusk")
    mixed = styles.by_label(one, {1: other, 12: other})
    assert np.array_equal(np.flatnonzero((np.abs(mixed - one) > 1e-5).any(1)), [1, 12])
    assert np.abs(mixed[12] - other[12]).max() < 1e-5


def test_what_is_no_style_is_refused(styles):
    look = styles.look("dawn")
    for ask, words in (
        (lambda: styles.strength(look, 3), "strength is 0 to 2"),
        (lambda: styles.blend(look, look, -0.1), "share is 0 to 1"),
        (lambda: styles.by_label(look, {23: look}), "no label 23"),
        (lambda: styles.blend(look, look[:5], 0.5), "23 x 64 numbers"),
    ):
        with pytest.raises(StyleError, match=words):
            ask()


def test_looks_leave_the_painter_as_it_was(folder, weights_folder):
    pytest.importorskip("onnxruntime")
    from synth_core.painter import Painter
    from synth_core.request import Request

    labels = np.full((64, 64), 5, np.uint8)
    one, other = (Painter(place, threads=1).paint(Request(labels, 3)) for place in (folder, weights_folder))
    assert np.array_equal(one.picture, other.picture) and one.weights != other.weights
