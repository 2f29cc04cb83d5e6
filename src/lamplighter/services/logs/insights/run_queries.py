"""Run queries after the commit that accepted them, and store their results.

The outbox row of a query stays until the transaction that stores its result, so that the next engine runs it again from
the beginning if this one is killed. Queries take turns, a slice each. A query ends after an hour ("Queries time out
after 60 minutes of runtime"). See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html.
"""

import asyncio
import logging
import zlib
from functools import partial

from lamplighter.base.json_text import Json, JsonError
from lamplighter.base.threads import run_in_thread
from lamplighter.base.world import World
from lamplighter.lang.log_query.commands import compile_query
from lamplighter.lang.log_query.query import DEFAULT_RESULTS, QueryRun
from lamplighter.lang.log_query.stages import QueryTooLarge
from lamplighter.services.logs.insights.scan_events import Scan, ScannedGroup, scan_slice
from lamplighter.services.logs.put_log_events import DAY
from lamplighter.services.logs.tables import log_groups, log_queries
from lamplighter.services.logs.tables.log_queries import RUNNING, LogQuery, Status, StoredPiece
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Reader, Store, Tx

MAX_RUN_MILLISECONDS = 60 * 60 * 1000

log = logging.getLogger("lamplighter.logs")


class QueryRunner:
    """Runs the queries of one engine."""

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world
        self._turn = asyncio.Lock()

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Run a query, and store its result, unless it was stopped meanwhile."""
        query = log_queries.get(self._store.reader, row.body["query"])
        if query is None or query.status != RUNNING:
            await self._store.write_with_retry(lambda tx: outbox.delete(tx, row.id))
            return
        started = self._world.monotonic()
        scan = self._prepare(query)
        status = await self._scan(query, scan, started)
        pieces = await run_in_thread(partial(_finish, scan)) if status == "Complete" else []
        statistics = _statistics(scan, sum(number for _, number, _ in pieces))
        duration = self._world.monotonic() - started

        def save(tx: Tx) -> None:
            current = log_queries.get(tx, query.id)
            if outbox.delete(tx, row.id) and current is not None and current.status == RUNNING:
                log_queries.end(tx, query.id, status, statistics, duration)
                log_queries.put_results(tx, query.id, pieces)

        await self._store.write_with_retry(save)

    def _prepare(self, query: LogQuery) -> Scan:
        request, now = query.request, self._world.now()
        compiled = compile_query(request["queryString"], query.created, (request["since"], request["until"]))
        most = compiled.limit or request.get("limit", DEFAULT_RESULTS)
        found = [log_groups.group_by_id(self._store.reader, key) for key in request["groups"]]
        groups = {
            group.id: ScannedGroup(
                f"{group.account}:{group.name}", 0 if group.retention is None else now - group.retention * DAY
            )
            for group in found
            if group is not None
        }
        return Scan(QueryRun(compiled, most), groups, request["since"], (request["until"] + 1, 0, 0))

    async def _scan(self, query: LogQuery, scan: Scan, started: int) -> Status:
        """Read all events that a query needs; return the status with which it ends."""
        while True:
            try:
                async with self._turn:
                    done = await self._store.read_in_thread_with_retry(partial(_scan, scan))
            except (QueryTooLarge, JsonError, zlib.error) as error:
                log.warning("the query %s failed: %s", query.name, error)
                return "Failed"
            if done:
                return "Complete"
            if self._world.monotonic() - started > MAX_RUN_MILLISECONDS:
                return "Timeout"
            current = log_queries.get(self._store.reader, query.id)
            if current is None or current.status != RUNNING:
                return "Cancelled"


def _scan(scan: Scan, reader: Reader) -> bool:
    return scan_slice(reader, scan)


def _finish(scan: Scan) -> list[StoredPiece]:
    """Return the result of a query as it is stored."""
    rows = [[{"field": name, "value": value} for name, value in fields] for fields in scan.run.finish()]
    return log_queries.pack_results(rows)


def _statistics(scan: Scan, results: int) -> Json:
    return {
        "recordsMatched": float(scan.run.matched),
        "recordsScanned": float(scan.records),
        "estimatedRecordsSkipped": 0.0,
        "bytesScanned": float(scan.bytes),
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(len(scan.groups)),
        "resultCount": float(results),
    }
