"""The backdrop: what renders show, what changes in the file, and that all of it is given back. Nothing paints: pictures are made up."""
from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

WIDTH, HEIGHT = 256, 160
AIR = 3  # pixels about the house's outline that belong to neither side


@pytest.fixture
def parts(part) -> SimpleNamespace:
    """The extension's modules that are tested here."""
    return SimpleNamespace(
        backdrop=part("apply.backdrop"), apply=part("operators.apply"), visibility=part("apply.visibility"), recipe=part("recipe"),
        assignment=part("assignment"), png=part("synth_core.png"), request=part("synth_core.request"))


@pytest.fixture
def view(scene, parts) -> SimpleNamespace:
    """A labelled ground, a kept house on it, a camera, a Sun; rendered by Cycles with a pixel filter that mixes nothing."""
    import bpy

    render = scene.render
    render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 4, False
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.view_settings.view_transform, scene.cycles.filter_width = "Standard", 0.01
    scene.world = bpy.data.worlds.new("Sky")
    camera = add_object(scene, "Camera", bpy.data.cameras.new("Camera"), location=(0, -12, 2), rotation=(1.5, 0, 0))
    scene.camera = camera
    sun = add_object(scene, "Sun", bpy.data.lights.new("Sun", "SUN"), rotation=(0.6, 0.3, 0))
    sun.data.energy = 3
    ground = add_object(scene, "Ground", box((-60, -60, -1), (60, 60, 0), new_material("Meadow")))
    parts.assignment.set_label(scene, ground.data.materials[0], 16)
    house = add_object(scene, "House", box((-1, -1, 0), (1, 1, 2), new_material("Plaster")))
    house.veduta.keep = True
    bpy.context.view_layer.update()
    return SimpleNamespace(scene=scene, camera=camera, ground=ground, house=house)


def add_object(scene, name: str, data, location=(0, 0, 0), rotation=(0, 0, 0)):
    import bpy

    thing = bpy.data.objects.new(name, data)
    thing.location, thing.rotation_euler = location, rotation
    scene.collection.objects.link(thing)
    return thing


