"""The extension's preferences: what the painter runs on and how much of the computer it takes, which weights paint, and where its files are.
A scene's settings are in `properties`; how a Python is looked at is `own_python`'s, what weights are installed `installed`'s."""
from __future__ import annotations

import time

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from . import installed, looks, own_python, painting, service, thumbnails
from .own_python import PythonError

_ENGINES = (
    ("onnx", "Processor", "The bundled runtime on the processor: works everywhere, and gives the same picture again to the last bit"),
    ("gpu", "Graphics Card", "The bundled runtime on the graphics card (DirectML on Windows, CoreML on macOS), as long as it agrees with the "
                             "processor on a probe picture"),
    ("torch", "Own Python", "A Python of your own with torch, which brings CUDA, ROCm or Apple's graphics"),
)
_TICK_SECONDS = 0.2
_PICTURE = 3.0  # size of the weights' pictures, in buttons
_HASH = 12  # digits of a hash that are shown

_check: own_python.Check | None = None
_verdict = ""  # of the last look at the chosen Python


def _start_afresh(_preferences, _context) -> None:
    """Engine and threads are the process's for life, so the next painting gets a new one."""
    painting.cancel()
    service.close()


def _other_weights(preferences, context) -> None:
    """Whatever was made by the former weights, or read from them, is no longer true."""
    _start_afresh(preferences, context)
    looks.forget()
    thumbnails.free()


def _another_python(preferences, context) -> None:
    global _verdict
    _verdict = ""
    _start_afresh(preferences, context)


class VedutaPreferences(bpy.types.AddonPreferences):
    """What the painter may use, and where its files are."""

    bl_idname = service.ROOT_PACKAGE

    engine: EnumProperty(
        name="Engine", items=_ENGINES, default="onnx", update=_start_afresh,
        description="What the painter runs on. A painting under way is cancelled by a change")
    python: StringProperty(
        name="Python", subtype="FILE_PATH", update=_another_python,
        description="The python program of an environment that has torch and numpy")
    weights: StringProperty(
        name="Weights", update=_other_weights,
        description="Which weights paint: the name of their folder in Veduta's user folder, empty for Veduta's own")
    threads: IntProperty(
        name="Threads", default=0, min=0, max=1024, update=_start_afresh,
        description="Processor threads to paint with; 0 takes all. A painting under way is cancelled by a change")

    def draw(self, context):
        layout = self.layout
        layout.row().prop(self, "engine", expand=True)
        if self.engine == "torch":
            row = layout.split(factor=0.8)
            row.prop(self, "python")
            row.operator("veduta.check_python", text="Check", icon="VIEWZOOM")
            if _verdict or _check:
                layout.label(text=_verdict or "Looking …", icon="INFO")
        if service.note():
            layout.label(text=service.note(), icon="ERROR")
        layout.prop(self, "threads")
        row = layout.split(factor=0.8)
        row.label(text=f"Log: {service.log_path()}")
        row.operator("wm.path_open", text="Open", icon="TEXT").filepath = str(service.log_path())
        row = layout.split(factor=0.8)
        row.label(text=f"Cache: {service.user_folder()}")
        row.operator("wm.path_open", text="Open", icon="FILE_FOLDER").filepath = str(service.user_folder())
        self._draw_weights(layout)

    def _draw_weights(self, layout) -> None:
        """The installed weights to choose from, and those that are chosen but gone."""
        box = layout.box()
        row = box.row()
        row.label(text="Weights")
        row.operator("veduta.install_weights", text="Install...", icon="IMPORT")
        chosen = installed.chosen()
        for entry in installed.entries() if chosen in installed.entries() else [chosen, *installed.entries()]:
            row = box.row()
            row.template_icon(thumbnails.weights_icon(entry), scale=_PICTURE)
            facts = row.column(align=True)
            facts.label(text=entry.name, icon="ERROR" if entry.problem else "NONE")
            for line in _facts(entry):
                facts.label(text=line)
            buttons = row.row(align=True)
            buttons.alignment = "RIGHT"
            used = entry.key == chosen.key
            buttons.operator("veduta.choose_weights", text="Used" if used else "Use", depress=used).key = entry.key
            buttons.operator("veduta.export_weights", text="", icon="EXPORT").key = entry.key
            if entry.key != installed.OWN:
                buttons.operator("veduta.remove_weights", text="", icon="TRASH").key = entry.key


def _facts(entry: installed.Entry) -> list[str]:
    """Lines on installed weights: what is wrong with them, or hash, date and licence."""
    if entry.problem:
        return [entry.problem]
    found = entry.weights
    return [line for line in ("   ".join((found.sha256[:_HASH], found.created)).strip(), found.licence) if line]


class VEDUTA_OT_check_python(bpy.types.Operator):
    """Run the chosen Python and tell whether it can paint with torch, and on what device"""

    bl_idname = "veduta.check_python"
    bl_label = "Check Python"

    def invoke(self, context, event):
        if self._begin():
            bpy.app.timers.register(_follow, first_interval=_TICK_SECONDS)
        return {"FINISHED"}

    def execute(self, context):
        if not self._begin():
            return {"CANCELLED"}
        while (pause := _follow()) is not None:
            time.sleep(pause)
        self.report({"INFO"}, _verdict)
        return {"FINISHED"}

    def _begin(self) -> bool:
        global _check, _verdict
        stop()
        try:
            _check, _verdict = own_python.Check(bpy.path.abspath(service.preferences().python)), ""
        except PythonError as error:
            _verdict = str(error)
            self.report({"ERROR"}, _verdict)
        return _check is not None


def stop() -> None:
    """End the look that is under way, if there is one, and leave no timer behind."""
    global _check
    if _check is not None:
        _check.end()
        _check = None
    if bpy.app.timers.is_registered(_follow):
        bpy.app.timers.unregister(_follow)


def _follow() -> float | None:
    """Take the look on; None when it is over."""
    global _check, _verdict
    if _check is None:
        return None
    try:
        found = _check.poll()
    except PythonError as error:
        _verdict, _check = str(error), None
        return None
    if found is None:
        return _TICK_SECONDS
    _verdict, _check = f"{found}.", None
    return None


CLASSES = (VedutaPreferences, VEDUTA_OT_check_python)
