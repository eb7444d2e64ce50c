"""What the networks promise by their shape alone: no learned weights are needed."""
import pytest
import torch

from synth_core.models.composition import Composition
from synth_core.models.detail import Detail
from synth_core.models.encoder import Encoder, pool_by_label
from synth_core.models.layers import halve_noise, set_wrap

TINY = {"channels": (16, 16, 8, 8), "label_channels": (8, 8, 8, 8), "heavy": 2}


def inputs(height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 23, (1, height, width), generator=generator)
    labels = torch.nn.functional.one_hot(ids, 23).permute(0, 3, 1, 2).float()
    noise = torch.randn(1, 8, height, width, generator=generator)
    rows = torch.linspace(1, -1, height)[None, None, :, None].expand(1, 1, height, width)
    return labels, torch.randn(1, 23, 64, generator=generator), noise, rows


@pytest.mark.parametrize("wrap, shift, axes", [("x", (8,), (3,)), ("xy", (8, 16), (2, 3))])
def test_a_wrapping_picture_follows_its_map_around_the_seam(wrap, shift, axes):
    torch.manual_seed(0)
    network = Composition(**TINY).eval()
    set_wrap(network, wrap)
    labels, style, noise, rows = inputs(16, 32)
    if wrap == "xy":
        rows = torch.zeros_like(rows)
    with torch.no_grad():
        straight = network(labels, style, noise, rows)
        rolled = network(labels.roll(shift, axes), style, noise.roll(shift, axes), rows)
        set_wrap(network, "")
        ending = network(labels, style, noise, rows)
    assert (straight.roll(shift, axes) - rolled).abs().max() < 1e-5
    assert (ending.roll(shift, axes) - rolled).abs().max() > 1e-3


def test_borders_do_not_leak_into_a_map_of_one_label():
    torch.manual_seed(0)
    network = Composition(**TINY).eval()
    labels = torch.zeros(1, 23, 32, 32)
    labels[:, 9] = 1
    with torch.no_grad():
        picture = network(labels, torch.randn(1, 23, 64), torch.ones(1, 8, 32, 32), torch.zeros(1, 1, 32, 32))
    assert (picture - picture[:, :, :1, :1]).abs().max() < 1e-4


def test_noise_style_and_labels_each_change_the_picture():
    torch.manual_seed(0)
    network = Composition(**TINY).eval()
    labels, style, noise, rows = inputs(16, 16)
    with torch.no_grad():
        one = network(labels, style, noise, rows)
        for other in ((labels.flip(1), style, noise, rows), (labels, style.flip(1), noise, rows), (labels, style, noise.flip(1), rows)):
            assert (network(*other) - one).abs().mean() > 1e-3


def test_detail_doubles_and_starts_near_the_enlarged_picture():
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 16, 24) * 2 - 1
    labels = torch.zeros(1, 23, 32, 48)
    labels[:, 1] = 1
    with torch.no_grad():
        out = Detail()(picture, labels, torch.randn(1, 23, 64), torch.randn(1, 2, 32, 48), torch.zeros(1))
    plain = torch.nn.functional.interpolate(picture, scale_factor=2, mode="bicubic")
    assert out.shape == (1, 3, 32, 48) and (out - plain.clamp(-1, 1)).abs().mean() < 0.3


def test_halved_noise_keeps_its_variance():
    noise = torch.randn(1, 8, 128, 128, generator=torch.Generator().manual_seed(0))
    assert abs(float(halve_noise(noise).var()) - 1) < 0.03


def test_pooling_by_label_is_the_mean_and_deviation_under_each_label():
    features = torch.arange(16.0).reshape(1, 1, 4, 4)
    areas = torch.zeros(1, 3, 4, 4)
    areas[:, 0, :2], areas[:, 1, 2:] = 1, 1
    mean, deviation = pool_by_label(features, areas)
    assert torch.allclose(mean[0, :, 0], torch.tensor([3.5, 11.5, 0]))
    assert torch.allclose(deviation[0, 0, 0], features[0, 0, :2].std(correction=0), atol=1e-3)


def test_a_label_the_photograph_lacks_takes_the_whole_picture_s_code():
    torch.manual_seed(0)
    encoder = Encoder(widths=(4, 4, 4, 4), hidden=16).eval()
    labels = torch.zeros(1, 23, 32, 32)
    labels[:, 1, :16], labels[:, 12, 16:] = 1, 1
    features = [torch.randn(1, 4, 32 // s, 32 // s) for s in (4, 8, 16, 32)]
    with torch.no_grad():
        style = encoder(torch.rand(1, 3, 32, 32), features, labels)
    assert torch.equal(style[0, 5], style[0, 20])
    assert not torch.allclose(style[0, 1], style[0, 12])
    assert torch.allclose(style.square().mean(-1), torch.ones(1, 23), atol=1e-3)
