"""Faults of files and of what comes from outside: each is told in a sentence, and nothing that was there is lost."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import faults

ROOT = Path(__file__).resolve().parents[2]
FEW = 2000  # of the benchmark's 100,000


@pytest.mark.parametrize("fuzz", [faults.fuzz_frames, faults.fuzz_maps, faults.fuzz_weights])
def test_damaged_input_is_refused_or_harmless(fuzz):
    refused, harmless = fuzz(FEW)
    assert refused > FEW // 4 and refused + harmless == FEW


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_full_disk_leaves_the_old_painting_and_no_half_one(tmp_path):
    """The limit of a file's size stands for the disk's."""
    from PIL import Image

    Image.fromarray(np.full((64, 64), 7, np.uint8)).save(tmp_path / "map.png")
    (tmp_path / "out.png").write_bytes(b"old")
    program = ("import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
               "from synth_core.cli import main; sys.exit(main(sys.argv[1:]))")
    done = subprocess.run([sys.executable, "-c", program, "paint", tmp_path / "map.png", "-o", tmp_path / "out.png"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 2 and "out.png can't be read or written" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert (tmp_path / "out.png").read_bytes() == b"old" and sorted(path.name for path in tmp_path.iterdir()) == ["map.png", "out.png"]


def test_a_user_folder_that_can_t_be_written_is_told(open_session, make_request, tmp_path):
    (tmp_path / "file").touch()
    job = open_session(log=tmp_path / "file" / "painter.log").start(make_request())
    assert job.state == "failed" and "can't be started" in job.problem.message and "user folder" in job.problem.mend
