"""Migrate a database that was written before state machines had versions."""

import sqlite3

from lamplighter.services.states.tables.state_machines import get, get_revision
from lamplighter.store.db import Reader
from lamplighter.store.migrate import migrate, migration_scripts


def test_the_migration_moves_settings_to_revisions_and_marks_the_oldest_revision_as_initial() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for number, sql in migration_scripts():
        if number < 3:
            connection.executescript(f"{sql}; PRAGMA user_version={number};")
    for key in ("r1", "r2"):
        connection.execute("INSERT INTO revisions VALUES (?, 'm', '{}', 'role', 1)", (key,))
    connection.execute("""INSERT INTO machines VALUES ('m', 'a', 'r', 'n', 'STANDARD', 'r2', 1, '{"x":1}', '{}')""")
    migrate(connection)
    reader = Reader(connection)
    machine, first = get(reader, "m"), get_revision(reader, "r1")
    assert machine is not None
    assert first is not None
    assert (machine.settings, machine.initial, machine.deleting) == ({"x": 1}, False, False)
    assert (first.settings, first.initial) == ({"x": 1}, True)
