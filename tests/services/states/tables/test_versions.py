"""Data from before there were versions is taken over."""

import sqlite3

from lamplighter.services.states.tables.state_machines import get, get_revision
from lamplighter.store.db import Reader
from lamplighter.store.migrate import migrate, migration_scripts


def test_settings_move_from_machines_to_their_revisions_and_the_oldest_revision_is_the_initial_one() -> None:
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
