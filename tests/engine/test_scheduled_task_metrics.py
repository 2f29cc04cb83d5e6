"""A task that a schedule or a rule starts without a state machine has metrics of its family."""

import sqlite3
from contextlib import closing

from lamplighter.base.json_text import Json, dumps
from lamplighter.engine.metrics_page import metrics
from lamplighter.store import migrate as migrations
from lamplighter.store.db import Reader
from tests.engine_harness import ACCOUNT, HOUR, REGION, ROLE, SECOND, EngineHarness
from tests.fake_runtime import Script

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
LABELS = f'family="job",cluster="default",account="{ACCOUNT}",region="{REGION}"'


def schedule(harness: EngineHarness, definition: str) -> None:
    target: Json = {"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}}
    harness.call(
        "scheduler", "CreateSchedule", Name="nightly", ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
    )  # fmt: skip
    harness.settle()


def read_lines(harness: EngineHarness) -> list[str]:
    text = metrics.render_job_metrics(harness.engine.store.reader).decode()
    return [line for line in text.splitlines() if line.startswith("lamplighter_scheduled_task")]


def test_the_ends_of_a_schedules_tasks_are_counted_with_the_time_of_the_latest(harness: EngineHarness) -> None:
    harness.runtime.script(Script(after=None))
    schedule(harness, harness.define_task())
    began = harness.clock.wall / 1000
    harness.clock.advance(3 * SECOND)
    harness.runtime.finish(harness.runtime.remaining()[-1])
    harness.settle()
    harness.advance(HOUR)
    harness.clock.advance(2 * SECOND)
    harness.runtime.finish(harness.runtime.remaining()[-1], 3)
    harness.settle()
    found = read_lines(harness)
    assert f'lamplighter_scheduled_tasks_ended_total{{{LABELS},status="SUCCEEDED"}} 1' in found
    assert f'lamplighter_scheduled_tasks_ended_total{{{LABELS},status="FAILED"}} 1' in found
    assert f"lamplighter_scheduled_task_last_success_timestamp_seconds{{{LABELS}}} {began + 3}" in found
    ends = [line for line in found if line.startswith("lamplighter_scheduled_task_last_end")]
    assert len(ends) == 1
    assert 'status="FAILED"' in ends[0]
    assert f"lamplighter_scheduled_task_last_duration_seconds{{{LABELS}}} 2.0" in found


def test_a_task_that_nobody_scheduled_has_none(harness: EngineHarness) -> None:
    harness.define_task()
    harness.call("ecs", "RunTask", taskDefinition="job")
    harness.settle()
    assert read_lines(harness) == []


def test_a_sidecar_that_was_killed_at_the_end_is_no_failure(harness: EngineHarness) -> None:
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "CreateCluster")
    containers = [
        {"name": "main", "image": "busybox", "memory": 128},
        {"name": "proxy", "image": "busybox", "memory": 128, "essential": False},
    ]
    answer = harness.call("ecs", "RegisterTaskDefinition", family="job", containerDefinitions=containers)
    schedule(harness, answer["taskDefinition"]["taskDefinitionArn"])
    main = next(name for name in harness.runtime.remaining() if name.endswith("main"))
    harness.runtime.finish(main)
    harness.settle()
    harness.advance(60 * SECOND)
    assert f'lamplighter_scheduled_tasks_ended_total{{{LABELS},status="SUCCEEDED"}} 1' in read_lines(harness)


def test_an_upgrade_counts_the_tasks_that_are_stored() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        scripts = [(number, sql) for number, sql in migrations.migration_scripts() if number < 47]
        migrations.run_scripts(connection, [sql for _, sql in scripts], scripts[-1][0])
        for at, (starter, code) in enumerate(
            [("chronos-schedule/s", 0), ("events-rule/r", 0), ("events-rule/r", 1), ("me", 0), (None, 0)]
        ):
            body = {"containers": [{"exitCode": code}], "startedAt": at * 1000, "stoppedAt": at * 1000 + 500}
            connection.execute(
                "INSERT INTO tasks (arn, name, cluster, family, launch_type, started_by, cpu, memory, status, desired, "
                "body, tags) VALUES (?, ?, ?, 'job', 'EC2', ?, 1, 1, 'STOPPED', 'STOPPED', ?, '[]')",
                (f"a{at}", f"n{at}", CLUSTER, starter, dumps(body)),
            )
        migrations.migrate(connection)
        text = metrics.render_job_metrics(Reader(connection)).decode()
    assert f'lamplighter_scheduled_tasks_ended_total{{{LABELS},status="SUCCEEDED"}} 2\n' in text
    assert f'lamplighter_scheduled_tasks_ended_total{{{LABELS},status="FAILED"}} 1\n' in text
    assert f"lamplighter_scheduled_task_last_success_timestamp_seconds{{{LABELS}}} 1.5\n" in text
