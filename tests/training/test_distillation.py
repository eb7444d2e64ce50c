"""Looks, stylist and critic are found and taught on made-up photographs; both small networks come nearer to their teachers."""
import numpy as np
import pytest
import torch

from synth_core.training import attributes, critic, looks, stylist
from synth_core.training.data import Photographs


def test_colours_are_measured_in_cielab():
    white, red = attributes.to_lab(np.uint8([255, 255, 255])), attributes.to_lab(np.uint8([255, 0, 0]))
    assert white == pytest.approx([100, 0, 0], abs=0.1) and red == pytest.approx([53.24, 80.09, 67.2], abs=0.2)


def test_a_look_ranks_by_what_it_wants_among_what_it_needs():
    measured = np.zeros((5, len(attributes.NAMES)))
    measured[:, attributes.NAMES.index("sky red")] = [1, 5, 9, 3, np.nan]
    measured[:, attributes.NAMES.index("land share")] = [0.5, 0.5, 0.1, 0.5, 0.5]
    look = looks.Look("test", {"sky red": 1}, {"land share": (0.3, 0.9)})
    assert looks.ranked(measured, look).tolist() == [1, 3, 0]


def test_a_look_lies_farther_out_than_the_mean_of_its_photographs():
    rng = np.random.default_rng(0)
    middle = looks.normalised(rng.normal(size=(23, 64)))
    codes = looks.normalised(middle + 0.2 + 0.5 * rng.normal(size=(12, 23, 64)))
    style = looks.style_of(codes, codes[:, 0], np.ones((12, 23), bool), middle)
    mean = looks.normalised(codes.mean(0))
    assert (looks.angle(style, middle) > looks.angle(mean, middle)).mean() > 0.9
    assert np.square(style).mean(1) == pytest.approx(1, abs=1e-3)


def test_every_look_asks_for_attributes_that_are_measured():
    assert len({look.name for look in looks.LOOKS}) == len(looks.LOOKS) >= 10
    for look in looks.LOOKS:
        assert {*look.wants, *look.needs} <= set(attributes.NAMES)


def test_with_looks_come_the_styles_of_photographs_spread_evenly_for_seeds(photographs, tmp_path, monkeypatch):
    count, given = len(Photographs(photographs, "train", looks.SIZE)), []
    codes = looks.normalised(np.random.default_rng(2).normal(size=(count, 23, 64)))
    monkeypatch.setattr(looks, "encode", lambda *_: (codes, codes[:, 0], np.ones((count, 23), bool)))
    monkeypatch.setattr(looks, "add_looks", lambda *what: given.extend(what))
    monkeypatch.setattr(looks, "LOOKS", (looks.Look("test", {"picture light": 1}),))
    monkeypatch.setattr(looks, "BANK", 3)
    looks.find_looks(photographs, tmp_path)
    folder, names, styles, bank = given
    assert (folder, names, styles.shape) == (tmp_path, ("test",), (1, 23, 64))
    np.testing.assert_array_equal(bank, codes[[0, round((count - 1) / 2), count - 1]])


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (4, 1, 1, 3)) + rng.integers(-20, 20, (4, 64, 64, 3))
    return pictures.clip(0, 255).astype(np.uint8), np.repeat(np.uint8([1, 5, 12, 20]), 64 * 64).reshape(4, 64, 64)


def test_the_stylist_learns_its_teacher_s_codes(pictures):
    rng = np.random.default_rng(1)
    whole = looks.normalised(rng.normal(size=(4, 64)))
    codes = np.repeat(whole[:, None], 23, 1)
    present = np.eye(23, dtype=bool)[[1, 5, 12, 20]]
    network = stylist.learn(*pictures, codes, whole, present, 320)
    with torch.no_grad():
        style, _ = network(*(part for part in stylist._batch(*pictures, np.random.default_rng(0))[:1]), torch.zeros(4, 23, 64, 64))
    assert (style.numpy()[:, 0] * whole).mean() > 0.6


def test_the_critic_learns_its_teacher_s_answers(pictures):
    logits = np.zeros((4, 24, 16, 16), np.float16)
    logits[:2, 23] = 6
    realness = np.broadcast_to(np.float16([-1, -1, 1, 1]).reshape(4, 1, 1, 1), (4, 1, 16, 16))
    network = critic.learn(*pictures, logits, realness, 320)
    images, maps = critic.to_tensor(list(pictures[0])), critic.one_hot(torch.from_numpy(pictures[1].astype(np.int64)))
    with torch.no_grad():
        told, real = network(images, maps)
    fake = told.softmax(1)[:, 23].mean((1, 2))
    assert fake[:2].min() > fake[2:].max() and real[:2].max() < real[2:].min()
