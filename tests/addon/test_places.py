"""A View's anchors: places on surfaces, directions in the sky, and the world's size of a pixel there."""
from __future__ import annotations

import math

import numpy as np
import pytest

from capturing import add, add_camera, shoot  # noqa: F401  (fixtures)


@pytest.fixture
def beach(part, scene):
    """A wide sand plane, seen from a camera 2 above it that looks level along +y."""
    add(part, scene, "plane", "sand", size=4000)
    add_camera(scene, location=(0, 0, 2), rotation=(math.pi / 2, 0, 0))
    return scene


def test_surfaces_have_places_and_the_sky_has_directions(part, beach):
    view = shoot(part, beach, 96, 72, route="cycles")
    anchors = part("capture").anchors(view)
    assert anchors.sky.shape == (72, 96) and np.array_equal(anchors.sky, ~np.isfinite(view.depth))
    assert np.abs(anchors.point[~anchors.sky][:, 2]).max() < 1e-3
    assert np.linalg.norm(anchors.point[anchors.sky], axis=-1) == pytest.approx(1, abs=1e-5)
    assert anchors.point[0, 48, 1] > 0.8 and anchors.point[0, 48, 2] > 0.2  # the sky's top: ahead and up
    pixel = (view.lens.right - view.lens.left) / 96
    assert anchors.footprint[-1] == pytest.approx(view.depth[-1] * pixel, rel=1e-3)
    assert anchors.footprint[0] == pytest.approx(pixel, rel=1e-3)


def test_a_large_view_is_thinned_to_what_composition_paints(part, beach):
    anchors = part("capture").anchors(shoot(part, beach, 1024, 768, route="cycles"))
    assert anchors.sky.shape == (384, 512)


def test_an_orthographic_sky_has_places_of_its_own(part, beach):
    beach.camera.data.type = "ORTHO"
    beach.camera.data.ortho_scale = 96
    beach.camera.location.z = 40
    anchors = part("capture").anchors(shoot(part, beach, 96, 72, route="cycles"))
    assert anchors.sky[:10].all() and np.ptp(anchors.point[0, :, 0]) == pytest.approx(95, abs=0.01)
    assert anchors.footprint == pytest.approx(1, rel=1e-5)
