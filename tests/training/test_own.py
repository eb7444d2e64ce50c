"""Training on one's own photographs: the command from end to end on a few made-up ones, what stays as it was, and what is refused."""
from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from synth_core import weights as files
from synth_core.cli import main
from synth_core.export import add_looks, export, present
from synth_core.models.composition import Composition
from synth_core.models.detail import Detail
from synth_core.models.discriminator import Discriminator, PixelHead
from synth_core.models.encoder import Encoder
from synth_core.styles import Styles
from synth_core.training import config, own, own_photographs
from synth_core.training.backbone import TAPS
from synth_core.training.data import DataError


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A weights folder of tiny networks with their judges, a bank of 20 styles and two looks."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    composition = Composition(channels=(16, 16, 8, 8, 8, 8, 8), label_channels=(8,) * 7)
    detail = Detail(channels=(16, 8, 8), label_channels=(8, 8, 8))
    export(composition.eval(), detail.eval(), Encoder().state_dict(), torch.randn(20, 23, 64), folder, "tiny")
    add_looks(folder, ("dusk", "noon"), torch.randn(2, 23, 64))
    judges = {"discriminator": Discriminator(), "pixel_head": PixelHead()}
    tensors = {f"{stage}.{name}.{key}": value.half().numpy() for stage in ("composition", "detail") for name, network in judges.items()
               for key, value in network.state_dict().items()}
    tensors |= {f"{stage}.deviation{k}": np.ones((1, width, 1, 1), np.float16) for stage in ("composition", "detail")
                for k, width in enumerate(TAPS.values())}
    files.write(folder / files.JUDGES, tensors)
    present(folder, "Tiny", "")
    return folder


@pytest.fixture
def mine(tmp_path, pictures_in):
    """A folder of four photographs with maps, among other files."""
    folder = tmp_path / "Karst"
    folder.mkdir()
    pictures_in(folder, [f"p{k}" for k in range(4)], (160, 144))
    (folder / "notes.txt").write_text("not a photograph")
    return folder


@pytest.fixture
def small(monkeypatch):
    """The run, small."""
    load = config.load
    monkeypatch.setattr(config, "load", lambda name: replace(load(name), size=128))


def command(weights, data, out, *options):
    return main(["train", "--from", str(weights), "--data", str(data), "--out", str(out), "--steps", "2", *options])


def test_the_command_from_end_to_end(weights, mine, tmp_path, small, capsys):
    out = tmp_path / "mine"
    assert command(weights, mine, out, "--licence", "For us alone.", "--zip") == 0
    said = capsys.readouterr().out
    assert "mine: weights to install" in said and "mine.zip" in said and (tmp_path / "mine.zip").is_file()
    after = files.load(out)
    assert (after.name, after.licence) == ("Karst", "For us alone.") and files.THUMBNAIL in after.sums
    assert Image.open(out / files.THUMBNAIL).size == (192, 192)
    assert after.looks == ("dusk", "noon", "Karst") and "2 steps on 4 own photographs" in after.version
    assert len(list((out / own.FOLDER / "sheets").glob("*.png"))) == 1 and not (out / own.FOLDER / "checkpoint.pt").exists()

    old, new = files.read(weights / files.TENSORS), files.read(out / files.TENSORS)
    changed = {name for name in new if name not in old or not np.array_equal(old[name], new[name])}
    assert {name.split(".")[0] for name in changed} == {"composition", "styles"}
    painter = {name.removeprefix("composition.") for name in changed if name.startswith("composition.")}
    assert painter and all(name.startswith(own.LEARNS) or ".style." in name for name in painter)
    assert all(np.array_equal(Styles(out).look(name), Styles(weights).look(name)) for name in ("dusk", "noon"))
    assert (out / files.JUDGES).read_bytes() == (weights / files.JUDGES).read_bytes()


def test_seeds_draw_from_the_photographs_and_the_former_styles():
    former, mine = np.zeros((300, 23, 64)), np.arange(1, 8)[:, None, None] * np.ones((7, 23, 64))
    bank = own._bank(former, mine)
    counts = np.unique(bank[:, 0, 0], return_counts=True)[1]
    assert bank.shape == (own.BANK, 23, 64) and abs(counts[0] - (1 - own.OWN_SHARE) * own.BANK) <= 1
    assert counts[1:].max() - counts[1:].min() <= 1


def test_what_is_to_be_remembered_pulls_the_painter_back(weights, mine, tmp_path):
    loop = own.OwnLoop(replace(config.load(own.RUN), size=128), weights, mine, tmp_path, "cpu")
    loop.resume(weights)
    teacher, maps = loop.teacher, torch.full((2, 128, 128), 12)
    assert float(teacher._memory(maps).detach()) < 1e-3
    painter = teacher.learners["composition"]
    with torch.no_grad():
        painter.rgb[-1].bias += 0.3
    told = []
    optimiser = torch.optim.Adam([painter.rgb[-1].bias], lr=0.1)
    for _ in range(3):
        loss = teacher._memory(maps)
        told.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert told[0] > 0.1 and told[-1] < 0.7 * told[0]


