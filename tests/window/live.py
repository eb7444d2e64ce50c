"""Live in a real window: pictures follow the camera, the view and the terrain, the file stays as it is, and the interface stays free.

Prints the latency from a change to the picture of it on the screen, and the longest that Live held the interface up.
"""
from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from story import BLOCKED, MODULE, Step, check, empty_file, has_backdrop, idle, part, photograph, press, run, show_tab, undo, viewport  # noqa: E402

MOVES = 12


class Clock:
    """Times Live's ticks and drawings, and notes when the first picture of each view is drawn."""

    def __init__(self):
        live = part("live")
        self.ticks, self.draws, self.drawn = [], [], {}
        tick, draw = live._Live.tick, live._draw

        def timed_tick(this):
            began = time.perf_counter()
            try:
                return tick(this)
            finally:
                self.ticks.append(time.perf_counter() - began)

        def timed_draw():
            began = time.perf_counter()
            draw()
            self.draws.append(time.perf_counter() - began)
            shown = live.picture()
            if shown is not None:
                self.drawn.setdefault((shown.aim.key, shown.full), time.perf_counter())

        live._Live.tick, live._draw = timed_tick, timed_draw


def shown():
    return part("live").picture()


def fresh(full: bool) -> bool:
    live = part("live")
    place = live._live.place()
    return shown() is not None and shown().full >= full and live._live.is_up_to_date() and live._live.is_fresh(live.look(*place))


def story(out: Path) -> Iterator[Step]:
    """The whole visit."""
    bpy.ops.preferences.addon_enable(module=MODULE)
    empty_file()
    yield from show_tab()
    press("veduta.sample_terrain")
    camera = bpy.context.scene.camera
    yield 1.0
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "live.blend"))
    check("the file is saved", not bpy.data.is_dirty)
    clock = Clock()
    press("veduta.live")
    yield lambda: fresh(True)
    yield from photograph(out, "live_camera")
    check("Live leaves the file as it is", not bpy.data.is_dirty)
    yield from free_view(out, clock)
    yield from moving(camera, clock)
    yield from editing(out)
    yield from ends(out)


def free_view(out: Path, clock: Clock) -> Iterator[Step]:
    view = viewport()["area"].spaces.active.region_3d
    view.view_perspective = "PERSP"
    view.view_distance, view.view_location = 60.0, (0, 40, 8)
    from mathutils import Euler
    view.view_rotation = Euler((1.35, 0, 0.5)).to_quaternion()
    yield lambda: fresh(False)
    yield lambda: fresh(True)
    yield from photograph(out, "live_view")
    times = []
    for turn in range(MOVES):
        view.view_rotation = Euler((1.35, 0, 0.5 + 0.05 * (turn + 1))).to_quaternion()
        began = time.perf_counter()
        before = shown()
        yield lambda: shown() is not before and fresh(False)
        drawn = [at for (key, full), at in clock.drawn.items() if not full and at > began]
        times.append((drawn[-1] if drawn else time.perf_counter()) - began)
    times.sort()
    print(f"     view moved to small picture on screen: median {times[len(times) // 2]:.2f} s, longest {times[-1]:.2f} s", flush=True)
    yield lambda: fresh(True)
    check("turning the view changes nothing in the file", not bpy.data.is_dirty)
    print(f"     longest tick {max(clock.ticks) * 1000:.0f} ms, longest drawing {max(clock.draws) * 1000:.0f} ms, "
          f"{len(clock.ticks)} ticks", flush=True)
    check("no tick held the interface up", max(clock.ticks) <= BLOCKED)


def moving(camera, clock: Clock) -> Iterator[Step]:
    """A camera that never stands still: how many pictures a second come through when small jobs are finished, and when they are dropped."""
    live = part("live")
    viewport()["area"].spaces.active.region_3d.view_perspective = "CAMERA"
    yield lambda: fresh(False)
    drop = live._Live._drop_outdated
    for way, rule in (("finishing small jobs", drop), ("dropping them", _drop_all)):
        live._Live._drop_outdated = rule
        count, began = len(clock.drawn), time.perf_counter()
        while time.perf_counter() - began < 4:
            camera.location.x += 0.02
            yield 0.1
        print(f"     {way}: {(len(clock.drawn) - count) / (time.perf_counter() - began):.1f} pictures a second while the camera moves", flush=True)
    live._Live._drop_outdated = drop


def _drop_all(this, aim) -> None:
    if this._work and this._work.aim.key != aim.key:
        this._drop()


def editing(out: Path) -> Iterator[Step]:
    yield lambda: fresh(True)
    before = shown().result.picture.copy()
    sea = bpy.data.objects["Sea"]
    sea.location.z += 4
    bpy.ops.ed.undo_push(message="Move")
    yield lambda: fresh(False) and not fresh(True)
    yield lambda: fresh(True)
    check("a picture follows an edit of the terrain", (shown().result.picture != before).any())
    undo()
    yield 0.3
    yield lambda: fresh(True)
    check("and its undoing", part("live").is_on())


def ends(out: Path) -> Iterator[Step]:
    yield lambda: fresh(True)
    press("veduta.keep_live")
    yield idle
    check("Keep puts the picture up and ends Live", has_backdrop() and not part("live").is_on())
    undo()
    yield 0.3
    check("one Undo takes it away", not has_backdrop())
    press("veduta.live")
    yield 0.5
    press("veduta.paint")
    check("Paint goes before Live", not idle())
    yield idle
    check("and Live goes on", has_backdrop() and part("live").is_on())
    bpy.context.window.scene = bpy.data.scenes.new("Other")
    yield 0.5
    check("another scene ends it", not part("live").is_on())
    press("veduta.live")
    yield 0.5
    check("a scene without surfaces is explained", "nothing to paint" in part("live").problem())
    bpy.ops.wm.open_mainfile(filepath=str(out / "live.blend"))
    yield 1.0
    check("another file ends it", not part("live").is_on())


run(story)
