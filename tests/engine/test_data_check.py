"""A check finds nothing in the data of an engine that worked, and each kind of damage that is done to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lamplighter.engine.data_check.check_directory import check_directory
from lamplighter.engine.data_check.finding import DataFinding
from tests.engine_harness import SECOND, EngineHarness, job
from tests.fake_runtime import Script


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    """An engine with executions that wait, ended and failed, with tasks, a schedule and a topic; it is killed."""
    with EngineHarness.running(tmp_path / "data") as harness:
        harness.define_task()
        harness.runtime.script(Script(lines=(("stdout", "x"),), after=None))
        harness.run_machine(job(), name="long")
        harness.run_machine({"Type": "Wait", "Seconds": 3600}, name="waits")
        harness.run_machine({"Type": "Fail", "Error": "No"}, name="fails")
        harness.call("sns", "CreateTopic", Name="alerts")
        harness.call("sqs", "CreateQueue", QueueName="queue")
        target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:queue", "RoleArn": "arn:aws:iam::123456789012:role/r"}
        harness.call("scheduler", "CreateSchedule", Name="s", ScheduleExpression="rate(1 hour)",
                     FlexibleTimeWindow={"Mode": "OFF"}, Target=target)  # fmt: skip
        harness.advance(2 * SECOND)
        harness.crash()
        yield harness


def check(harness: EngineHarness) -> list[DataFinding]:
    return [*check_directory(harness.directory)]


def test_nothing_is_wrong_with_what_a_killed_engine_leaves(harness: EngineHarness) -> None:
    drop_test_table(harness)
    assert check(harness) == []


def drop_test_table(harness: EngineHarness) -> None:
    """Remove the table that only these tests' engines have."""
    with closing(sqlite3.connect(harness.directory / "lamplighter.db")) as connection:
        connection.execute("DROP TABLE published_events")


def test_what_litestream_and_analyze_add_is_accepted(harness: EngineHarness) -> None:
    drop_test_table(harness)
    (harness.directory / ".lamplighter.db-litestream").mkdir()
    with closing(sqlite3.connect(harness.directory / "lamplighter.db")) as connection:
        connection.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
        connection.execute("CREATE TABLE _litestream_lock (id INTEGER)")
        connection.execute("ANALYZE")
    assert check(harness) == []


@pytest.mark.parametrize(
    ("sql", "about", "says"),
    [
        ("DELETE FROM executions WHERE arn LIKE '%waits%'", "frames", "belong to no row of executions"),
        ("DELETE FROM frames", "execution", "nothing can continue it"),
        ("DELETE FROM tasks", "output", "belongs to no task"),
        ("INSERT INTO timers VALUES ('nobody', 'x', 'y', 1, 0)", "timers", "a service that does not exist (nobody)"),
        ("INSERT INTO timers VALUES ('states', '4711', '1.1', 1, 0)", "timers", "4711"),
        ("INSERT INTO outbox (service, subject, body) VALUES ('ecs', 'no-arn', '{}')", "outbox", "no-arn"),
        ("DELETE FROM timers WHERE service = 'scheduler'", "schedule", "will never start anything"),
        ("UPDATE row_counts SET number = number + 1", "counts", "the metrics count"),
        ("UPDATE schedules SET body = 'x'", "schedule", "cannot be read"),
        ("PRAGMA user_version = 9999", "schema", "was written by a newer version of lamplighter (schema 9999)"),
        ("PRAGMA user_version = 36", "schema", "the database has schema 36"),
        ("DROP INDEX frames_ready", "schema", "INDEX frames_ready is missing"),
        ("ALTER TABLE timers ADD COLUMN extra", "schema", "columns of timers is not as this version makes it"),
        ("CREATE TABLE mine (x)", "schema", "TABLE mine does not belong to this version"),
    ],
)
def test_damage_is_found(harness: EngineHarness, sql: str, about: str, says: str) -> None:
    drop_test_table(harness)
    with closing(sqlite3.connect(harness.directory / "lamplighter.db")) as connection, connection:
        connection.execute(sql)
    found = check(harness)
    assert [each for each in found if each.about == about and says in each.says], found
    assert all(each.advice for each in found)


def test_a_damaged_page_is_found(harness: EngineHarness) -> None:
    drop_test_table(harness)
    database = harness.directory / "lamplighter.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'executions'").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    assert any(each.about == "database" and each.is_problem for each in check(harness))


def test_leftovers_in_the_directory_are_found(harness: EngineHarness) -> None:
    drop_test_table(harness)
    directory = harness.directory
    (directory / "aside-2026").mkdir()
    (directory / "lamplighter.db.schema-12").touch()
    (directory / ".address.new").touch()
    (directory / "notes.txt").touch()
    (directory / "processes").mkdir(mode=0o700)
    (directory / "processes" / "0123-main").mkdir()
    (directory / "credentials").touch(mode=0o644)
    (directory / "credentials").chmod(0o644)
    found = {(each.about, each.is_problem): each.says for each in check(harness) if each.about != "files"}
    files = sorted(each.says.removeprefix(f"{directory}/") for each in check(harness) if not each.is_problem)
    assert found == {("processes", False): f"{directory / 'processes' / '0123-main'} belongs to no running task"}
    assert [each.partition(" ")[0] for each in files] == [
        ".address.new",
        "aside-2026",
        "lamplighter.db.schema-12",
        "notes.txt",
        "processes/0123-main",
    ]
    problems = [each.says for each in check(harness) if each.is_problem]
    assert problems == [f"others may use {directory / 'credentials'} (mode 644)"]
