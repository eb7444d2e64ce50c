"""Live: one viewport repainted while the user moves about and works, drawn over it as a texture. Nothing is written to the file.

A timer looks at what the viewport shows. When that changes, a small picture is captured and painted at once; when it has stayed the same for
a moment, one at full size. One job is under way at most, and each begins with what is to be seen then: whatever came in between is never
painted. A small picture that is under way is finished, so that pictures keep coming while the view moves; a large one is dropped.

How a scene is captured in short steps is `capture/sketch.py`'s; Keep and the button are `operators/live.py`'s. All of it lives in this
module's memory and ends with the file, the scene, the viewport, the add-on or a render.
"""
from __future__ import annotations

import time
from dataclasses import dataclass

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent
from gpu_extras.batch import batch_for_shader

from . import installed, looks, painting, service, viewports
from . import recipe as recipes
from .capture import CaptureError, Lens, matrix_lens, project
from .capture.sketch import Scenery, Sketch, Steps
from .operators import paint
from .painting import PaintingError
from .session import Job, SessionError
from .synth_core.light import TO_LINEAR
from .synth_core.request import Request, RequestError, Result

# Of the time since the last tick, the share that a tick captures for, and its bounds in seconds. Where Blender itself draws slowly, ticks are
# far apart, and a longer one delays it little.
_SHARE, _SHORTEST, _LONGEST = 0.1, 0.012, 0.03
BUSY_SECONDS, IDLE_SECONDS = 0.02, 0.05  # between ticks
STILL_SECONDS = 0.4  # without a change before the full size is painted
SMALL_SIDE = 192  # the short side of small pictures: about the least that composition paints as it is, and a multiple of its stride
FULL_SIDE = project.CAPPED_SIDE
_SMALL_SAMPLES, _FULL_SAMPLES = 1, 4  # the matte's, across and along each pixel
_STALE_ALPHA = 0.6  # a picture of a former view lets the viewport shine through, so that the user sees where the view goes


@dataclass(frozen=True, eq=False)
class Look:
    """What a viewport shows: through which lens, how large a full picture of it is, and the camera's session_uid (0 for a free view)."""

    lens: Lens
    width: int
    height: int
    camera: int

    @property
    def key(self) -> tuple:
        lens = self.lens
        return (lens.view.tobytes(), lens.left, lens.right, lens.bottom, lens.top, lens.near, lens.far, lens.orthographic,
                self.width, self.height, self.camera)


@dataclass(frozen=True, eq=False)
class Aim:
    """What is to be painted: a look at one state of the scene with one seed, in which style (23, 64), None for the seed's own, and with
    weights of which hash."""

    look: Look
    state: int
    seed: int
    style: np.ndarray | None
    style_name: str
    weights: str

    @property
    def key(self) -> tuple:
        return self.look.key, self.state, self.seed, None if self.style is None else self.style.tobytes(), self.weights


