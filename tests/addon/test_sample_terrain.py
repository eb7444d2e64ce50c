"""The sample terrain: what one click adds, labels, keeps, and leaves alone."""
from __future__ import annotations


import bpy
import numpy as np
import pytest


@pytest.fixture
def sample(scene, veduta) -> bpy.types.Collection:
    assert bpy.ops.veduta.sample_terrain() == {"FINISHED"}
    return bpy.data.collections["Veduta Sample Terrain"]


def test_every_surface_but_the_house_is_labelled(part, sample, scene):
    assignment = part("assignment")
    kept = [thing for thing in sample.all_objects if assignment.is_keep(scene, thing)]
    assert [thing.name for thing in kept] == ["House"]
    for thing in sample.all_objects:
        if thing.type == "MESH" and thing not in kept:
            assert thing.data.materials and all(assignment.material_label(scene, material) for material in thing.data.materials), thing.name


def test_it_holds_a_camera_a_sun_and_one_collection_only(sample, scene):
    assert scene.camera.name in sample.all_objects
    assert [thing.data.type for thing in sample.all_objects if thing.type == "LIGHT"] == ["SUN"]
    assert [child.name for child in scene.collection.children] == [sample.name]


def test_terrain_meets_the_sea_and_the_lake_has_banks(part):
    landscape = part("sample.landscape")
    y = np.linspace(0, 400, 50)
    assert np.all(landscape.height(landscape.shore(y) - 8, y) < 0)
    outline = landscape.lake_outline()
    assert np.all(landscape.height(outline[:, 0], outline[:, 1]) > landscape.LAKE_LEVEL), "the lake's edge would float in the air"
    assert landscape.height(*np.array(landscape.LAKE)) < landscape.LAKE_LEVEL


def test_a_second_click_adds_nothing(sample):
    before = len(bpy.data.objects)
    assert bpy.ops.veduta.sample_terrain() == {"CANCELLED"}
    assert len(bpy.data.objects) == before


def test_the_world_of_the_user_stays(scene):
    scene.world = bpy.data.worlds.new("Mine")
    bpy.ops.veduta.sample_terrain()
    assert scene.world.name == "Mine"
