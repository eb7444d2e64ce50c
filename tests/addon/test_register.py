"""Enabling and disabling the extension: everything comes, and everything goes again. What the parts do is tested beside each."""
from __future__ import annotations


import bpy

from scripts.demo import MODULE


def _handlers() -> list:
    lists = [handlers for name in dir(bpy.app.handlers) if isinstance(handlers := getattr(bpy.app.handlers, name), list)]
    return [handler for handlers in lists for handler in handlers if handler.__module__.startswith(MODULE)]


def _types() -> set[str]:
    """What Veduta registers: its operators, and its classes and properties on bpy.types."""
    classes = {name for name in dir(bpy.types) if "veduta" in name.lower()}
    operators = {f"veduta.{name}" for name in dir(bpy.ops.veduta)}
    owners = {owner for owner in ("Material", "Object", "Collection", "Scene") if hasattr(getattr(bpy.types, owner), "veduta")}
    return classes | operators | owners


def test_disabling_leaves_nothing_behind_and_enabling_brings_all_back(part):
    before = _types()
    bpy.ops.veduta.show_labels()
    timer = part("operators.show_labels")._gather_shown
    part("operators.show_labels")._note_change()
    assert bpy.app.timers.is_registered(timer)

    bpy.ops.preferences.addon_disable(module=MODULE)
    assert _types() == set()
    assert _handlers() == []
    assert not bpy.app.timers.is_registered(timer)

    bpy.ops.preferences.addon_enable(module=MODULE)
    assert _types() == before
    assert {"Material", "veduta.paint", "veduta.deliver", "veduta.reproduce", "VEDUTA_PT_paint"} <= before
