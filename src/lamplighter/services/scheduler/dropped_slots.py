"""Tells of slots that no target was called for: too old to be made up for, refused by the target, or not readable.

Promises that each is kept in the transaction that drops it and told exactly once, the slots of a job together. Telling
waits for a few seconds, so that the slots of several schedules of one job, which are found one after another at the
start of an engine, are one message. Those of a job file's job go to its channels for `did-not-start`; all of them are
in the engine's log and are events of the source `lamplighter.scheduler`, which rules can match. AWS has nothing of the
kind: there, Scheduler is always up.
"""

import logging
from collections.abc import Callable, Sequence

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World, iso
from lamplighter.bus import Bus, Event
from lamplighter.delivery.delivery import Delivery, RetryPolicy
from lamplighter.services.scheduler import arns as naming
from lamplighter.services.scheduler import schedule_times
from lamplighter.services.scheduler.tables import dropped_slots
from lamplighter.services.scheduler.tables.dropped_slots import DroppedSlot
from lamplighter.services.scheduler.tables.schedules import Schedule
from lamplighter.store import timers
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer

SUBJECT = "dropped:"
"""What the subjects of these timers begin with."""
KEY = "dropped/"
"""What the keys of these deliveries begin with: those of slots begin with a number."""
WAIT = 10_000
"""For how many milliseconds slots are gathered."""
SOURCE, DETAIL_TYPE = "lamplighter.scheduler", "Scheduled Times Dropped"
ALERTS = "alerts"

log = logging.getLogger("lamplighter.scheduler")


class DroppedSlotNotifier:
    """Keeps dropped slots and tells of them."""

    def __init__(self, bus: Bus, world: World, send: Callable[[Tx, Delivery], None]) -> None:
        self._bus = bus
        self._world = world
        self._send = send

    def drop(self, tx: Tx, schedule: Schedule, slots: Sequence[int], reason: str) -> None:
        """Keep slots that are dropped, in order, to tell of them soon."""
        owner = _owner(schedule)
        zone = (schedule.body or {}).get("ScheduleExpressionTimezone", schedule_times.ZONE)
        found = DroppedSlot(owner, schedule.arn, slots[0], slots[-1], len(slots), zone, reason, schedule.mark)
        dropped_slots.put(tx, found)
        if not timers.has_timer(tx, naming.SERVICE, SUBJECT + owner):
            due = self._world.monotonic() + WAIT
            timers.put(tx, Timer(naming.SERVICE, SUBJECT + owner, "tell", due), elapsed=True)

    def on_made_up(self, tx: Tx, schedule: Schedule) -> None:
        """A later slot stands for those that were dropped: nobody needs to be told of them."""
        dropped_slots.forget(tx, _owner(schedule), schedule.arn)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Tell of what was gathered."""
        owner = timer.subject.removeprefix(SUBJECT)
        found = dropped_slots.dropped_of(tx, owner)
        if not found:
            return
        dropped_slots.forget(tx, owner)
        for each in found:
            about = (each.schedule, each.count, iso(each.slot), each.reason)
            log.warning("%s dropped %s of its times, the first %s: %s", *about)
        detail = {"Slots": [_shown(each) for each in found], "Job": (found[-1].mark or {}).get("Job")}
        caller, now = naming.caller_of(found[0].schedule), self._world.now()
        arns = tuple(dict.fromkeys(each.schedule for each in found))
        self._bus.publish(tx, SOURCE, lambda: Event(caller, SOURCE, DETAIL_TYPE, now, arns, detail))
        for channel, topic in ((found[-1].mark or {}).get("Tell") or {}).items():
            self._send(tx, self._delivery(found, channel, topic, detail))

    def _delivery(self, found: list[DroppedSlot], channel: str, topic: str, detail: Json) -> Delivery:
        caller = naming.caller_of(found[0].schedule)
        arn = topic if topic.startswith("arn:") else _arn(found[0].schedule, topic)
        params = {"TopicArn": arn, "Channel": channel, "Project": found[0].schedule.split("/")[1], **detail}
        attributes = {"SCHEDULE_ARN": found[0].schedule, "TARGET_ARN": arn}
        key, now = f"{KEY}{self._world.uuid()}", self._world.now()
        return Delivery(key, caller, ALERTS, "TellDropped", params, RetryPolicy(), None, dumps(detail), attributes, now)


def _arn(schedule: str, topic: str) -> str:
    """The ARN of a topic in the place of a schedule."""
    _, partition, _, region, account, _ = schedule.split(":", 5)
    return f"arn:{partition}:sns:{region}:{account}:{topic}"


def _owner(schedule: Schedule) -> str:
    """What slots are told of together: the job, by its project's group of schedules; else the schedule."""
    job = (schedule.mark or {}).get("Job")
    return schedule.arn if job is None else f"{schedule.arn.rpartition('/')[0]}#{job}"


def _shown(dropped: DroppedSlot) -> Json:
    return {
        "ScheduleArn": dropped.schedule,
        "First": iso(dropped.slot),
        "Last": iso(dropped.until),
        "Count": dropped.count,
        "Zone": dropped.zone,
        "Reason": dropped.reason,
    }