def box(low, high, material):
    import bpy

    mesh = bpy.data.meshes.new("Box")
    corners = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    mesh.from_pydata(corners, [], [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
    mesh.materials.append(material)
    return mesh


def new_material(name: str, **inputs):
    """A plain material, with inputs of its Principled BSDF by name (underscores for spaces)."""
    import bpy

    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    for key, value in inputs.items():
        material.node_tree.nodes["Principled BSDF"].inputs[key.replace("_", " ")].default_value = value
    return material


def smooth_picture(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """(height, width, 3) uint8: muted colours that change a little from pixel to pixel, differently across and along."""
    across, along = np.linspace(0, 1, width)[None, :], np.linspace(0, 1, height)[:, None]
    channels = np.broadcast_arrays(50 + 150 * across, 40 + 160 * along, 70 + 60 * across + 60 * along)
    return np.rint(np.stack(channels, -1)).astype(np.uint8)


def sharp_picture() -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8 with contrast at every scale down to the pixel, as photographs have."""
    random = np.random.RandomState(1)
    total = np.zeros((HEIGHT, WIDTH, 3))
    for scale in (1, 2, 4, 8, 16, 32):
        blocks = random.normal(size=(HEIGHT // scale + 1, WIDTH // scale + 1, 3))
        total += np.kron(blocks, np.ones((scale, scale, 1)))[:HEIGHT, :WIDTH] * 5 * scale**0.5
    return np.clip(120 + total, 0, 255).astype(np.uint8)


def deliver(parts, view, picture: np.ndarray, matte: np.ndarray | None = None):
    """Put `picture` up as a finished painting, and return its Image."""
    matte = np.zeros(picture.shape[:2], np.float32) if matte is None else matte
    request = parts.request.Request(np.full(picture.shape[:2], 16, np.uint8), seed=7)
    result = parts.request.Result(picture, parts.png.encode(picture), engine="made up", weights="0" * 64, seconds=0.0, seed=7)
    recipe = parts.recipe.finished(parts.recipe.make(request, view.scene, view.camera), result)
    return parts.apply.put_up(view.scene, view.camera, matte, result, recipe)


def render(scene, folder) -> np.ndarray:
    """(H, W, 4) int: the rendered frame, 0 to 255, row 0 at the top."""
    import bpy

    settings = scene.render.image_settings
    settings.file_format, settings.color_mode = "PNG", "RGBA"
    scene.render.filepath = str(folder / "frame.png")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    pixels = bytes_of(image)
    bpy.data.images.remove(image)
    return pixels


def bytes_of(image) -> np.ndarray:
    """(H, W, 4) int: a byte image's pixels, 0 to 255, row 0 at the top."""
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return np.rint(pixels.reshape(height, width, 4)[::-1] * 255).astype(int)


def difference(frame: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """(H, W): the largest difference of any channel."""
    return np.abs(frame[..., :3] - picture.astype(int)).max(-1)


def house_alone(view, folder) -> np.ndarray:
    """The house rendered with the ground hidden from the camera, before any backdrop is up."""
    film, view.ground.visible_camera = view.scene.render.film_transparent, False
    view.scene.render.film_transparent = True
    frame = render(view.scene, folder)
    view.scene.render.film_transparent, view.ground.visible_camera = film, True
    return frame


def grown(mask: np.ndarray) -> np.ndarray:
    """The mask and all within AIR pixels of it."""
    padded = np.pad(mask, AIR)
    sides = range(2 * AIR + 1)
    return np.any([padded[y:y + mask.shape[0], x:x + mask.shape[1]] for y in sides for x in sides], axis=0)


def test_render_shows_the_painting_and_the_house_before_it(parts, view, tmp_path):
    alone = house_alone(view, tmp_path)
    picture = smooth_picture()
    deliver(parts, view, picture)
    frame = render(view.scene, tmp_path)
    house = alone[..., 3] == 255
    assert 0.05 < house.mean() < 0.5
    assert difference(frame, picture)[~grown(alone[..., 3] > 0)].max() <= 1
    assert difference(frame, alone[..., :3])[house].max() <= 1


def test_house_moves_and_leaves_scenery_behind_it(parts, view, tmp_path):
    picture = smooth_picture()
    deliver(parts, view, picture)
    before = difference(render(view.scene, tmp_path), picture) > 8
    view.house.location.x += 3
    after = difference(render(view.scene, tmp_path), picture) > 8
    assert before.any() and after.any() and not (before & after).any()  # behind the house the painting is whole, and no house is left


@pytest.mark.parametrize("transform, mean", [("AgX", 1.0), ("Filmic", 1.0), ("Khronos PBR Neutral", 2.0)])
def test_other_view_transforms_are_undone(parts, view, tmp_path, transform, mean):
    view.scene.view_settings.view_transform = transform
    view.house.hide_render = True
    picture = smooth_picture()
    deliver(parts, view, picture)
    off = difference(render(view.scene, tmp_path), picture)
    print(f"{transform}: {off.mean():.2f}/255 in the mean, at most {off.max()}/255")
    assert off.mean() < mean


def test_default_pixel_filter_softens_little(parts, view, tmp_path):
    view.scene.cycles.filter_width, view.scene.cycles.samples = 1.5, 32
    view.house.hide_render = True
    picture = sharp_picture()
    deliver(parts, view, picture)
    off = np.abs(render(view.scene, tmp_path)[..., :3] - picture.astype(int))
    print(f"Default filter: {off.mean():.2f}/255 in the mean, at most {off.max()}/255")
    assert off.mean() < 3.0  # without sharpening 6


@pytest.mark.parametrize("change", [
    {"lens": 85.0, "shift_x": 0.2, "shift_y": -0.1},
    {"sensor_fit": "VERTICAL", "sensor_height": 30.0},
    {"sensor_fit": "HORIZONTAL", "shift_y": 0.3},
    {"type": "ORTHO", "ortho_scale": 9.0},
    {"type": "ORTHO", "sensor_fit": "VERTICAL", "shift_x": 0.3},
    {"clip_end": 60_000.0},
], ids=str)
def test_plane_follows_the_camera(parts, view, tmp_path, change):
    view.house.hide_render = True
    deliver(parts, view, smooth_picture())
    for name, value in change.items():
        setattr(view.camera.data, name, value)
    render_settings = view.scene.render
    for width, height, aspect, percentage in ((160, 256, 1.0, 100), (255, 161, 1.7, 51)):
        render_settings.resolution_x, render_settings.resolution_y = width, height
        render_settings.pixel_aspect_y, render_settings.resolution_percentage = aspect, percentage
        frame = render(view.scene, tmp_path)
        assert difference(frame, smooth_picture(frame.shape[1], frame.shape[0])).max() <= 3


def test_plane_follows_a_camera_that_moves_and_is_scaled(parts, view, tmp_path):
    view.house.hide_render = True
    picture = smooth_picture()
    deliver(parts, view, picture)
    view.camera.location, view.camera.rotation_euler, view.camera.scale = (5, 3, 9), (0.3, 0.2, 1), (2, 0.5, 3)
    assert difference(render(view.scene, tmp_path), picture).max() <= 1


def test_kept_glass_shows_the_painting(parts, view, tmp_path):
    glass = new_material("Glass", Base_Color=(1, 1, 1, 1), Transmission_Weight=1.0, Roughness=0.0, IOR=1.0)
    pane = add_object(view.scene, "Pane", box((2, 0, 0), (4, 0.1, 2), glass))
    pane.veduta.keep = True
    picture = smooth_picture()
    deliver(parts, view, picture)
    view.house.hide_render = True
    off = difference(render(view.scene, tmp_path), picture)
    assert np.percentile(off, 99.5) <= 2  # the pane's edges trap a ray here and there


def test_plane_gives_no_light(parts, view, tmp_path):
    view.house.data.materials[0].node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.0
    alone = house_alone(view, tmp_path)
    deliver(parts, view, np.full((HEIGHT, WIDTH, 3), 255, np.uint8))
    assert difference(render(view.scene, tmp_path), alone[..., :3])[alone[..., 3] == 255].max() <= 1


def test_drivers_need_no_trust(parts, view):
    deliver(parts, view, smooth_picture())
    plane = parts.backdrop.find(view.scene).objects[0]
    curves = [*plane.animation_data.drivers, *plane.data.materials[0].node_tree.animation_data.drivers]
    assert len(curves) == 7
    assert all(curve.driver.is_simple_expression and curve.driver.is_valid for curve in curves)


def test_painting_is_packed_as_it_came(parts, view):
    picture = sharp_picture()
    painting = deliver(parts, view, picture)
    assert painting.packed_file.data == parts.png.encode(picture)
    assert painting.use_fake_user and tuple(painting.size) == (WIDTH, HEIGHT)
    assert (bytes_of(painting)[..., :3] == picture).all()
    assert parts.recipe.load(painting).seed == 7


def test_viewport_shows_the_painting_but_for_kept_objects(parts, view):
    picture = sharp_picture()
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[40:90, 100:150] = 1
    matte[39, 100:150] = 0.25
    deliver(parts, view, picture, matte)
    entry, = view.camera.data.background_images
    assert view.camera.data.show_background_images
    assert (entry.alpha, entry.display_depth, entry.frame_method) == (1.0, "FRONT", "STRETCH")
    shown = bytes_of(entry.image)
    assert (shown[matte == 0][:, :3] == picture[matte == 0]).all()
    assert (shown[..., 3] == np.rint((1 - matte) * 255)).all()


def test_viewport_shows_the_painting_itself_where_nothing_is_kept(parts, view):
    painting = deliver(parts, view, smooth_picture())
    assert view.camera.data.background_images[0].image == painting


def test_viewport_is_cut_anew_when_the_house_moves(parts, view):
    import bpy

    picture = sharp_picture()
    deliver(parts, view, picture)
    images = len(bpy.data.images)
    parts.backdrop.recut(view.scene, bpy.context.view_layer)
    before = bytes_of(view.camera.data.background_images[0].image)
    view.house.location.x += 3
    parts.backdrop.recut(view.scene, bpy.context.view_layer)
    entry, = view.camera.data.background_images
    after = bytes_of(entry.image)
    assert (before[..., 3] == 0).any() and (after[..., 3] == 0).any()
    assert (after[before[..., 3] == 0] == np.dstack((picture, np.full(picture.shape[:2], 255)))[before[..., 3] == 0]).all()
    assert len(bpy.data.images) == images + 1  # the cut one
    view.house.location.x += 100
    parts.backdrop.recut(view.scene, bpy.context.view_layer)
    assert view.camera.data.background_images[0].image == parts.backdrop.active_painting(view.scene)
    assert len(bpy.data.images) == images


def test_only_moves_that_matter_cut_the_viewport_anew(part, parts, view):
    import bpy

    follow = part("apply.follow")
    concerned = []

    def note(scene, depsgraph):
        concerned.append(follow.concerns(scene, depsgraph))

    bpy.app.handlers.depsgraph_update_post.append(note)
    deliver(parts, view, smooth_picture())
    bpy.context.view_layer.update()
    for thing, matters in ((view.ground, False), (view.house, True), (view.camera, True)):
        concerned.clear()
        thing.location.x += 1
        bpy.context.view_layer.update()
        assert any(concerned) == matters, thing.name
    concerned.clear()
    parts.backdrop.recut(view.scene, bpy.context.view_layer)
    bpy.context.view_layer.update()
    assert concerned and not any(concerned)  # or each cut would call for the next
    view.camera.data.lens += 10
    bpy.context.view_layer.update()
    assert any(concerned)
    parts.backdrop.remove(view.scene)
    concerned.clear()
    view.house.location.x += 1
    bpy.context.view_layer.update()
    assert not any(concerned)


def test_only_painted_objects_are_hidden(parts, view):
    import bpy

    loose = add_object(view.scene, "Unlabelled", box((3, 0, 0), (4, 1, 1), new_material("Bare")))
    grove = bpy.data.collections.new("Grove")
    tree = bpy.data.objects.new("Tree", view.ground.data)
    grove.objects.link(tree)
    copy, kept_copy = add_object(view.scene, "Copy", None), add_object(view.scene, "Kept copy", None)
    for empty in (copy, kept_copy):
        empty.instance_type, empty.instance_collection = "COLLECTION", grove
    kept_copy.veduta.keep = True
    unrendered = add_object(view.scene, "In the viewport hidden", view.ground.data)
    unrendered.hide_viewport = True
    bpy.context.view_layer.update()
    deliver(parts, view, smooth_picture())
    hidden = {obj.name for obj in bpy.data.objects if not obj.visible_camera and obj.type != "LIGHT"}
    assert hidden == {view.ground.name, copy.name, unrendered.name}
    assert loose.visible_camera and tree.visible_camera


def test_object_kept_after_painting_shows_again(parts, view):
    import bpy

    deliver(parts, view, smooth_picture())
    with bpy.context.temp_override(object=view.ground, selected_objects=[view.ground]):
        assert bpy.ops.veduta.toggle_keep(keep=True) == {"FINISHED"}
    assert view.ground.visible_camera and view.ground.visible_transmission


def state() -> dict:
    """All of the file that a backdrop may touch, in comparable form. Looked up anew: undo makes references invalid."""
    import bpy

    kinds = ("objects", "meshes", "materials", "collections", "cameras", "node_groups", "actions", "worlds", "lights", "scenes")
    return {
        **{kind: sorted(thing.name for thing in getattr(bpy.data, kind)) for kind in kinds},
        "visible": {obj.name: (obj.visible_camera, obj.visible_transmission) for obj in bpy.data.objects},
        "marks": {obj.name: sorted(key for key in obj.keys() if key != "veduta") for obj in bpy.data.objects},
        "backgrounds": {camera.name: [camera.show_background_images, *(entry.image.name for entry in camera.background_images)]
                        for camera in bpy.data.cameras},
    }


@pytest.fixture
def untidy(view) -> Iterator[SimpleNamespace]:
    """The view with settings of the user's own that a backdrop must give back."""
    import bpy

    add_object(view.scene, "Unseen", view.ground.data).visible_camera = False
    add_object(view.scene, "Not through glass", view.ground.data).visible_transmission = False
    reference = bpy.data.images.new("Reference", 8, 8)
    view.camera.data.background_images.new().image = reference
    view.scene.view_settings.view_transform = "AgX"  # needs an image of its own for renders
    yield view


def matte_of_something() -> np.ndarray:
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[40:90, 100:150] = 1
    return matte


def test_remove_gives_everything_back(parts, untidy):
    import bpy

    before, images = state(), {image.name for image in bpy.data.images}
    painting = deliver(parts, untidy, smooth_picture(), matte_of_something())
    assert state() != before
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert state() == before
    assert {image.name for image in bpy.data.images} == images | {painting.name}


def test_undo_gives_everything_back(parts, untidy):
    import bpy

    bpy.ops.ed.undo_push(message="Before")
    before, images = state(), {image.name for image in bpy.data.images}
    deliver(parts, untidy, smooth_picture(), matte_of_something())
    delivered = state()
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert state() == before
    assert {image.name for image in bpy.data.images} == images
    assert bpy.ops.ed.redo() == {"FINISHED"}
    assert state() == delivered


def test_backdrop_survives_saving(parts, untidy, tmp_path):
    import bpy

    before = state()
    untidy.scene.view_settings.view_transform = "Standard"
    deliver(parts, untidy, smooth_picture(), matte_of_something())
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    scene = bpy.context.scene
    scene.objects["House"].hide_render = True
    assert difference(render(scene, tmp_path), smooth_picture()).max() <= 1
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert state() == before


def test_linked_objects_are_named_because_they_cannot_be_hidden(parts, view, tmp_path):
    import bpy

    rock = bpy.data.objects.new("Rock", view.ground.data)
    bpy.data.libraries.write(str(tmp_path / "rocks.blend"), {rock})
    bpy.data.objects.remove(rock)
    with bpy.data.libraries.load(str(tmp_path / "rocks.blend"), link=True) as (_, linked):
        linked.objects = ["Rock"]
    view.scene.collection.objects.link(linked.objects[0])
    bpy.context.view_layer.update()
    painted = parts.visibility.painted(view.scene, bpy.context.evaluated_depsgraph_get())
    assert {obj.name for obj in painted} == {"Ground", "Rock"}
    assert parts.visibility.hide(painted) == ["Rock"]
    assert linked.objects[0].visible_camera and not view.ground.visible_camera


def overridden(objects, library: str) -> list:
    """The objects moved to a library of their own, and library overrides of them in their place."""
    import bpy

    names = [obj.name for obj in objects]
    bpy.data.libraries.write(library, set(objects))
    bpy.data.batch_remove(objects)
    with bpy.data.libraries.load(library, link=True) as (_, linked):
        linked.objects = list(names)
    for obj in linked.objects:
        bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.update()
    made = [obj.override_create(remap_local_usages=True) for obj in linked.objects]
    bpy.context.view_layer.update()
    return made


def test_library_overrides_show_again_after_saving(part, parts, view, tmp_path):
    import bpy

    overridden([view.ground], str(tmp_path / "ground.blend"))
    deliver(parts, view, smooth_picture())
    assert not view.scene.objects["Ground"].visible_camera
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    scene = bpy.context.scene
    ground = scene.objects["Ground"]
    assert ground.override_library and not ground.visible_camera
    assert (part("capture").capture(scene, bpy.context.view_layer, scene.camera, WIDTH, HEIGHT).labels == 16).any()
    bpy.data.libraries[0].reload()
    seen, _ = part("operators.paint").captured(bpy.context, scene.camera, seed=7)
    assert (seen.labels == 16).any()
    bpy.data.libraries[0].reload()
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    ground = scene.objects["Ground"]
    assert ground.visible_camera and ground.visible_transmission
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert not [key for thing in (bpy.context.scene, bpy.context.scene.objects["Ground"]) for key in thing.keys() if key.startswith("veduta_")]


def test_second_painting_replaces_the_first_and_leaves_its_pixels(parts, untidy):
    first = deliver(parts, untidy, smooth_picture(), matte_of_something())
    delivered = state()
    second = deliver(parts, untidy, sharp_picture(), matte_of_something())
    assert second != first and parts.backdrop.active_painting(untidy.scene) == second
    assert (bytes_of(first)[..., :3] == smooth_picture()).all()
    assert {**state(), "backgrounds": None} == {**delivered, "backgrounds": None}
    assert len(untidy.camera.data.background_images) == 2  # the reference and one of ours


def test_remove_works_after_the_camera_was_deleted(parts, view):
    import bpy

    visible = view.ground.visible_camera
    deliver(parts, view, smooth_picture(), matte_of_something())
    bpy.data.objects.remove(view.camera)
    assert parts.backdrop.remove(view.scene)
    assert parts.backdrop.find(view.scene) is None and view.ground.visible_camera == visible


def test_objects_put_into_the_backdrops_collection_stay(parts, view):
    import bpy

    deliver(parts, view, smooth_picture())
    collection = parts.backdrop.find(view.scene)
    view.scene.collection.objects.unlink(view.house)
    for thing in (view.house, bpy.data.objects.new("Empty", None)):
        collection.objects.link(thing)
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert {"House", "Empty"} <= {*view.scene.collection.objects.keys()}


def test_remove_spares_objects_of_another_scenes_backdrop(parts, view):
    import bpy

    other = bpy.data.scenes.new("Other")
    other.collection.objects.link(view.ground)
    other.collection.objects.link(view.camera)
    deliver(parts, view, smooth_picture())
    deliver(parts, SimpleNamespace(scene=other, camera=view.camera), smooth_picture())
    parts.backdrop.remove(view.scene)
    assert not view.ground.visible_camera
    parts.backdrop.remove(other)
    assert view.ground.visible_camera


def test_a_delivery_that_fails_halfway_can_be_taken_back(part, parts, untidy, monkeypatch):
    import bpy

    before = state()

    def fail(*_arguments):
        raise OSError("no room")

    monkeypatch.setattr(part("apply.plane"), "add", fail)
    with pytest.raises(RuntimeError, match="no room"):
        deliver(parts, untidy, smooth_picture())
    assert state() != before
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert state() == before


def test_a_painting_is_put_up_without_cycles(parts, untidy, switch_cycles_off):
    import bpy

    switch_cycles_off()
    before = state()
    untidy.scene.render.engine = "BLENDER_WORKBENCH"
    deliver(parts, untidy, smooth_picture())
    bpy.context.view_layer.update()
    tree = parts.backdrop.find(untidy.scene).objects[0].data.materials[0].node_tree
    assert all(curve.driver.is_valid for curve in tree.animation_data.drivers)
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert state() == before


def test_a_linked_copy_of_the_scene_leaves_the_backdrop_to_the_original(parts, view):
    import bpy

    deliver(parts, view, smooth_picture())
    copy = view.scene.copy()
    assert parts.backdrop.find(copy) is None and parts.backdrop.lender(copy) == view.scene
    with bpy.context.temp_override(scene=copy):
        assert not bpy.ops.veduta.remove_backdrop.poll()
    deliver(parts, SimpleNamespace(scene=copy, camera=view.camera), sharp_picture())
    assert len(view.scene.collection.children) == len(copy.collection.children) == 1
    assert parts.backdrop.find(copy) != parts.backdrop.find(view.scene)
    parts.backdrop.remove(copy)
    assert not view.ground.visible_camera and parts.backdrop.lender(view.scene) is None
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert view.ground.visible_camera


def test_linked_copies_take_the_backdrop_over_when_the_original_is_deleted(parts, view):
    import bpy

    deliver(parts, view, smooth_picture())
    copies = [view.scene.copy(), view.scene.copy()]
    bpy.context.window.scene = copies[0]
    bpy.data.scenes.remove(view.scene)
    assert parts.backdrop.remove(copies[1])
    assert view.ground.visible_camera and not any(map(parts.backdrop.find, copies))


def test_a_full_copy_of_the_scene_shares_what_its_backdrop_shows(parts, untidy):
    import bpy

    images = {image.name for image in bpy.data.images}
    painting = deliver(parts, untidy, smooth_picture(), matte_of_something())
    bpy.ops.scene.new(type="FULL_COPY")
    copy = bpy.context.scene
    assert parts.backdrop.find(copy) not in (None, parts.backdrop.find(untidy.scene))
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert copy.camera != untidy.camera and [*map(name_of_image, copy.camera.data.background_images)] == ["Reference"]
    assert copy.objects["Ground.001"].visible_camera and not untidy.ground.visible_camera
    plane, = parts.backdrop.find(untidy.scene).objects
    shown = {node.image.name for node in plane.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE"}
    assert shown == {"Veduta Render Backdrop"}
    assert [*map(name_of_image, untidy.camera.data.background_images)] == ["Reference", "Veduta Viewport Backdrop"]
    bpy.context.window.scene = untidy.scene
    assert bpy.ops.veduta.remove_backdrop() == {"FINISHED"}
    assert {image.name for image in bpy.data.images} == images | {painting.name}


@pytest.mark.parametrize("kept", [True, False])
def test_two_scenes_with_one_camera_each_have_their_picture(parts, view, kept):
    import bpy

    other = bpy.data.scenes.new("Other")
    other.collection.objects.link(view.camera)
    matte = matte_of_something() if kept else None
    deliver(parts, view, smooth_picture(), matte)
    deliver(parts, SimpleNamespace(scene=other, camera=view.camera), sharp_picture(), matte)
    first, second = view.camera.data.background_images
    shown = first.image
    assert shown != second.image
    parts.backdrop.recut(other, other.view_layers[0])
    parts.backdrop.remove(other)
    entry, = view.camera.data.background_images
    assert entry.image == shown and view.camera.data.show_background_images
    deliver(parts, SimpleNamespace(scene=other, camera=view.camera), sharp_picture(), matte)
    parts.backdrop.remove(view.scene)
    assert len(view.camera.data.background_images) == 1 and view.camera.data.show_background_images
    parts.backdrop.remove(other)
    assert not view.camera.data.background_images and not view.camera.data.show_background_images
    assert not [image.name for image in bpy.data.images if image.name.startswith("Veduta Viewport")]


def name_of_image(entry) -> str:
    """The name of what a camera's background image shows."""
    return entry.image.name


def test_delivery_without_a_painting_is_refused(parts, view):
    import bpy

    assert bpy.ops.veduta.deliver() == {"CANCELLED"}
    assert parts.backdrop.find(view.scene) is None and not bpy.ops.veduta.remove_backdrop.poll()


def test_settings_that_change_colours_are_named(part, parts, view):
    colour = part("apply.colour")
    settings = view.scene.view_settings
    assert colour.warnings(view.scene) == []
    settings.exposure, settings.use_curve_mapping = 1.0, True
    settings.look = next(name for name in ("High Contrast", "Standard - High Contrast") if _accepts(settings, name))
    words = " ".join(colour.warnings(view.scene))
    assert all(word in words for word in ("exposure", "curves", "look"))
    settings.view_transform = "False Color"
    assert colour.inverse_space(view.scene) is None and "False Color" in " ".join(colour.warnings(view.scene))


def _accepts(settings, look: str) -> bool:
    try:
        settings.look = look
    except TypeError:
        return False
    return True
