"""The faults of job files that an earlier version stored keep their meaning."""

import sqlite3
from contextlib import closing

import pytest

from lamplighter.store import file_faults, migrate
from lamplighter.store.db import Reader
from lamplighter.store.file_faults import FaultKind

LAST_OLD_SCHEMA_VERSION = 48


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("lamplighter.yaml:2:12: the channel ops: the secret ssm:/slack has no value", FaultKind.CHANNELS),
        ("lamplighter.yaml:9:3: the heartbeat of nightly: its address is not a valid URL", FaultKind.CHANNELS),
        ("lamplighter.yaml:7:1: error: unknown key `comand`", FaultKind.UNAPPLIED),
    ],
)
def test_a_stored_fault_of_a_channel_is_not_taken_for_a_file_that_is_not_applied(reason: str, kind: FaultKind) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for number, sql in migrate.migration_scripts():
            if number <= LAST_OLD_SCHEMA_VERSION:
                connection.executescript(f"{sql}; PRAGMA user_version={number}")
        connection.execute("INSERT INTO unapplied_files VALUES ('jobs.yaml', ?, 7, 9)", (reason,))
        migrate.migrate(connection)
        (found,) = (each for kind in FaultKind for each in file_faults.list_faults(Reader(connection), kind))
    assert (found.kind, found.reason, found.since, found.alerted) == (kind, reason, 7, 9)
