"""What blind trials share: their command line, `make` and `mark`, and numbered answers. What is shown, and what answers tell, is each trial's own."""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from synth_core.training.data import DataError
from synth_core.weights import WeightsError

ROOT = Path(__file__).resolve().parents[1]


class TrialError(ValueError):
    """What was given can't be used; the message is one sentence."""


def command_line(about: str, count: int, counted: str, make: Callable[[Path, Path, Path, int], None], mark: Callable[[dict, str], str]) -> None:
    """Run one of a trial's two commands. `about` is the trial's docstring; `make` takes the photographs, the folder for the sheets, the weights and
    how many (`counted` says of what); `mark` takes the key and the text of the answers, and returns what is to be printed."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make")
    making.add_argument("data", type=Path)
    making.add_argument("folder", type=Path)
    making.add_argument("--weights", type=Path, default=ROOT / "weights")
    making.add_argument("--count", type=int, default=count, help=f"{counted} (default {count})")
    making.set_defaults(command=lambda a: make(a.data, a.folder, a.weights, a.count))
    marking = commands.add_parser("mark")
    marking.add_argument("key", type=Path)
    marking.add_argument("answers", type=Path)
    marking.set_defaults(command=lambda a: print(mark(read_key(a.key), a.answers.read_text(encoding="utf-8"))))
    arguments = parser.parse_args()
    try:
        arguments.command(arguments)
    except (TrialError, DataError, WeightsError) as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")
    except OSError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error.filename} can't be used: {error.strerror}.")


def read_key(path: Path) -> dict:
    """What `make` kept from the eyes. Raises TrialError for another file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrialError(f"{path} is no key that `make` has written.") from error


def read_answers(text: str, known: Collection[str], asked: Collection[str]) -> dict[str, str]:
    """Number -> word, from lines of a number, one of the words `known`, and perhaps more; there must be one for each number of `asked`.

    Raises TrialError for another line, and for missing answers.
    """
    answers = {}
    for line in filter(str.strip, text.splitlines()):
        number, word = (line.split() + [""])[:2]
        number, word = number.rstrip(".:").zfill(2), word.strip(".,:").lower()
        if not number.isdigit() or word not in known:
            raise TrialError(f"The answer {line.strip()!r} is no number with one of {', '.join(known)}.")
        answers[number] = word
    if missing := sorted(set(asked) - set(answers)):
        raise TrialError(f"There is no answer to {', '.join(missing)}.")
    return answers
