"""Files that several machines write: whole or not at all, and each by one at a time."""
from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synth_core import files

ROOT = Path(__file__).parents[2]


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "shot_0001.png"


def lock_of(target: Path) -> Path:
    return target.with_name("shot_0001.png.lock")


def age(target: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(lock_of(target), (then, then))


def test_a_write_that_fails_keeps_what_was_there_and_leaves_nothing(target, monkeypatch):
    files.write_whole(target, b"before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        files.write_whole(target, b"after")
    assert caught.value.filename == str(target)
    assert target.read_bytes() == b"before" and os.listdir(target.parent) == [target.name]


def test_one_holds_a_file_until_it_releases_it(target):
    with files.claim(target):
        assert files.claim(target) is None
        assert os.listdir(target.parent) == [lock_of(target).name]
    assert os.listdir(target.parent) == []
    assert files.claim(target) is not None


def test_a_lock_of_another_machine_counts_while_it_is_renewed(target):
    lock_of(target).write_text("elsewhere 1 x")
    age(target, files.STALE_SECONDS - 20)
    assert files.claim(target) is None
    age(target, files.STALE_SECONDS + 20)
    assert files.claim(target) is not None


def test_renewing_keeps_a_lock(target):
    lock = files.claim(target)
    lock_of(target).write_text(lock_of(target).read_text().replace(str(os.getpid()), "?"))  # so that age alone decides
    age(target, files.STALE_SECONDS + 20)
    lock.renew()
    assert files.claim(target) is None


def test_a_lock_of_a_process_that_died_counts_no_more(target):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    lock_of(target).write_text(f"{files.machine()} {child.pid} x")
    with files.claim(target):
        assert files.claim(target) is None


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="Linux alone tells such machines apart")
def test_a_lock_of_another_machine_or_container_of_the_same_name_counts(target):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    name, boot, processes = files.machine().split("/")
    for other in (name, f"{name}/another/{processes}", f"{name}/{boot}/1"):
        lock_of(target).write_text(f"{other} {child.pid} x")
        assert files.claim(target) is None


@pytest.mark.parametrize("text", ["", "nonsense", f"{files.machine()} {10**30} x", "\N{SNOWMAN} 1 2"])
def test_a_lock_that_says_nothing_counts_by_its_age(target, text):
    lock_of(target).write_text(text, "utf-8")
    assert files.claim(target) is None
    age(target, files.STALE_SECONDS + 20)
    assert files.claim(target) is not None


def test_whoever_was_taken_over_leaves_the_other_its_lock(target):
    former = files.claim(target)
    lock_of(target).write_text("elsewhere 1 x")
    former.release()
    assert lock_of(target).exists()
    lock_of(target).unlink()
    former.renew()  # gone altogether: no complaint
    former.release()


def test_of_many_processes_one_gets_the_file(target):
    """All of them find a stale lock at once."""
    lock_of(target).write_text("elsewhere 1 x")
    age(target, files.STALE_SECONDS + 20)
    program = ("import sys; from pathlib import Path; from synth_core import files; target = Path(sys.argv[1]); sys.stdin.readline()\n"
               "lock = files.claim(target); print(lock is not None, flush=True); sys.stdin.readline()")
    crowd = [subprocess.Popen([sys.executable, "-c", program, str(target)], cwd=ROOT, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for child in crowd:
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.stdout.readline().strip() for child in crowd]
    for child in crowd:
        child.communicate("end\n")
    assert answers.count("True") == 1


@pytest.mark.skipif(os.name != "posix", reason="a limit of POSIX systems stands for a full disk")
def test_a_full_disk_leaves_no_empty_lock(target):
    program = ("import resource, sys; from pathlib import Path; from synth_core import files\n"
               "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); files.claim(Path(sys.argv[1]))")
    child = subprocess.run([sys.executable, "-c", program, str(target)], cwd=ROOT, text=True, capture_output=True)
    assert f"File too large: '{lock_of(target)}'" in child.stderr and os.listdir(target.parent) == []


def test_where_no_lock_can_be_made_the_lock_is_named(tmp_path):
    with pytest.raises(OSError) as caught:
        files.claim(tmp_path / "nowhere" / "shot_0001.png")
    assert "shot_0001.png.lock" in str(caught.value.filename)
