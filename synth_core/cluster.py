"""A batch of frames on a Ray cluster: painters on its nodes paint what the driver hands them, and hand the pictures back.

The driver alone holds the frames' locks and writes the pictures: nodes need no common disk, and a node that is lost leaves nothing behind.
Nodes need Python, Ray, numpy and the engine's library; this package and the weights come from the driver. Ray is imported here only.
"""
from __future__ import annotations

import os
import socket
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from . import batch as batches
from . import frames
from . import weights as weights_folder
from .batch import Batch, BatchError, Task
from .engines import EngineError
from .painter import Painter
from .weights import WeightsError

MOST_ATTEMPTS = 4  # at one frame; when its painters were lost so often it is taken for the cause
_LOOK_SECONDS = 5.0  # at most, between looks at the cluster's nodes and renewals of the locks


class NodePainter:
    """The actor: a Painter on a node."""

    def __init__(self, weights: dict[str, bytes], engine: str, threads: int):
        """weights: the files of the weights folder by their names."""
        self._folder = tempfile.TemporaryDirectory()  # kept: the painter opens the critic when it is first asked
        for name, data in weights.items():
            Path(self._folder.name, name).write_bytes(data)
        self._settings = engine, threads

    def load(self) -> str:
        """Load the painter; returns why that can't be done here, or nothing."""
        try:
            self._painter = Painter(self._folder.name, *self._settings)
        except (EngineError, WeightsError) as error:
            return str(error)
        return ""

    def paint(self, data: bytes, name: str) -> tuple[bytes, float] | str:
        """The PNG file of a frame (the bytes of its file, and its name) and the seconds it took; or why it can't be painted."""
        try:
            captured = frames.read(data, name)
            frames.check_weights(captured, name, self._painter.weights)
            result = self._painter.paint(captured.request)
        except batches.REFUSALS as error:
            return batches.reason(error)
        return frames.picture_file(result, captured.alpha, captured.request.texts), result.seconds


@dataclass(eq=False)
class _Hired:
    """A NodePainter and the node that it is on."""

    actor: object
    node: str


def paint_there(batch: Batch, address: str, weights: Path, engine: str, threads: int) -> None:
    """Paint a batch on the cluster at `address` ("" for the one that Ray finds, else this machine). Node by node there are as many painters
    as its processors give `threads` each, one with 0.

    Raises BatchError without Ray, without a cluster and when no node can paint; WeightsError; OSError where no lock can be made.
    """
    files = _files(weights)
    ray = _connect(address)
    try:
        _Crew(ray, batch, files, engine, threads).work()
    finally:
        ray.shutdown()


def _files(folder: Path) -> dict[str, bytes]:
    """What painting needs of a checked weights folder."""
    weights_folder.load(folder)
    kinds = (".json", ".onnx", ".safetensors")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in kinds and path.name != weights_folder.JUDGES}


def _connect(address: str) -> ModuleType:
    """Ray, connected. Raises BatchError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that is started here reports to nobody
    try:
        import ray
    except ImportError:
        raise BatchError("Painting on a cluster needs Ray, which is not installed; `pip install ray` brings it.") from None
    try:
        _knock(address)
        ray.init(address or None, log_to_driver=False, logging_level="error",
                 runtime_env={"py_modules": [str(Path(__file__).parent)], "excludes": ["__pycache__"]})
    except (OSError, ValueError, RuntimeError) as error:
        where = f"at {address}" if address else "on this machine"
        raise BatchError(f"No Ray cluster answers {where} ({str(error).strip().splitlines()[0]}).") from error
    return ray


def _knock(address: str) -> None:
    """Raises OSError when nothing listens at HOST:PORT, which Ray itself finds out after minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), _LOOK_SECONDS).close()


