"""Find rows that refer to nothing, that nothing continues, or that cannot be read.

The caller's reader sees one moment of the database. Each turn of the engine keeps all of this true, so that a finding
means damage: a lost page, an edited database, or a bug.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.count_text import join_names
from lamplighter.engine.data_check.finding import RESTORE_ADVICE, DataFinding, problem
from lamplighter.engine.metrics_page import unreadable_rows
from lamplighter.store.db import Reader

MAX_NAMED = 3
"""The most rows that a finding names."""
PARENTS = (
    ("history", "history.id >> 15", "executions", "id"),
    ("frames", "frames.execution", "executions", "id"),
    ("child_progress", "child_progress.execution", "executions", "id"),
    ("child_results", "child_results.execution", "executions", "id"),
    ("external_names", "external_names.execution", "executions", "id"),
    ("started_tasks", "started_tasks.execution", "executions", "id"),
    ("pending_events", "pending_events.execution", "executions", "id"),
    ("queued_executions", "queued_executions.execution", "executions", "id"),
    ("redrives", "redrives.execution", "executions", "id"),
    ("activity_tasks", "activity_tasks.execution", "executions", "id"),
    ("map_runs", "map_runs.execution", "executions", "id"),
    ("map_items", "map_items.run", "map_runs", "id"),
    ("map_results", "map_results.run", "map_runs", "id"),
    ("executions", "executions.revision", "revisions", "id"),
    ("held_tasks", "held_tasks.task", "tasks", "arn"),
    ("log_filters", "log_filters.log_group", "log_groups", "id"),
    ("slots", "slots.schedule", "schedules", "id"),
    ("stack_resources", "stack_resources.stack", "stacks", "id"),
)
"""Tables whose rows belong to a row of another table: table, expression, the other table and its key."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What the timers and outbox rows of a service belong to, if their subjects have a form."""

    form: str
    """A pattern of SQLite's GLOB."""
    expression: str
    """The owner's key, computed from the subject."""
    table: str
    key: str = "id"


NUMBER = "CAST(subject AS INTEGER)"
DELIVERY = Owner("letter:*", "CAST(substr(subject, 8) AS INTEGER)", "deliveries")
OWNERS: Mapping[str, tuple[Owner, ...]] = {
    "states": (Owner("*", NUMBER, "executions"),),
    "ecs": (Owner("[^q]*", "subject", "tasks", "arn"),),
    "scheduler": (DELIVERY, Owner("[0-9]*", NUMBER, "schedules")),
    "events": (DELIVERY,),
    "monitoring": (DELIVERY,),
    "sns": (Owner("[0-9]*", NUMBER, "sns_deliveries"),),
    "sqs": (),
    "logs": (),
    "cloudformation": (),
    "alerts": (),
}
"""The owners by service. What a service leaves behind on purpose, such as a timer of a purged queue, has no entry, nor
has ECS's timer for the `queue` of tasks that wait for room."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Rows that wait for something which does not exist."""

    about: str
    sql: str
    """A query for their names."""
    says: str
    advice: str


