"""Find tasks for people: newest first, by status, family, cluster and what started them, and count them.

Guarantees that a query examines a bounded number of rows, however many tasks there are and however few of them fit. So
a page can have fewer tasks than it could show, although there are more: `before` leads on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from lamplighter.base.json_text import Json
from lamplighter.runs.tasks.task_run import end_status
from lamplighter.services.ecs.tables.tasks import TASKS, Task
from lamplighter.store.db import DamagedData, Reader, Row

MAX_EXAMINED, MAX_COUNTED = 2_000, 1_000
"""The most rows that a list and the counts examine. A row takes about 12 µs, because its body is read."""
FAILED, STOPPED, RUNNING = "FAILED", "STOPPED", "RUNNING"
_STARTER = (
    "CASE WHEN started_by GLOB 'chronos-schedule/*' THEN 'schedule' WHEN started_by GLOB 'events-rule/*' THEN 'rule' "
    "WHEN started_by = 'AWS Step Functions' THEN 'machine' ELSE 'hand' END"
)
"""What started a task: schedule, rule, machine (a state machine) or hand (a person or a program)."""
_CONDITIONS = {
    "family": "family = ?",
    "cluster": "cluster = ?",
    "starter": f"{_STARTER} = ?",
}


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks of an account and region are listed; None: all."""

    account: str
    region: str
    status: str | None = None
    """RUNNING (also on the way there), STOPPED, or FAILED, which has stopped, too."""
    family: str | None = None
    cluster: str | None = None
    """The ARN of a cluster."""
    starter: str | None = None
    """schedule, rule, machine or hand."""

    @property
    def where(self) -> tuple[str, Sequence[str]]:
        """The SQL of the condition, but for the failure, and its values."""
        chosen = {name: value for name in _CONDITIONS if (value := getattr(self, name)) is not None}
        # The plus sign keeps SQLite from sorting all tasks of the account by the index of ARNs.
        status = () if self.status is None else (f"status {'<>' if self.status == RUNNING else '='} 'STOPPED'",)
        sql = " AND ".join(["+arn GLOB ?", *status, *(_CONDITIONS[name] for name in chosen)])
        return sql, (f"arn:*:ecs:{self.region}:{self.account}:*", *chosen.values())

    def choose(self, rows: Iterable[Row]) -> Iterator[Task]:
        """Yield the tasks of rows that fit, in the order of the rows; damaged rows are skipped."""
        for row in rows:
            with suppress(DamagedData):
                task = TASKS.parse(row)
                if self.status != FAILED or end_status(task.body) == FAILED:
                    yield task


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A page of tasks, newest first."""

    tasks: Sequence[Task]
    before: int | None
    """The key for the page of older tasks, or None if there are none."""
    after: int | None
    """The key for the page of newer tasks, or None if there are none."""


def older(reader: Reader, chosen: TaskFilter, before: int | None, size: int) -> TaskPage:
    """Return the newest tasks before a key, or of all."""
    key = before or 2**62
    lowest = _examined_down_to(reader, chosen, key)
    found = _select(reader, chosen, (lowest, key), size, descending=True)
    following: int | None = None
    if len(found) > size:
        following = found[size - 1].id
    elif reader.row("SELECT 1 FROM tasks WHERE id < ? LIMIT 1", (lowest,)):
        following = lowest
    preceding = None if before is None else found[0].id if found else before - 1
    return TaskPage(found[:size], following, preceding)


def newer(reader: Reader, chosen: TaskFilter, after: int, size: int) -> TaskPage:
    """Return the oldest tasks after a key; the newest of all if no more than these come after it."""
    highest = _examined_up_to(reader, chosen, after)
    found = _select(reader, chosen, (after + 1, highest + 1), size, descending=False)
    if len(found) <= size and not reader.row("SELECT 1 FROM tasks WHERE id > ? LIMIT 1", (highest,)):
        return older(reader, chosen, None, size)
    shown = found[:size][::-1]
    return TaskPage(shown, shown[-1].id if shown else after + 1, shown[0].id if len(found) > size else highest)


def up_to(reader: Reader, account: str, region: str, highest: int | None, most: int) -> dict[int, tuple[str, str]]:
    """Return ARN and family of at most `most` tasks up to a key, by their keys, the newest first; None: all keys."""
    where, values = TaskFilter(account, region).where
    sql = f"SELECT id, arn, family FROM tasks WHERE {where} AND id <= ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    rows = reader.rows(sql, (*values, 2**62 if highest is None else highest, most))
    return {key: (arn, family) for key, arn, family in rows}


def _examined_down_to(reader: Reader, chosen: TaskFilter, before: int) -> int:
    """Return the lowest key that a query for older tasks examines. Those that run are few, and found by an index."""
    sql = "SELECT min(id) FROM (SELECT id FROM tasks WHERE id < ? ORDER BY id DESC LIMIT ?)"
    return 0 if chosen.status == RUNNING else reader.value(sql, (before, MAX_EXAMINED)) or 0


def _examined_up_to(reader: Reader, chosen: TaskFilter, after: int) -> int:
    """Return the highest key that a query for newer tasks examines."""
    sql = "SELECT max(id) FROM (SELECT id FROM tasks WHERE id > ? ORDER BY id LIMIT ?)"
    return 2**62 if chosen.status == RUNNING else reader.value(sql, (after, MAX_EXAMINED)) or after


def counts(reader: Reader, account: str, region: str) -> Sequence[Json]:
    """Count the newest tasks by status, family, cluster and what started them; STOPPED does not include FAILED."""
    where, values = TaskFilter(account, region).where
    sql = f"SELECT status, family, cluster, {_STARTER}, id FROM tasks WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
    rows = reader.rows(sql, (*values, MAX_COUNTED))
    stopped = f"{TASKS.query} WHERE id >= ? AND status = 'STOPPED'"
    stopped_rows = reader.rows(stopped, (rows[-1][4],)) if rows else ()
    failed = {each.id for each in TaskFilter(account, region, FAILED).choose(stopped_rows)}
    groups = Counter(
        (FAILED if key in failed else STOPPED if status == STOPPED else RUNNING, family, cluster, starter)
        for status, family, cluster, starter, key in rows
    )
    names = ("Status", "Family", "Cluster", "Starter")
    return [{**dict(zip(names, group, strict=True)), "Count": count} for group, count in groups.items()]


def _select(reader: Reader, chosen: TaskFilter, keys: tuple[int, int], size: int, *, descending: bool) -> list[Task]:
    """Return one more task than a page has, with keys from the first up to, but without, the second."""
    where, values = chosen.where
    query = f"{TASKS.query} WHERE id >= ? AND id < ? AND {where} ORDER BY id {'DESC' if descending else ''} LIMIT ?"
    rows = reader.rows(query, (*keys, *values, MAX_EXAMINED if chosen.status == FAILED else size + 1))
    return list(islice(chosen.choose(rows), size + 1))
