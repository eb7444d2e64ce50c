"""SPADE's generator against slow twins, and the reading of its checkpoints: what it is made of is found, what it is not is refused."""
from __future__ import annotations

import os
import pickle
import zipfile

import pytest

torch = pytest.importorskip("torch")

from synth_core import foreign  # noqa: E402
from synth_core.foreign import ForeignError  # noqa: E402
from synth_core.models import spade  # noqa: E402
from synth_core.models.layers import set_wrap  # noqa: E402
from synth_core.models.spade import BLOCKS, SCALES, Generator, Options, Spade, edges  # noqa: E402

import checkpoints  # noqa: E402

F = torch.nn.functional
ADE = Options(151, 2)
KINDS = [
    Options(184, 1), Options(151, 2), Options(36, 1, "more"), Options(35, 2, "most"), Options(151, 1, "more", 64, (4, 4)),
    Options(36, 1, "more", 64, (4, 8)), Options(36, 2, "most", 32, (2, 4)), Options(36, 1, "normal", 64, (8, 16)),
]  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def narrow():
    """Generators of 8 instead of 128 channels between segmentation and gains, to be fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spade, "HIDDEN", 8)
        torch.set_num_threads(1)
        yield


def _inputs(options, height, width, seed=0):
    torch.manual_seed(seed)
    segmentation = F.one_hot(torch.randint(options.planes, (1, height // 8, width // 8)), options.planes).permute(0, 3, 1, 2).float()
    return F.interpolate(segmentation, size=(height, width)), torch.randn(1, options.z_dim) if options.z_dim else None


@pytest.mark.parametrize("options", KINDS, ids=lambda options: f"{options.planes}-{options.upsampling}-{options.z_dim}")
def test_options_are_found_and_folding_is_what_torch_does(options, tmp_path):
    network = checkpoints.with_spectral_norm(options)
    path = checkpoints.write(tmp_path / "latest_net_G.pth", network, old=options.z_dim > 0)
    state = foreign.read(path)
    assert foreign.options_of(state, path) == options
    inputs = _inputs(options, options.stride, 2 * options.stride)
    with torch.no_grad():
        expected, found = network(*inputs), foreign.generator(state, options)(*inputs)
    assert expected.shape == (1, 3, options.stride, 2 * options.stride) and expected.std() > 0.02
    assert (found - expected).abs().max() < 1e-5


def test_layers_that_shapes_do_not_tell_can_be_told(tmp_path):
    path = checkpoints.write(tmp_path / "a.pth", checkpoints.with_spectral_norm(Options(184, 1, "more")))
    state = foreign.read(path)
    assert foreign.options_of(state, path).upsampling == "normal" and foreign.options_of(state, path, "more").upsampling == "more"


@pytest.mark.parametrize("kind, layers", [("normal", 5), ("more", 6), ("most", 7)])
def test_the_generator_is_the_paper_s_with_its_steps_written_out(kind, layers):
    network = checkpoints.with_spectral_norm(Options(4, 2, kind))
    segmentation, _ = _inputs(network.options, 2**layers, 2 ** (layers + 1))
    doubled_before = {"normal": {1, 3, 4, 5, 6}, "more": {1, 2, 3, 4, 5, 6}, "most": {1, 2, 3, 4, 5, 6, 7}}[kind]
    with torch.no_grad():
        x = network.fc(F.interpolate(segmentation, size=(1, 2)))
        for k, name in enumerate(BLOCKS[: len(SCALES[kind])]):
            if k in doubled_before:
                x = F.interpolate(x, scale_factor=2)
            x = getattr(network, name)(x, F.interpolate(segmentation, size=x.shape[2:]))
        expected = torch.tanh(network.conv_img(F.leaky_relu(x, 0.2)))
        assert len(doubled_before) == layers and torch.equal(network(segmentation), expected)


def test_normalisation_equals_its_literal_twin():
    torch.manual_seed(0)
    layer = Spade(2, 3).eval()
    layer.param_free_norm.running_mean.normal_()
    layer.param_free_norm.running_var.uniform_(0.5, 2)
    x, segmentation = torch.randn(1, 2, 4, 5), torch.rand(1, 3, 4, 5)

    def convolved(part, source, channel, row, column):
        total = part.bias[channel]
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                if 0 <= row + down < 4 and 0 <= column + right < 5:
                    total = total + part.weight[channel, :, down + 1, right + 1] @ source[:, row + down, column + right]
        return total

    with torch.no_grad():
        hidden = torch.stack([torch.stack([torch.stack([convolved(layer.mlp_shared[0], segmentation[0], c, r, k).relu() for k in range(5)])
                                           for r in range(4)]) for c in range(8)])
        found = layer(x, segmentation)
        for c, r, k in ((0, 0, 0), (1, 2, 3), (0, 3, 4), (1, 0, 2)):
            normalised = (x[0, c, r, k] - layer.param_free_norm.running_mean[c]) / (layer.param_free_norm.running_var[c] + 1e-5).sqrt()
            gain, bias = (convolved(part, hidden, c, r, k) for part in (layer.mlp_gamma, layer.mlp_beta))
            assert found[0, c, r, k].item() == pytest.approx((normalised * (1 + gain) + bias).item(), abs=1e-5)


def test_edges_equal_their_literal_twin():
    torch.manual_seed(1)
    classes = torch.randint(3, (5, 6))
    for wrap in ("", "x", "xy"):
        found = edges(classes[None, None].float(), wrap)[0, 0]
        for row in range(5):
            for column in range(6):
                around = [(row, column + 1), (row, column - 1), (row + 1, column), (row - 1, column)]
                if "x" not in wrap:
                    around = [(r, c) for r, c in around if 0 <= c < 6]
                if "y" not in wrap:
                    around = [(r, c) for r, c in around if 0 <= r < 5]
                assert found[row, column] == any(classes[r % 5, c % 6] != classes[row, column] for r, c in around)


@pytest.mark.parametrize("kind", SCALES)
def test_nothing_beyond_the_reach_touches_a_pixel(kind):
    network = checkpoints.with_spectral_norm(Options(3, 2, kind))
    options = network.options
    long = 2 * options.reach
    segmentation, _ = _inputs(options, options.stride, long)
    changed = segmentation.roll(1, 1)
    changed[..., options.reach:] = segmentation[..., options.reach:]
    with torch.no_grad():
        apart = (network(segmentation) - network(changed)).abs().amax((0, 1, 2))
    assert apart[2 * options.reach - 1] == 0 and options.reach % options.stride == 0
    assert apart[: options.reach].max() > 0 and apart[options.reach + options.stride // 2] > 0


def test_a_wrapping_picture_rolls_with_its_segmentation():
    network = checkpoints.with_spectral_norm(Options(3, 2))
    segmentation, _ = _inputs(network.options, 64, 128)
    for wrap, ways in (("x", (0, 32)), ("xy", (32, 64))):
        set_wrap(network, wrap)
        with torch.no_grad():
            found = network(segmentation.roll(ways, (2, 3)))
            assert (found - network(segmentation).roll(ways, (2, 3))).abs().max() < 1e-5


class Program:
    """What would write a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mknod, (str(self.path),)


