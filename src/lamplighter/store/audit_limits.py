"""Count the entries of the audit log that anybody may cause: refused calls, logins and logouts.

Nobody needs a right for them, so they could fill the disk. Guarantees that one caller causes at most `MAX_PER_HOUR`
entries of one kind in an hour, and that the entries of one caller leave room for those of all others.
"""

from dataclasses import dataclass
from enum import StrEnum

from lamplighter.store.db import Tx

MAX_PER_HOUR = 500
"""The most entries of one kind that one caller causes in an hour; one more entry counts the further ones."""
HOUR = 3_600_000
"""The milliseconds of an hour."""


class LimitedKind(StrEnum):
    """What is counted together, in the words of the audit log."""

    REFUSED = "refused calls"
    FAILED_LOGIN = "failed logins"
    LOGIN = "logins and logouts"


@dataclass(frozen=True, slots=True)
class HourCount:
    """What one caller has caused in the present hour."""

    number: int
    further_entry: int | None
    """The id of the entry that counts the further ones; None if there is none yet."""


def count_one(tx: Tx, who: str, how: str, kind: LimitedKind) -> HourCount:
    """Count one more of a caller, and return the count of this hour; forget those of other hours."""
    hour = tx.now // HOUR
    tx.execute("DELETE FROM audit_limits WHERE hour <> ?", (hour,))
    tx.execute(
        "INSERT INTO audit_limits (who, how, kind, hour, number) VALUES (?, ?, ?, ?, 1) "
        "ON CONFLICT DO UPDATE SET number = number + 1",
        (who, how, kind, hour),
    )
    row = tx.row(
        "SELECT number, further_entry FROM audit_limits WHERE who = ? AND how = ? AND kind = ?", (who, how, kind)
    )
    assert row is not None
    return HourCount(*row)


def remember_entry(tx: Tx, who: str, how: str, kind: LimitedKind, entry: int) -> None:
    """Remember which entry counts the further ones of this hour."""
    sql = "UPDATE audit_limits SET further_entry = ? WHERE who = ? AND how = ? AND kind = ?"
    tx.execute(sql, (entry, who, how, kind))
