"""The graphics card's engine, with a made-up card: trusted while it agrees, replaced by the processor when it differs or fails.

No real card is used here: what a provider does is made up, how it is judged and replaced is tested.
"""
from __future__ import annotations

import numpy as np
import pytest

from maps import scenery
from synth_core.engines import gpu
from synth_core.painter import Painter
from synth_core.request import Request


@pytest.fixture
def card(monkeypatch, weights_folder):
    """Makes a painter on a card that is `off` by so much of a colour's range, or raises `error` from the call number `after` on."""
    pytest.importorskip("onnxruntime")
    genuine = gpu.OnnxEngine

    class Card(genuine):
        off, error, after, calls = 0.0, None, 0, 0

        def __init__(self, weights, threads, provider="CPUExecutionProvider"):
            super().__init__(weights, threads)
            self._is_card = provider != "CPUExecutionProvider"
            if self._is_card:
                self.name = "card"

        def _run(self, graph, **inputs):
            painted = super()._run(graph, **inputs)
            if not self._is_card:
                return painted
            Card.calls += 1
            if self.error and Card.calls > self.after:
                raise self.error
            return painted + np.float32(2 * self.off)

    def make(names=("DmlExecutionProvider", "CPUExecutionProvider"), **behaviour):
        for name, value in behaviour.items():
            setattr(Card, name, value)
        monkeypatch.setattr(gpu, "OnnxEngine", Card)
        monkeypatch.setattr(gpu, "providers", lambda: list(names))
        return Painter(weights_folder, "gpu", threads=2)

    return make


def test_a_card_that_agrees_paints(card):
    painter = card(off=1.5 / 255)
    assert painter.note == "" and painter.paint(Request(scenery(64, 64))).engine == "card"


@pytest.mark.parametrize("behaviour, words", [
    ({"off": 3 / 255}, "another picture than the processor .DirectML, 3 of 255"),
    ({"off": float("nan")}, "another picture"),
    ({"error": RuntimeError("device removed\nstack")}, "can't paint .DirectML: device removed"),
    ({"names": ("CPUExecutionProvider",)}, "no graphics card support"),
])
def test_a_card_that_does_not_is_replaced_with_a_sentence(card, weights_folder, behaviour, words):
    import re

    painter = card(**behaviour)
    assert re.search(words, painter.note) and painter.note.count("\n") == 0 and "processor" in painter.note
    result = painter.paint(Request(scenery(64, 64), 3))
    assert "CPU" in result.engine
    assert np.array_equal(result.picture, Painter(weights_folder, threads=2).paint(Request(scenery(64, 64), 3)).picture)


def test_a_card_that_fails_in_a_painting_is_replaced_in_it(card, weights_folder):
    painter = card(error=RuntimeError("device lost"), after=3)  # the probe takes two calls
    assert painter.note == ""
    picture = painter.paint(Request(scenery(640, 640), 3)).picture
    assert "failed (device lost)" in painter.note
    assert np.array_equal(picture, Painter(weights_folder, threads=2).paint(Request(scenery(640, 640), 3)).picture)
