"""The disk under a running engine is really full: refused requests leave nothing, and accepted ones complete.

The disks are those of `full_disks.py`.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.chaos.full_disks import FREE_BYTES, Disk
from tests.served_engine import ServedEngine, eventually, one_state, run_task

NOTE = "x" * 20_000
"""The input of each execution, so large that the free bytes suffice only for some."""


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


@pytest.mark.parametrize("full_disk", ["mount", "limit"], indirect=True)
def test_a_full_disk_refuses_new_work_and_keeps_accepted_work(served: ServedEngine, full_disk: Disk) -> None:
    machine = served.machine(one_state({"Type": "Wait", "Seconds": 2, "End": True}))
    served.ended(served.start(machine))
    before = list_executions(served, machine)
    full_disk.fill(served)
    accepted = fill_with_executions(served, machine)
    for _ in range(20):
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            served.start(machine, {"note": NOTE})
    assert list_executions(served, machine) == before | set(accepted), "what was refused is not there"
    full_disk.free(served)
    for execution in accepted:
        found = served.ended(execution)
        assert found["status"] == "SUCCEEDED"
        assert json.loads(found["output"]) == {"note": NOTE}
        assert [event["id"] for event in served.history(execution)] == [1, 2, 3, 4]
    assert list_executions(served, machine) == before | set(accepted)
    assert served.ended(served.start(machine))["status"] == "SUCCEEDED"
    assert "Traceback" not in "".join(served.lines)


@pytest.mark.parametrize("full_disk", ["mount"], indirect=True)
def test_a_job_that_ends_on_a_full_disk_is_evaluated_when_there_is_space_again(
    served: ServedEngine, full_disk: Disk, tmp_path: Path
) -> None:
    gate, runs = tmp_path / "gate", tmp_path / "runs"
    os.mkfifo(gate)
    script = f'echo "$LAMPLIGHTER_TASK_ARN" >> {runs}; cat {gate}; exit 3'
    served.ecs.create_cluster()
    execution = served.start(served.machine(one_state(run_task(served.task("job", ["sh", "-c", script])))))
    eventually(lambda: runs.exists() and runs.read_text())
    full_disk.fill(served)
    fill_with_executions(served, served.machine(one_state({"Type": "Wait", "Seconds": 600, "End": True}), "waits"))
    with suppress(OSError):  # fill the smallest gaps, too
        (tmp_path / "disk" / "rest").write_bytes(b"x" * FREE_BYTES)
    gate.write_text("")
    served.wait_for_line("cannot be written")
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    (tmp_path / "disk" / "rest").unlink()
    full_disk.free(served)
    found = served.ended(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(found["cause"])["Containers"][0]["ExitCode"] == 3
    assert len(runs.read_text().split()) == 1
