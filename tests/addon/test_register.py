"""Enabling and disabling the extension: everything comes, and everything goes again. What the parts do is tested beside each."""
from __future__ import annotations

import importlib

import bpy
import pytest
from conftest import MODULE


@pytest.fixture
def part(scene, veduta):
    """Imports a module of the enabled extension by its name below the root."""
    return lambda name: importlib.import_module(f"{veduta.__name__}.{name}")


def _handlers() -> list:
    lists = [handlers for name in dir(bpy.app.handlers) if isinstance(handlers := getattr(bpy.app.handlers, name), list)]
    return [handler for handlers in lists for handler in handlers if handler.__module__.startswith(MODULE)]


def _types() -> set[str]:
    """What Veduta registers: its operators, and its classes and properties on bpy.types."""
    classes = {name for name in dir(bpy.types) if "veduta" in name.lower()}
    operators = {f"veduta.{name}" for name in dir(bpy.ops.veduta)}
    return classes | operators | {owner for owner in ("Material", "Object", "Collection", "Scene") if hasattr(getattr(bpy.types, owner), "veduta")}


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
    assert {"Material", "veduta.paint", "veduta.deliver_backdrop", "veduta.reproduce", "VEDUTA_PT_paint"} <= before


def test_show_labels_is_no_change_of_the_file(scene, part):
    """In a window `is_dirty` tells; in background it is always true, so the data-blocks and the missing undo step have to."""
    show_labels = part("operators.show_labels")
    bpy.ops.mesh.primitive_plane_add()
    before = bpy.data.user_map()
    bpy.ops.veduta.show_labels()
    assert show_labels.is_shown(scene)
    assert _handlers()
    assert bpy.data.user_map() == before
    bpy.ops.veduta.show_labels()
    assert not show_labels.is_shown(scene)
    assert not _handlers()
    assert "UNDO" not in bpy.ops.veduta.show_labels.bl_options


def test_labels_are_shown_in_their_colours_and_follow_a_change(scene, part):
    show_labels, labels = part("operators.show_labels"), part("synth_core.labels")
    bpy.ops.mesh.primitive_plane_add()
    bpy.ops.veduta.assign_label(label="SAND", target="OBJECT")
    bpy.ops.veduta.show_labels()
    first = show_labels._shown[scene.session_uid]
    sand = [channel / 255 for channel in labels.BY_NAME["sand"].colour]
    assert len(first.corners) == 6
    ratio = first.colours[0, :3] / sand
    assert ratio.max() - ratio.min() < 1e-5 and 0.5 < ratio.max() <= 1
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.view_layer.update()
    show_labels._gather_shown()
    assert len(show_labels._shown[scene.session_uid].corners) == 12
