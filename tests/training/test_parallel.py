"""Many processes learn as one would: two gloo processes started by torchrun, against one process on the joint batch."""
import os
import random
import subprocess
import sys
from pathlib import Path

import torch

from joint import taught
from synth_core.cli import main
from synth_core.training import parallel

HERE = Path(__file__).parent


def torchrun(*words, processes=2):
    """Run a Python script or module with its arguments in processes of one thread each; returns what they printed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), *map(str, words)]
    surroundings = os.environ | {"PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=HERE.parents[1], env=surroundings, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_two_processes_gradients_are_one_s_on_the_joint_batch(photographs, tmp_path, monkeypatch):
    torchrun(HERE / "joint.py", photographs, tmp_path / "grads")
    monkeypatch.setattr(random, "random", lambda: 0.9)
    one = taught(photographs, None)
    half = taught(photographs, 0)
    first, second = (torch.load(tmp_path / f"grads.{rank}") for rank in (0, 1))
    away = 0
    for name, wanted in one.items():
        assert torch.equal(first[name], second[name])
        assert (first[name] - wanted).norm() <= 5e-3 * wanted.norm() + 1e-7, name
        away += (half[name][: len(wanted)] - wanted).norm() > 0.05 * wanted.norm()
    assert away > len(one) / 2  # half of the batch would not have been enough


def test_a_step_that_wraps_meets_the_others_as_often(photographs, monkeypatch):
    """Each process wraps or not by itself, so that a meeting which only one of both kinds of step has would leave processes waiting."""
    meetings = []
    monkeypatch.setattr(parallel, "average", lambda tensor: meetings.append(tensor.shape) or tensor)
    monkeypatch.setattr(parallel, "average_gradients", lambda parameters: meetings.append("gradients"))
    met = []
    for chance in (0.9, 0.0):
        meetings.clear()
        monkeypatch.setattr(random, "random", lambda: chance)
        taught(photographs, 0)
        met.append(list(meetings))
    assert met[0] == met[1] and len(met[0]) > 5


def test_torchrun_trains_one_run(photographs, tmp_path):
    run = tmp_path / "small.toml"
    run.write_text('stage = "composition"\nsize = 128\nbatch = 2\nwarm_up = 1\n')
    torchrun("-m", "--", "synth_core", "train", photographs, "--out", tmp_path / "run", "--run", run, "--images", 8, "--threads", 1)
    state = torch.load(tmp_path / "run" / "checkpoint.pt")
    assert state["seen"] == 8 and state["step"] == 2
    assert len(list((tmp_path / "run" / "sheets").iterdir())) == 1
    assert main(["train", str(photographs), "--out", str(tmp_path / "run"), "--run", str(run), "--images", "10"]) == 0


def test_alone_nothing_is_averaged_or_gathered():
    tensor = torch.ones(2)
    assert parallel.average(tensor) is tensor and parallel.gather(tensor) is tensor
    assert (parallel.count(), parallel.rank(), parallel.told(3.0)) == (1, 0, 3.0)
