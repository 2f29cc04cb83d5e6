"""A damaged row of one stack does not prevent reading the others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.tables import stack_events, stacks
from lamplighter.store.db import Store
from tests.manual_world import manual_world


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path, manual_world())
    yield store
    await store.close()


async def test_a_damaged_event_does_not_hide_the_events_of_an_operation(store: Store) -> None:
    wanted: Json = {"OperationId": "o", "Timestamp": 1}
    await store.write(lambda tx: stack_events.put(tx, "bad", {"OperationId": "x"}))
    await store.write(lambda tx: tx.execute("UPDATE stack_events SET body = '{'"))
    await store.write(lambda tx: stack_events.put(tx, "good", wanted))
    assert [event for _, event in stack_events.page_of_operation(store.reader, "o", 2**62, 10)] == [wanted]


async def test_a_damaged_stack_does_not_hide_the_metadata_of_other_stacks(store: Store) -> None:
    sql = (
        "INSERT INTO stacks (id, account, region, name, status, created, pass_number, plan, previous, body) "
        "VALUES (?, 'a', 'r', ?, 'S', 1, 7, ?, 'null', '{}')"
    )
    await store.write(lambda tx: tx.execute(sql, ("1", "bad", "{")))
    await store.write(lambda tx: tx.execute(sql, ("2", "good", '{"metadata":{"by":"us"}}')))
    assert stacks.metadata(store.reader, "a", "r") == {"bad": None, "good": {"by": "us"}}
