"""Map Runs, their children, and what these came to."""

from dataclasses import dataclass, fields

from lamplighter.store.db import Reader, Tx
from lamplighter.store.frames import Work


@dataclass(frozen=True, slots=True)
class MapRun:
    """One Map Run."""

    id: int
    arn: str
    execution: int
    frame: int
    number: int
    parent: str
    label: str
    block: int
    express: bool
    status: str
    start: int
    stop: int | None
    total: int
    taken: int
    started: int
    succeeded: int
    failed: int
    timed_out: int
    aborted: int
    items_failed: int
    concurrency: int
    tolerated_count: int | None
    tolerated_percentage: float | None

    @property
    def ended(self) -> int:
        """How many children have ended."""
        return self.succeeded + self.failed + self.timed_out + self.aborted

    @property
    def work(self) -> Work:
        """Whose work it is."""
        return Work(self.execution, self.frame, self.number)


NAMES = tuple(field.name for field in fields(MapRun))
COLUMNS = ", ".join(NAMES)


def _one(reader: Reader, where: str, *values: object) -> MapRun | None:
    row = reader.row(f"SELECT {COLUMNS} FROM map_runs WHERE {where}", values)  # noqa: S608 - our own words
    return MapRun(*row) if row else None


def get(reader: Reader, arn: str) -> MapRun | None:
    """A Map Run by its ARN."""
    return _one(reader, "arn = ?", arn)


def by_id(reader: Reader, key: int) -> MapRun | None:
    """A Map Run by its key."""
    return _one(reader, "id = ?", key)


def of_work(reader: Reader, work: Work) -> MapRun | None:
    """The Map Run that does a piece of work."""
    return _one(reader, "execution = ? AND frame = ? AND number = ?", work.execution, work.frame, work.number)


def of_execution(reader: Reader, parent: str, after: int, most: int) -> list[MapRun]:
    """The Map Runs of an execution, the oldest first."""
    sql = f"SELECT {COLUMNS} FROM map_runs WHERE parent = ? AND id > ? ORDER BY id LIMIT ?"  # noqa: S608 - our own words
    return [MapRun(*row) for row in reader.rows(sql, (parent, after, most))]


def insert(tx: Tx, run: MapRun) -> int:
    """Keep a new Map Run; its key."""
    names = NAMES[1:]
    sql = f"INSERT INTO map_runs ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    return tx.insert(sql, [getattr(run, name) for name in names])


def update(tx: Tx, run: MapRun) -> None:
    """Keep how far a Map Run has come, and its settings."""
    names = NAMES[9:]
    sql = f"UPDATE map_runs SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?"  # noqa: S608
    tx.execute(sql, [*(getattr(run, name) for name in names), run.id])


def add_child(tx: Tx, run: int, execution: int, position: int, items: int) -> None:
    """An execution runs for a Map Run."""
    sql = "INSERT INTO map_children (execution, run, position, items) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (execution, run, position, items))


def child(reader: Reader, execution: int) -> tuple[int, int, int] | None:
    """For which Map Run an execution runs, its place in the result, and how many items it has."""
    row = reader.row("SELECT run, position, items FROM map_children WHERE execution = ?", (execution,))
    return (row[0], row[1], row[2]) if row else None


def running_children(reader: Reader, run: int, most: int) -> list[int]:
    """Children that run."""
    sql = (
        "SELECT c.execution FROM map_children c JOIN executions e ON e.id = c.execution "
        "WHERE c.run = ? AND e.status = 'RUNNING' LIMIT ?"
    )
    return [row[0] for row in reader.rows(sql, (run, most))]


def keep_result(tx: Tx, run: int, position: int, output: str) -> None:
    """What a child came to."""
    tx.execute("INSERT OR REPLACE INTO map_results (run, position, output) VALUES (?, ?, ?)", (run, position, output))


def results(reader: Reader, run: int) -> list[str]:
    """What the children came to, in order, as JSON text."""
    return [row[0] for row in reader.rows("SELECT output FROM map_results WHERE run = ? ORDER BY position", (run,))]


def forget_results(tx: Tx, run: int) -> None:
    """They are gathered."""
    tx.execute("DELETE FROM map_results WHERE run = ?", (run,))


def running(reader: Reader) -> list[int]:
    """The keys of Map Runs that run."""
    return [row[0] for row in reader.rows("SELECT id FROM map_runs WHERE status = 'RUNNING'")]
