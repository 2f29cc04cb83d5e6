"""Store for how long an engine keeps what has ended. A job file sets it with `keep:`; without a row, defaults apply."""

from dataclasses import dataclass, fields

from lamplighter.store.db import Reader, Tx

DAY = 86_400_000
"""The milliseconds of a day."""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """For how long, in milliseconds, and how many of each thing an engine keeps."""

    runs: int = 90 * DAY
    """Executions and tasks, after their end: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
    output: int = 30 * DAY
    """The files with the output of tasks, after the task's end. CloudWatch Logs has its own retention."""
    mails: int = 90 * DAY
    """Mails that are stored as files, because there is no mail server."""
    slots: int = 1_000
    """The number of slots of each schedule."""
    audit: int = 400 * DAY
    """Entries of the audit log: a year, and a month to look at it."""


COLUMNS = tuple(each.name for each in fields(RetentionSettings))
RUNS_CUTOFF = f"coalesce((SELECT runs FROM retention_settings), {RetentionSettings().runs})"  # noqa: S608 - our own number
"""The SQL for the milliseconds for which runs are kept."""


def read(reader: Reader) -> RetentionSettings:
    """Return the settings in force."""
    row = reader.row(f"SELECT {', '.join(COLUMNS)} FROM retention_settings")  # noqa: S608 - our own columns
    given = {} if row is None else {name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None}
    return RetentionSettings(**given)


def write(tx: Tx, settings: RetentionSettings) -> None:
    """Replace the settings."""
    values = tuple(getattr(settings, name) for name in COLUMNS)
    places = ", ".join("?" * len(COLUMNS))
    sql = f"INSERT OR REPLACE INTO retention_settings (id, {', '.join(COLUMNS)}) VALUES (1, {places})"  # noqa: S608
    tx.execute(sql, values)
