"""Metrics are rendered in Prometheus's format and count what is on disk, also after a crash."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lamplighter.base.errors import Unavailable
from lamplighter.engine.metrics_page import metrics
from lamplighter.store import migrate as migrations
from lamplighter.store.db import Reader
from lamplighter.store.migrate import migrate
from tests.engine_harness import ACCOUNT, HOUR, SECOND, EngineHarness, job
from tests.fake_runtime import Script


def read_metrics(harness: EngineHarness) -> dict[tuple[str, str], float]:
    """Return each sample by its name and its label."""
    text = metrics.render_metrics(harness.engine.store.reader, harness.engine.world).decode()
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.type == "gauge" for family in families)
    return {
        (sample.name.removeprefix("lamplighter_"), "".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_executions_and_tasks_are_counted_by_status(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    harness.run_machine({"Type": "Pass"}, name="done")
    harness.run_machine({"Type": "Wait", "Seconds": 60}, name="waits")
    harness.run_machine(job(), name="works")
    harness.restart()
    found = read_metrics(harness)
    assert (found["executions", "SUCCEEDED"], found["executions", "RUNNING"]) == (1, 2)
    assert found["tasks", "RUNNING"] == 1
    harness.runtime.finish(harness.runtime.remaining()[0])
    harness.advance(60 * SECOND)
    found = read_metrics(harness)
    assert (found["executions", "SUCCEEDED"], found["executions", "RUNNING"]) == (3, 0)
    assert (found["tasks", "STOPPED"], found["tasks", "RUNNING"]) == (1, 0)


def test_an_ended_express_execution_is_no_longer_counted(harness: EngineHarness) -> None:
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 9, "End": true}}}'
    role = "arn:aws:iam::123456789012:role/r"
    machine = harness.call(
        "states", "CreateStateMachine", name="x", definition=definition, roleArn=role, type="EXPRESS"
    )["stateMachineArn"]
    harness.start(machine)
    assert read_metrics(harness)["executions", "RUNNING"] == 1
    harness.advance(9 * SECOND)
    assert read_metrics(harness)["executions", "RUNNING"] == 0


def test_pending_outbox_rows_are_counted_with_their_age(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.go_away()
    harness.run_machine(job())
    harness.advance(30 * SECOND)
    found = read_metrics(harness)
    assert (found["outbox_rows", ""], found["outbox_oldest_seconds", ""]) == (1, 30)
    harness.restart()
    assert read_metrics(harness)["outbox_oldest_seconds", ""] == 30
    harness.runtime.come_back()
    harness.advance(30 * SECOND)
    found = read_metrics(harness)
    assert (found["outbox_rows", ""], found["outbox_oldest_seconds", ""]) == (0, 0)


def test_overdue_timers_are_counted(harness: EngineHarness) -> None:
    harness.run_machine({"Type": "Wait", "Seconds": 10})
    assert read_metrics(harness)["timers_due", ""] == 0
    harness.clock.advance(13 * SECOND)  # the engine has not checked its timers yet
    found = read_metrics(harness)
    assert (found["timers_due", ""], found["timers_late_seconds", ""]) == (1, 3)
    harness.settle()
    assert read_metrics(harness)["timers_due", ""] == 0


@pytest.fixture
def large_database() -> Iterator[sqlite3.Connection]:
    """A database of 100,000 executions, migrated from a version without counts."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        scripts = migrations.migration_scripts()
        for number, sql in scripts:
            if number < 14:
                connection.executescript(sql)
        connection.execute(f"PRAGMA user_version = {max(number for number, _ in scripts if number < 14)}")
        rows = ((f"a{at}", "FAILED" if at % 10 == 0 else "SUCCEEDED") for at in range(100_000))
        sql = (
            "INSERT INTO executions (arn, machine, revision, name, role, status, start, input, head) "
            "VALUES (?, 'm', 'r', 'n', 'r', ?, 0, '{}', '')"
        )
        connection.execute("BEGIN")
        connection.executemany(sql, rows)
        connection.execute("COMMIT")
        migrate(connection)
        yield connection


def test_older_executions_are_counted_once_and_rendering_costs_almost_nothing(
    large_database: sqlite3.Connection, harness: EngineHarness
) -> None:
    reader = Reader(large_database)
    text = metrics.render_metrics(reader, harness.engine.world).decode()
    assert 'lamplighter_executions{status="FAILED"} 10000\n' in text
    assert 'lamplighter_executions{status="SUCCEEDED"} 90000\n' in text
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    large_database.set_progress_handler(count, 100)
    metrics.render_metrics(reader, harness.engine.world)
    assert steps < 50, "something is counted row by row"


def test_an_engine_whose_disk_rejects_writes_has_a_write_error(harness: EngineHarness) -> None:
    harness.disk.fill("COMMIT")
    with pytest.raises(Unavailable):
        harness.call("logs", "CreateLogGroup", logGroupName="g")
    assert harness.engine.dispatcher.write_error
    harness.disk.fill("")
    harness.call("logs", "CreateLogGroup", logGroupName="g")
    assert not harness.engine.dispatcher.write_error


def test_labels_are_escaped(harness: EngineHarness) -> None:
    gauge = metrics.Gauge("odd", "Odd.", {'a"b\\c\nd': 1}, "label")
    text = metrics.render_metrics(
        harness.engine.store.reader, harness.engine.world, [lambda _reader, _world: [gauge]]
    ).decode()
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"label": 'a"b\\c\nd'}


def test_deliveries_are_counted_by_outcome_and_by_waiting_time(harness: EngineHarness) -> None:
    queue = harness.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"].rpartition("/")[2]
    targets = [
        {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"},
        {"Id": "nowhere", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:nowhere"},
    ]
    harness.call("events", "PutRule", Name="r", EventPattern='{"source": ["app"]}')
    harness.call("events", "PutTargets", Rule="r", Targets=targets)
    harness.call("events", "PutEvents", Entries=[{"Source": "app", "DetailType": "d", "Detail": "{}"}])
    harness.settle()
    found = read_metrics(harness)
    assert (found["deliveries", "DELIVERED"], found["deliveries", "DROPPED"]) == (1, 1)
    assert (found["deliveries_waiting", "events"], found["deliveries_oldest_seconds", "events"]) == (0, 0)


def test_the_lateness_of_the_latest_slot_is_reported(harness: EngineHarness) -> None:
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sqs:createQueue",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
        "Input": '{"QueueName": "q"}',
    }
    harness.call(
        "scheduler",
        "CreateSchedule",
        Name="s",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    harness.settle()
    assert read_metrics(harness)["schedules_late_seconds", ""] == 0
    harness.crash()
    harness.clock.advance(2 * HOUR + 90 * SECOND)
    harness.up()
    harness.settle()
    assert read_metrics(harness)["schedules_late_seconds", ""] == 90


def test_waiting_tasks_and_executions_are_counted(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    for _ in range(3):
        harness.call("ecs", "RunTask", taskDefinition="job")
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}})
    harness.call("states", "TagResource", resourceArn=machine, tags=[{"key": "lamplighter:overlap", "value": "queue"}])
    for _ in range(3):
        harness.start(machine)
    harness.advance(5 * SECOND)
    found = read_metrics(harness)
    assert (found["tasks_waiting", ""], found["tasks_waiting_oldest_seconds", ""]) == (2, 5)
    assert found["executions_queued", ""] == 2
