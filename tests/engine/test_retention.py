"""Executions and tasks that ended more than ninety days ago are deleted, and nothing else is."""

import pytest

from lamplighter.base.errors import AwsError
from tests.engine_harness import DAY, EngineHarness, job
from tests.fake_runtime import Script

TABLES = ("executions", "history", "redrives", "map_runs", "map_children", "map_results", "tasks")


def row_counts(harness: EngineHarness) -> dict[str, int]:
    return {table: harness.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def test_executions_and_tasks_are_kept_for_ninety_days_and_then_deleted_with_all_their_data(
    harness: EngineHarness,
) -> None:
    harness.define_task()
    harness.runtime.script(Script(lines=(("stdout", "a line"),)))
    distributed = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}
    map_state = {"Type": "Map", "ItemProcessor": {**distributed, **each}, "ToleratedFailurePercentage": 0}
    ran = harness.run_machine(job(), name="ran")
    failed = harness.start(
        harness.machine({"StartAt": "M", "States": {"M": map_state | {"End": True}}}, "wide"), [1, 2]
    )
    waits = harness.run_machine({"Type": "Wait", "Seconds": 99_999_999}, name="waits")
    harness.settle()
    (task,) = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    output = harness.directory / "output" / task.rpartition("/")[2]
    assert output.exists()
    harness.advance(90 * DAY - 1000)
    harness.run_machine(job(), name="last")
    assert (harness.status(ran), harness.status(failed)) == ("SUCCEEDED", "FAILED")
    harness.advance(2000)
    for number in range(4):
        harness.run_machine(job(), name=f"next {number}".replace(" ", "-"))
    for gone in (ran, failed):
        with pytest.raises(AwsError, match="Does Not Exist"):
            harness.describe(gone)
    assert harness.status(waits) == "RUNNING"
    assert harness.call("ecs", "DescribeTasks", tasks=[task])["failures"][0]["reason"] == "MISSING"
    assert not output.exists()
    harness.crash()
    left = row_counts(harness)
    assert (left["executions"], left["tasks"]) == (6, 5)
    assert left["map_runs"] == left["map_children"] == left["map_results"] == left["redrives"] == 0
    harness.up()
