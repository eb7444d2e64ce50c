"""The segmenters learn on made-up photographs: the large one to read them, the small one from it; runs go on; the files hold no package's weights."""
import numpy as np
import pytest
import torch

from synth_core import weights as files
from synth_core.training import segmenter
from synth_core.training.config import ConfigError
from synth_core.training.data import Photographs


@pytest.fixture(scope="module")
def cuts(photographs):
    return segmenter.Cuts(Photographs(photographs, "train", segmenter.SIZE))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(segmenter, "SIZE", 64)
    monkeypatch.setattr(segmenter, "BATCH", 4)
    monkeypatch.setattr(segmenter, "WARM", 40)


def right(network, cuts) -> float:
    """Share of pixels that are told to be sky or not as they are; all grounds of the made-up photographs look alike."""
    pictures, maps = cuts.draw(seed=10**6)
    with torch.no_grad():
        found = network.eval()(pictures)[:, 1:].argmax(1) + 1
    step = maps.shape[1] // found.shape[1]
    return float(((found == 1) == (maps[:, step // 2 :: step, step // 2 :: step] == 1)).float().mean())


def test_the_small_one_learns_what_it_is_told(cuts, tmp_path):
    torch.manual_seed(0)
    network = segmenter.Segmenter((16, 16, 16, 16), 1)

    def loss(pictures, maps):
        told = torch.nn.functional.one_hot(maps[:, 1::2, 1::2], 23).permute(0, 3, 1, 2) * 9.0
        return segmenter.distilled(network(pictures), told, maps)

    before = right(network, cuts)
    averaged = segmenter.learn(network, [(network.parameters(), 1e-2)], cuts, loss, 320, tmp_path)
    assert right(averaged, cuts) > max(0.9, before + 0.2)


def test_a_run_goes_on_where_it_stopped(cuts, tmp_path):
    network, seen = torch.nn.Conv2d(3, 23, 4, 4), []

    def loss(pictures, maps):
        seen.append(float(pictures.sum()))
        return segmenter._misread(network(pictures), maps)

    rates = [(list(network.parameters()), 1e-3)]
    segmenter.learn(network, rates, cuts, loss, 12, tmp_path)
    halved, seen[:] = list(seen), []
    segmenter.learn(network, rates, cuts, loss, 20, tmp_path)
    assert len(seen) == 2 and not set(seen) & set(halved)
    other = segmenter.Segmenter((8, 8, 8, 8), 1)
    with pytest.raises(ConfigError, match="give another --out"):
        segmenter.learn(other, [(other.parameters(), 1e-3)], cuts, loss, 20, tmp_path)


def test_the_large_one_is_kept_as_what_it_learned_alone(cuts, tmp_path):
    network = segmenter.Large()
    assert all(not np.any(value) for key, value in network.learned().items() if key.startswith("upper."))
    with torch.no_grad():
        for parameter in network.upper.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    files.write(tmp_path / files.LARGE_SEGMENTER, network.learned())
    again = segmenter.LargeSegmenter(tmp_path, 0)
    picture = torch.rand(1, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        expected = network.eval()(picture)[0].numpy()
    assert np.abs(again._read(picture.numpy()) - expected).max() < 0.02 * np.abs(expected).max()


def test_a_run_begins_from_the_segmenters_of_the_weights(cuts, tmp_path):
    network, small = segmenter.Large(), segmenter.Segmenter((8, 8, 8, 8), 1)
    torch.nn.init.normal_(network.decoder.name.bias)
    files.write(tmp_path / files.LARGE_SEGMENTER, network.learned())
    files.write(tmp_path / files.SEGMENTER[1], {f"segmenter.{key}": value.numpy() for key, value in small.state_dict().items()})
    begun = segmenter.Large()
    segmenter._begin(begun, tmp_path, cuts)
    assert torch.allclose(begun.decoder.name.bias, network.decoder.name.bias, atol=1e-3)
    assert torch.equal(segmenter._small(tmp_path).read.weight, small.read.weight)
    files.write(tmp_path / files.LARGE_SEGMENTER, {"decoder.other": np.zeros(3, np.float32)})
    with pytest.raises(files.WeightsError, match="another version's segmenter"):
        segmenter._begin(segmenter.Large(), tmp_path, cuts)


def test_the_large_one_learns(cuts, tmp_path):
    torch.manual_seed(0)
    network = segmenter.Large()
    rates = [(network.decoder.parameters(), 2e-3), (network.upper.parameters(), 2e-4)]
    before = network.upper[0]._project_conv.weight.clone()
    averaged = segmenter.learn(network, rates, cuts, lambda pictures, maps: segmenter._misread(network(pictures), maps), 120, tmp_path)
    assert right(averaged, cuts) > 0.9 and not torch.equal(before, network.upper[0]._project_conv.weight)
    assert not any(parameter.requires_grad for parameter in network.backbone.net._blocks[0].parameters())


def test_where_torch_runs_out_of_memory_the_large_one_says_so_as_the_small_one_does():
    def full(picture):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    large = object.__new__(segmenter.LargeSegmenter)
    large._network = full
    with pytest.raises(MemoryError):
        large.label(np.zeros((64, 64, 3), np.uint8))
