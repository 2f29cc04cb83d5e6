"""With few file descriptors, silent connections do not prevent jobs from starting, and processes wait for free ones."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, eventually, one_state, run_task

SIGNED = b"Authorization: AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/sqs/aws4_request, SignedHeaders=host, "
POST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + SIGNED
PARTIAL_REQUESTS = (b"", POST, POST + b"Signature=0\r\nContent-Length: 100\r\n\r\n{")
"""The data that a silent connection has sent: nothing, half of a head, or half of a body."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data")
    yield engine
    engine.close()


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    """Keep client connections open to the end of the test, with enough file descriptors for them."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    with ExitStack() as stack:
        yield stack
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def wait_then(task: Json) -> Json:
    return {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3, "Next": "Job"}, "Job": task}}


def test_silent_connections_do_not_prevent_a_job_from_starting(served: ServedEngine, connections: ExitStack) -> None:
    served.files = 1024
    served.up()
    served.ecs.create_cluster()
    definition = served.task("job", ["sh", "-c", "ulimit -Sn; ulimit -Hn"])
    execution = served.start(served.machine(wait_then(run_task(definition))))
    for number in range(2000):
        silent = connections.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=120))
        silent.sendall(PARTIAL_REQUESTS[number % 3])
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


def test_processes_without_free_file_descriptors_wait_until_others_end(served: ServedEngine, tmp_path: Path) -> None:
    served.files = 64
    served.up()
    served.ecs.create_cluster()
    gate = tmp_path / "gate"
    task = run_task(served.task("job", ["sh", "-c", f"while [ ! -e {gate} ]; do sleep 0.2; done"]))
    each = {"StartAt": "Each", "States": {"Each": task}}
    map_state = {"Type": "Map", "ItemProcessor": each, "End": True}
    execution = served.start(served.machine(one_state(map_state)), list(range(60)))
    eventually(lambda: any("too many" in line.lower() for line in served.lines), 120)
    gate.touch()
    assert served.ended(execution, 300)["status"] == "SUCCEEDED"
    log_text = "".join(served.lines)
    assert "Traceback" not in log_text
    pages = served.ecs.get_paginator("list_tasks").paginate(desiredStatus="STOPPED")
    tasks = [arn for page in pages for arn in page["taskArns"]]
    assert len(tasks) == 60
    eventually(lambda: not list(served.data.glob("processes/*")))
    before = len(os.listdir(f"/proc/{served.pid}/fd"))
    again = served.start(served.machine(one_state(map_state), "again"), list(range(5)))
    assert served.ended(again, 120)["status"] == "SUCCEEDED"
    eventually(lambda: len(os.listdir(f"/proc/{served.pid}/fd")) <= before)
