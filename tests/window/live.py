"""Live in a real window: pictures follow the camera, the view and the terrain, the file stays as it is, and the interface stays free.

Prints the latency from a change to the picture of it on the screen, and the longest that Live held the interface up.
"""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from story import BLOCKED, MODULE, Step, check, empty_file, has_backdrop, idle, part, photograph, press, run, show_tab, undo, viewport  # noqa: E402

MOVES = 8


class Clock:
    """Times Live's ticks and drawings, and notes when the first picture of each view is drawn."""

    def __init__(self):
        live = part("live")
        self.ticks, self.processor, self.draws, self.drawn, self.captured = [], [], [], {}, {}
        tick, draw, start_job = live._Live.tick, live._draw, live._Live._start_job

        def timed_tick(this):
            began, worked = time.perf_counter(), time.thread_time()
            try:
                return tick(this)
            finally:
                self.ticks.append(time.perf_counter() - began)
                self.processor.append(time.thread_time() - worked)

        def timed_draw():
            began = time.perf_counter()
            draw()
            self.draws.append(time.perf_counter() - began)
            shown = live.picture()
            if shown is not None:
                self.drawn.setdefault((shown.aim.key, shown.full), time.perf_counter())

        def timed_start(this, work):
            self.captured[work.aim.key, work.full] = time.perf_counter()
            start_job(this, work)

        live._Live.tick, live._draw, live._Live._start_job = timed_tick, timed_draw, timed_start


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
    yield 0.5
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
    times, captures, ticks = [], [], len(clock.ticks)
    for turn in range(MOVES):
        view.view_rotation = Euler((1.35, 0, 0.5 + 0.05 * (turn + 1))).to_quaternion()
        began = time.perf_counter()
        before = shown()
        yield lambda: shown() is not before and fresh(False)
        key = shown().aim.key, False
        times.append(clock.drawn.get(key, time.perf_counter()) - began)
        captures.append(clock.captured[key] - began)
    print(f"     view moved to small picture on screen: median {median(times):.2f} s, longest {max(times):.2f} s; of these the capture "
          f"{median(captures):.2f} s; {(len(clock.ticks) - ticks) / MOVES:.0f} ticks each", flush=True)
    yield lambda: fresh(True)
    check("turning the view changes nothing in the file", not bpy.data.is_dirty)
    slow = sum(seconds > BLOCKED for seconds in clock.ticks)
    print(f"     longest tick {max(clock.ticks) * 1000:.0f} ms ({max(clock.processor) * 1000:.0f} ms of them at work), median "
          f"{median(clock.ticks) * 1000:.0f} ms; {slow} of {len(clock.ticks)} above {BLOCKED * 1000:.0f} ms; longest drawing "
          f"{max(clock.draws) * 1000:.0f} ms; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    check("no tick worked longer than the interface may be held up", max(clock.processor) <= BLOCKED)


def moving(camera, clock: Clock) -> Iterator[Step]:
    """A camera that never stands still: how many pictures a second come through when small jobs are finished, and when they are dropped."""
    live = part("live")
    viewport()["area"].spaces.active.region_3d.view_perspective = "CAMERA"
    yield lambda: fresh(False)
    drop = live._Live._drop_outdated
    for way, rule in (("finishing small jobs", drop), ("dropping them", _drop_all)):
        live._Live._drop_outdated = rule
        count, began = len(clock.drawn), time.perf_counter()
        while time.perf_counter() - began < 6:
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