@dataclass(eq=False)
class _Work:
    """One picture on its way: first its capture, then its job."""

    aim: Aim
    full: bool
    steps: Steps
    sketch: Sketch | None = None
    recipe: recipes.Recipe | None = None
    job: Job | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished picture, on the card."""

    aim: Aim
    full: bool
    sketch: Sketch
    recipe: recipes.Recipe
    result: Result
    texture: gpu.types.GPUTexture


class _Broken(PaintingError):
    """The painter failed at what it was given: it would again, so Live ends."""


class _Live:
    """Live for one viewport. Window, area and region are known by their addresses: a reference to one that was closed must not be used."""

    def __init__(self, context: bpy.types.Context):
        self._area, self._region = context.area.as_pointer(), _region(context).as_pointer()
        self.scene = context.scene.session_uid
        self._scenery = Scenery()
        self._outdated, self._state = True, 0  # whether the scene has to be gathered; a number for each state of it
        self._seen: tuple | None = None  # the key of what was last to be painted
        self._changed = 0.0  # since when it has been that
        self._ticked = time.perf_counter()
        self._work: _Work | None = None
        self._refused: tuple | None = None  # the key of what can't be painted; it is tried again when something changes
        self.picture: Picture | None = None
        self.problem = ""

    def place(self) -> tuple[bpy.types.Window, bpy.types.Area, bpy.types.Region] | None:
        """Where it is drawn; None when the viewport is closed, or its window shows another scene."""
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                if area.as_pointer() == self._area and area.type == "VIEW_3D" and window.scene.session_uid == self.scene:
                    region = next((region for region in area.regions if region.as_pointer() == self._region), None)
                    return region and (window, area, region)
        return None

    def gather(self) -> None:
        """Read the scene for the first time, while the press of the button is under way: the longest step of all."""
        window = self.place()[0]
        self._scenery.gather(window.scene, window.view_layer, window.view_layer.depsgraph)

    def note(self, uids: set[int]) -> None:
        """The geometry of the objects and meshes of these session_uids has changed, or with none, something else in the scene."""
        self._scenery.forget(uids)
        self._outdated = True

    def note_all(self) -> None:
        self._scenery.forget_all()
        self._outdated = True

    def tick(self) -> float | None:
        """Move on by a short step. Returns the seconds until the next, None at the end."""
        began = time.perf_counter()
        until, self._ticked = began + min(max(_SHARE * (began - self._ticked), _SHORTEST), _LONGEST), began
        place = self.place()
        if place is None:
            return None
        if painting.current() is not None or place[0].screen.is_animation_playing:  # what the user asked for goes first
            self._drop()
            return IDLE_SECONDS
        try:
            self._follow_job()
            self._move_on(self._aim(place), until)
        except _Broken:
            raise
        except (CaptureError, RequestError, PaintingError) as error:
            self._drop()
            self._refused = self._seen
            self._tell(str(error))
        except SessionError:  # another job is under way, and not for long
            self._drop()
        return IDLE_SECONDS if self._work is None else BUSY_SECONDS

    def _move_on(self, aim: Aim, until: float) -> None:
        if aim.key == self._refused:
            return
        self._drop_outdated(aim)
        if self._work is None:
            self._begin(aim)
        self._capture(until)
        self._tell("")

    def is_fresh(self, look: Look) -> bool:
        """Whether the picture shows what is to be seen through `look`, as far as is known."""
        return self.picture.aim.state == self._state and self.picture.aim.look.key == look.key

    def is_up_to_date(self) -> bool:
        """Whether every change of the scene has been looked at."""
        return not self._outdated

    def close(self) -> None:
        self._drop()
        self.picture = None

    def _aim(self, place: tuple[bpy.types.Window, bpy.types.Area, bpy.types.Region]) -> Aim:
        """What is to be painted now. Gathers the scene anew where it has changed, but never under a capture."""
        window, area, region = place
        if self._outdated and (self._work is None or self._work.job):
            window.view_layer.update()
            self._outdated = False
            self._state += self._scenery.gather(window.scene, window.view_layer, window.view_layer.depsgraph)
        seed = paint.scene_seed(window.scene)
        aim = Aim(look(window, area, region), self._state, seed, *looks.wanted(window.scene, seed), installed.sha256())
        if aim.key != self._seen:
            self._seen, self._changed = aim.key, time.monotonic()
        return aim

    def _drop_outdated(self, aim: Aim) -> None:
        """Give up a large picture of what is no longer to be seen. Small ones are finished: else none would come while the view moves."""
        if self._work and self._work.full and self._work.aim.key != aim.key:
            self._drop()

    def _begin(self, aim: Aim) -> None:
        """Begin the picture that is wanted, if one is."""
        shown = self.picture if self.picture and self.picture.aim.key == aim.key else None
        if shown and shown.full or (shown and time.monotonic() - self._changed < STILL_SECONDS):
            return
        full = shown is not None
        width, height = aim.look.width, aim.look.height
        if not full:
            width, height = small_size(width, height)
        samples = _FULL_SAMPLES if full else _SMALL_SAMPLES
        self._work = _Work(aim, full, self._scenery.steps(aim.look.lens, width, height, samples))

    def _capture(self, until: float) -> None:
        """Take the capture some steps further, and start the job after the last."""
        work = self._work
        if work is None or work.job is not None:
            return
        while time.perf_counter() < until:
            try:
                next(work.steps)
            except StopIteration as end:
                work.sketch = end.value
                self._start_job(work)
                return

    def _start_job(self, work: _Work) -> None:
        look = work.aim.look
        scene = next(scene for scene in bpy.data.scenes if scene.session_uid == self.scene)
        camera = next((obj.name for obj in scene.objects if obj.session_uid == look.camera), "")
        request = Request(work.sketch.labels, work.aim.seed, work.aim.style)
        work.recipe = recipes.of_lens(request, scene.name, camera, look.lens, work.aim.style_name)
        work.job = service.session().start(work.recipe.request(), gives_way=True)

    def _follow_job(self) -> None:
        """See what has become of the job."""
        work = self._work
        if work is None or work.job is None:
            return
        service.session().tick()
        if work.job.is_running:
            return
        self._work = None
        if work.job.state == "failed":
            raise _Broken(work.job.problem.message, work.job.problem.mend)
        if work.job.state == "done":
            result = work.job.result
            self.picture = Picture(work.aim, work.full, work.sketch, recipes.finished(work.recipe, result), result,
                                   _texture(result.picture, work.sketch.matte))
            for region in ("WINDOW", "UI"):
                viewports.redraw(region)

    def _drop(self) -> None:
        work, self._work = self._work, None
        if work is None:
            return
        work.steps.close()
        if work.job and work.job.is_running:
            service.session().cancel()

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            viewports.redraw("UI")


_live: _Live | None = None
_draw_handle = None


def is_on() -> bool:
    """Whether a viewport is painted live."""
    return _live is not None


def is_here(context: bpy.types.Context) -> bool:
    """Whether the context's viewport is the one."""
    place = _live.place() if _live else None
    return place is not None and context.area == place[1]


