"""Archived events from before they had times of their own are taken over."""

import sqlite3

from lamplighter.services.events.tables.archived_events import events_between
from lamplighter.store.db import Reader
from lamplighter.store.migrate import migrate, migration_scripts


def test_events_that_were_kept_by_when_they_came_are_found_by_their_own_times() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for number, sql in migration_scripts():
        if number < 22:
            connection.executescript(f"{sql}; PRAGMA user_version={number};")
    came = 1_767_225_600_500
    for body in ('{"time":"2026-01-01T00:00:00Z"}', '{"time":"2025-12-31T23:00:00Z"}', "damaged"):
        connection.execute("INSERT INTO archived_events (archive, time, body) VALUES ('a', ?, ?)", (came, body))
    migrate(connection)
    found = events_between(Reader(connection), "a", (0, 0), came, came, 10)
    assert [(each.id, each.occurred) for each in found] == [(2, came - 3_600_500), (1, came), (3, came)]
    assert events_between(Reader(connection), "a", (0, 0), came, came + 1, 10) == []
