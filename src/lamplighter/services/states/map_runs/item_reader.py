"""The ItemReader at work: the items of a Map Run become rows before its first child begins.

Promises to read in slices that hold neither the loop nor the memory; what a crash cuts off is read again from its
beginning. See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html.
"""

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator
from functools import partial

from lamplighter.asl.execution.messages import ReaderSettings
from lamplighter.asl.execution.state_errors import READER_FAILED, StateError
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.states.executions.isolated_steps import INTERNAL
from lamplighter.services.states.map_runs.child_executions import ChildExecutions
from lamplighter.services.states.map_runs.s3_objects import read_s3_items, s3_caller, s3_error_message
from lamplighter.services.states.outbox_rows import ReadItems
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store import outbox
from lamplighter.store.db import Store, Tx

log = logging.getLogger("lamplighter.states")

SLICE = 500
"""How many items are kept in one turn at most."""
ROOM = 2**19
"""How many characters they have at most, unless it is a single one."""


class ItemReaderRunner:
    """Reads for Map Runs."""

    def __init__(self, store: Store, world: World, children: ChildExecutions, remote: RemoteServices) -> None:
        self._store = store
        self._world = world
        self._children = children
        self._remote = remote

    async def handle_row(self, key: int, row: ReadItems) -> None:
        """Read the items of a Map Run, and tell it so."""
        run = rows.by_id(self._store.reader, row.run)
        tell = await self._outcome(run) if run is not None and run.reading is not None else _nothing
        await self._store.write_with_retry(partial(outbox.finish, key=key, tell=tell))

    async def _outcome(self, run: MapRun) -> Callable[[Tx], None]:
        try:
            total = await self._read(run)
        except StateError as fault:
            error, cause = fault.error, fault.cause
        except AwsError as refused:
            error, cause = READER_FAILED, s3_error_message(refused, self._world)
        except Exception:
            log.exception("the items of %s cannot be read", run.arn)
            error, cause = READER_FAILED, INTERNAL
        else:
            return lambda tx: self._children.items_read(tx, run.id, total)
        return lambda tx: self._children.reading_failed(tx, run.id, error, cause)

    async def _read(self, run: MapRun) -> int:
        """How many items were kept."""
        action, parameters, config, steps = loads(run.reading or "").values()
        reading = ReaderSettings(action, parameters, config, tuple(steps))
        await self._store.write_with_retry(lambda tx: rows.forget_items(tx, run.id))
        slices = item_slices(read_s3_items(s3_caller(self._remote, run.arn), reading))
        total = 0
        try:
            while part := await asyncio.to_thread(next, slices, None):
                if not await self._store.write_with_retry(partial(self._keep, key=run.id, first=total, part=part)):
                    break
                total += len(part)
        finally:
            await asyncio.to_thread(slices.close)
        return total

    def _keep(self, tx: Tx, key: int, first: int, part: list[str]) -> bool:
        rows.keep_items(tx, key, first, part)
        return self._children.wants_items(tx, key)


def _nothing(_tx: Tx) -> None:
    """Nobody waits for the items any more."""


def item_slices(found: Iterator[Json]) -> Generator[list[str], None, None]:
    """Items as JSON text, some at a time."""
    part: list[str] = []
    size = 0
    for item in found:
        text = dumps(item)
        if part and (len(part) == SLICE or size + len(text) > ROOM):
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield part
