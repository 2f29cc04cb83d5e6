"""Delete expired events, and the events of deleted groups and streams, in slices: a timer fires for each slice.

Guarantees that no slice holds up the engine for long, and that a crash between two slices changes nothing. Expired
events are not read, even if they are not deleted yet.
"""

from typing import Literal

from lamplighter.base.world import World
from lamplighter.services.logs.put_log_events import DAY, HOUR
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.store import timers
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer

SERVICE = "logs"
SLICE = 100
"""The most chunks, and the most streams, that one slice deletes."""
FOREVER = 2**62

Kind = Literal["grp", "stream"]


def schedule_expiry(tx: Tx, group: int, due: int) -> None:
    """Set the timer that deletes the expired events of a group."""
    timers.put(tx, Timer(SERVICE, str(group), "retention", due), steady_clock=False)


def schedule_deletion(tx: Tx, kind: Kind, key: int, now: int, group: int = 0) -> None:
    """Set the timer that deletes all chunks of a group or stream, and the streams of a group.

    `group` is the group of a stream, whose size is corrected.
    """
    if kind == "grp":
        timers.delete(tx, SERVICE, str(key), "retention")
    timers.put(tx, Timer(SERVICE, str(key), f"drop.{kind}.{group}", now), steady_clock=False)


class RetentionSweeper:
    """A handler of the timers, which deletes one slice each time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete the next slice, and set the timer again if there may be more."""
        key = int(timer.subject)
        if timer.name == "retention":
            self._delete_expired(tx, key)
            return
        _, kind, group = timer.name.split(".")
        if kind == "grp":
            deleted = log_chunks.sweep(tx, ("grp", key), FOREVER, SLICE)[0] + log_groups.sweep_streams(tx, key, SLICE)
        else:
            deleted, counted = log_chunks.sweep(tx, ("stream", key), FOREVER, SLICE)
            log_groups.resize_group(tx, int(group), -counted)
        if deleted:
            timers.put(tx, timer, steady_clock=False)

    def _delete_expired(self, tx: Tx, key: int) -> None:
        group = log_groups.group_by_id(tx, key)
        if group is None or group.retention is None:
            return
        now = self._world.now()
        deleted, counted = log_chunks.sweep(tx, ("grp", key), now - group.retention * DAY, SLICE)
        if deleted:
            log_groups.resize_group(tx, key, -counted)
        schedule_expiry(tx, key, now if deleted else now + HOUR)
