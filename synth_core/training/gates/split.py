"""The outside judge's figures of the whole `val` split, apart for styles drawn by seed and the photographs' own. None without the judge."""
from __future__ import annotations

import tempfile
from pathlib import Path

from .. import teacher
from ..data import Photographs
from ..split import paint_split
from .figures import Figure
from .judge import judge
from .studio import SIDE, Studio


def gate(studio: Studio) -> list[Figure]:
    if not studio.evaluate:
        return []
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for which, styles, parts in (("drawn styles", None, ("painted", "again")), ("own styles", own(studio), ("painted",))):
            place = Path(folder) / which
            paint_split(studio.data, "val", SIDE, studio.painter, place, styles, again="again" in parts)
            found[which] = judge(studio.evaluate, *(place / name for name in ("photos", "labels", *parts)))
    return told(found)


def own(studio: Studio):
    """(N, 23, 64): the styles of all `val` photographs by the encoder."""
    return teacher.encode(Photographs(studio.data, "val", SIDE), studio.weights)[0]


def told(found: dict[str, dict[str, float]]) -> list[Figure]:
    """The judge's figures, by which styles were painted."""
    figures = []
    for which, judged in found.items():
        beside = {"fd": f"photographs {judged['fd_floor']:.3f}", "miou": f"photographs {judged['miou_real']:.3f}",
                  "acc": f"photographs {judged['acc_real']:.3f}"}  # fmt: skip
        for name in ("fd", "swd", "miou", "acc", "sharp", "lpd"):
            if name in judged:
                target = {"least": 0.9, "most": 1.1} if name == "sharp" else {}
                figures.append(Figure(f"{which}: {name}", judged[name], note=beside.get(name, ""), **target))
    return figures
