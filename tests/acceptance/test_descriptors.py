"""Few open files: silent connections keep no job from its start, and processes that find no room wait for it."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, eventually, one, run_task

SIGNED = b"Authorization: AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/sqs/aws4_request, SignedHeaders=host, "
POST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + SIGNED
HALVES = (b"", POST, POST + b"Signature=0\r\nContent-Length: 100\r\n\r\n{")
"""What a connection sends before it falls silent: nothing, half of a head, half of a body."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data")
    yield engine
    engine.close()


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    """Connections that stay open to the end of the test, on our side; and files enough for them."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    with ExitStack() as stack:
        yield stack
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def after_a_wait(task: Json) -> Json:
    return {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3, "Next": "Job"}, "Job": task}}


def test_silent_connections_keep_no_job_from_its_start(served: ServedEngine, connections: ExitStack) -> None:
    served.files = 1024
    served.up()
    served.ecs.create_cluster()
    definition = served.task("job", ["sh", "-c", "ulimit -Sn; ulimit -Hn"])
    execution = served.start(served.machine(after_a_wait(run_task(definition))))
    for number in range(2000):
        silent = connections.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=120))
        silent.sendall(HALVES[number % 3])
    assert served.ended(execution, 120)["status"] == "SUCCEEDED"
    assert open_sockets(served.pid) < 600, "the silent ones are bounded"
    assert "Traceback" not in "".join(served.lines)
    (log,) = served.data.glob("output/*/main.log")
    assert '"text":"1024"' in log.read_text().replace(": ", ":")


def open_sockets(pid: int) -> int:
    number = 0
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            number += os.readlink(each).startswith("socket:")
    return number


def test_processes_that_find_no_room_wait_until_others_have_ended(served: ServedEngine, tmp_path: Path) -> None:
    served.files = 64
    served.up()
    served.ecs.create_cluster()
    gate = tmp_path / "gate"
    task = run_task(served.task("job", ["sh", "-c", f"while [ ! -e {gate} ]; do sleep 0.2; done"]))
    each = {"StartAt": "Each", "States": {"Each": task}}
    fan = {"Type": "Map", "ItemProcessor": each, "End": True}
    execution = served.start(served.machine(one(fan)), list(range(60)))
    eventually(lambda: any("too many" in line.lower() for line in served.lines), 120)
    gate.touch()
    assert served.ended(execution, 300)["status"] == "SUCCEEDED"
    told = "".join(served.lines)
    assert "Traceback" not in told
    pages = served.ecs.get_paginator("list_tasks").paginate(desiredStatus="STOPPED")
    tasks = [arn for page in pages for arn in page["taskArns"]]
    assert len(tasks) == 60
    eventually(lambda: not list(served.data.glob("processes/*")))
    before = len(os.listdir(f"/proc/{served.pid}/fd"))
    again = served.start(served.machine(one(fan), "again"), list(range(5)))
    assert served.ended(again, 120)["status"] == "SUCCEEDED"
    eventually(lambda: len(os.listdir(f"/proc/{served.pid}/fd")) <= before)