def problem() -> str:
    """Why there is no picture; "" when there is one, or will be."""
    return _live.problem if _live else ""


def picture() -> Picture | None:
    """The picture that is shown, or None."""
    return _live.picture if _live else None


def finished(context: bpy.types.Context) -> Picture | None:
    """The picture that is shown, if it is at full size and of what is to be seen now."""
    place = _live.place() if _live else None
    shown = picture()
    if shown is None or place is None or not shown.full:
        return None
    try:
        return shown if _live.is_up_to_date() and _live.is_fresh(look(*place)) else None
    except CaptureError:
        return None


def start(context: bpy.types.Context) -> None:
    """Paint the context's viewport live from now on, and no other."""
    global _live, _draw_handle
    stop()
    _live = _Live(context)
    _live.gather()
    _draw_handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")
    for handlers, handler in _handlers():
        handlers.append(handler)
    bpy.app.timers.register(_tick)


def stop() -> None:
    """Show the viewport as it is again, and leave no job, handler and timer behind."""
    global _live, _draw_handle
    if _live is None:
        return
    _live.close()
    _live = None
    bpy.types.SpaceView3D.draw_handler_remove(_draw_handle, "WINDOW")
    _draw_handle = None
    for handlers, handler in _handlers():
        handlers.remove(handler)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    for region in ("WINDOW", "UI"):
        viewports.redraw(region)


