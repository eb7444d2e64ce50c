"""The painter's process as a session sees it: warm, cancelled, dying, hanging, lying, and gone."""
from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

SECONDS = 20.0  # more than anything here may take


def until(condition, session=None) -> None:
    """Tick until the condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        if session:
            session.tick()
        time.sleep(0.005)


def paint(session, request):
    job = session.start(request)
    session.wait(job, SECONDS)
    return job


def test_a_painting_comes_back_and_the_child_stays_warm(open_session, make_request):
    session = open_session()
    job = session.start(make_request())
    assert job.state == "starting"
    session.wait(job, SECONDS)
    assert (job.state, job.progress, job.problem) == ("done", 1.0, None), job.problem
    assert job.result.picture.shape == (64, 96, 3) and np.all(job.result.picture == 7)
    assert job.result.engine == "onnx"
    assert paint(session, make_request()).result.png == job.result.png  # the stub writes its process id there


def test_one_painting_at_a_time(tree, open_session, make_request):
    session = open_session()
    job = session.start(make_request(act="steps"))
    with pytest.raises(tree.session.SessionError, match="under way"):
        session.start(make_request())
    session.cancel()
    assert job.state == "cancelled"


def test_a_job_that_nobody_waits_for_gives_way(tree, open_session, make_request):
    session = open_session()
    child = paint(session, make_request()).result.png
    idle = session.start(make_request(act="steps"), gives_way=True)
    with pytest.raises(tree.session.SessionError, match="under way"):
        session.start(make_request(), gives_way=True)
    assert paint(session, make_request()).result.png == child
    assert idle.state == "cancelled" and idle.problem is None


def test_cancel_is_immediate_and_keeps_the_child(open_session, make_request, tmp_path):
    session = open_session()
    child = paint(session, make_request()).result.png
    job = session.start(make_request(act="steps"))
    until(lambda: job.state == "painting" and job.progress > 0, session)
    session.cancel()
    assert job.state == "cancelled"
    asked = time.monotonic()
    following = paint(session, make_request())
    assert following.state == "done" and following.result.png == child
    assert time.monotonic() - asked < 1.0  # of the two seconds that the cancelled one would have taken
    assert job.state == "cancelled" and job.result is None
    session.cancel()
    assert following.state == "done"


def test_cancel_before_the_child_is_up(open_session, make_request):
    session = open_session()
    job = session.start(make_request(act="steps"))
    session.cancel()
    following = paint(session, make_request())
    assert (job.state, following.state) == ("cancelled", "done")


def test_a_child_that_dies_is_explained_and_replaced(open_session, make_request):
    session = open_session()
    job = paint(session, make_request(act="die"))
    assert job.state == "failed" and "exit code 3" in job.problem.message
    assert "last words" in job.problem.log and job.problem.mend
    assert paint(session, make_request()).state == "done"


def test_a_killed_child_is_noticed_at_once(open_session, make_request, tmp_path):
    session = open_session()
    job = session.start(make_request(act="steps"))
    until(lambda: job.state == "painting", session)
    killed = time.monotonic()
    session._client._process.kill()
    session.wait(job, SECONDS)
    assert job.state == "failed" and "ended unexpectedly" in job.problem.message
    assert time.monotonic() - killed < 1.0


def test_a_child_killed_while_idle_is_replaced(open_session, make_request):
    session = open_session()
    first = paint(session, make_request())
    session._client._process.kill()
    session._client._process.wait()
    second = paint(session, make_request())
    assert second.state == "done" and second.result.png != first.result.png


def test_a_hung_child_is_killed_and_replaced(open_session, make_request, tmp_path):
    session = open_session(patience=2.0)
    assert paint(session, make_request()).state == "done"
    job = session.start(make_request(act="sleep", pulse=str(tmp_path / "pulse")))
    process = session._client._process
    session.wait(job, SECONDS)
    assert job.state == "failed" and "no sign of life" in job.problem.message
    assert process.returncode is not None


@pytest.mark.parametrize(
    "act, message, mend",
    [
        ("refuse", "This can't be painted.", "labels"),
        ("spoil", "The weights are damaged.", "Reinstall"),
        ("starve", "memory", "smaller"),
        ("stumble", "KeyError: 'stone'", "report"),
    ],
)
def test_a_failed_painting_says_why_and_what_to_do(open_session, make_request, act, message, mend):
    session = open_session()
    job = paint(session, make_request(act=act))
    assert job.state == "failed" and message in job.problem.message and mend in job.problem.mend
    assert "Traceback" in job.problem.log
    assert paint(session, make_request()).state == "done"


def test_a_wrong_python_is_explained(open_session, make_request, tmp_path):
    job = open_session(python=tmp_path / "no python").start(make_request())
    assert job.state == "failed" and "can't be started" in job.problem.message and job.problem.mend


def test_another_version_of_the_runtime_is_named(tree, open_session, make_request, tmp_path):
    job = paint(open_session(wheels=[tree.make_runtime(tmp_path / "wheels", "1.20.1")]), make_request())
    assert job.state == "failed" and "1.20.1" in job.problem.message and "other extension" in job.problem.mend


def test_a_runtime_from_elsewhere_is_named(tree, tmp_path, monkeypatch):
    foreign = SimpleNamespace(__version__="1.23.2", __file__=str(tmp_path / "elsewhere" / "onnxruntime" / "__init__.py"))
    monkeypatch.setitem(sys.modules, "onnxruntime", foreign)
    tree.worker.check_runtime([])
    tree.worker.check_runtime([str(tmp_path / "elsewhere")])
    with pytest.raises(tree.worker.Unpaintable, match="elsewhere"):
        tree.worker.check_runtime([str(tree.wheels)])


def test_a_missing_runtime_is_explained(tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(tree.worker.Unpaintable, match="can't be loaded") as caught:
        tree.worker.check_runtime([str(tree.wheels)])
    assert "Reinstall" in caught.value.mend


def test_close_leaves_no_process(tree, open_session, make_request, tmp_path, monkeypatch):
    monkeypatch.setattr(tree.session, "CLOSE_SECONDS", 0.3)
    for act, patience in (("nothing", 0.3), ("sleep", 0.3), ("seize", 1.0)):
        session = open_session()
        job = session.start(make_request(act=act, pulse=str(tmp_path / "pulse")))
        until(lambda: job.state != "starting", session)
        process = session._client._process
        asked = time.monotonic()
        session.close()
        assert process.returncode is not None and time.monotonic() - asked < patience
        assert job.state == ("done" if act == "nothing" else "cancelled")
        session.close()


def test_the_child_ends_with_its_parent_even_within_a_step(tree, tmp_path):
    pulse = tmp_path / "pulse"
    program = """
