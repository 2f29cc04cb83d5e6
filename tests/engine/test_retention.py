"""Executions and tasks that ended more than ninety days ago are deleted, and nothing else is."""

import os
from functools import partial

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.store import audit_log, retention
from lamplighter.store.audit_log import Actor
from lamplighter.store.retention import RetentionSettings
from tests.engine_harness import DAY, ROLE, EngineHarness, job
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
    assert sweep(harness) == {}
    assert (harness.status(ran), harness.status(failed)) == ("SUCCEEDED", "FAILED")
    harness.advance(2000)
    assert sweep(harness) == {"runs": 4, "tasks": 1}
    for gone in (ran, failed):
        with pytest.raises(AwsError, match="Does Not Exist"):
            harness.describe(gone)
    assert harness.status(waits) == "RUNNING"
    assert harness.call("ecs", "DescribeTasks", tasks=[task])["failures"][0]["reason"] == "MISSING"
    assert not output.exists()
    harness.crash()
    left = row_counts(harness)
    assert (left["executions"], left["tasks"]) == (2, 1)
    assert left["map_runs"] == left["map_children"] == left["map_results"] == left["redrives"] == 0
    harness.up()


def sweep(harness: EngineHarness) -> Json:
    """Sweep as the engine does once an hour, and return the numbers of what was deleted that are not zero."""
    deleted = harness.run(harness.engine.retention.sweep()).document()
    return {kind: number for kind, number in deleted.items() if number}


def keep(harness: EngineHarness, settings: RetentionSettings) -> None:
    harness.engine.store.write(partial(retention.write, settings=settings))
    harness.settle()


def test_a_sweep_deletes_old_executions_and_tasks_even_if_no_other_ends(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(lines=(("stdout", "a line"),)))
    for number in range(45):
        harness.run_machine(job(), name=f"ran-{number}")
    assert sweep(harness) == {}
    harness.advance(90 * DAY + 1000)
    assert sweep(harness) == {"runs": 45, "tasks": 45}
    assert list((harness.directory / "output").iterdir()) == []
    assert row_counts(harness)["history"] == 0


def test_the_settings_decide_how_long_runs_are_kept(harness: EngineHarness) -> None:
    old = harness.run_machine({"Type": "Pass"}, name="old")
    keep(harness, RetentionSettings(runs=2 * DAY))
    harness.restart()
    harness.advance(2 * DAY - 1000)
    assert sweep(harness) == {}
    harness.advance(2000)
    assert sweep(harness) == {"runs": 1}
    with pytest.raises(AwsError, match="Does Not Exist"):
        harness.describe(old)


def test_the_audit_log_is_kept_as_long_as_the_settings_say_even_if_nobody_acts(harness: EngineHarness) -> None:
    anna = Actor("anna", "console", "192.0.2.9")
    harness.engine.store.write(lambda tx: [audit_log.add_entry(tx, anna, "log in", "", "done") for _ in range(45)])
    harness.settle()
    keep(harness, RetentionSettings(audit=30 * DAY))
    harness.restart()
    harness.advance(30 * DAY - 2_000)
    assert sweep(harness) == {}
    harness.advance(4_000)
    usage = harness.run(harness.engine.disk_usage())["audit"]
    assert (usage["number"], usage["expired"], usage["keptDays"]) == (45, 45, 30)
    assert sweep(harness) == {"audit": 45}


def test_the_audit_log_is_kept_for_more_than_a_year_without_a_setting(harness: EngineHarness) -> None:
    anna = Actor("anna", "console", "192.0.2.9")
    harness.engine.store.write(lambda tx: audit_log.add_entry(tx, anna, "log in", "", "done"))
    harness.settle()
    harness.advance(399 * DAY)
    assert sweep(harness) == {}
    harness.advance(2 * DAY)
    assert sweep(harness) == {"audit": 1}


def test_files_of_output_and_mails_are_removed_by_their_age(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(lines=(("stdout", "a line"),)))
    harness.run_machine(job(), name="ran")
    mail = harness.directory / "mail"
    mail.mkdir()
    for name, days in (("new.eml", 1), ("old.eml", 91)):
        (mail / name).write_text("x")
        age = harness.clock.now() / 1000 - days * 86_400
        os.utime(mail / name, (age, age))
    (folder,) = (harness.directory / "output").iterdir()
    for each in (*folder.iterdir(), folder):
        os.utime(each, (0, 0))
    assert sweep(harness) == {"output": 1, "mails": 1}
    assert [each.name for each in mail.iterdir()] == ["new.eml"]
    assert not folder.exists()


def test_a_checkpoint_is_no_output_and_is_deleted_with_it(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(lines=(("stdout", "a line"),)))
    harness.run_machine(job(), name="ran")
    (folder,) = (harness.directory / "output").iterdir()
    size = (folder / "main.log").stat().st_size
    (folder / ".main.checkpoint").write_text("x")
    usage = harness.run(harness.engine.disk_usage())["output"]
    assert (usage["number"], usage["bytes"]) == (1, size)
    for each in (*folder.iterdir(), folder):
        os.utime(each, (0, 0))
    assert sweep(harness) == {"output": 1}
    assert not folder.exists()


def test_the_output_of_a_running_task_stays_however_old_it_is(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(lines=(("stdout", "a line"),), after=None))
    harness.run_machine(job(), name="runs")
    (folder,) = (harness.directory / "output").iterdir()
    for each in (*folder.iterdir(), folder):
        os.utime(each, (0, 0))
    assert sweep(harness) == {}
    assert folder.exists()


def test_a_schedule_keeps_as_many_slots_as_the_settings_say(harness: EngineHarness) -> None:
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    target = {"Arn": machine, "RoleArn": ROLE}
    window = {"Mode": "OFF"}
    harness.call(
        "scheduler", "CreateSchedule", Name="often", ScheduleExpression="rate(1 minute)", Target=target,
        FlexibleTimeWindow=window,
    )  # fmt: skip
    for _ in range(50):
        harness.advance(60_000)
    assert harness.rows("SELECT count(*) FROM slots")[0][0] == 51
    keep(harness, RetentionSettings(slots=20))
    assert sweep(harness) == {"slots": 31}
    harness.advance(60_000)
    assert harness.rows("SELECT count(*), max(recorded) FROM slots, schedules") == [(20, 20)]


def test_the_use_of_the_disk_is_reported_with_its_growth_and_what_is_old(harness: EngineHarness) -> None:
    for number in range(3):
        harness.run_machine({"Type": "Pass"}, name=f"old-{number}")
    harness.advance(90 * DAY + 1000)
    harness.run_machine({"Type": "Pass"}, name="new")
    usage = harness.run(harness.engine.disk_usage())
    runs = usage["runs"]
    assert (runs["number"], runs["numberPerDay"], runs["expired"], runs["keptDays"]) == (4, 1, 3, 90)
    assert runs["bytes"] > runs["bytesPerDay"] > 100
    assert runs["expectedBytes"] == runs["bytesPerDay"] * 90
    assert usage["databaseBytes"] > 100_000
    assert usage["freeDiskBytes"] > 0
