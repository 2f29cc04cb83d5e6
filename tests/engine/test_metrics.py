"""What there is to watch is told as Prometheus reads it, and is what is on disk, after a crash too."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lamplighter.base.errors import Unavailable
from lamplighter.engine import metrics
from lamplighter.runtime.fake import Script
from lamplighter.store import migrate as migrations
from lamplighter.store.db import Reader
from lamplighter.store.migrate import migrate
from tests.engine_harness import ACCOUNT, HOUR, SECOND, EngineHarness, job


def watched(harness: EngineHarness) -> dict[tuple[str, str], float]:
    """Every number, by its name and its label."""
    text = metrics.render_metrics(harness.engine.store.reader, harness.engine.world).decode()
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.type == "gauge" for family in families)
    return {
        (sample.name.removeprefix("lamplighter_"), "".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_executions_and_tasks_are_told_by_status(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    harness.run_machine({"Type": "Pass"}, name="done")
    harness.run_machine({"Type": "Wait", "Seconds": 60}, name="waits")
    harness.run_machine(job(), name="works")
    harness.restart()
    found = watched(harness)
    assert (found["executions", "SUCCEEDED"], found["executions", "RUNNING"]) == (1, 2)
    assert found["tasks", "RUNNING"] == 1
    harness.runtime.finish(harness.runtime.left()[0])
    harness.advance(60 * SECOND)
    found = watched(harness)
    assert (found["executions", "SUCCEEDED"], found["executions", "RUNNING"]) == (3, 0)
    assert (found["tasks", "STOPPED"], found["tasks", "RUNNING"]) == (1, 0)


def test_an_express_execution_that_is_over_is_told_no_more(harness: EngineHarness) -> None:
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 9, "End": true}}}'
    role = "arn:aws:iam::123456789012:role/r"
    machine = harness.call(
        "states", "CreateStateMachine", name="x", definition=definition, roleArn=role, type="EXPRESS"
    )["stateMachineArn"]
    harness.start(machine)
    assert watched(harness)["executions", "RUNNING"] == 1
    harness.advance(9 * SECOND)
    assert watched(harness)["executions", "RUNNING"] == 0


def test_what_is_not_done_is_told_with_its_age(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.go_away()
    harness.run_machine(job())
    harness.advance(30 * SECOND)
    found = watched(harness)
    assert (found["outbox_rows", ""], found["outbox_oldest_seconds", ""]) == (1, 30)
    harness.restart()
    assert watched(harness)["outbox_oldest_seconds", ""] == 30
    harness.runtime.come_back()
    harness.advance(30 * SECOND)
    found = watched(harness)
    assert (found["outbox_rows", ""], found["outbox_oldest_seconds", ""]) == (0, 0)


def test_timers_are_told_that_should_have_rung(harness: EngineHarness) -> None:
    harness.run_machine({"Type": "Wait", "Seconds": 10})
    assert watched(harness)["timers_due", ""] == 0
    harness.clock.advance(13 * SECOND)  # the engine has not looked yet
    found = watched(harness)
    assert (found["timers_due", ""], found["timers_late_seconds", ""]) == (1, 3)
    harness.settle()
    assert watched(harness)["timers_due", ""] == 0


@pytest.fixture
def crowded() -> Iterator[sqlite3.Connection]:
    """A database of 100,000 executions, migrated from before they were counted."""
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


def test_executions_of_before_are_counted_once_and_being_asked_costs_next_to_nothing(
    crowded: sqlite3.Connection, harness: EngineHarness
) -> None:
    reader = Reader(crowded)
    text = metrics.render_metrics(reader, harness.engine.world).decode()
    assert 'lamplighter_executions{status="FAILED"} 10000\n' in text
    assert 'lamplighter_executions{status="SUCCEEDED"} 90000\n' in text
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    crowded.set_progress_handler(count, 100)
    metrics.render_metrics(reader, harness.engine.world)
    assert steps < 50, "something is counted row by row"


def test_an_engine_whose_disk_takes_no_writes_knows_that_it_is_not_well(harness: EngineHarness) -> None:
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


def test_deliveries_are_told_by_how_they_ended_and_by_how_long_they_take(harness: EngineHarness) -> None:
    queue = harness.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"].rpartition("/")[2]
    targets = [
        {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"},
        {"Id": "nowhere", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:nowhere"},
    ]
    harness.call("events", "PutRule", Name="r", EventPattern='{"source": ["app"]}')
    harness.call("events", "PutTargets", Rule="r", Targets=targets)
    harness.call("events", "PutEvents", Entries=[{"Source": "app", "DetailType": "d", "Detail": "{}"}])
    harness.settle()
    found = watched(harness)
    assert (found["deliveries", "DELIVERED"], found["deliveries", "DROPPED"]) == (1, 1)
    assert (found["deliveries_waiting", "events"], found["deliveries_oldest_seconds", "events"]) == (0, 0)


def test_the_latest_slot_of_late_is_told(harness: EngineHarness) -> None:
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
    assert watched(harness)["schedules_late_seconds", ""] == 0
    harness.crash()
    harness.clock.advance(2 * HOUR + 90 * SECOND)
    harness.up()
    harness.settle()
    assert watched(harness)["schedules_late_seconds", ""] == 90
