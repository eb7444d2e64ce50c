"""Show labels: what is drawn, that it follows the scene, and that the file stays as it is. The drawing is looked at in tests/window."""
from __future__ import annotations


import bpy
import pytest


def test_show_labels_is_no_change_of_the_file(scene, part):
    """In a window `is_dirty` tells; in background it is always true, so the data-blocks and the missing undo step have to."""
    show_labels = part("operators.show_labels")
    bpy.ops.mesh.primitive_plane_add()
    before = bpy.data.user_map()
    bpy.ops.veduta.show_labels()
    assert show_labels.is_shown(scene)
    assert all(handler in handlers for handlers, handler in show_labels._handlers())
    assert bpy.data.user_map() == before
    bpy.ops.veduta.show_labels()
    assert not show_labels.is_shown(scene)
    assert not any(handler in handlers for handlers, handler in show_labels._handlers())
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


@pytest.mark.parametrize("target", ["MATERIAL", "OBJECT", "COLLECTION"])
def test_a_label_set_is_a_change_that_blender_notes(scene, part, target):
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.active_material = bpy.data.materials.new("Ground")
    timer = part("operators.show_labels")._gather_shown
    bpy.ops.veduta.show_labels()
    bpy.context.view_layer.update()
    if bpy.app.timers.is_registered(timer):
        bpy.app.timers.unregister(timer)
    bpy.ops.veduta.assign_label(label="SAND", target=target)
    bpy.context.view_layer.update()
    assert bpy.app.timers.is_registered(timer)
