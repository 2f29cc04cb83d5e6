"""The disk under a running engine is really full: refused requests leave nothing, and accepted ones complete.

There are two such disks: a small file system, which only root can mount, and a size limit for the engine's files.
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

from tests.served_engine import ServedEngine, eventually, one_state, run_task

FREE_BYTES = 256 * 1024
"""The free bytes that a filled disk leaves."""
NOTE = "x" * 20_000
"""The input of each execution, so large that the free bytes suffice only for some."""


class Disk(Protocol):
    def fill(self, served: ServedEngine) -> None:
        """Leave FREE_BYTES bytes."""

    def free(self, served: ServedEngine) -> None:
        """Free the disk again."""


class MountedDisk:
    """A file system of 16 MiB, and a file in it that fills it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, served: ServedEngine) -> None:
        space = os.statvfs(self._path)
        with (self._path / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, space.f_bavail * space.f_bsize - FREE_BYTES)

    def free(self, served: ServedEngine) -> None:
        (self._path / "ballast").unlink()


class FileSizeLimit:
    """A limit for the size of each file that the engine writes."""

    def fill(self, served: ServedEngine) -> None:
        size = (served.data / "lamplighter.db-wal").stat().st_size
        self._set(served, size + FREE_BYTES)

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
    return MountedDisk(request.getfixturevalue("mounted")) if request.param == "mount" else FileSizeLimit()


@pytest.fixture
def served(tmp_path: Path, disk: Disk) -> Iterator[ServedEngine]:
    engine = ServedEngine((tmp_path / "disk" if isinstance(disk, MountedDisk) else tmp_path) / "data")
    engine.up("--quiet")
    yield engine
    engine.close()


def fill_with_executions(served: ServedEngine, machine: str) -> list[str]:
    """Start executions until one is refused with 503; return the accepted ones."""
    accepted: list[str] = []

    def start_all() -> None:
        accepted.extend(served.start(machine, {"note": NOTE}, f"night-{number}") for number in range(200))

    with pytest.raises(ClientError) as refused:
        start_all()
    assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    return accepted


def list_executions(served: ServedEngine, machine: str) -> set[str]:
    pages = served.sfn.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return {execution["executionArn"] for page in pages for execution in page["executions"]}


@pytest.mark.parametrize("disk", ["mount", "limit"], indirect=True)
def test_a_full_disk_refuses_new_work_and_keeps_accepted_work(served: ServedEngine, disk: Disk) -> None:
    machine = served.machine(one_state({"Type": "Wait", "Seconds": 2, "End": True}))
    served.ended(served.start(machine))
    before = list_executions(served, machine)
    disk.fill(served)
    accepted = fill_with_executions(served, machine)
    for _ in range(20):
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            served.start(machine, {"note": NOTE})
    assert list_executions(served, machine) == before | set(accepted), "what was refused is not there"
    disk.free(served)
    for execution in accepted:
        found = served.ended(execution)
        assert found["status"] == "SUCCEEDED"
        assert json.loads(found["output"]) == {"note": NOTE}
        assert [event["id"] for event in served.history(execution)] == [1, 2, 3, 4]
    assert list_executions(served, machine) == before | set(accepted)
    assert served.ended(served.start(machine))["status"] == "SUCCEEDED"
    assert "Traceback" not in "".join(served.lines)


@pytest.mark.parametrize("disk", ["mount"], indirect=True)
def test_a_job_that_ends_on_a_full_disk_is_evaluated_when_there_is_space_again(
    served: ServedEngine, disk: Disk, tmp_path: Path
) -> None:
    gate, runs = tmp_path / "gate", tmp_path / "runs"
    os.mkfifo(gate)
    script = f'echo "$LAMPLIGHTER_TASK_ARN" >> {runs}; cat {gate}; exit 3'
    served.ecs.create_cluster()
    execution = served.start(served.machine(one_state(run_task(served.task("job", ["sh", "-c", script])))))
    eventually(lambda: runs.exists() and runs.read_text())
    disk.fill(served)
    fill_with_executions(served, served.machine(one_state({"Type": "Wait", "Seconds": 600, "End": True}), "waits"))
    with suppress(OSError):  # fill the smallest gaps, too
        (tmp_path / "disk" / "rest").write_bytes(b"x" * FREE_BYTES)
    gate.write_text("")
    served.wait_for_line("cannot be written")
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    (tmp_path / "disk" / "rest").unlink()
    disk.free(served)
    found = served.ended(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(found["cause"])["Containers"][0]["ExitCode"] == 3
    assert len(runs.read_text().split()) == 1