@pytest.mark.parametrize("how", ["new", "old", "pickle"])
def test_a_pickle_that_would_run_a_program_never_runs(how, tmp_path):
    path, trace = tmp_path / "latest_net_G.pth", tmp_path / "it ran"
    content = {"fc.weight": torch.zeros(2), "x": Program(trace)}
    if how == "pickle":
        path.write_bytes(pickle.dumps(content["x"]))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == "new")
    with pytest.raises(ForeignError, match="latest_net_G.pth is no checkpoint of numbers alone.*nothing of it was run.$"):
        foreign.read(path)
    assert not trace.exists()
    pickle.loads(pickle.dumps(content["x"]))
    assert trace.exists(), "the program would have run"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A checkpoint of ADE20K's, and what is in it."""
    path = checkpoints.write(tmp_path_factory.mktemp("good") / "good.pth", checkpoints.with_spectral_norm(ADE))
    return path, torch.load(path, weights_only=True)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.7, 0.999])
def test_a_part_of_a_checkpoint_is_refused(good, old, share, tmp_path):
    whole, path = tmp_path / "whole.pth", tmp_path / "part.pth"
    torch.save(good[1], whole, _use_new_zipfile_serialization=not old)
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ForeignError, match="part.pth .*") as refusal:
        foreign.read(path)
    assert "\n" not in str(refusal.value)


