"""The ResultWriter at work: what the children of a Map Run came to becomes files in S3, and a manifest that names them.

Promises that a Map Run ends only when its files are there; what a crash cuts off is written again, in the same places.
See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html.
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial

from lamplighter.asl.execution.state_errors import WRITER_FAILED
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.states.executions.isolated_steps import INTERNAL
from lamplighter.services.states.map_runs.child_executions import PAGE, ChildExecutions
from lamplighter.services.states.map_runs.child_results import result_elements
from lamplighter.services.states.map_runs.item_selector import InputsNotReady
from lamplighter.services.states.map_runs.s3_objects import s3_caller, s3_error_message
from lamplighter.services.states.outbox_rows import WriteResults
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store import outbox
from lamplighter.store.db import Store, Tx

log = logging.getLogger("lamplighter.states")

LARGEST = 5 * 2**30
"""Bytes of one file: "up to 5 GB"."""
IN_MEMORY = 2**23
"""Bytes of a file that are held in memory before it goes to the disk."""


class ResultWriterRunner:
    """Writes for Map Runs."""

    def __init__(self, store: Store, world: World, children: ChildExecutions, remote: RemoteServices) -> None:
        self._store = store
        self._world = world
        self._children = children
        self._remote = remote

    async def handle_row(self, key: int, row: WriteResults) -> None:
        """Write the results of a Map Run, and tell it so."""
        run = rows.by_id(self._store.reader, row.run)
        tell = await self._outcome(run) if run is not None and run.stage == "WRITE" else _nothing
        await self._store.write_with_retry(partial(outbox.finish, key=key, tell=tell))

    async def _outcome(self, run: MapRun) -> Callable[[Tx], None]:
        try:
            place = await self._write(run, loads(run.writing))
        except AwsError as refused:
            cause = s3_error_message(refused, self._world)
        except Exception:
            log.exception("the results of %s cannot be written", run.arn)
            cause = INTERNAL
        else:
            output = dumps({"MapRunArn": run.arn, "ResultWriterDetails": place})
            return lambda tx: self._children.results_written(tx, run.id, output)
        return lambda tx: self._children.writing_failed(tx, run.id, WRITER_FAILED, cause)

    async def _write(self, run: MapRun, writing: Json) -> Json:
        """Where the manifest is."""
        call, parameters = s3_caller(self._remote, run.arn), writing["parameters"]
        bucket, folder = parameters.get("Bucket"), _folder(run, parameters.get("Prefix") or "")
        named: dict[str, list[Json]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for kind, files in named.items():
            async for file in _files(self._bodies(run, kind, writing["transformation"]), lines=writing["lines"]):
                key = f"{folder}/{kind}_{len(files)}.{'jsonl' if writing['lines'] else 'json'}"
                await asyncio.to_thread(call, "PutObject", {"Bucket": bucket, "Key": key, "Body": file.body})
                files.append({"Key": key, "Size": file.size})
        manifest = dumps({"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": named})
        key = f"{folder}/manifest.json"
        await asyncio.to_thread(call, "PutObject", {"Bucket": bucket, "Key": key, "Body": manifest.encode()})
        return {"Bucket": bucket, "Key": key}

    def _bodies(self, run: MapRun, kind: str, transformation: str) -> AsyncIterator[str]:
        return self._pending(run) if kind == "PENDING" else self._results(run, kind, transformation)

    async def _results(self, run: MapRun, kind: str, transformation: str) -> AsyncIterator[str]:
        last = -1
        while page := rows.results_of_run(self._store.reader, run.id, last, PAGE):
            for _, status, body in page:
                if (status == "SUCCEEDED") == (kind == "SUCCEEDED"):
                    for element in result_elements(transformation, status, body):
                        yield element
            last = page[-1][0]
            await asyncio.sleep(0)  # others have the loop between pages

    async def _pending(self, run: MapRun) -> AsyncIterator[str]:
        """The children that were not begun."""
        first = run.taken
        while True:
            try:
                bodies, first = await self._store.write_with_retry(
                    partial(self._children.pending, key=run.id, first=first)
                )
            except InputsNotReady as wanted:
                await self._children.selections.make(wanted)
                continue
            if not bodies:
                return
            for body in bodies:
                yield body


def _nothing(_tx: Tx) -> None:
    """They are written."""


def _folder(run: MapRun, prefix: str) -> str:
    """Where the files are: the prefix, then the last part of the Map Run's ARN, then which redrive it is."""
    again = f"Redrive-{run.redrives}" if run.redrives else ""
    return "/".join(part for part in (prefix.rstrip("/"), run.arn.rpartition(":")[2], again) if part)


class ResultFile:
    """One file of results, in memory while it is small."""

    def __init__(self, *, lines: bool) -> None:
        self.body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever is given the file closes it
        self.size = 0
        self._lines = lines

    def add(self, text: str) -> None:
        """Write one result."""
        before = "" if self._lines else "," if self.size else "["
        self._put(f"{before}{text}\n" if self._lines else f"{before}{text}")

    def end(self) -> None:
        """Make it whole, and ready to be read."""
        if not self._lines:
            self._put("]")
        self.body.seek(0)

    def _put(self, text: str) -> None:
        self.size += self.body.write(text.encode())


async def _files(bodies: AsyncIterator[str], *, lines: bool) -> AsyncIterator[ResultFile]:
    """Files of these results, none of them too large; no file where there is no result."""
    file: ResultFile | None = None
    try:
        async for body in bodies:
            if file is not None and file.size + len(body) > LARGEST:
                file.end()
                yield file
                file.body.close()
                file = None
            file = file or ResultFile(lines=lines)
            file.add(body)
        if file is not None:
            file.end()
            yield file
    finally:
        if file is not None:
            file.body.close()
