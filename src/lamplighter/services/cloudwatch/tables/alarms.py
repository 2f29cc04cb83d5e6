"""Store CloudWatch's alarms, and what composite alarms depend on."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads_object
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

log = logging.getLogger("lamplighter.cloudwatch")


@dataclass(frozen=True, slots=True)
class Alarm:
    """A metric alarm or a composite alarm."""

    arn: str
    account: str
    region: str
    name: str
    state: str
    body: Json
    tags: dict[str, str]


ALARMS = Table("alarms", Alarm, json={"body": loads_object, "tags": loads_object}, damaged="the alarm {arn}")


get = ALARMS.find_by("arn")
"""Return the alarm with this ARN, or None if there is none; raise `DamagedData` if its row cannot be read."""


def get_by_names(reader: Reader, account: str, region: str, names: Iterable[str], after: str = "") -> Iterator[Alarm]:
    """Yield the readable ones of the named alarms whose names follow `after`, in order of name."""
    sql = f"{ALARMS.query} WHERE account = ? AND region = ? AND name = ?"
    for name in sorted({name for name in names if name > after}):
        yield from ALARMS.readable(reader.rows(sql, (account, region, name)), log)


list_alarms = ALARMS.walk_by("account", "region", "name", log=log)
"""Yield the readable alarms whose names start with `prefix` and follow `after`, in order of name."""
put = ALARMS.replace
"""Store a new or changed alarm."""
delete = ALARMS.delete_by("arn")
"""Delete an alarm and return whether it existed."""
get_if_readable = ALARMS.find_by("arn", log=log)
"""Return the alarm, or None if it is missing or cannot be read; such an alarm may be put again or deleted."""


# --- composite alarms: each with the alarms that its rule names, by their ARNs ----------------------------------------


def set_children(tx: Tx, composite: str, children: Iterable[str]) -> None:
    """Set the alarms that a composite alarm depends on, and replace the earlier ones."""
    tx.execute("DELETE FROM alarm_children WHERE composite = ?", (composite,))
    sql = "INSERT INTO alarm_children (child, composite) VALUES (?, ?)"
    tx.execute_many(sql, [(child, composite) for child in set(children)])


def parents(reader: Reader, child: str) -> list[str]:
    """Return the composite alarms that depend on an alarm."""
    sql = "SELECT composite FROM alarm_children WHERE child = ? ORDER BY composite"
    return [composite for (composite,) in reader.rows(sql, (child,))]


def children(reader: Reader, composite: str) -> list[str]:
    """Return the alarms that a composite alarm depends on."""
    sql = "SELECT child FROM alarm_children WHERE composite = ? ORDER BY child"
    return [child for (child,) in reader.rows(sql, (composite,))]


# --- suppressors: the alarm that suppresses the actions of a composite alarm ------------------------------------------


def set_suppressor(tx: Tx, composite: str, suppressor: str | None) -> None:
    """Set the alarm that suppresses the actions of a composite alarm, or remove it."""
    tx.execute("DELETE FROM alarm_suppressors WHERE composite = ?", (composite,))
    if suppressor is not None:
        tx.execute("INSERT INTO alarm_suppressors (composite, suppressor) VALUES (?, ?)", (composite, suppressor))


def suppressor_of(reader: Reader, composite: str) -> str | None:
    """Return the ARN of the alarm that suppresses the actions of a composite alarm, or None if there is none."""
    row = reader.row("SELECT suppressor FROM alarm_suppressors WHERE composite = ?", (composite,))
    return row[0] if row else None


def suppressed_by(reader: Reader, suppressor: str) -> list[str]:
    """Return the composite alarms whose actions an alarm suppresses."""
    sql = "SELECT composite FROM alarm_suppressors WHERE suppressor = ? ORDER BY composite"
    return [composite for (composite,) in reader.rows(sql, (suppressor,))]
