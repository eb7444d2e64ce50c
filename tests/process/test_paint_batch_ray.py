"""paint-batch on a Ray cluster of two nodes on this machine, one of which is killed in the middle. Runs only where Ray is installed.

    python3.11 -m venv ray && ray/bin/pip install .[paint,farm] pytest && ray/bin/python -m pytest tests/process/test_paint_batch_ray.py
"""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

ray = pytest.importorskip("ray")
pytest.importorskip("onnxruntime")

from PIL import Image  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

from synth_core import frames  # noqa: E402
from synth_core.batch import Batch, BatchError  # noqa: E402
from synth_core.cluster import paint_there  # noqa: E402
from synth_core.frames import Captured  # noqa: E402
from synth_core.painter import Painter  # noqa: E402
from synth_core.request import Request  # noqa: E402

WEIGHTS = Path(__file__).parents[2] / "weights"
COUNT = 16
HEIGHT, WIDTH = 64, 96


def labels(number: int) -> np.ndarray:
    """Sky over a mountain over the sea, another horizon in every frame."""
    rows = np.arange(HEIGHT)[:, None] + np.zeros((1, WIDTH), int)
    return np.where(rows < 20 + number, 1, np.where(rows < 45, 5, 12)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path) -> Path:
    for number in range(COUNT):
        frames.save(tmp_path / f"shot_{number:04d}.vframe", Captured(Request(labels(number), seed=7)))
    return tmp_path


@pytest.fixture
def cluster():
    """A head that paints nothing, and two nodes of one processor each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.nodes = [made.add_node(num_cpus=1), made.add_node(num_cpus=1)]
    made.wait_for_nodes()
    yield made
    made.shutdown()


def test_one_of_two_nodes_is_killed_and_every_frame_is_there_once(folder, cluster):
    said, written = [], []

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 4:
            cluster.remove_node(cluster.nodes[0], allow_graceful=False)

    (folder / "shot_0003.vframe").write_bytes(b"no frame")
    batch = Batch(folder, folder / "out", skip_existing=True, say=say)
    finish = batch.finish
    batch.finish = lambda task, *picture: (written.append(task.target.name), finish(task, *picture))
    paint_there(batch, cluster.address, WEIGHTS, "onnx", 1)
    print("\n".join([*said, batch.summary()]))
    expected = [f"shot_{number:04d}.png" for number in range(COUNT) if number != 3]
    assert sorted(written) == expected and sorted(os.listdir(folder / "out")) == expected
    assert [line.split()[1] for line in said if "painted in" in line] == written
    assert batch.painted == COUNT - 1 and list(batch.failed) == ["shot_0003.vframe"]
    assert any("is painted again" in line for line in said), "the killed node was painting"
    painter = Painter(WEIGHTS, threads=1)
    for name in expected:
        picture = painter.paint(frames.load(folder / f"{Path(name).stem}.vframe").request).picture
        assert np.array_equal(np.asarray(Image.open(folder / "out" / name)), picture)


def test_what_is_there_is_not_painted_again(folder, cluster):
    for number in range(COUNT - 1):
        (folder / f"shot_{number:04d}.png").write_bytes(b"there")
    batch = Batch(folder, folder, skip_existing=True, say=print)
    paint_there(batch, cluster.address, WEIGHTS, "onnx", 1)
    assert (batch.painted, batch.present) == (1, COUNT - 1)


def test_a_cluster_that_cant_paint_says_why(folder, cluster):
    batch = Batch(folder, folder, skip_existing=True, say=print)
    with pytest.raises(BatchError, match="The cluster can't paint .*torch"):
        paint_there(batch, cluster.address, WEIGHTS, "torch", 1)
    assert not list(folder.glob("*.lock"))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999"])
def test_no_cluster_at_an_address(folder, address):
    with pytest.raises(BatchError, match=f"No Ray cluster answers at {address}"):
        paint_there(Batch(folder, folder, skip_existing=True, say=print), address, WEIGHTS, "onnx", 1)
