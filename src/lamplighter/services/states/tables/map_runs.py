"""Store Map Runs, their items, their child executions and the results of these."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from lamplighter.base.json_text import Json, loads
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import DamagedData, Reader, Tx
from lamplighter.store.rows import Table

Stage = Literal["READ", "RUN", "REDRIVE", "STOP", "WRITE", "DONE"]


@dataclass(frozen=True, slots=True)
class MapRun:
    """A Map Run."""

    id: int
    arn: str
    execution: int
    frame: int
    number: int
    parent: str
    label: str
    block: int
    express: bool
    start: int
    total: int
    concurrency: int
    tolerated_count: int | None
    tolerated_percentage: float | None
    stage: Stage
    """The engine's current work for the Map Run; `status` is the status that the API shows."""
    status: str = "RUNNING"
    stop: int | None = None
    taken: int = 0
    started: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    items_failed: int = 0
    reading: str | None = None
    """The reader's settings as JSON text; None once the items are read, and if the items are in the frame."""
    writing: str = "{}"
    """The writer's settings as JSON text."""
    outcome: str | None = None
    """The final status, error and cause as JSON text; they take effect when the results are written."""
    written: int = 0
    """1 if the results are written."""
    redrives: int = 0
    redriven: int | None = None
    """The start of the last redrive, in milliseconds since the epoch."""

    @property
    def ended(self) -> int:
        """The number of children that have ended."""
        return self.succeeded + self.failed + self.timed_out + self.aborted

    @property
    def work(self) -> Work:
        """The piece of work of the parent execution that this Map Run does."""
        return Work(self.execution, self.frame, self.number)


@dataclass(frozen=True, slots=True)
class ChildExecution:
    """A child execution of a Map Run."""

    execution: int
    run: int
    position: int
    """The index of its result."""
    first: int
    """The index of its first item."""
    items: int
    """The number of its items."""
    status: str = "RUNNING"
    redrives: int = 0
    """The number of the Map Run's redrive in which the child ran last; 0 is the first run."""


class MapItems(Sequence[Json]):
    """The items that an ItemReader read, loaded row by row."""

    def __init__(self, reader: Reader, run: MapRun) -> None:
        self._reader = reader
        self._run = run

    def __len__(self) -> int:
        return self._run.total

    def __getitem__(self, index: Json) -> Json:
        row = self._reader.row("SELECT item FROM map_items WHERE run = ? AND position = ?", (self._run.id, index))
        if row is None:
            raise DamagedData(f"item {index} of the Map Run {self._run.arn} is missing")
        return loads(row[0])


RUNS = Table("map_runs", MapRun)
CHILDREN = Table("map_children", ChildExecution)
FIXED_COLUMNS = ("id", "arn", "execution", "frame", "parent", "label", "block", "express", "start", "writing")
CHANGING_COLUMNS = tuple(field.name for field in fields(MapRun) if field.name not in FIXED_COLUMNS)


get = RUNS.find_by("arn")
"""Return the Map Run with this ARN, or None."""


get_by_id = RUNS.find_by("id")
"""Return the Map Run with this key, or None."""


def run_of_work(reader: Reader, work: Work) -> MapRun | None:
    """Return the Map Run that does a piece of work, or None."""
    return RUNS.find(reader, "execution = ? AND frame = ? AND number = ?", *work)


def runs_of_execution(reader: Reader, parent: str, after: int, most: int) -> list[MapRun]:
    """Return the Map Runs of an execution with keys above `after`, oldest first."""
    return RUNS.select(reader, "parent = ? AND id > ? ORDER BY id LIMIT ?", parent, after, most)


insert = RUNS.insert
"""Store a new Map Run and return its key."""


def update(tx: Tx, run: MapRun) -> None:
    """Update a Map Run's progress and settings."""
    sql = f"UPDATE map_runs SET {', '.join(f'{name} = ?' for name in CHANGING_COLUMNS)} WHERE id = ?"  # noqa: S608
    tx.execute(sql, [*(getattr(run, name) for name in CHANGING_COLUMNS), run.id])


def unfinished_runs(reader: Reader) -> list[int]:
    """Return the keys of Map Runs that are not DONE."""
    return [row[0] for row in reader.rows("SELECT id FROM map_runs WHERE stage <> 'DONE'")]


# --- children ---


add_child = CHILDREN.insert
"""Store an execution as the child of a Map Run."""


get_child = CHILDREN.find_by("execution")
"""Return the child row of an execution, or None if the execution is not a child of a Map Run."""


def run_of_child(reader: Reader, execution: int) -> str | None:
    """Return the ARN of the Map Run of a child execution, or None."""
    sql = "SELECT r.arn FROM map_children c JOIN map_runs r ON r.id = c.run WHERE c.execution = ?"
    return reader.value(sql, (execution,))


def set_child(tx: Tx, child: ChildExecution) -> None:
    """Update a child's status and redrive number."""
    sql = "UPDATE map_children SET status = ?, redrives = ? WHERE execution = ?"
    tx.execute(sql, (child.status, child.redrives, child.execution))


delete_child = CHILDREN.delete_by("execution")
"""Delete a child's row, because another execution replaces it."""


def running_children(reader: Reader, run: int, most: int) -> list[int]:
    """Return the keys of at most `most` running children."""
    sql = "SELECT execution FROM map_children WHERE run = ? AND status = 'RUNNING' LIMIT ?"
    return [row[0] for row in reader.rows(sql, (run, most))]


def unsuccessful_children(reader: Reader, run: MapRun, most: int) -> list[ChildExecution]:
    """Return children that ended without success before the Map Run's last redrive."""
    where = "run = ? AND status IN ('FAILED', 'TIMED_OUT', 'ABORTED') AND redrives < ? LIMIT ?"
    return CHILDREN.select(reader, where, run.id, run.redrives, most)


def item_counts(reader: Reader, run: int) -> dict[str, int]:
    """Return the number of items by the status of the children that have them."""
    sql = "SELECT status, SUM(items) FROM map_children WHERE run = ? GROUP BY status"
    return {row[0]: row[1] for row in reader.rows(sql, (run,))}


# --- items and results ---


def store_items(tx: Tx, run: int, first: int, items: Sequence[str]) -> None:
    """Store items, as JSON text, from the position `first` on."""
    rows = [(run, first + at, item) for at, item in enumerate(items)]
    tx.execute_many("INSERT OR REPLACE INTO map_items (run, position, item) VALUES (?, ?, ?)", rows)


def delete_items(tx: Tx, run: int) -> None:
    """Delete the items: all are processed, or they are read again."""
    tx.execute("DELETE FROM map_items WHERE run = ?", (run,))


def store_result(tx: Tx, run: int, position: int, status: str, body: str) -> None:
    """Store the result of a child, as JSON text."""
    sql = "INSERT OR REPLACE INTO map_results (run, position, status, body) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (run, position, status, body))


def results_of_run(reader: Reader, run: int, after: int, most: int) -> list[tuple[int, str, str]]:
    """Return results of children in order: position, status, JSON text."""
    sql = "SELECT position, status, body FROM map_results WHERE run = ? AND position > ? ORDER BY position LIMIT ?"
    return [(row[0], row[1], row[2]) for row in reader.rows(sql, (run, after, most))]


def delete_results(tx: Tx, run: int) -> None:
    """Delete the results, because the Map Run's output contains them now."""
    tx.execute("DELETE FROM map_results WHERE run = ?", (run,))
