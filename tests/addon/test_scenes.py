"""The newcomer's scenes: each is captured and painted without a word about missing labels, and holds what it promises."""
from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from scripts import scenes
from synth_core.training import scenes as kept

SIZE, STEP = (128, 85), 4  # pixels of the kept maps for each that is compared
BUILDERS = ("sample", "house_on_hill", "game_level", "coast", "alpine_lake", "desert", "forest_river", "snow_field")


def build(name: str, folder) -> None:
    builder = getattr(scenes, name)
    builder(folder) if name == "game_level" else builder()


@pytest.mark.parametrize("name", BUILDERS)
def test_it_paints_with_every_surface_labelled(name, scene, part, tmp_path):
    build(name, tmp_path)
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, *SIZE)
    assert not view.warnings and view.unlabelled == 0
    labels = np.unique(view.labels[view.labels != 1])
    assert 3 <= len(labels) <= (7 if name not in ("sample", "game_level") else 22)
    assert view.matte.any() == (name in ("sample", "house_on_hill"))
    scene.veduta.use_render_size, scene.veduta.width, scene.veduta.height = False, *SIZE
    assert bpy.ops.veduta.paint() == {"FINISHED"}
    assert part("apply.backdrop").active_painting(scene) is not None


@pytest.mark.parametrize("name", kept.NAMES)
def test_the_map_kept_of_it_is_what_it_shows(name, scene, part):
    build(name, None)
    width, height = scene.render.resolution_x, scene.render.resolution_y = kept.WIDTH // STEP, kept.HEIGHT // STEP
    view = part("capture").capture(scene, bpy.context.view_layer, scene.camera, width, height)
    image = bpy.data.images.load(str(Path(kept.__file__).with_name(f"{name}.png")))
    image.colorspace_settings.name = "Non-Color"
    assert tuple(image.size) == (kept.WIDTH, kept.HEIGHT)
    pixels = np.array(image.pixels).reshape(kept.HEIGHT, kept.WIDTH, -1)[::-1, :, :3]
    colours = np.array([label.colour for label in part("synth_core.labels").LABELS])
    shown = np.rint(pixels[STEP // 2 :: STEP, STEP // 2 :: STEP] * 255)
    assert (shown == colours[view.labels]).all(-1).mean() > 0.985  # the rest are borders, half a pixel apart


def test_the_level_links_half_its_forty_materials(scene, tmp_path):
    scenes.game_level(tmp_path)
    used = {slot.material for obj in scene.objects for slot in obj.material_slots}
    assert len(used) == 40 and sum(material.library is not None for material in used) == 20


def test_the_level_can_come_without_labels(scene, part, tmp_path):
    scenes.game_level(tmp_path, labelled=False)
    with pytest.raises(part("capture").CaptureError, match="label"):
        part("capture").capture(scene, bpy.context.view_layer, scene.camera, *SIZE)
