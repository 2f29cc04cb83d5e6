"""What ended ninety days ago makes room for what ends now, and nothing else does."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.runtime.fake import Script
from tests.engines import DAY, Site, job

TABLES = ("executions", "history", "redrives", "map_runs", "map_children", "map_results", "tasks")


def counts(site: Site) -> dict[str, int]:
    return {table: site.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def test_executions_and_tasks_are_kept_for_ninety_days_and_then_go_with_all_that_is_theirs(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(lines=(("stdout", "a line"),)))
    wide = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}
    mapped = {"Type": "Map", "ItemProcessor": {**wide, **each}, "ToleratedFailurePercentage": 0}
    ran = site.run_machine(job(), name="ran")
    failed = site.start(site.machine({"StartAt": "M", "States": {"M": mapped | {"End": True}}}, "wide"), [1, 2])
    waits = site.run_machine({"Type": "Wait", "Seconds": 99_999_999}, name="waits")
    site.settle()
    (task,) = site.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    output = site.directory / "output" / task.rpartition("/")[2]
    assert output.exists()
    site.advance(90 * DAY - 1000)
    site.run_machine(job(), name="last")
    assert (site.status(ran), site.status(failed)) == ("SUCCEEDED", "FAILED")
    site.advance(2000)
    for number in range(4):
        site.run_machine(job(), name=f"next {number}".replace(" ", "-"))
    for gone in (ran, failed):
        with pytest.raises(AwsError, match="Does Not Exist"):
            site.describe(gone)
    assert site.status(waits) == "RUNNING"
    assert site.call("ecs", "DescribeTasks", tasks=[task])["failures"][0]["reason"] == "MISSING"
    assert not output.exists()
    site.crash()
    left = counts(site)
    assert (left["executions"], left["tasks"]) == (6, 5)
    assert left["map_runs"] == left["map_children"] == left["map_results"] == left["redrives"] == 0
    site.up()