import sys, time
from pathlib import Path
import numpy as np
home, wheels, log, pulse = sys.argv[1:]
sys.path.insert(0, home)
from veduta_copy.session import Session
from veduta_copy.synth_core.request import Request
session = Session(Path(home) / "veduta_copy", wheels=[wheels], log=log)
session.wait(session.start(Request(np.full((64, 64), 7, np.uint8), texts={"act": "sleep", "pulse": pulse})))
"""
    parent = subprocess.Popen([sys.executable, "-c", program, tree.package.parent, tree.wheels, tmp_path / "log", pulse])
    until(lambda: pulse.exists() and pulse.stat().st_size > 3)
    parent.kill()
    parent.wait()
    time.sleep(0.3)
    beats = pulse.stat().st_size
    time.sleep(0.2)
    assert pulse.stat().st_size == beats


@pytest.fixture
def impostor(tree, open_session, make_request, monkeypatch):
    """A session whose real child never connects, its job, and a connection to its port made by this test."""
    monkeypatch.setattr(tree.client, "_BOOTSTRAP", "import time; time.sleep(60)")
    session = open_session()
    job = session.start(make_request())
    port = session._client._listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        yield session, job, connection
    if session._client:
        session._client.close(0.0)


def frame_from(tree, session, connection):
    reader = tree.protocol.Reader(connection, tree.protocol.LIMIT)
    connection.setblocking(False)
    found = []

    def arrives():
        try:
            found.append(reader.receive())
        except BlockingIOError:
            pass
        return found and found[-1]

    until(arrives, session)
    connection.setblocking(True)
    return found[-1]


def test_a_connection_without_the_token_is_refused(tree, impostor):
    session, job, connection = impostor
    challenge = frame_from(tree, session, connection)
    process = session._client._process
    wrong = tree.protocol.proof("00" * 32, "worker", challenge.fields["nonce"])
    connection.sendall(tree.protocol.encode(tree.protocol.Frame("hello", {"proof": wrong})))
    session.wait(job, SECONDS)
    assert job.state == "failed" and "does not know the token" in job.problem.message
    assert process.returncode is not None
    assert connection.recv(1) == b""  # nothing of the request was told


def test_a_connection_that_speaks_something_else_is_refused(impostor):
    session, job, connection = impostor
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    session.wait(job, SECONDS)
    assert job.state == "failed" and "can't be trusted" in job.problem.message


def test_no_second_connection_is_accepted(tree, impostor):
    session, _, connection = impostor
    port = connection.getpeername()[1]
    frame_from(tree, session, connection)
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", port), 5).recv(1)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00hello",
        {"kind": "progress"},
        {"kind": "done"},
        {"kind": "sing"},
        {"kind": "done", "job": "1"},
    ],
)
def test_a_child_that_speaks_garbage_is_ended(tree, impostor, answer):
    session, job, connection = impostor
    nonce = frame_from(tree, session, connection).fields["nonce"]
    proof = tree.protocol.proof(session._client._token, "worker", nonce)
    connection.sendall(tree.protocol.encode(tree.protocol.Frame("hello", {"proof": proof})))
    assert frame_from(tree, session, connection).kind == "paint"
    process = session._client._process
    if isinstance(answer, dict):
        answer = tree.protocol.encode(tree.protocol.Frame(answer.pop("kind"), {"job": 1} | answer))
    connection.sendall(answer)
    session.wait(job, SECONDS)
    assert job.state == "failed" and ("can't be trusted" in job.problem.message or "wrong answer" in job.problem.message)
    assert process.returncode is not None


def test_the_child_refuses_a_parent_without_the_token(tree, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = {"port": listener.getsockname()[1], "token": "ab" * 32, "engine": "onnx", "threads": 0, "idle": 60, "weights": "", "wheels": []}
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", tree.client._BOOTSTRAP, tree.package], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        child.stdin.write(json.dumps(settings).encode() + b"\n")
        child.stdin.flush()
        connection, _ = listener.accept()
        forged = {"nonce": "1", "proof": tree.protocol.proof("cd" * 32, "parent", "1")}
        connection.sendall(tree.protocol.encode(tree.protocol.Frame("challenge", forged)))
        _, errors = child.communicate(timeout=SECONDS)
        connection.close()
    assert child.returncode == 1 and b"does not know the token" in errors


def test_large_requests_never_hold_a_tick_up(tree, open_session):
    session = open_session()
    started = time.perf_counter()
    job = session.start(tree.request.Request(labels=np.full((4096, 4096), 7, np.uint8)))
    longest = time.perf_counter() - started
    deadline = time.monotonic() + SECONDS
    while job.is_running and time.monotonic() < deadline:
        started = time.perf_counter()
        session.tick()
        longest = max(longest, time.perf_counter() - started)
        time.sleep(0.005)
    assert job.state == "done" and job.result.picture.shape == (4096, 4096, 3)
    assert longest < 0.5, longest  # 50 ms on a quiet machine; this one may be busy


def test_an_idle_child_ends_and_the_next_job_starts_another(open_session, make_request):
    session = open_session(idle=0.3)
    first = paint(session, make_request())
    process = session._client._process
    assert process.wait(SECONDS) == 0
    second = paint(session, make_request())
    assert second.state == "done" and second.result.png != first.result.png


def test_a_child_that_retires_just_as_a_job_comes_is_replaced(open_session, make_request):
    session = open_session(idle=0.3)
    paint(session, make_request())
    process = session._client._process
    session.tick = lambda: None  # the end is not noticed before the job is handed over
    process.wait(SECONDS)
    job = session.start(make_request())
    del session.tick
    session.wait(job, SECONDS)
    assert job.state == "done"


def test_every_kind_of_job_is_answered(tree, open_session, make_request):
    """What these weights can't do is told, and relief needs no painter."""
    session, ids = open_session(), np.full((64, 96), 7, np.uint8)
    picture = np.repeat(ids[:, :, None], 3, 2)
    request = tree.request
    style, judge = paint(session, request.StyleRequest(picture)), paint(session, request.JudgeRequest(picture, ids))
    assert style.state == judge.state == "failed" and style.problem.mend and judge.problem.mend
    maps = np.ones((64, 96), np.float32), np.zeros((64, 96, 2), np.uint8), np.zeros((64, 96), np.uint8)
    relief = request.Relief(ids, *maps, np.eye(4, dtype=np.float32), np.ones(4, np.float32))
    lit = paint(session, request.ReliefRequest(picture, relief))
    assert lit.state == "done" and np.array_equal(lit.result.picture, picture)
