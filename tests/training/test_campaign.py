"""A campaign rehearsed with a tiny network: packed, unpacked elsewhere, killed in the middle and resumed, split, joined, exported, painted."""
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from synth_core.cli import main
from synth_core.painter import Painter
from synth_core.request import Request
from synth_core.training import campaign, config

ROOT = Path(__file__).parents[2]
# The trainer with a tiny composition, a checkpoint and a line of the log after every step.
TINY = """
import sys, pathlib, efficientnet_lite_pytorch
import synth_core.training.composition as composition, synth_core.training.loop as loop
from synth_core.cli import main
assert pathlib.Path(efficientnet_lite_pytorch.__file__).is_relative_to(sys.argv[1])
composition.build = lambda levels: composition.Composition((16,) * levels, (8,) * levels, 2)
loop.CHECKPOINT_EVERY, loop.LOG_EVERY = 0, 1
sys.exit(main(sys.argv[2:]))
"""


def there(machine, *words):
    """The trainer as a process of the other machine, whose packages are those that were carried."""
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join([str(machine / "data" / campaign.SITE), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", TINY, str(machine), "train", str(machine / "data"), *map(str, words)], env=surroundings)


def written(path, seconds=100):
    end = time.monotonic() + seconds
    while not path.is_file():
        assert time.monotonic() < end
        time.sleep(0.05)
    return torch.load(path)


def toml(folder, stage):
    path = folder / f"{stage}.toml"
    path.write_text(f'stage = "{stage}"\nsize = 128\nbatch = 2\nwarm_up = 1\n')
    return path


@pytest.fixture(scope="module")
def packed(photographs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("here") / "carry"
    assert main(["campaign", "pack", str(photographs), "--out", str(folder), "--mib", "9", "--short", "64", "--large-mib", "0.01"]) == 0
    return sorted(folder.glob("*.zip"))


def test_a_campaign_from_the_photographs_to_a_painting(packed, tmp_path):
    assert len(packed) > 1 and all(path.stat().st_size <= 9 << 20 for path in packed)
    machine, back = tmp_path / "machine", tmp_path / "back"
    for part in packed:  # one call a part
        assert main(["campaign", "unpack", str(part), "--out", str(machine / "data")]) == 0

    words = ["--out", machine / "first", "--run", toml(tmp_path, "composition"), "--workers", 1]
    first = there(machine, *words)
    killed_at = written(machine / "first" / "checkpoint.pt")["seen"]
    first.kill()
    first.wait()
    assert there(machine, *words, "--images", killed_at + 6).wait() == 0
    assert torch.load(machine / "first" / "checkpoint.pt")["seen"] == killed_at + 6
    assert main(["campaign", "split", str(machine / "first" / "checkpoint.pt"), "--out", str(back), "--mib", "1"]) == 0

    words = ["--out", machine / "second", "--run", toml(tmp_path, "detail"), "--composition", machine / "first" / "checkpoint.pt", "--images", 4]
    assert there(machine, *words).wait() == 0
    assert main(["campaign", "split", str(machine / "second" / "checkpoint.pt"), "--out", str(back), "--mib", "1"]) == 0
    assert {"composition.jpg", "composition.jsonl", "detail.jpg"} <= {path.name for path in back.iterdir()}
    shutil.rmtree(machine)

    joined, weights = tmp_path / "joined", tmp_path / "weights"
    assert main(["campaign", "join", str(back), "--out", str(joined)]) == 0
    assert main(["export", str(joined / "composition.pt"), "--detail", str(joined / "detail.pt"), "--out", str(weights)]) == 0
    painted = Painter(weights).paint(Request(np.full((64, 64), 1, np.uint8), 0)).picture
    assert painted.shape == (64, 64, 3)


def test_photographs_that_are_large_come_reduced_and_large(packed, photographs, tmp_path):
    campaign.unpack(packed, tmp_path)
    assert min(Image.open(tmp_path / "p0.webp").size) == 64 == min(Image.open(tmp_path / "p0.png").size)
    large = list((tmp_path / "hires").iterdir())
    assert 0 < len(large) < 8 and min(Image.open(large[0]).size) == 80
    assert np.array_equal(np.unique(Image.open(tmp_path / "p3.png")), np.unique(Image.open(photographs / "p3.png")))


def test_photographs_of_which_there_is_more_come_large_too(photographs, tmp_path):
    folder = shutil.copytree(photographs, tmp_path / "data")
    (folder / "hires").mkdir()
    Image.open(folder / "p0.webp").resize((192, 160)).save(folder / "hires" / "p0.webp")
    campaign.unpack(campaign.pack(folder, tmp_path / "carry", 9, 80, 90, 1), tmp_path / "there")
    assert [path.name for path in (tmp_path / "there" / "hires").iterdir()] == ["p0.webp"]
    assert Image.open(tmp_path / "there" / "hires" / "p0.webp").size == (192, 160)


def a_checkpoint(folder, number=1.0):
    folder.mkdir(exist_ok=True)
    networks = {"discriminator": {"w": torch.ones(3000)}, "pixel_head": {"w": torch.ones(2)}}
    painter = {"composition": {"w": torch.full((3000,), number)}}
    state = {"learners": networks | painter, "averaged": painter, "extras": {}, "run": {"stage": "composition"}, "seen": 4, "step": 1, "minutes": 0.5}
    torch.save(state, folder / "checkpoint.pt")
    return folder / "checkpoint.pt"


def test_what_comes_back_damaged_or_not_at_all_is_named(tmp_path):
    parts = campaign.split(a_checkpoint(tmp_path / "run"), tmp_path / "back", 0.004)
    assert len(parts) > 2 and all(part.stat().st_size <= 0.004 * (1 << 20) for part in parts)
    (joined,) = campaign.join(tmp_path / "back", tmp_path / "joined")
    assert torch.load(joined)["learners"]["composition"]["w"].dtype == torch.float32
    whole = parts[1].read_bytes()
    parts[1].write_bytes(whole[:-1] + b"?")
    with pytest.raises(config.ConfigError, match="damaged"):
        campaign.join(tmp_path / "back", tmp_path / "joined")
    parts[1].unlink()
    with pytest.raises(config.ConfigError, match="number 1 is missing"):
        campaign.join(tmp_path / "back", tmp_path / "joined")
    with pytest.raises(config.ConfigError, match="no part"):
        campaign.join(tmp_path / "run", tmp_path / "joined")


def test_a_run_that_diverged_is_not_brought_back(tmp_path):
    with pytest.raises(config.ConfigError, match="diverged"):
        campaign.split(a_checkpoint(tmp_path / "run", 1e9), tmp_path / "back", 1)


def test_a_part_that_was_cut_short_is_named(packed, tmp_path, capsys):
    (tmp_path / "data-0.zip").write_bytes(packed[-1].read_bytes()[:-30])
    assert main(["campaign", "unpack", str(tmp_path / "data-0.zip"), "--out", str(tmp_path / "data")]) == 2
    assert "carry it again" in capsys.readouterr().err


def test_parts_too_small_for_what_they_hold_are_refused(photographs, tmp_path, capsys):
    assert main(["campaign", "pack", str(photographs), "--out", str(tmp_path / "carry"), "--mib", "1"]) == 2
    assert "the parts are smaller" in capsys.readouterr().err
