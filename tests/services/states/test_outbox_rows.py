"""Encode and decode the outbox rows of Step Functions."""

from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.states import outbox_rows
from lamplighter.services.states.outbox_rows import (
    CancelCall,
    PollCall,
    ReadItems,
    StartCall,
    StatesRow,
    WriteResults,
)
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Store
from tests.manual_world import ManualClock, manual_world

ROWS: tuple[StatesRow, ...] = (
    StartCall(7, "arn", 1, 2, "arn:aws:states:::ecs:runTask", {"a": [1, None]}, None, "role"),
    PollCall(7, 1, 2, "arn:aws:states:::batch:submitJob.sync", "arn"),
    CancelCall(7, "arn:aws:states:::ecs:runTask.sync", ["task-1", "task-2"], "arn"),
    ReadItems(7, 3),
    WriteResults(7, 3),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
async def test_a_row_is_read_back_unchanged(tmp_path: Path, row: StatesRow) -> None:
    store = Store(tmp_path, manual_world(ManualClock()))
    await store.write(lambda tx: outbox_rows.put(tx, row))
    (stored,) = outbox.pending_rows(store.reader)
    assert outbox_rows.read(stored) == row
    await store.close()


def test_a_row_of_an_earlier_version_can_be_read() -> None:
    body = {"do": "follow", "execution": 7, "frame": 1, "number": 2, "resource": "r", "arn": "arn"}
    assert outbox_rows.read(OutboxRow(1, "states", "7", body)) == PollCall(7, 1, 2, "r", "arn")


@pytest.mark.parametrize(
    "body", [None, {}, {"do": "dance"}, {"do": "read"}, {"do": "read", "run": 1, "more": 2}, [], "text"]
)
def test_a_damaged_row_is_read_as_none(body: Json) -> None:
    assert outbox_rows.read(OutboxRow(1, "states", "7", body)) is None