def test_a_stopped_run_goes_on_and_another_s_is_not_taken(weights, mine, tmp_path, small):
    run = replace(config.load(own.RUN), images=2)
    loop = own.OwnLoop(run, weights, mine, tmp_path / "out" / own.FOLDER, "cpu")
    loop.claim(files.load(weights).sha256)
    loop.resume(weights)
    loop.train()
    again = own.OwnLoop(replace(run, images=4), weights, mine, tmp_path / "out" / own.FOLDER, "cpu")
    again.claim(files.load(weights).sha256)
    again.resume(weights)
    assert again.step == 1 and all(torch.equal(value, again.averaged["composition"].state_dict()[key])
                                   for key, value in loop.averaged["composition"].state_dict().items())
    (mine / "p3.webp").rename(mine / "other.webp")
    (mine / "p3.png").rename(mine / "other.png")
    with pytest.raises(DataError, match="unfinished run of other photographs"):
        own.OwnLoop(run, weights, mine, tmp_path / "out" / own.FOLDER, "cpu").claim(files.load(weights).sha256)


def test_photographs_are_told_from_maps_and_turned_upright(mine, tmp_path, weights):
    lone = Image.open(mine / "p0.webp").convert("RGB").rotate(90, expand=True)
    (mine / own_photographs.MAPS).mkdir()
    (mine / "p0.png").rename(mine / own_photographs.MAPS / "p0.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    lone.save(mine / "p0.webp", lossless=True, exif=exif)
    assert [path.name for path in own_photographs.photographs(mine)] == [f"p{k}.webp" for k in range(4)]
    found = own_photographs.OwnPhotographs(mine, 64, weights)
    assert found.pairs[0][0].size == found.pairs[0][1].size == found.pairs[1][0].size
    assert np.asarray(found.pairs[0][1]).max() == 12


def test_a_photograph_without_a_map_is_labelled(mine, weights, monkeypatch):
    class Water:
        @staticmethod
        def label(picture):
            return np.full(picture.shape[:2], 12, np.uint8)

    monkeypatch.setattr(own_photographs.segmenter, "best", lambda folder: Water)
    (mine / "p1.png").unlink()
    found = own_photographs.OwnPhotographs(mine, 64, weights)
    assert np.unique(found.pairs[1][1]).tolist() == [12] and len(np.unique(found.pairs[0][1])) == 2


def no_photographs(mine):
    shutil.rmtree(mine)
    mine.mkdir()


def too_few(mine):
    (mine / "p3.webp").unlink()


def a_map_of_another_size(mine):
    Image.open(mine / "p1.png").resize((100, 90)).save(mine / "p1.png")


def a_tiny_photograph(mine):
    for ending in ("webp", "png"):
        Image.open(mine / f"p1.{ending}").resize((100, 90)).save(mine / f"p1.{ending}")


def no_map(mine):
    (mine / "p2.png").unlink()


def a_damaged_photograph(mine):
    (mine / "p1.webp").write_bytes(b"no image")


@pytest.mark.parametrize(
    "damage, words",
    [
        (no_photographs, "holds 0 photographs"), (too_few, "holds 3 photographs"), (shutil.rmtree, "There is no folder"),
        (a_map_of_another_size, "p1.png has 100 x 90 pixels, its photograph p1.webp upright 160 x 144"),
        (a_tiny_photograph, "p1.webp has 100 x 90 pixels"), (a_damaged_photograph, "p1.webp is no image file"), (no_map, "p2.webp has no label map, and the weights"),
    ],
)  # fmt: skip
def test_bad_photographs_are_told_in_one_sentence(weights, mine, tmp_path, capsys, damage, words):
    if damage is too_few:
        (mine / "p3.png").unlink()
    damage(mine)
    assert command(weights, mine, tmp_path / "out") == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert words in said and said.startswith("synth_core: ") and not (tmp_path / "out").exists()


def test_bad_weights_and_options_are_told_in_one_sentence(weights, mine, tmp_path, capsys):
    copy = shutil.copytree(weights, tmp_path / "copy")
    (copy / files.JUDGES).unlink()
    former = shutil.copytree(weights, tmp_path / "former")
    files.write(former / files.TENSORS, {name: array for name, array in files.read(former / files.TENSORS).items() if name != "encoder.usual"})
    manifest = json.loads((former / files.MANIFEST).read_text())
    manifest["sha256"][files.TENSORS] = files.sha256(former / files.TENSORS)
    (former / files.MANIFEST).write_text(json.dumps(manifest))
    for arguments, words in (
        ((former, mine, tmp_path / "out"), "encoder is another version's"),
        ((tmp_path / "none", mine, tmp_path / "out"), "There are no weights in"),
        ((copy, mine, tmp_path / "out"), "lacks discriminator.safetensors"),
        ((weights, mine, weights), "name another folder"),
        ((weights, mine, tmp_path / "out", "--run", "detail"), "--run does not go with --from"),
    ):
        assert command(*arguments) == 2
        assert words in capsys.readouterr().err
    assert main(["train", str(mine), "--out", str(tmp_path / "out"), "--name", "x"]) == 2 and "--name needs --from" in capsys.readouterr().err
    assert main(["train", "--out", str(tmp_path / "out")]) == 2 and "--data" in capsys.readouterr().err
