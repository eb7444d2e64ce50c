"""The Flamenco job type: the tasks that it compiles a job to, in a JavaScript interpreter with a stand-in for Flamenco's functions."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import quickjs

SCRIPT = Path(__file__).parents[2] / "scripts" / "flamenco" / "veduta_paint.js"
# After https://flamenco.blender.org/usage/job-types/: tasks have a name, a type and commands; commands have a name and parameters.
AUTHOR = """
const author = {
    Task: (name, type) => ({ name, type, commands: [], addCommand(command) { this.commands.push(command); } }),
    Command: (name, parameters) => ({ name, parameters }),
};
function compiled(settings) {
    const job = { settings, tasks: [], addTask(task) { this.tasks.push(task); } };
    compileJob(job);
    return JSON.stringify(job.tasks);
}
"""


def numbers(frames: str) -> list[int]:
    """The frames that a text such as "3, 5-7" names."""
    ends = [tuple(map(int, part.split("-"))) for part in frames.replace(" ", "").split(",")]
    return [number for pair in ends for number in range(pair[0], pair[-1] + 1)]


def chunks(frames: str, size: int) -> list[str]:
    """As Flamenco's frameChunker: texts of at most `size` frames; two neighbours as "4,5", more as "4-6"."""
    found = []
    for start in range(0, len(numbers(frames)), size):
        runs: list[list[int]] = []
        for number in numbers(frames)[start:start + size]:
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        found.append(",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs))
    return found


@pytest.fixture
def script():
    context = quickjs.Context()
    context.add_callable("chunkTexts", lambda frames, size: json.dumps(chunks(frames, size)))
    context.eval("function frameChunker(frames, size) { return JSON.parse(chunkTexts(frames, size)); }" + AUTHOR)
    context.eval(SCRIPT.read_text("utf-8"))
    return context


def tasks(script, **settings) -> list[dict]:
    given = {"frames": "1-10", "chunk_size": 4, "skip_existing": True, "blendfile": "/shared/shot 1.blend"} | settings
    return json.loads(script.eval(f"compiled({json.dumps(given)})"))


def command_line(command: dict) -> list[str]:
    """What a worker runs (https://flamenco.blender.org/usage/jobs-tasks-commands/commands/), its variables as a manager sets them first."""
    given = command["parameters"]
    words = [given["exe"], *given["exeArgs"].split(), *given["argsBefore"], given["blendfile"], *given["args"]]
    return [part for word in words for part in {"{blender}": ["blender"], "{blenderArgs}": ["-b", "-y"]}.get(word, [word])]


def test_every_chunk_is_a_task_of_blender(script):
    found = tasks(script)
    assert [(task["name"], task["type"]) for task in found] == [("paint-1-4", "blender"), ("paint-5-8", "blender"), ("paint-9,10", "blender")]
    lines = [command_line(command) for task in found for command in task["commands"]]
    assert lines == [["blender", "-b", "-y", "/shared/shot 1.blend", "--command", "veduta", "paint-frames", frames, "--skip-existing"]
                     for frames in ("1:4", "5:8", "9:10")]
    assert {command["name"] for task in found for command in task["commands"]} == {"blender-render"}


@pytest.mark.parametrize("frames, size", [("7", 10), ("1-250", 7), ("3, 5-10, 47-60", 4), ("1, 2, 4, 6-7, 9", 100)])
def test_tasks_paint_every_frame_once(script, frames, size):
    painted = []
    for task in tasks(script, frames=frames, chunk_size=size):
        ranges = [tuple(map(int, command["parameters"]["args"][3].split(":"))) for command in task["commands"]]
        assert all(later[0] > former[1] + 1 for former, later in zip(ranges, ranges[1:])), "neighbours are one range"
        assert sum(last - first + 1 for first, last in ranges) <= size
        painted += [number for first, last in ranges for number in range(first, last + 1)]
    assert painted == numbers(frames)


def test_frames_are_painted_anew_when_asked(script):
    commands = [command for task in tasks(script, skip_existing=False) for command in task["commands"]]
    assert commands and not any("--skip-existing" in command_line(command) for command in commands)


def test_the_settings_are_those_that_the_tasks_need(script):
    settings = {setting["key"]: setting for setting in json.loads(script.eval("JSON.stringify(JOB_TYPE)"))["settings"]}
    used = set(re.findall(r"settings\.(\w+)", SCRIPT.read_text("utf-8")))
    assert set(settings) == used
    assert all(setting.get("required") or "default" in setting for setting in settings.values())
    assert settings["chunk_size"]["default"] >= 1 and settings["skip_existing"]["default"] is True


def test_the_command_is_the_extensions_own():
    command = (SCRIPT.parents[2] / "blender_addon" / "command.py").read_text("utf-8")
    assert 'NAME = "veduta"' in command and '"paint-frames"' in command and '"--skip-existing"' in command
