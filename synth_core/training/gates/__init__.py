"""The gates: what one Fréchet distance misses, asked of finished weights one after the other. Each gate is a module with `gate(studio)`.

What is kept, so that a stopped run goes on and a gate can be asked again: one JSON file.
"""
from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ... import weights as files
from ...files import write_whole
from .figures import Figure

TITLES = {
    "style": "Style", "seeds": "Seeds", "memorising": "Memorising", "clean_maps": "Clean maps", "water": "Water", "repetition": "Repetition at 512 x 2048",
    "resolution": "Resolution", "tiles": "Tiles and memory", "split": "The judge on `val`",
}  # fmt: skip


class GateError(ValueError):
    """Gates that can't be asked; the message is one sentence for the user."""


def ask(data: Path, weights: Path, out: Path, names: list[str], evaluate: Path | None = None,
        say: Callable[[str], None] = print) -> dict[str, list[Figure]]:
    """The figures of the named gates, in the order of TITLES; those that `out` already holds for these weights are taken from there.

    Raises GateError for a gate that does not exist or a file `out` that holds something else, and what `Studio` and the gates raise.
    """
    strange = [name for name in names if name not in TITLES]
    if strange:
        raise GateError(f"There is no gate {strange[0]!r}; the gates are {', '.join(TITLES)}.")
    # What was asked with the judge has more figures than without.
    key = {"weights": files.sha256(weights / files.TENSORS) if (weights / files.TENSORS).is_file() else "", "judge": bool(evaluate)}
    kept = _kept(out, key)
    from .studio import Studio

    studio = Studio(data, weights, evaluate)
    for name in TITLES:
        if name in names and name not in kept["gates"]:
            started = time.perf_counter()
            figures = importlib.import_module(f".{name}", __package__).gate(studio)
            kept["gates"][name] = {"seconds": round(time.perf_counter() - started, 1), "figures": [asdict(figure) for figure in figures]}
            write_whole(out, json.dumps(kept, indent=1).encode())
            say(f"{TITLES[name]}: {kept['gates'][name]['seconds']:.0f} s")
    return {name: [Figure(**figure) for figure in kept["gates"][name]["figures"]] for name in TITLES if name in names}


def _kept(out: Path, key: dict) -> dict:
    """What `out` holds of these weights; a new beginning for others'."""
    if not out.exists():
        return key | {"gates": {}}
    try:
        kept = json.loads(out.read_text(encoding="utf-8"))
        return kept if {name: kept[name] for name in key} == key and isinstance(kept["gates"], dict) else key | {"gates": {}}
    except (ValueError, KeyError, TypeError):
        raise GateError(f"{out} holds no gates' figures; name another file, or remove it.") from None


def table(answers: dict[str, list[Figure]]) -> str:
    """The figures as a Markdown table for the model card."""
    rows = ["| gate | figure | value | 95 % interval | target | |", "|---|---|---|---|---|---|"]
    for name, figures in answers.items():
        for figure in figures:
            interval = "–" if figure.low is None else f"{_number(figure.low)}–{_number(figure.high)}"
            verdict = {None: "", True: "holds", False: "**fails**"}[figure.passed]
            told = figure.name + (f" ({figure.note})" if figure.note else "")
            rows.append(f"| {TITLES[name]} | {told} | {_number(figure.value)} | {interval} | {_target(figure)} | {verdict} |")
    return "\n".join(rows)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def _target(figure: Figure) -> str:
    least, most = (None if side is None else _number(side) for side in (figure.least, figure.most))
    if least and most:
        return f"{least}–{most}"
    return f"≥ {least}" if least else f"≤ {most}" if most else "–"
