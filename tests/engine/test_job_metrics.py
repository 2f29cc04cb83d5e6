"""The metrics of each job say how its runs ended, what waits and when it runs next, at a cost that does not grow."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json, dumps
from lamplighter.engine.metrics_page import job_metrics, metrics
from lamplighter.runs.jobs.skipped_runs import skip_output
from lamplighter.store import migrate as migrations
from lamplighter.store.db import Reader
from tests.engine_harness import ACCOUNT, DAY, HOUR, REGION, ROLE, SECOND, EngineHarness, chain, job
from tests.fake_runtime import Script

WAIT: Json = {"Type": "Wait", "Seconds": 60}
FAIL: Json = {"Type": "Fail", "Error": "Broken"}


def read_samples(text: bytes) -> dict[tuple[str, ...], float]:
    """Return each sample of the jobs by its name, its job and its status, if it has one."""
    found = [sample for family in text_string_to_metric_families(text.decode()) for sample in family.samples]
    return {
        (
            sample.name.removeprefix("lamplighter_job_"),
            *(sample.labels[name] for name in ("job_name", "status") if name in sample.labels),
        ): sample.value
        for sample in found
    }


def read_jobs(harness: EngineHarness) -> dict[tuple[str, ...], float]:
    return read_samples(metrics.render_job_metrics(harness.engine.store.reader))


def schedule(harness: EngineHarness, machine: str, expression: str = "rate(1 hour)", **more: Json) -> None:
    harness.call(
        "scheduler",
        "CreateSchedule",
        Name="nightly",
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, **more},
    )
    harness.settle()


def test_the_ends_of_runs_are_counted_by_status_with_the_time_of_the_latest(harness: EngineHarness) -> None:
    machine = harness.machine(chain(WAIT))
    began = harness.clock.wall / 1000
    harness.start(machine)
    harness.advance(60 * SECOND)
    stopped = harness.start(machine)
    harness.advance(5 * SECOND)
    harness.call("states", "StopExecution", executionArn=stopped)
    harness.restart()
    found = read_jobs(harness)
    assert found["created_timestamp_seconds", "machine"] == began
    assert found["last_success_timestamp_seconds", "machine"] == began + 60
    assert found["last_end_timestamp_seconds", "machine", "ABORTED"] == began + 65
    assert found["last_duration_seconds", "machine"] == 5
    counts = {status: found["runs_total", "machine", status] for status in job_metrics.END_STATUSES}
    assert counts == {"SUCCEEDED": 1, "ABORTED": 1, "FAILED": 0, "TIMED_OUT": 0, "SKIPPED": 0}


def test_the_numbers_of_a_job_outlive_its_executions(harness: EngineHarness) -> None:
    machine = harness.machine(chain(FAIL))
    failed = harness.start(machine)
    harness.advance(91 * DAY)
    harness.run(harness.engine.retention.sweep())
    assert failed not in str(harness.call("states", "ListExecutions", stateMachineArn=machine))
    assert read_jobs(harness)["runs_total", "machine", "FAILED"] == 1


def test_a_job_that_never_succeeded_has_no_time_of_success(harness: EngineHarness) -> None:
    harness.run_machine(FAIL)
    found = read_jobs(harness)
    assert found["last_end_timestamp_seconds", "machine", "FAILED"] == harness.clock.wall / 1000
    assert ("last_success_timestamp_seconds", "machine") not in found


def test_a_skipped_run_is_no_success(harness: EngineHarness) -> None:
    running = [f"arn:aws:states:{REGION}:{ACCOUNT}:execution:machine:x"]
    end: Json = {"Type": "Succeed", "QueryLanguage": "JSONata", "Output": skip_output(running)}
    harness.run_machine(end)
    found = read_jobs(harness)
    assert found["runs_total", "machine", "SKIPPED"] == 1
    assert found["runs_total", "machine", "SUCCEEDED"] == 0
    assert ("last_success_timestamp_seconds", "machine") not in found


def test_a_redriven_run_is_counted_at_each_end_and_its_duration_is_the_sum_of_its_parts(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job())
    harness.advance(5 * SECOND)
    harness.runtime.finish(harness.runtime.remaining()[-1], 1)
    harness.settle()
    assert harness.status(execution) == "FAILED"
    assert read_jobs(harness)["last_duration_seconds", "machine"] == 5
    harness.advance(HOUR)
    harness.call("states", "RedriveExecution", executionArn=execution)
    harness.advance(7 * SECOND)
    assert read_jobs(harness)["running", "machine"] == 1
    harness.runtime.finish(harness.runtime.remaining()[-1])
    harness.settle()
    found = read_jobs(harness)
    assert (found["runs_total", "machine", "FAILED"], found["runs_total", "machine", "SUCCEEDED"]) == (1, 1)
    assert (found["last_duration_seconds", "machine"], found["running", "machine"]) == (12, 0)


def test_runs_that_wait_for_earlier_ones_and_tasks_that_wait_for_room_are_counted(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    harness.run_machine(job(), name="works")
    harness.start(harness.machine(chain(job()), "waits"))
    queue = harness.machine(chain(WAIT), "queues")
    harness.call("states", "TagResource", resourceArn=queue, tags=[{"key": "lamplighter:overlap", "value": "queue"}])
    for _ in range(3):
        harness.start(queue)
    harness.settle()
    found = read_jobs(harness)
    assert (found["tasks_waiting", "works"], found["tasks_waiting", "waits"]) == (0, 1)
    assert (found["running", "queues"], found["queued", "queues"]) == (1, 2)


def test_a_job_shows_its_next_and_its_latest_scheduled_time_and_their_interval(harness: EngineHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    began = harness.clock.wall / 1000
    schedule(harness, f"{machine}:1")
    found = read_jobs(harness)
    assert found["next_slot_timestamp_seconds", "machine"] == began + 3600
    harness.advance(HOUR)
    harness.advance(HOUR)
    found = read_jobs(harness)
    assert found["next_slot_timestamp_seconds", "machine"] == began + 3 * 3600
    assert found["last_slot_timestamp_seconds", "machine"] == began + 2 * 3600
    assert found["interval_seconds", "machine"] == 3600


def test_the_interval_of_a_job_that_rests_at_the_weekend_covers_the_weekend(harness: EngineHarness) -> None:
    schedule(harness, harness.machine(chain({"Type": "Pass"})), "cron(0 2 ? * MON-FRI *)")
    found = []
    for _ in range(14):
        harness.advance(DAY)
        found.append(read_jobs(harness).get(("interval_seconds", "machine")))
    days = [None if each is None else each / 86_400 for each in found]
    assert sorted({each for each in days if each is not None}) == [1, 3]
    assert days[-7:].count(3) == 4, "from the slot of Friday to the slot of Tuesday"


def test_a_schedule_of_a_job_file_counts_for_the_job_that_it_starts(harness: EngineHarness) -> None:
    machine, start = harness.machine(chain({"Type": "Pass"})), harness.machine(chain({"Type": "Pass"}), "shop--start")
    schedule(harness, start, Input=dumps({"machine": machine, "input": {}}))
    found = read_jobs(harness)
    assert found["next_slot_timestamp_seconds", "machine"] == harness.clock.wall / 1000 + 3600
    assert {key[1] for key in found if len(key) > 1} == {"machine"}, "a supporting machine is no job"


def test_a_scheduled_rule_gives_its_target_a_next_time(harness: EngineHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.call("events", "PutRule", Name="r", ScheduleExpression="rate(1 hour)")
    harness.call("events", "PutTargets", Rule="r", Targets=[{"Id": "m", "Arn": machine, "RoleArn": ROLE}])
    assert read_jobs(harness)["next_slot_timestamp_seconds", "machine"] == harness.clock.wall / 1000 + 3600


def test_dropped_slots_are_counted_also_after_their_report_and_their_schedule(harness: EngineHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    schedule(harness, machine, RetryPolicy={"MaximumEventAgeInSeconds": 60})
    harness.crash()
    harness.clock.advance(3 * HOUR + 300 * SECOND)
    harness.up()
    harness.advance(60 * SECOND)
    harness.call("scheduler", "DeleteSchedule", Name="nightly")
    assert read_jobs(harness)["dropped_slots_total", "machine"] == 3


def test_missed_slots_in_whose_place_a_later_one_runs_are_not_dropped(harness: EngineHarness) -> None:
    schedule(harness, harness.machine(chain({"Type": "Pass"})))
    harness.crash()
    harness.clock.advance(3 * HOUR + 300 * SECOND)
    harness.up()
    harness.advance(60 * SECOND)
    found = read_jobs(harness)
    assert found["dropped_slots_total", "machine"] == 0
    assert found["runs_total", "machine", "SUCCEEDED"] == 2


def test_children_of_map_runs_and_express_executions_are_not_runs_of_a_job(harness: EngineHarness) -> None:
    processor: Json = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    machine = harness.machine(chain({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor}))
    harness.start(machine, {"items": [1, 2, 3]})
    harness.settle()
    harness.call("states", "CreateStateMachine", name="x", definition=dumps(chain(WAIT)), roleArn=ROLE, type="EXPRESS")
    assert harness.rows("SELECT machine, status, number FROM execution_totals WHERE status <> 'RUNNING'") == [
        (machine, "SUCCEEDED", 1)
    ]
    assert {key[1] for key in read_jobs(harness) if len(key) > 1} == {"machine"}


def test_a_deleted_job_leaves_no_numbers(harness: EngineHarness) -> None:
    execution = harness.run_machine(WAIT)
    harness.call("states", "DeleteStateMachine", stateMachineArn=harness.describe(execution)["stateMachineArn"])
    harness.advance(60 * SECOND)
    assert not [key for key in read_jobs(harness) if len(key) > 1]
    assert harness.rows("SELECT * FROM execution_totals") == []


def test_labels_name_the_project_the_account_and_the_region(harness: EngineHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    tags = [{"key": "lamplighter:project", "value": "a\\b"}]
    harness.call("states", "TagResource", resourceArn=machine, tags=tags)
    families = text_string_to_metric_families(metrics.render_job_metrics(harness.engine.store.reader).decode())
    sample = next(each for each in families if each.name == "lamplighter_job_running").samples[0]
    assert sample.labels == {"job_name": "machine", "project": "a\\b", "account": ACCOUNT, "region": REGION}


def test_of_too_many_jobs_the_first_are_shown_and_the_others_counted(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_metrics, "MAX_JOBS", 2)
    for name in ("c", "a--watch", "b", "a", "d"):
        harness.machine(chain({"Type": "Pass"}), name)
    text = metrics.render_job_metrics(harness.engine.store.reader)
    found = read_samples(text)
    assert {key[1] for key in found if len(key) > 1} == {"a", "b"}
    assert found["lamplighter_jobs_not_shown",] == 2
    assert text.splitlines()[-1].startswith(b"# 2 of 4 jobs are not shown")


def test_the_endpoint_answers_without_the_jobs_while_the_disk_cannot_be_read(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.machine(chain({"Type": "Pass"}))
    assert b"lamplighter_job_running" in harness.run(harness.engine.metrics())

    async def fail(_run: object) -> bytes:
        raise Unavailable("it is gone")

    monkeypatch.setattr(harness.engine.store, "read_in_thread", fail)
    text = harness.run(harness.engine.metrics())
    assert b"lamplighter_executions" in text
    assert b"lamplighter_job_running" not in text
    assert b"it is gone" in text


@pytest.fixture
def old_database() -> Iterator[sqlite3.Connection]:
    """A database of a version without these numbers, with 100,000 executions and some schedules."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        scripts = [(number, sql) for number, sql in migrations.migration_scripts() if number < 46]
        migrations.run_scripts(connection, [sql for _, sql in scripts], scripts[-1][0])
        machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
        connection.execute(
            "INSERT INTO state_machines (arn, account, region, name, type, revision, created, tags) "
            "VALUES (?, ?, ?, 'm', 'STANDARD', 'r', 0, '{}')",
            (machine, ACCOUNT, REGION),
        )
        skipped = dumps(skip_output("arn:aws:x"))
        rows = (
            (f"a{at}", machine, "FAILED" if at % 10 == 0 else "SUCCEEDED", at, at + 7, skipped if at == 1 else None)
            for at in range(100_000)
        )
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO executions (arn, machine, revision, name, role, status, start, stop, input, output, counters) "
            "VALUES (?, ?, 'r', 'n', 'r', ?, ?, ?, '{}', ?, '[]')",
            rows,
        )
        universal = "arn:aws:scheduler:::aws-sdk"
        targets: list[Json] = [
            {"Target": {"Arn": f"{machine}:7"}},
            {"Target": {"Arn": f"{machine}s--start", "Input": dumps({"machine": machine, "input": {}})}},
            {"Target": {"Arn": f"{universal}:sfn:startExecution", "Input": dumps({"StateMachineArn": machine})}},
            {"Target": {"Arn": f"{machine}s--start", "Input": "damaged"}},
            {"Target": {"Arn": "arn:aws:ecs:us-east-1:1:cluster/c"}},
        ]  # fmt: skip
        bodies = [*(dumps(each) for each in targets), "damaged"]
        connection.executemany(
            "INSERT INTO schedules (arn, state, created, modified, anchor, body) VALUES (?, 'ENABLED', 0, 0, 0, ?)",
            [(f"s{at}", body) for at, body in enumerate(bodies)],
        )
        connection.execute("COMMIT")
        migrations.migrate(connection)
        yield connection


def test_an_upgrade_counts_what_is_stored_and_a_request_does_not(old_database: sqlite3.Connection) -> None:
    found = read_samples(metrics.render_job_metrics(Reader(old_database)))
    assert found["runs_total", "m", "SUCCEEDED"] == 89_999
    assert (found["runs_total", "m", "FAILED"], found["runs_total", "m", "SKIPPED"]) == (10_000, 1)
    assert found["last_success_timestamp_seconds", "m"] == 100.006
    assert found["last_duration_seconds", "m"] == 0.007
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    old_database.set_progress_handler(count, 100)
    metrics.render_job_metrics(Reader(old_database))
    assert steps < 50, "something is counted row by row"


def test_an_upgrade_finds_what_each_schedule_starts(old_database: sqlite3.Connection) -> None:
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
    found = [starts for (starts,) in old_database.execute("SELECT starts FROM schedules ORDER BY id")]
    assert found == [machine, machine, machine, "", "arn:aws:ecs:us-east-1:1:cluster/c", ""]
