"""A new database and an upgraded one have the same schema; all missing migrations run, or none of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from lamplighter.base.json_text import Json, dumps, loads, loads_or
from lamplighter.store import migrate
from lamplighter.store.schema_check import describe_schema, table_names

MEMBERS = ("service", "operation", "params")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        yield opened


def describe_database(connection: sqlite3.Connection) -> dict[str, Json]:
    """Return the schema and the first rows."""
    rows = {
        f"rows of {name}": connection.execute(f"SELECT * FROM {name}").fetchall() for name in table_names(connection)
    }
    return describe_schema(connection) | rows


def test_a_new_database_has_the_schema_that_the_migrations_make(connection: sqlite3.Connection) -> None:
    migrations = migrate.migration_scripts()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as migrated:
        migrate.run_scripts(migrated, [sql for _, sql in migrations], migrations[-1][0])
        migrate.migrate(connection)
        new, upgraded = describe_database(connection), describe_database(migrated)
    assert new == upgraded
    assert len(new) > 400


@pytest.mark.parametrize("version", [1, 16, 34, 36])
def test_a_database_of_an_earlier_version_gets_the_migrations_that_it_lacks(
    connection: sqlite3.Connection, version: int
) -> None:
    migrate.run_scripts(connection, [sql for number, sql in migrate.migration_scripts() if number <= version], version)
    migrate.migrate(connection, first_start=False)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
        migrate.migrate(new)
        assert describe_database(connection) == describe_database(new)


def test_a_failed_upgrade_leaves_the_data_unchanged(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = [(1, "CREATE TABLE old (x)"), (2, "CREATE TABLE new (x)"), (3, "INSERT INTO nowhere VALUES (1)")]
    migrate.run_scripts(connection, [scripts[0][1]], 1)
    monkeypatch.setattr(migrate, "migration_scripts", lambda: scripts)
    monkeypatch.setattr(migrate, "latest_schema", lambda: 3)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate.migrate(connection, first_start=False)
    connection.rollback()
    assert table_names(connection) == {"old"}
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    monkeypatch.setattr(migrate, "migration_scripts", lambda: scripts[:2])
    monkeypatch.setattr(migrate, "latest_schema", lambda: 2)
    migrate.migrate(connection, first_start=False)
    assert table_names(connection) == {"old", "new"}
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_timer_that_deletes_a_log_group_survives_the_renamed_column(connection: sqlite3.Connection) -> None:
    migrate.run_scripts(connection, [sql for number, sql in migrate.migration_scripts() if number <= 36], 36)
    connection.execute("INSERT INTO timers VALUES ('logs', '7', 'drop.grp.0', 5, 0), ('logs', '8', 'retention', 5, 0)")
    migrate.migrate(connection, first_start=False)
    names = connection.execute("SELECT subject, name, due FROM timers ORDER BY subject").fetchall()
    assert names == [("7", "drop.log_group.0", 5), ("8", "retention", 5)]


def test_log_lines_of_an_earlier_version_stay_as_they_are_even_damaged_ones(connection: sqlite3.Connection) -> None:
    """The upgrade reads no chunk's body, so it takes as long as it takes to read the keys."""
    migrate.run_scripts(connection, [sql for number, sql in migrate.migration_scripts() if number <= 50], 50)
    connection.execute("INSERT INTO log_streams VALUES (3, 1, 'a', 5, 6, 7)")
    connection.execute("INSERT INTO log_chunks VALUES (9, 1, 3, 6, 6, 7, 30, x'00')")
    migrate.migrate(connection, first_start=False)
    assert connection.execute("SELECT * FROM log_streams").fetchall() == [(3, 1, "a", 5, 6, 7, None)]
    assert connection.execute("SELECT * FROM log_chunks").fetchall() == [(9, 1, 3, 6, 6, 7, 30, b"\0", None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("alerts", "Tell", {"Mark": {"Job": "a"}}), ("alerts", "SendAlert", {"Annotation": {"Job": "a"}})),
        (("alerts", "TellDropped", {"Job": "a"}), ("alerts", "SendDroppedAlert", {"Job": "a"})),
        (("events.targets", "Refuse", {"code": "X"}), ("events.targets", "FailDelivery", {"code": "X"})),
        (("sqs", "SendMessage", {"Mark": "é☂"}), ("sqs", "SendMessage", {"Mark": "é☂"})),
    ],
)
def test_a_waiting_request_of_an_earlier_version_names_the_operation_as_this_version_does(
    connection: sqlite3.Connection, before: tuple[str, str, Json], after: tuple[str, str, Json]
) -> None:
    migrate.run_scripts(connection, [sql for number, sql in migrate.migration_scripts() if number <= 64], 64)
    bodies = (dumps(dict(zip(MEMBERS, before, strict=True))), "{damaged")
    for key, body in enumerate(bodies):
        sql = "INSERT INTO deliveries (sender, key, created, attempts, body) VALUES ('events', ?, 1, 0, ?)"
        connection.execute(sql, (str(key), body))
    migrate.migrate(connection, first_start=False)
    found, damaged = (body for (body,) in connection.execute("SELECT body FROM deliveries ORDER BY key"))
    assert tuple(loads(found)[member] for member in MEMBERS) == after
    assert damaged == "{damaged"


def test_the_annotation_of_a_rule_survives_its_new_name(connection: sqlite3.Connection) -> None:
    migrate.run_scripts(connection, [sql for number, sql in migrate.migration_scripts() if number <= 64], 64)
    for name, body in enumerate(('{"Mark": {"Job": "a"}, "State": "ENABLED"}', '{"State": "ENABLED"}', "{damaged")):
        row = ("rule", "1", "r", "default", str(name), f"arn:{name}", 1, 1, body, "{}")
        connection.execute("INSERT INTO event_resources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    migrate.migrate(connection, first_start=False)
    bodies = [body for (body,) in connection.execute("SELECT body FROM event_resources ORDER BY name")]
    assert [loads_or(body, body) for body in bodies] == [
        {"Annotation": {"Job": "a"}, "State": "ENABLED"}, {"State": "ENABLED"}, "{damaged",
    ]  # fmt: skip
