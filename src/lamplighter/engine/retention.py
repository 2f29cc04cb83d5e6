"""Delete what the engine need not keep any longer: ended executions and tasks, files of output, mails, old slots,
entries of the audit log.

`store/retention.py` says for how long. The sweep, once an hour and on request, deletes everything that is due.
Guarantees that a sweep deletes in short transactions, beside the engine's work, and that what fails is tried again by
the next sweep. The events of CloudWatch Logs have timers of their own (`services/logs/retention.py`).
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.services.cloudformation.tables import stack_events
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.tables import tasks
from lamplighter.services.scheduler.tables import slots
from lamplighter.services.states.executions.retention import delete_expired
from lamplighter.store import audit_log, retention
from lamplighter.store.db import Store, Tx

SWEEP_SECONDS = 3600.0
FIRST_SWEEP_SECONDS = 600.0
"""The seconds from the start of the engine to its first sweep: recovery comes first."""
BATCH_SIZE = 20
"""The most rows that one transaction deletes."""

log = logging.getLogger("lamplighter.engine")


@dataclass(frozen=True, slots=True)
class Deleted:
    """The numbers of things that a sweep deleted."""

    runs: int = 0
    tasks: int = 0
    output: int = 0
    mails: int = 0
    slots: int = 0
    stack_events: int = 0
    audit: int = 0

    def document(self) -> Json:
        """Return the numbers as JSON."""
        return {
            "runs": self.runs,
            "tasks": self.tasks,
            "output": self.output,
            "mails": self.mails,
            "slots": self.slots,
            "stackEvents": self.stack_events,
            "audit": self.audit,
        }


class RetentionSweep:
    """The sweeps of one engine."""

    def __init__(self, store: Store, world: World, outputs: OutputFiles, mails: Path) -> None:
        self._store = store
        self._world = world
        self._outputs = outputs
        self._mails = mails
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Sweep once an hour, for ever."""
        await asyncio.sleep(FIRST_SWEEP_SECONDS)
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("old runs and files could not be deleted; the next attempt follows in an hour")
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> Deleted:
        """Delete everything that need not be kept, and return how much that was."""
        async with self._lock:
            settings, now = retention.read(self._store.reader), self._world.now()
            found = Deleted(
                runs=await self._repeat(partial(delete_expired, now=now, most=BATCH_SIZE)),
                tasks=await self._delete_tasks(now - settings.runs),
                output=await asyncio.to_thread(self._outputs.remove_older, now - settings.output, self._kept_tasks()),
                mails=await asyncio.to_thread(remove_old_files, self._mails, now - settings.mails),
                slots=await self._repeat(partial(slots.delete_surplus, keep=settings.slots, most=BATCH_SIZE)),
                stack_events=await self._repeat(
                    partial(stack_events.delete_before, time=now - settings.runs, most=BATCH_SIZE)
                ),
                audit=await self._repeat(partial(audit_log.delete_before, time=now - settings.audit, most=BATCH_SIZE)),
            )
        if found != Deleted():
            log.info("deleted what is no longer kept: %s", _words(found))
        return found

    async def _repeat(self, delete: Callable[[Tx], int]) -> int:
        """Delete in short transactions until nothing is left to delete; return the number of deleted rows."""
        total = 0
        while deleted := await self._store.write_with_retry(delete):
            total += deleted
        return total

    async def _delete_tasks(self, before: int) -> int:
        """Delete tasks that stopped before a time; their output first, so that no output remains without its task."""
        total = 0
        while found := tasks.stopped_before(self._store.reader, before, BATCH_SIZE):
            for arn, name in found:
                await asyncio.to_thread(self._outputs.remove, name)
                await self._store.write_with_retry(partial(tasks.delete, arn=arn))
            total += len(found)
        return total

    def _kept_tasks(self) -> frozenset[str]:
        """Return the names of the tasks that have not stopped, whose output must stay."""
        return frozenset(arn.rpartition("/")[2] for arn in tasks.placed_arns(self._store.reader))


def remove_old_files(folder: Path, before: int) -> int:
    """Remove the files of a folder that were last changed before a time in milliseconds; return their number."""
    if not folder.is_dir():
        return 0
    old = [each for each in folder.iterdir() if each.is_file() and each.stat().st_mtime * 1000 < before]
    for each in old:
        each.unlink(missing_ok=True)
    return len(old)


def _words(deleted: Deleted) -> str:
    words = {
        "runs": deleted.runs,
        "tasks": deleted.tasks,
        "files of output": deleted.output,
        "mails": deleted.mails,
        "slots": deleted.slots,
        "events of stacks": deleted.stack_events,
        "entries of the audit log": deleted.audit,
    }
    return ", ".join(f"{number:,} {what}" for what, number in words.items() if number)