def _less(state, name):
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize("change, words", [
    (lambda state: _less(state, "fc.bias"), "fc.bias is missing"),
    (lambda state: _less(state, "up_2.norm_s.param_free_norm.running_var"), "running_var is missing"),
    (lambda state: _less(state, "fc.weight"), "is no checkpoint of SPADE's generator"),
    (lambda state: _less(state, "G_middle_0.conv_1.weight_u"), "the spectral norm of G_middle_0.conv_1.weight is missing"),
    (lambda state: state | {"G_middle_0.conv_1.weight_v": torch.ones(3)}, "is missing or of another shape"),
    (lambda state: state | {"surprise": torch.ones(3)}, "surprise is not one of its tensors"),
    (lambda state: state | {"fc.bias": torch.ones(3)}, "fc.bias is 3, not 32"),
    (lambda state: state | {"fc.bias": torch.ones(())}, "fc.bias is one number, not 32"),
    (lambda state: state | {"fc.bias": torch.full((32,), float("nan"))}, "numbers that no painter works with \\(in fc.bias\\)"),
    (lambda state: state | {"fc.bias": torch.full((32,), 1e6)}, "numbers that no painter works with"),
    (lambda state: state | {"fc.bias": torch.ones(1).expand(10**6, 10**6)}, "claims more numbers than a file of its size holds"),
    (lambda state: state | {"fc.bias": torch.ones(32).to_sparse()}, "is a dictionary of named tensors"),
    (lambda state: state | {7: torch.ones(32)}, "is a dictionary of named tensors"),
    (lambda state: {"weight": torch.ones(3)}, "is no checkpoint of SPADE's generator"),
    (lambda state: {}, "holds no generator"),
    (lambda state: list(state.values()), "holds no generator"),
])  # fmt: skip
def test_what_is_no_generator_is_refused(good, change, words, tmp_path):
    path = tmp_path / "other.pth"
    torch.save(change(dict(good[1])), path)
    with pytest.raises(ForeignError, match=f"other.pth .*{words}") as refusal:
        foreign.options_of(foreign.read(path), path)
    assert "\n" not in str(refusal.value)


def test_classes_that_are_not_known_are_refused(tmp_path):
    path = checkpoints.write(tmp_path / "faces.pth", checkpoints.with_spectral_norm(Options(19, 2)))
    with pytest.raises(ForeignError, match="reads 19 planes.*COCO-Stuff \\(184 or 183\\)"):
        foreign.options_of(foreign.read(path), path)


def test_a_compressed_file_is_not_unpacked(good, tmp_path):
    path = tmp_path / "packed.pth"
    with zipfile.ZipFile(good[0]) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in source.namelist():
            packed.writestr(name, source.read(name))
    with pytest.raises(ForeignError, match="is compressed"):
        foreign.read(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "photo.pth"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    with pytest.raises(ForeignError, match="photo.pth is no checkpoint of numbers alone but a file of another kind"):
        foreign.read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        foreign.read(tmp_path / "nowhere.pth")
    with pytest.raises(OSError):
        foreign.read(tmp_path)


def test_folded_weights_are_read_as_they_are(tmp_path):
    network = Generator(ADE)
    path = checkpoints.write(tmp_path / "folded.pth", network)
    state = foreign.read(path)
    assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())