_NO_ATTEMPT = (
    "NOT EXISTS (SELECT 1 FROM timers WHERE service = {0} AND subject = {1}) "
    "AND NOT EXISTS (SELECT 1 FROM outbox WHERE service = {0} AND subject = {1})"
)
STUCK = (
    Stuck(
        "execution",
        "SELECT arn FROM executions AS found WHERE status = 'RUNNING' "
        "AND NOT EXISTS (SELECT 1 FROM frames WHERE execution = found.id) "
        "AND NOT EXISTS (SELECT 1 FROM pending_events WHERE execution = found.id)",
        "is running, and nothing can continue it",
        "stop it (`lamplighter stop RUN`), and start it again",
    ),
    Stuck(
        "delivery",
        "SELECT sender || ' ' || key FROM deliveries AS found WHERE finished IS NULL AND "  # noqa: S608
        + _NO_ATTEMPT.format("found.sender", "'letter:' || found.id"),
        "is pending, and nothing attempts it",
        RESTORE_ADVICE,
    ),
    Stuck(
        "message",
        "SELECT subscription || ' ' || message FROM sns_deliveries AS found WHERE status = 'WAITING' AND "  # noqa: S608
        + _NO_ATTEMPT.format("'sns'", "CAST(found.id AS TEXT)"),
        "is not delivered, and nothing attempts it",
        "publish it again",
    ),
    Stuck(
        "schedule",
        "SELECT arn FROM schedules AS found WHERE state = 'ENABLED' AND json_valid(body) "
        "AND json_extract(body, '$.EndDate') IS NULL "
        "AND (json_extract(body, '$.ScheduleExpression') GLOB 'rate(*' "
        "OR json_extract(body, '$.ScheduleExpression') GLOB 'cron(*[*])') "
        "AND NOT EXISTS (SELECT 1 FROM timers WHERE service = 'scheduler' AND subject = CAST(found.id AS TEXT))",
        "is enabled, and will never start anything",
        "disable it, and enable it again",
    ),
)


def check_rows(reader: Reader) -> Iterator[DataFinding]:
    """Yield all findings about rows."""
    yield from _rows_without_parent(reader)
    for table in ("timers", "outbox"):
        yield from _work_without_owner(reader, table)
    for stuck in STUCK:
        for (name,) in reader.rows(stuck.sql):
            yield problem(stuck.about, f"{name} {stuck.says}", stuck.advice)
    for kind, table in (("execution", "executions"), ("task", "tasks")):
        yield from _wrong_counts(reader, kind, table)
    yield from _unreadable_rows(reader)


def _rows_without_parent(reader: Reader) -> Iterator[DataFinding]:
    for table, expression, parent, key in PARENTS:
        sql = (
            f"SELECT count(*) FROM {table} "  # noqa: S608 - our own tables
            f"WHERE NOT EXISTS (SELECT 1 FROM {parent} WHERE {parent}.{key} = {expression})"
        )
        if count := reader.count(sql):
            yield problem(table, f"rows of {table} that belong to no row of {parent}: {count}")


def _work_without_owner(reader: Reader, table: str) -> Iterator[DataFinding]:
    for service, count in reader.rows(f"SELECT service, count(*) FROM {table} GROUP BY service"):  # noqa: S608
        if service not in OWNERS:
            yield problem(table, f"rows of {table} for a service that does not exist ({service}): {count}")
        for owner in OWNERS.get(service, ()):
            sql = (
                f"SELECT subject FROM {table} WHERE service = ? AND subject GLOB ? AND NOT EXISTS "  # noqa: S608
                f"(SELECT 1 FROM {owner.table} WHERE {owner.table}.{owner.key} = {owner.expression})"
            )
            if subjects := [row[0] for row in reader.rows(sql, (service, owner.form))]:
                names = join_names(subjects, MAX_NAMED)
                yield problem(table, f"rows of {table} for {service} that belong to no row of {owner.table}: {names}")


def _wrong_counts(reader: Reader, kind: str, table: str) -> Iterator[DataFinding]:
    counted = sorted(reader.rows(f"SELECT status, count(*) FROM {table} GROUP BY status"))  # noqa: S608
    stored = sorted(reader.rows("SELECT status, number FROM row_counts WHERE kind = ? AND number <> 0", (kind,)))
    if counted != stored:
        yield problem("counts", f"the metrics count {dict(stored)} in {table}, and there are {dict(counted)}")


def _unreadable_rows(reader: Reader) -> Iterator[DataFinding]:
    for kind, names in (
        ("rule", unreadable_rows.unreadable_rules(reader)),
        ("alarm", unreadable_rows.unreadable_alarms(reader)),
        ("schedule", unreadable_rows.unreadable_schedules(reader)),
    ):
        for name in names:
            yield problem(kind, f"{name} cannot be read", "create it again, or delete it")
