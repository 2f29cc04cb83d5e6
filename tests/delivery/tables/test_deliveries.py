"""Test the table of deliveries, and its rows that earlier versions of the program wrote."""

import sqlite3
from pathlib import Path

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.bus import Caller
from lamplighter.delivery.delivery import Delivery, RetryPolicy
from lamplighter.delivery.tables import deliveries
from lamplighter.engine.clock_jump import apply_clock_jump, save_clock_jump
from lamplighter.store import migrate
from lamplighter.store.db import DamagedData, Reader, Store
from tests.manual_world import manual_world

LAST_OLD_SCHEMA_VERSION = 34
STORED_DELIVERY = {
    "key": "7/1700000000000",
    "caller": {"account": "123456789012", "region": "eu-west-1"},
    "service": "states",
    "operation": "StartExecution",
    "params": {"stateMachineArn": "m", "input": '{"n": 1.0, "letter": "born"}'},
    "policy": {"attempts": 185, "age": 86_400},
    "dead_letter": None,
    "body": "{}",
    "attributes": {},
    "born": 1_700_000_000_123,
}
"""A delivery as version 34 of the schema stored it."""
DELIVERY = Delivery("key", Caller("1", "r"), "states", "StartExecution", {}, RetryPolicy(), None, "{}", {}, 1_000)


def create_old_database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for number, sql in migrate.migration_scripts():
        if number <= LAST_OLD_SCHEMA_VERSION:
            connection.executescript(f"{sql}; PRAGMA user_version={number}")
    return connection


def test_a_pending_delivery_of_an_earlier_version_is_read_with_its_values() -> None:
    connection = create_old_database()
    insert = "INSERT INTO letters (sender, key, born, tries, body) VALUES ('scheduler', ?, 5, 2, ?)"
    connection.execute(insert, (STORED_DELIVERY["key"], dumps(STORED_DELIVERY)))
    migrate.migrate(connection)
    row = deliveries.get(Reader(connection), 1)
    assert row is not None
    assert (row.delivery.key, row.created, row.attempts) == (STORED_DELIVERY["key"], 5, 2)
    assert row.delivery.created == STORED_DELIVERY["born"]
    assert row.delivery.params == STORED_DELIVERY["params"]


def test_a_damaged_row_raises_an_error_and_stays_unchanged() -> None:
    connection = create_old_database()
    insert = "INSERT INTO letters (sender, key, born, tries, body) VALUES ('scheduler', 'a', 5, 0, ?)"
    connection.execute(insert, ("{broken",))
    migrate.migrate(connection)
    with pytest.raises(DamagedData):
        deliveries.get(Reader(connection), 1)
    assert connection.execute("SELECT body FROM deliveries").fetchall() == [("{broken",)]


def test_finished_deliveries_of_all_versions_are_counted_by_outcome() -> None:
    connection = create_old_database()
    connection.execute("INSERT INTO letters (sender, key, born, tries, body) VALUES ('scheduler', 'a', 5, 1, '{}')")
    connection.execute("UPDATE letters SET settled = 9, outcome = 'DELIVERED', body = ''")
    migrate.migrate(connection)
    connection.execute(
        "INSERT INTO deliveries (sender, key, created, attempts, body) VALUES ('scheduler', 'b', 5, 0, '')"
    )
    connection.execute("UPDATE deliveries SET finished = 9, outcome = 'DELIVERED' WHERE key = 'b'")
    assert connection.execute("SELECT kind, status, number FROM row_counts").fetchall() == [
        ("delivery", "DELIVERED", 2)
    ]


async def test_the_age_of_a_delivery_is_kept_when_the_wall_clock_was_set_before_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path, manual_world())
    await store.write(lambda tx: deliveries.put(tx, "scheduler", 1_000, DELIVERY))
    await store.write(lambda tx: save_clock_jump(tx, 500))
    await store.write(apply_clock_jump)
    assert deliveries.oldest_pending(store.reader, "scheduler") == 1_500
    await store.close()