def look(window: bpy.types.Window, area: bpy.types.Area, region: bpy.types.Region) -> Look:
    """What a viewport's region shows: in camera view the camera's frame, else the whole region. Raises CaptureError as a capture does."""
    scene, view = window.scene, region.data
    if view.view_perspective != "CAMERA":
        lens = matrix_lens(np.array(view.view_matrix), np.array(view.window_matrix))
        return Look(lens, *project.fitted(region.width, region.height, FULL_SIDE), camera=0)
    space = area.spaces.active
    camera = space.camera if space.use_local_camera else scene.camera
    lens = project.camera_lens(scene, window.view_layer.depsgraph, camera)
    return Look(lens, *project.fitted(*paint.size(scene), FULL_SIDE), camera=camera.session_uid)


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small picture for a full one."""
    share = min(1.0, SMALL_SIDE / min(width, height))
    return round(width * share), round(height * share)


def frame(view: bpy.types.RegionView3D, region: bpy.types.Region, lens: Lens) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a lens's frame in a region that looks from where the lens stands, in pixels."""
    window = np.array(view.window_matrix, np.float64)
    corners = np.array(((lens.left, lens.bottom, -1, 1), (lens.right, lens.top, -1, 1))) @ window.T
    (left, bottom), (right, top) = (corners[:, :2] / corners[:, 3:] + 1) / 2 * (region.width, region.height)
    return float(left), float(bottom), float(right), float(top)


def _texture(picture: np.ndarray, matte: np.ndarray) -> gpu.types.GPUTexture:
    """The picture on the card, see-through where the matte covers it, bottom row first."""
    height, width = matte.shape
    pixels = np.empty((height, width, 4), np.float32)
    pixels[..., :3] = TO_LINEAR[picture[::-1]]  # the viewport's colours are linear where pictures are drawn into it
    np.subtract(1, matte[::-1], out=pixels[..., 3])
    return gpu.types.GPUTexture((width, height), format="RGBA16F", data=gpu.types.Buffer("FLOAT", pixels.size, pixels.reshape(-1)))


def _draw() -> None:
    """Draw the picture into the viewport that is being drawn, if it is the one."""
    context = bpy.context
    shown, place = picture(), _live.place() if _live else None
    if shown is None or place is None or context.region != place[2]:
        return
    try:
        now = look(*place)
    except CaptureError:
        return
    if now.camera != shown.aim.look.camera:
        return
    left, bottom, right, top = frame(place[2].data, place[2], now.lens)
    shader = gpu.shader.from_builtin("IMAGE_COLOR")
    corners = {"pos": ((left, bottom), (right, bottom), (right, top), (left, top)), "texCoord": ((0, 0), (1, 0), (1, 1), (0, 1))}
    batch = batch_for_shader(shader, "TRI_FAN", corners)
    gpu.state.blend_set("ALPHA")
    shader.bind()
    shader.uniform_sampler("image", shown.texture)
    shader.uniform_float("color", (1, 1, 1, 1 if _live.is_fresh(now) else _STALE_ALPHA))
    batch.draw(shader)
    gpu.state.blend_set("NONE")


def _tick() -> float | None:
    pause = None
    try:
        pause = _live.tick()
    except _Broken as error:
        painting.fail(error)
    finally:  # also where something went wrong that nobody foresaw: Blender prints it, and nothing stays behind
        if pause is None:
            stop()
    return pause


def _region(context: bpy.types.Context) -> bpy.types.Region:
    """The region that the context's view is drawn in; the context's own may be the sidebar."""
    views = [region for region in context.area.regions if region.type == "WINDOW"]
    return next((region for region in views if region.data == context.region_data), views[0])


def _handlers():
    on = bpy.app.handlers
    changes = [(handlers, _note_all) for handlers in (on.frame_change_post, on.undo_post, on.redo_post)]
    return [(on.depsgraph_update_post, _note), *changes, (on.load_pre, _end), (on.render_init, _end)]


@persistent
def _note(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Pass on what has changed in the scene that is shown."""
    if _live is None or scene.session_uid != _live.scene:
        return
    updates = [(update, update.id.original) for update in depsgraph.updates]
    if not all(_is_camera(datablock) for update, datablock in updates):
        _live.note({datablock.session_uid for update, datablock in updates if update.is_updated_geometry})


def _is_camera(datablock: bpy.types.ID) -> bool:
    return type(datablock).__name__ == "Camera" or getattr(datablock, "type", "") == "CAMERA"


@persistent
def _note_all(*_) -> None:
    if _live is not None:
        _live.note_all()


@persistent
def _end(*_) -> None:
    stop()
