"""All missing migrations run, or none of them."""

import sqlite3

import pytest

from lamplighter.store import migrate


def table_names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_a_failed_upgrade_leaves_the_data_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = [(1, "CREATE TABLE old (x)"), (2, "CREATE TABLE new (x)"), (3, "INSERT INTO nowhere VALUES (1)")]
    connection = sqlite3.connect(":memory:", isolation_level=None)
    monkeypatch.setattr(migrate, "migration_scripts", lambda: scripts[:1])
    migrate.migrate(connection)
    monkeypatch.setattr(migrate, "migration_scripts", lambda: scripts)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate.migrate(connection, first_start=False)
    connection.rollback()
    assert table_names(connection) == {"old"}
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    monkeypatch.setattr(migrate, "migration_scripts", lambda: scripts[:2])
    migrate.migrate(connection, first_start=False)
    assert table_names(connection) == {"old", "new"}
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
