"""Run the ItemReader of a Map Run: store its items as rows before its first child starts.

Guarantees to read in slices, so that reading neither blocks the loop nor fills the memory. After a crash the next
engine reads from the beginning. See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html.
"""

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator
from functools import partial

from lamplighter.asl.execution.messages import ReaderSettings
from lamplighter.asl.execution.state_errors import READER_FAILED, StateError
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.states.map_runs.map_run_worker import MapRunWorker
from lamplighter.services.states.map_runs.read_s3_items import read_s3_items, s3_call_function, s3_error_message
from lamplighter.services.states.outbox_rows import ReadItems
from lamplighter.services.states.steps.isolated_steps import INTERNAL_ERROR
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store import outbox
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.states")

MAX_ITEMS_PER_TURN = 500
"""The most items that one turn stores."""
MAX_CHARACTERS_PER_TURN = 2**19
"""The most characters of the items that one turn stores, unless a single item is longer."""


class ItemReaderRunner(MapRunWorker):
    """The reader of items for one engine's Map Runs."""

    async def handle_row(self, key: int, row: ReadItems) -> None:
        """Read the items of a Map Run and report the result to its driver."""
        run = rows.get_by_id(self.bus.store.reader, row.run)
        report = await self._read_and_report(run) if run is not None and run.reading is not None else None
        await self.bus.store.write_with_retry(partial(outbox.delete_and_call, key=key, then=report))

    async def _read_and_report(self, run: MapRun) -> Callable[[Tx], None]:
        try:
            total = await self._read(run)
        except StateError as fault:
            error, cause = fault.error, fault.cause
        except AwsError as refused:
            error, cause = READER_FAILED, s3_error_message(refused, self.world)
        except Exception:
            log.exception("the items of %s cannot be read", run.arn)
            error, cause = READER_FAILED, INTERNAL_ERROR
        else:
            return lambda tx: self.map_runs.on_items_read(tx, run.id, total)
        return lambda tx: self.map_runs.on_reading_failed(tx, run.id, error, cause)

    async def _read(self, run: MapRun) -> int:
        """Store the items and return their number."""
        action, parameters, config, *_ = loads(run.reading or "").values()  # a row of an older engine has more
        settings = ReaderSettings(action, parameters, config)
        await self.bus.store.write_with_retry(lambda tx: rows.delete_items(tx, run.id))
        slices = item_slices(read_s3_items(s3_call_function(self.bus, self.remote, run), settings))
        total = 0
        while part := await self.threads.run(next, slices, None):
            if not await self.bus.store.write_with_retry(
                partial(self._store_items, key=run.id, first=total, part=part)
            ):
                break
            total += len(part)
        # Not in a `finally`: if the engine stops, a thread may still read, and a generator that runs cannot be closed.
        await asyncio.to_thread(slices.close)
        return total

    def _store_items(self, tx: Tx, key: int, first: int, part: list[str]) -> bool:
        rows.store_items(tx, key, first, part)
        return self.map_runs.wants_items(tx, key)


def item_slices(found: Iterator[Json]) -> Generator[list[str], None, None]:
    """Yield slices of the items, each item as JSON text."""
    part: list[str] = []
    size = 0
    for item in found:
        text = dumps(item)
        if part and (len(part) == MAX_ITEMS_PER_TURN or size + len(text) > MAX_CHARACTERS_PER_TURN):
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield part