class _Crew:
    """The painters of a cluster at work on a batch. Nodes that join are used; those that are lost give their frames to the others."""

    def __init__(self, ray: ModuleType, batch: Batch, weights: dict[str, bytes], engine: str, threads: int):
        self._ray, self._batch = ray, batch
        self._kind, self._settings, self._threads = ray.remote(NodePainter), (ray.put(weights), engine, threads), threads
        self._hired: list[_Hired] = []
        self._idle: list[_Hired] = []
        self._under_way: dict[object, tuple[_Hired, Task | None]] = {}  # by what Ray will answer; no task: the painter is being loaded
        self._refused: dict[str, str] = {}  # why no painter could be loaded there, by node

    def work(self) -> None:
        """Paint until no frame is left."""
        try:
            while self._batch.waiting or any(task for _, task in self._under_way.values()):
                self._hire()
                self._hand_out()
                self._collect()
        finally:
            for _, task in self._under_way.values():
                if task is not None:
                    task.lock.release()

    def _hire(self) -> None:
        """Load the painters that the nodes have room for. Raises BatchError when there are none and none can be had."""
        nodes = {node["NodeID"]: node["Resources"] for node in self._ray.nodes() if node["Alive"]}
        for painter in [painter for painter in self._idle if painter.node not in nodes]:
            self._idle.remove(painter)
            self._hired.remove(painter)
        there = Counter(painter.node for painter in self._hired)
        for node, resources in nodes.items():
            processors = int(resources.get("CPU", 0))
            each = min(self._threads or processors, processors)
            room = processors // each if each and node not in self._refused else 0
            for _ in range(room - there[node]):
                self._load(node, each)
        if not self._hired:
            why = next(reversed(self._refused.values()), "none of its nodes has processors")
            raise BatchError(f"The cluster can't paint ({why}); mend it and run this again with --skip-existing.")

    def _load(self, node: str, processors: int) -> None:
        place = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        painter = _Hired(self._kind.options(num_cpus=processors, scheduling_strategy=place).remote(*self._settings), node)
        self._hired.append(painter)
        self._under_way[painter.actor.load.remote()] = painter, None

    def _hand_out(self) -> None:
        while self._idle and (task := self._batch.take()):
            try:
                data = task.source.read_bytes()
            except OSError as error:
                self._batch.fail(task, f"{task.source.name} can't be read ({error.strerror})")
                continue
            painter = self._idle.pop()
            self._under_way[painter.actor.paint.remote(data, task.source.name)] = painter, task

    def _collect(self) -> None:
        """Wait for an answer, not long, and take it."""
        if not self._under_way:  # other machines paint all that is left
            time.sleep(batches.POLL_SECONDS)
            return
        answered, _ = self._ray.wait(list(self._under_way), timeout=_LOOK_SECONDS)
        for answer in answered:
            self._settle(answer)
        for _, task in self._under_way.values():
            if task is not None:
                task.lock.renew()

    def _settle(self, answer: object) -> None:
        painter, task = self._under_way.pop(answer)
        try:
            found = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            self._lose(painter, task, str(getattr(error, "cause", None) or type(error).__name__))
            return
        if task is None and found:
            self._lose(painter, None, found.rstrip("."))
            return
        self._idle.append(painter)
        if task is not None and isinstance(found, str):
            self._batch.fail(task, found)
        elif task is not None:
            self._batch.finish(task, *found)

    def _lose(self, painter: _Hired, task: Task | None, why: str) -> None:
        """The painter's process or node is gone, or it raised what it should not."""
        self._hired.remove(painter)
        self._ray.kill(painter.actor)
        if task is None:
            self._refused[painter.node] = why
            self._batch.say(f"no painter can be loaded on the node {painter.node[:8]} ({why})")
            return
        task.attempts += 1
        if task.attempts == MOST_ATTEMPTS:
            self._batch.fail(task, f"{MOST_ATTEMPTS} painters were lost over it ({why})")
            return
        self._batch.say(f"{task.target.name} is painted again: its painter was lost ({why})")
        self._batch.give_back(task)

