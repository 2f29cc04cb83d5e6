"""Run the ResultWriter of a Map Run: write the results of its children to S3, with a manifest that lists the files.

Guarantees that a Map Run ends only when its files are complete. After a crash the next engine writes the files again,
to the same keys. See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html.
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.states.map_runs.child_inputs import InputsNotReady
from lamplighter.services.states.map_runs.child_results import result_elements
from lamplighter.services.states.map_runs.map_run_driver import RESULT_PAGE_SIZE
from lamplighter.services.states.map_runs.map_run_worker import MapRunWorker
from lamplighter.services.states.map_runs.read_s3_items import s3_call_function, s3_error_message
from lamplighter.services.states.outbox_rows import WriteResults
from lamplighter.services.states.steps.isolated_steps import INTERNAL_ERROR
from lamplighter.services.states.tables import map_runs as rows
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store import outbox
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.states")

MAX_FILE_BYTES = 5 * 2**30
"""The most bytes of one file: "up to 5 GB"."""
MAX_MEMORY_BYTES = 2**23
"""The most bytes of a file in memory; a larger file is buffered on disk."""


class ResultWriterRunner(MapRunWorker):
    """The writer of results for one engine's Map Runs."""

    async def handle_row(self, key: int, row: WriteResults) -> None:
        """Write the results of a Map Run and report the outcome to its driver."""
        run = rows.get_by_id(self.bus.store.reader, row.run)
        report = await self._write_and_report(run) if run is not None and run.stage == "WRITE" else None
        await self.bus.store.write_with_retry(partial(outbox.delete_and_call, key=key, then=report))

    async def _write_and_report(self, run: MapRun) -> Callable[[Tx], None]:
        output, failure = None, None
        try:
            manifest = await self._write(run, loads(run.writing))
            output = dumps({"MapRunArn": run.arn, "ResultWriterDetails": manifest})
        except AwsError as refused:
            failure = s3_error_message(refused, self.world)
        except Exception:
            log.exception("the results of %s cannot be written", run.arn)
            failure = INTERNAL_ERROR
        return lambda tx: self.map_runs.on_writing_ended(tx, run.id, output, failure)

    async def _write(self, run: MapRun, writing: Json) -> Json:
        """Write the files and the manifest; return the manifest's bucket and key."""
        call, parameters = s3_call_function(self.bus, self.remote, run), writing["parameters"]
        bucket, folder = parameters.get("Bucket"), _folder(run, parameters.get("Prefix") or "")
        files_by_kind: dict[str, list[Json]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for kind, files in files_by_kind.items():
            async for file in _files(self._elements(run, kind, writing["transformation"]), lines=writing["lines"]):
                key = f"{folder}/{kind}_{len(files)}.{'jsonl' if writing['lines'] else 'json'}"
                await self.threads.run(call, "PutObject", {"Bucket": bucket, "Key": key, "Body": file.body})
                files.append({"Key": key, "Size": file.size})
        manifest = dumps({"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": files_by_kind})
        key = f"{folder}/manifest.json"
        await self.threads.run(call, "PutObject", {"Bucket": bucket, "Key": key, "Body": manifest.encode()})
        return {"Bucket": bucket, "Key": key}

    def _elements(self, run: MapRun, kind: str, transformation: str) -> AsyncIterator[str]:
        return self._pending_elements(run) if kind == "PENDING" else self._ended_elements(run, kind, transformation)

    async def _ended_elements(self, run: MapRun, kind: str, transformation: str) -> AsyncIterator[str]:
        last = -1
        while page := rows.results_of_run(self.bus.store.reader, run.id, last, RESULT_PAGE_SIZE):
            for _, status, body in page:
                if (status == "SUCCEEDED") == (kind == "SUCCEEDED"):
                    for element in result_elements(transformation, status, body):
                        yield element
            last = page[-1][0]
            await asyncio.sleep(0)  # other tasks of the loop run between pages

    async def _pending_elements(self, run: MapRun) -> AsyncIterator[str]:
        """Yield the descriptions of the children that were never started."""
        first = run.taken
        while True:
            try:
                bodies, first = await self.bus.store.write_with_retry(
                    partial(self.map_runs.children.pending_results, key=run.id, first=first)
                )
            except InputsNotReady as wanted:
                await self.map_runs.inputs.evaluate(wanted)
                continue
            if not bodies:
                return
            for body in bodies:
                yield body


def _folder(run: MapRun, prefix: str) -> str:
    """Return the folder of the files: the prefix, the last part of the Map Run's ARN, and the number of a redrive."""
    redrive = f"Redrive-{run.redrives}" if run.redrives else ""
    return "/".join(part for part in (prefix.rstrip("/"), run.arn.rpartition(":")[2], redrive) if part)


class ResultFile:
    """A file of results, which stays in memory while it is small."""

    def __init__(self, *, lines: bool) -> None:
        self.body = tempfile.SpooledTemporaryFile(MAX_MEMORY_BYTES)  # noqa: SIM115 - the caller closes the file
        self.size = 0
        self._lines = lines

    def add(self, text: str) -> None:
        """Write one result."""
        before = "" if self._lines else "," if self.size else "["
        self._write(f"{before}{text}\n" if self._lines else f"{before}{text}")

    def finish(self) -> None:
        """Complete the file and rewind it for reading."""
        if not self._lines:
            self._write("]")
        self.body.seek(0)

    def _write(self, text: str) -> None:
        self.size += self.body.write(text.encode())


async def _files(bodies: AsyncIterator[str], *, lines: bool) -> AsyncIterator[ResultFile]:
    """Yield files with these results, each below the largest size; yield no file if there is no result."""
    file: ResultFile | None = None
    try:
        async for body in bodies:
            if file is not None and file.size + len(body) > MAX_FILE_BYTES:
                file.finish()
                yield file
                file.body.close()
                file = None
            file = file or ResultFile(lines=lines)
            file.add(body)
        if file is not None:
            file.finish()
            yield file
    finally:
        if file is not None:
            file.body.close()
