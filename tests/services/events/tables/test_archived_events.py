"""Migrate archived events that were stored without their own times."""

import sqlite3

from lamplighter.services.events.tables.archived_events import events_between
from lamplighter.store.db import Reader
from lamplighter.store.migrate import migrate, migration_scripts


def test_after_the_migration_archived_events_are_found_by_their_own_times() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for number, sql in migration_scripts():
        if number < 22:
            connection.executescript(f"{sql}; PRAGMA user_version={number};")
    arrival = 1_767_225_600_500
    for body in ('{"time":"2026-01-01T00:00:00Z"}', '{"time":"2025-12-31T23:00:00Z"}', "damaged"):
        connection.execute("INSERT INTO archived_events (archive, time, body) VALUES ('a', ?, ?)", (arrival, body))
    migrate(connection)
    found = events_between(Reader(connection), "a", (0, 0), arrival, arrival, 10)
    assert [(each.id, each.occurred) for each in found] == [(2, arrival - 3_600_500), (1, arrival), (3, arrival)]
    assert events_between(Reader(connection), "a", (0, 0), arrival, arrival + 1, 10) == []
