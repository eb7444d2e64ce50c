"""A Python of the user's own: found good, or told what it lacks, by running it."""
from __future__ import annotations

import importlib.util
import json
import stat
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("own_python", Path(__file__).parents[2] / "blender_addon" / "own_python.py")
own_python = importlib.util.module_from_spec(spec)
sys.modules["own_python"] = own_python
spec.loader.exec_module(own_python)


@pytest.fixture
def pretend(tmp_path):
    """Makes a program that answers as a Python would."""
    if sys.platform == "win32":
        pytest.skip("a script is no program on Windows")

    def make(answer: object) -> str:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\necho 'noise'\necho 'VEDUTA{json.dumps(answer)}'\n" if answer is not None else "#!/bin/sh\necho hello\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(program)

    return make


def test_a_good_python_is_named(pretend):
    found = own_python.Check(pretend({"python": [3, 12, 1], "numpy": "2", "torch": "2.13.0+cu128", "device": "GeForce"})).wait()
    assert str(found) == "Python 3.12.1 with torch 2.13.0+cu128 paints on GeForce"


def test_this_python_is_judged():
    if importlib.util.find_spec("torch") is None:
        with pytest.raises(own_python.PythonError, match="can't load torch"):
            own_python.Check(sys.executable).wait()
    else:
        assert own_python.Check(sys.executable).wait().device


@pytest.mark.parametrize("answer, words", [
    (None, "is no Python"),
    ({"python": [2, 7, 18], "error": "x"}, "Python 2.7.18 is too old; 3.10 or later"),
    ({"python": [3, 12, 1], "error": "ImportError: no numpy"}, "can't load numpy .* pip install"),
    ({"python": [3, 12, 1], "numpy": "2", "error": "ImportError: no torch"}, "can't load torch .* pip install"),
    ({"python": [3, 12, 1], "numpy": "2", "torch": "1.13.1", "device": "cpu"}, "torch 1.13.1 is too old"),
])
def test_a_python_that_can_t_paint_is_told_why(pretend, answer, words):
    with pytest.raises(own_python.PythonError, match=words):
        own_python.Check(pretend(answer)).wait()


def test_what_is_no_program_is_told(tmp_path):
    (tmp_path / "text").write_text("hello")
    for path, words in (("", "No Python is chosen"), (str(tmp_path / "none"), "There is no file"), (str(tmp_path), "There is no file"),
                        (str(tmp_path / "text"), "can't be run")):
        with pytest.raises(own_python.PythonError, match=words):
            own_python.Check(path)


def test_silence_is_not_waited_for_for_ever(pretend, monkeypatch):
    monkeypatch.setattr(own_python, "PATIENCE", 0.2)
    path = pretend(None)
    Path(path).write_text("#!/bin/sh\nexec sleep 30\n")
    check = own_python.Check(path)
    with pytest.raises(own_python.PythonError, match="gave no answer"):
        check.wait()
    assert check._process.returncode is not None
