"""Keep the times of the steady clock right when a new engine begins it anew.

The steady clock begins at the wall clock's time when an engine starts. If the wall clock was set while the last engine
ran, the two differ by a jump, by which all stored times of the steady clock are shifted at the next start.
"""

from lamplighter.store.db import Tx

STEADY_CLOCK_COLUMNS = {
    "timers": ("due",),
    "deliveries": ("created",),
    "held_tasks": ("since",),
    "sqs_queues": ("purged",),
    "sqs_deleted": ("deleted",),
    "sqs_messages": ("enqueued", "visible", "last_received"),
    "sqs_groups": ("ready",),
    "sqs_sent": ("until",),
    "sqs_attempts": ("until",),
}
"""The columns that hold times of the steady clock, by table."""


def save_clock_jump(tx: Tx, milliseconds: int) -> None:
    """Store by how much the wall clock was set since the steady clock began."""
    tx.execute("UPDATE clock_jump SET jump = ?", (milliseconds,))


def apply_clock_jump(tx: Tx) -> None:
    """Shift all steady-clock times in the database to a new steady clock, which begins now at the wall clock's time."""
    row = tx.row("SELECT jump FROM clock_jump")
    jump = row[0] if row else 0
    if not jump:
        return
    for table, columns in STEADY_CLOCK_COLUMNS.items():
        where = "WHERE steady_clock = 1" if table == "timers" else ""
        changes = ", ".join(f"{column} = {column} + ?" for column in columns)
        tx.execute(f"UPDATE {table} SET {changes} {where}", [jump] * len(columns))  # noqa: S608 - our own columns
    tx.execute("UPDATE clock_jump SET jump = 0")
