"""The disk under a running engine is really full: whoever is refused left nothing, whoever was accepted is served.

Two disks: a small file system of its own, which only root can mount, and a limit to the size of the engine's files.
"""

import json
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
from botocore.exceptions import ClientError

from tests.served_engine import ServedEngine, eventually, one, run_task

ROOM = 256 * 1024
"""Bytes that are left when the trouble begins."""
NOTE = "x" * 20_000
"""What each execution carries: so many of them are accepted in what is left."""


class Disk(Protocol):
    def fill(self, served: ServedEngine) -> None:
        """Leave ROOM bytes."""

    def free(self, served: ServedEngine) -> None:
        """Make room again."""


class Mount:
    """A file system of 16 MiB, and a file in it that is in the way."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, served: ServedEngine) -> None:
        room = os.statvfs(self._path)
        with (self._path / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, room.f_bavail * room.f_bsize - ROOM)

    def free(self, served: ServedEngine) -> None:
        (self._path / "ballast").unlink()


class Limit:
    """A limit to the size of each file that the engine writes."""

    def fill(self, served: ServedEngine) -> None:
        size = (served.data / "lamplighter.db-wal").stat().st_size
        self._set(served, size + ROOM)

    def free(self, served: ServedEngine) -> None:
        self._set(served, resource.RLIM_INFINITY)

    def _set(self, served: ServedEngine, size: int) -> None:
        resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "disk"
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {made.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Disk:
    return Mount(request.getfixturevalue("mounted")) if request.param == "mount" else Limit()


@pytest.fixture
def served(tmp_path: Path, disk: Disk) -> Iterator[ServedEngine]:
    engine = ServedEngine((tmp_path / "disk" if isinstance(disk, Mount) else tmp_path) / "data")
    engine.up("--quiet")
    yield engine
    engine.close()


def fill_with_executions(served: ServedEngine, machine: str) -> list[str]:
    """Start executions until one is refused, which must be with 503; those that were accepted."""
    accepted: list[str] = []

    def start_all() -> None:
        accepted.extend(served.start(machine, {"note": NOTE}, f"night-{number}") for number in range(200))

    with pytest.raises(ClientError) as refused:
        start_all()
    assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    return accepted


def listed(served: ServedEngine, machine: str) -> set[str]:
    pages = served.sfn.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return {execution["executionArn"] for page in pages for execution in page["executions"]}


@pytest.mark.parametrize("disk", ["mount", "limit"], indirect=True)
def test_a_full_disk_refuses_what_it_cannot_keep_and_keeps_what_it_took(served: ServedEngine, disk: Disk) -> None:
    machine = served.machine(one({"Type": "Wait", "Seconds": 2, "End": True}))
    served.ended(served.start(machine))
    before = listed(served, machine)
    disk.fill(served)
    accepted = fill_with_executions(served, machine)
    for _ in range(20):
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            served.start(machine, {"note": NOTE})
    assert listed(served, machine) == before | set(accepted), "what was refused is not there"
    disk.free(served)
    for execution in accepted:
        found = served.ended(execution)
        assert found["status"] == "SUCCEEDED"
        assert json.loads(found["output"]) == {"note": NOTE}
        assert [event["id"] for event in served.history(execution)] == [1, 2, 3, 4]
    assert listed(served, machine) == before | set(accepted)
    assert served.ended(served.start(machine))["status"] == "SUCCEEDED"
    assert "Traceback" not in "".join(served.lines)


@pytest.mark.parametrize("disk", ["mount"], indirect=True)
def test_a_job_that_ends_on_a_full_disk_is_judged_when_there_is_room_again(
    served: ServedEngine, disk: Disk, tmp_path: Path
) -> None:
    gate, runs = tmp_path / "gate", tmp_path / "runs"
    os.mkfifo(gate)
    script = f'echo "$LAMPLIGHTER_TASK_ARN" >> {runs}; cat {gate}; exit 3'
    served.ecs.create_cluster()
    execution = served.start(served.machine(one(run_task(served.task("job", ["sh", "-c", script])))))
    eventually(lambda: runs.exists() and runs.read_text())
    disk.fill(served)
    fill_with_executions(served, served.machine(one({"Type": "Wait", "Seconds": 600, "End": True}), "waits"))
    with suppress(OSError):  # the smallest gaps too
        (tmp_path / "disk" / "rest").write_bytes(b"x" * ROOM)
    gate.write_text("")
    eventually(lambda: any("cannot be written" in line for line in served.lines))
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    (tmp_path / "disk" / "rest").unlink()
    disk.free(served)
    found = served.ended(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(found["cause"])["Containers"][0]["ExitCode"] == 3
    assert len(runs.read_text().split()) == 1
