"""Make a trace of each run that ends, and send it; give containers their place in the trace.

Guarantees that a run never waits for its trace and never fails because of it. A run costs nothing before its end; then
its ARN goes to a bounded queue, after the commit that ended it. A thread reads the history and makes the spans. A trace
that cannot be sent is dropped and counted. The queue is in memory: a run that ends while no engine runs is recorded and
traced by the next engine, but what the engine had not sent when it was killed is lost. Runs of supporting machines and
express executions have no traces.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from lamplighter.base.errors import Unavailable
from lamplighter.bus import Bus, Event
from lamplighter.engine.traces.exporter import Exporter
from lamplighter.engine.traces.port import DROPPED, NOT_SAMPLED, OUTCOMES, SENT
from lamplighter.engine.traces.read_run import read_spans, root_run
from lamplighter.engine.traces.settings import TraceSettings, read_settings
from lamplighter.outbound.port import Http
from lamplighter.runs.history.run_spans import Span
from lamplighter.runs.jobs.job_machine import is_supporting_machine
from lamplighter.runs.run import is_running
from lamplighter.runs.trace_ids import TRACEPARENT, is_sampled, trace_id, traceparent
from lamplighter.services.states.tables import executions, external_names
from lamplighter.store.db import Reader, Tx

MAX_RUNS_PER_READ = 50
"""The most runs whose histories are read at a time."""
CLOSE_SECONDS = 3.0
"""The longest time for which an engine that stops waits for the collector."""

log = logging.getLogger("lamplighter.traces")


class RunTraces:
    """The traces of one engine's runs."""

    def __init__(self, bus: Bus, settings: TraceSettings, http: Http) -> None:
        self._bus = bus
        self._settings = settings
        self._http = http
        self._exporter = Exporter(settings, http, self._pause)
        self._ended: deque[str] = deque()
        """The ARNs of runs that have ended and are not sent yet."""
        self._worker: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._is_full = False
        """Whether a trace was dropped since the queue was empty: this is logged once."""
        self._counts = dict.fromkeys(OUTCOMES, 0)
        bus.subscribe("aws.states", self._on_event)

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers of traces since the start, by what became of them."""
        return self._counts

    def container_variables(self, task: str) -> Mapping[str, str]:
        """Return the environment variables that tell the containers of an ECS task their place in the trace."""
        reader = self._bus.store.reader
        work = next(iter(external_names.work_by_name(reader, task)), None)
        run = None if work is None else executions.get_by_id(reader, work.execution)
        if run is None:
            return {}
        root = root_run(reader, run)
        sampled = is_sampled(trace_id(root), self._settings.sample_ratio)
        return {TRACEPARENT: traceparent(root, task, sampled=sampled)}

    async def close(self) -> None:
        """Send what is left, but wait only a few seconds for the collector."""
        self._closing.set()
        if self._worker is not None:
            _, unfinished = await asyncio.wait([self._worker], timeout=CLOSE_SECONDS)
            for task in unfinished:
                log.warning("traces are lost: the collector did not accept them within %s s", CLOSE_SECONDS)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._http.close()

    # --- runs that end ------------------------------------------------------------------------------------------------

    def _on_event(self, tx: Tx, event: Event) -> None:
        detail = event.detail
        if is_running(detail["status"]) or is_supporting_machine(detail["stateMachineArn"]):
            return
        arn: str = detail["executionArn"]
        tx.after_commit.append(lambda: self._add(arn))

    def _add(self, arn: str) -> None:
        if len(self._ended) >= self._settings.queue_size:
            self._counts[DROPPED] += 1
            if not self._is_full:
                log.warning("traces are lost: more than %s ended runs wait to be sent", self._settings.queue_size)
            self._is_full = True
            return
        self._ended.append(arn)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        """Send the traces of all runs that have ended."""
        await self._pause(self._settings.delay_seconds)
        while self._ended:
            arns = [self._ended.popleft() for _ in range(min(MAX_RUNS_PER_READ, len(self._ended)))]
            made = await self._make_spans(arns)
            for batch in _batches(made, self._settings.batch_size):
                spans = [span for each in batch for span in each]
                self._counts[SENT if await self._send(spans) else DROPPED] += len(batch)
        self._is_full = False

    async def _make_spans(self, arns: list[str]) -> list[list[Span]]:
        """Return the spans of each run that is sampled and can be read."""
        try:
            found = await self._bus.store.read_in_thread(lambda reader: self._read_all(reader, arns))
        except Unavailable:
            found = [None] * len(arns)
        self._counts[DROPPED] += sum(each is None for each in found)
        self._counts[NOT_SAMPLED] += sum(each == [] for each in found)
        return [each for each in found if each]

    def _read_all(self, reader: Reader, arns: list[str]) -> list[list[Span] | None]:
        """Return the spans of each run: [] if its trace is not sampled, None if it cannot be read."""
        found: list[list[Span] | None] = []
        for arn in arns:
            try:
                found.append(read_spans(reader, arn, self._settings.sample_ratio))
            except Exception:
                log.exception("the history of %s cannot be read; its trace is lost", arn)
                found.append(None)
        return found

    async def _send(self, spans: list[Span]) -> bool:
        try:
            return await self._exporter.send(spans)
        except Exception:
            log.exception("%s spans cannot be sent; they are lost", len(spans))
            return False

    async def _pause(self, seconds: float) -> bool:
        """Wait; return False, perhaps sooner, if the engine stops."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return True
        return False


def _batches(runs: Iterable[list[Span]], size: int) -> Iterator[list[list[Span]]]:
    """Yield runs together until they have `size` spans or more."""
    batch: list[list[Span]] = []
    for spans in runs:
        batch.append(spans)
        if sum(map(len, batch)) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def open_traces(bus: Bus, variables: Mapping[str, str], http: Http) -> RunTraces | None:
    """Return the traces of an engine, or None if the variables turn them off."""
    settings = read_settings(variables)
    return None if settings is None else RunTraces(bus, settings, http)
