"""Compare a restored database with the containers and processes that exist, before the engine starts its work.

A restore goes back in time. Containers that ran at the backup and are gone have an unknown exit: the retries of their
states decide. Containers that are newer than the backup belong to runs of which the database knows nothing. They are
stopped and removed, as every container without a task is: the slots of their runs are made up for, and two copies of a
job must not run side by side. What is found is logged, stored, and shown by the engine's health.
"""

import logging
from dataclasses import dataclass

from lamplighter.base.world import format_iso_time
from lamplighter.runtime.port import Runtime, RuntimeUnavailable
from lamplighter.services.ecs.tables import tasks, waiting_tasks
from lamplighter.store.backups import restores
from lamplighter.store.db import Reader, Store

log = logging.getLogger("lamplighter.engine")


@dataclass(frozen=True, slots=True)
class RestoredWork:
    """The difference between a restored database and what exists."""

    lost: tuple[str, ...]
    """The tasks that ran at the backup, and of which no container exists."""
    unknown: tuple[str, ...]
    """The containers of which the database knows no task."""
    continued: tuple[str, ...]
    """The containers that exist of tasks that ran or waited at the backup: the engine continues with them."""


def compare_work(reader: Reader, names: frozenset[str]) -> RestoredWork:
    """Compare the tasks of a database with the names of the containers that exist."""
    started = [arn.rpartition("/")[2] for arn in tasks.placed_arns(reader) if _has_started(reader, arn)]
    waiting = [arn.rpartition("/")[2] for arn in waiting_tasks.all_waiting(reader)]
    by_task = {name: name.partition("-")[0] for name in sorted(names)}
    existing = set(by_task.values())
    return RestoredWork(
        lost=tuple(task for task in started if task not in existing),
        unknown=tuple(name for name, task in by_task.items() if tasks.status(reader, task) is None),
        continued=tuple(name for name, task in by_task.items() if task in started or task in waiting),
    )


def _has_started(reader: Reader, arn: str) -> bool:
    return tasks.statuses(reader, arn)[0] not in ("PROVISIONING", "PENDING", "ACTIVATING")


async def examine_restored_work(store: Store, runtime: Runtime) -> None:
    """After a restore, compare the database with what exists, once: log and store it. Do nothing otherwise."""
    found = restores.latest_restore(store.reader)
    if found is None or found.examined is not None:
        return
    log.warning(
        "this database was restored from a backup of %s: what happened after that is not in it. Schedules make up for "
        "the slots since then as their missed: says, so jobs may run again, and alerts may be sent again",
        format_iso_time(found.backup),
    )
    try:
        work = compare_work(store.reader, await runtime.names())
    except RuntimeUnavailable as error:
        log.warning("the restored database cannot be compared with the containers that exist: %s", error)
        work = RestoredWork((), (), ())
    for task in work.lost:
        log.warning("task %s ran at the backup, and its container or process is gone: its exit is unknown", task)
    for name in work.unknown:
        log.warning(
            "the container %s is newer than the backup: it is stopped and removed, and its output is kept", name
        )
    if work.continued:
        log.warning("containers and processes of running tasks that still exist, and continue: %d", len(work.continued))
    await store.write(lambda tx: restores.record_examination(tx, [*work.lost], [*work.unknown], tx.now))


def count_missed_schedules(reader: Reader, now: int) -> int:
    """Return how many schedules have a time that is over, and that the database knows as still to come."""
    sql = "SELECT count(DISTINCT subject) FROM timers WHERE service = 'scheduler' AND steady_clock = 0 AND due < ?"
    return reader.count(sql, (now,))
