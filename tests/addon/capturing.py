"""Fixtures and small scenes that the capture tests share."""
from __future__ import annotations


import pytest


@pytest.fixture(params=["cycles", "gpu"])
def route(request, part, monkeypatch):
    """Each route's name, able to run in background."""
    if request.param == "gpu":
        make_gpu_context()
        monkeypatch.setattr(part("compat"), "gpu_ready", lambda: True)
    return request.param


def make_gpu_context() -> None:
    """Make the `gpu` module able to draw in background."""
    import bpy
    import gpu

    if bpy.app.version >= (5, 2):
        gpu.init()
        return
    scene = bpy.data.scenes.new("context")  # before 5.2 only a render with Workbench makes one
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x = scene.render.resolution_y = 4
    scene.camera = bpy.data.objects.new("context", bpy.data.cameras.new("context"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.render.render(scene=scene.name)
    bpy.data.scenes.remove(scene)


def material(part, scene, name: str, label: str):
    """A new material with a label; "" leaves it without."""
    import bpy

    made = bpy.data.materials.new(name)
    if label:
        part("assignment").set_label(scene, made, part("synth_core.labels").BY_NAME[label].id)
    return made


def add(part, scene, kind: str, label: str, **options):
    """A new mesh primitive with a material of that label ("" for none); `options` go to its operator."""
    import bpy

    getattr(bpy.ops.mesh, f"primitive_{kind}_add")(**options)
    bpy.context.object.data.materials.append(material(part, scene, label or "plain", label))
    return bpy.context.object


def add_camera(scene, **options):
    """A new camera, the scene's; `options` go to its operator."""
    import bpy

    bpy.ops.object.camera_add(**options)
    scene.camera = bpy.context.object
    scene.render.resolution_x, scene.render.resolution_y = 64, 48
    return scene.camera


def shoot(part, scene, width: int = 64, height: int = 48, **options):
    """A capture of the scene's camera."""
    import bpy

    return part("capture").capture(scene, bpy.context.view_layer, scene.camera, width, height, **options)
