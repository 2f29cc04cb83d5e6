"""Delete expired events, and the events of deleted groups and streams, in slices: a timer fires for each slice.

Guarantees that no slice holds up the engine for long, and that a crash between two slices changes nothing. Expired
events are not read, even if they are not deleted yet.
"""

from typing import Literal

from lamplighter.services.logs.put_log_events import DAY, HOUR
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.store import timers
from lamplighter.store.db import Tx

SERVICE = "logs"
SLICE = 100
"""The most chunks, and the most streams, that one slice deletes."""
FOREVER = 2**62

Kind = Literal["log_group", "stream"]


def schedule_expiry(tx: Tx, group: int, due: int) -> None:
    """Set the timer that deletes the expired events of a group."""
    timers.put(tx, timers.Timer(SERVICE, str(group), "retention", due), steady_clock=False)


def schedule_deletion(tx: Tx, kind: Kind, key: int, group: int = 0) -> None:
    """Set the timer that deletes a group's streams and chunks, or a stream's chunks, which makes `group` smaller."""
    if kind == "log_group":
        timers.delete(tx, SERVICE, str(key), "retention")
    timers.put(tx, timers.Timer(SERVICE, str(key), f"drop.{kind}.{group}", tx.now), steady_clock=False)


def fire_timer(tx: Tx, timer: timers.Timer) -> None:
    """Delete the next slice, and set the timer again if there may be more."""
    key = int(timer.subject)
    if timer.name == "retention":
        _delete_expired(tx, key)
        return
    _, kind, group = timer.name.split(".")
    if kind == "log_group":
        deleted = log_chunks.sweep(tx, ("log_group", key), FOREVER, SLICE)[0] + log_groups.sweep_streams(tx, key, SLICE)
    else:
        deleted, counted = log_chunks.sweep(tx, ("stream", key), FOREVER, SLICE)
        log_groups.resize_group(tx, int(group), -counted)
    if deleted:
        timers.put(tx, timer, steady_clock=False)


def _delete_expired(tx: Tx, key: int) -> None:
    group = log_groups.group_by_id(tx, key)
    if group is None or group.retention is None:
        return
    now = tx.now
    deleted, counted = log_chunks.sweep(tx, ("log_group", key), now - group.retention * DAY, SLICE)
    if deleted:
        log_groups.resize_group(tx, key, -counted)
    schedule_expiry(tx, key, now if deleted else now + HOUR)
