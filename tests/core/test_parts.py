"""Stylist and critic over ONNX Runtime: they answer as their networks do, at any size; weights without them say so."""
from __future__ import annotations

import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from PIL import Image  # noqa: E402

from synth_core import cli, weights  # noqa: E402
from synth_core.critic import Critic, judgement  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.reading import planes, reading_size, shrink  # noqa: E402
from synth_core.request import Request  # noqa: E402
from synth_core.stylist import Stylist  # noqa: E402
from synth_core.weights import WeightsError  # noqa: E402

from maps import scenery  # noqa: E402

PICTURE = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)


@pytest.fixture(scope="module")
def parts(weights_folder, tmp_path_factory):
    """A weights folder with both parts, and their networks."""
    from synth_core.export import add_network
    from synth_core.models.critic import Critic as CriticNetwork
    from synth_core.models.stylist import Stylist as StylistNetwork
    from synth_core.training import critic, stylist

    torch.manual_seed(2)
    folder = shutil.copytree(weights_folder, tmp_path_factory.mktemp("parts") / "weights")
    networks = StylistNetwork((8, 8, 8), 16).eval(), CriticNetwork((8, 8, 8)).eval()
    add_network(folder, "stylist", networks[0], stylist.example(), ["style", "shown"])
    add_network(folder, "critic", networks[1], critic.example(), ["logits", "realness"])
    return folder, *networks


def test_the_folder_names_its_parts(parts):
    found = weights.load(parts[0])
    assert found.networks["stylist"] == {"channels": [8, 8, 8], "hidden": 16} and found.networks["critic"] == {"channels": [8, 8, 8]}


def test_the_stylist_answers_as_its_network(parts):
    folder, network, _ = parts
    labels = scenery(200, 300)
    found = Stylist(folder, 1).style(PICTURE, labels)
    size = reading_size(200, 300, 128, 16)
    assert size == (128, 192)
    with torch.no_grad():
        expected = network(torch.from_numpy(shrink(PICTURE, *size)), torch.from_numpy(planes(labels, *size)))[0][0].numpy()
    assert found.shape == (23, 64) and np.abs(found - expected).max() < 0.02
    assert np.square(found).mean(1) == pytest.approx(1, abs=1e-4)
    absent = [label for label in range(23) if not (labels == label).any()]
    assert np.ptp(found[absent], 0).max() < 1e-5  # they share the whole picture's code


@pytest.mark.parametrize("size", [(64, 64), (70, 900), (512, 130)])
def test_a_style_without_a_map_at_any_size(parts, size):
    style = Stylist(parts[0], 1).style(np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8))
    assert style.shape == (23, 64) and np.isfinite(style).all()


def test_the_critic_answers_as_its_network(parts):
    folder, _, network = parts
    labels = scenery(200, 300)
    found = Critic(folder, 1).judge(PICTURE, labels)
    size = reading_size(200, 300, 256, 16)
    areas = planes(labels, *size)
    with torch.no_grad():
        logits, realness = (answer[0].numpy() for answer in network(torch.from_numpy(shrink(PICTURE, *size)), torch.from_numpy(areas)))
    expected = judgement(logits, realness[0], areas[0, :, 2::4, 2::4].argmax(0))
    assert found.score == pytest.approx(expected.score, abs=0.01) and found.heat.shape == (size[0] // 4, size[1] // 4)
    assert 0 <= found.heat.min() and found.heat.max() <= 1


def test_a_picture_read_as_its_labels_scores_higher_and_cooler():
    ids = np.ones((4, 4), int)
    right, fake = np.zeros((24, 4, 4), np.float32), np.zeros((24, 4, 4), np.float32)
    right[1], fake[23] = 9, 9
    good, bad = judgement(right, np.full((4, 4), 1.0), ids), judgement(fake, np.full((4, 4), -1.0), ids)
    assert good.score > bad.score and good.heat.max() < bad.heat.min()


def test_shrinking_takes_means():
    picture = np.repeat(np.repeat(np.arange(8, dtype=np.uint8).reshape(2, 4, 1), 3, 0), 3, 1).repeat(3, 2)
    assert np.allclose((shrink(picture, 2, 4)[0, 0] + 1) * 127.5, np.arange(8).reshape(2, 4), atol=1e-4)


@pytest.mark.parametrize("part", [Stylist, Critic])
def test_weights_without_parts(weights_folder, part):
    with pytest.raises(WeightsError, match="hold no (stylist|critic); choose weights that have one"):
        part(weights_folder)


def test_the_critic_s_favourite_of_several_seeds_is_painted(parts):
    ids = scenery(96, 128)
    painter = Painter(parts[0], threads=1)
    scores = [Critic(parts[0], 1).judge(painter.paint(Request(ids, seed)).picture, ids).score for seed in range(3, 7)]
    asked = []
    best = painter.paint(Request(ids, 3, best_of=4), progress=asked.append)
    assert best.seed == 3 + int(np.argmax(scores)) and best.score == pytest.approx(max(scores), abs=1e-5)
    assert np.array_equal(best.picture, painter.paint(Request(ids, best.seed)).picture)
    assert asked[-1] == 1.0 and len(asked) >= 4


def test_weights_without_a_critic_paint_one_picture_only(weights_folder):
    painter = Painter(weights_folder, threads=1)
    with pytest.raises(WeightsError, match="hold no critic"):
        painter.paint(Request(scenery(64, 64), best_of=2))


def test_the_command_line_takes_a_photograph_s_style_and_the_best_of_several(parts, tmp_path, capsys):
    Image.fromarray(scenery(64, 96)).save(tmp_path / "map.png")
    Image.fromarray(PICTURE).save(tmp_path / "photo.png")
    common = ["paint", str(tmp_path / "map.png"), "--weights", str(parts[0]), "--threads", "1", "-o"]
    for name, options in (("plain", []), ("photo", ["--style-photo", str(tmp_path / "photo.png")]), ("best", ["--best-of", "3"])):
        assert cli.main([*common, str(tmp_path / f"{name}_out.png"), *options]) == 0, capsys.readouterr().err
    assert (tmp_path / "plain_out.png").read_bytes() != (tmp_path / "photo_out.png").read_bytes()
    assert cli.main([*common, str(tmp_path / "x.png"), "--look", "noon on the moon"]) == 2
    assert "There is no look 'noon on the moon'" in capsys.readouterr().err
