"""Read an engine's database for alerts that were lost or are not delivered yet, and for the addresses of its mails.

The database is opened read-only.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from lamplighter.cli.doctor.finding import Finding, bad
from lamplighter.delivery.tables import lost_alerts
from lamplighter.runs.local_times import format_utc_minute
from lamplighter.services.sns.tables import deliveries, subscriptions
from lamplighter.store.backups.database_copy import connect_read_only
from lamplighter.store.data_directory import DATABASE
from lamplighter.store.db import Reader

MAX_LISTED_ALERTS = 5
"""The most lost alerts that are reported one by one."""
T = TypeVar("T")


def check_lost_alerts(data: Path, now: int) -> Iterator[Finding]:
    """Report the alerts of the last three days that did not reach their recipients."""
    found = _read(data, lambda reader: lost_alerts.alerts_since(reader, now - lost_alerts.SHOWN_MILLISECONDS))
    for each in found[:MAX_LISTED_ALERTS]:
        moment = format_utc_minute(each.time)
        yield bad(
            "alerts", f"the alert of {moment} was not delivered to {each.recipient}: {each.reason}", "fix the channel"
        )
    if len(found) > MAX_LISTED_ALERTS:
        yield bad("alerts", f"{len(found) - MAX_LISTED_ALERTS} more alerts were not delivered")


def check_waiting_alerts(data: Path) -> Iterator[Finding]:
    """Report the alerts whose delivery has failed so far and is retried."""
    for protocol, endpoint, error, count in _read(data, deliveries.failing_endpoints):
        alerts = f"{count} for {lost_alerts.recipient_name(protocol, endpoint)} could not be delivered yet"
        yield bad(
            "alerts",
            f"{alerts}: {error or 'the reason is not known'}",
            "fix the channel: the delivery is retried for a while",
        )


def mail_failure(data: Path) -> str | None:
    """Return why a mail could not be delivered so far; None if none waits."""
    return next((error for kind, _, error, _ in _read(data, deliveries.failing_endpoints) if kind == "email"), None)


def mail_recipients(data: Path) -> list[str]:
    """Return the addresses that are subscribed by mail."""
    return _read(data, subscriptions.mail_addresses)


def _read(data: Path, query: Callable[[Reader], list[T]]) -> list[T]:
    """Run a query on the database; return an empty list if there is no database, or an older version of this program
    made it.
    """
    try:
        with closing(connect_read_only(data / DATABASE)) as connection:
            return query(Reader(connection))
    except sqlite3.Error:
        return []
