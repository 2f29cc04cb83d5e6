"""Report dropped slots: too old to run late, refused by the target, or of a schedule that cannot be read.

Guarantees that each dropped slot is stored in the transaction that drops it and reported exactly once, with all dropped
slots of its job in one message. The report waits for a few seconds, because at the start of an engine the slots of
several schedules of one job are found one after another. The slots of a job from a job file are reported to its
channels for `did-not-start`. All dropped slots are written to the engine's log and published as events of the source
`lamplighter.scheduler`, which rules can match. AWS has no such report: there, Scheduler is always running.
"""

import logging
from collections.abc import Callable, Sequence

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World, format_iso_time
from lamplighter.bus import Bus, Event, caller_of
from lamplighter.delivery.delivery import Delivery, RetryPolicy
from lamplighter.services.scheduler import arns as naming
from lamplighter.services.scheduler import schedule_times
from lamplighter.services.scheduler.tables import dropped_slots
from lamplighter.services.scheduler.tables.dropped_slots import DroppedSlot
from lamplighter.services.scheduler.tables.schedules import Schedule
from lamplighter.store import timers
from lamplighter.store.db import Tx

SUBJECT_PREFIX = "dropped:"
KEY_PREFIX = "dropped/"
"""The prefix of these deliveries' keys; the key of a slot's delivery begins with a number."""
COLLECT_MILLISECONDS = 10_000
SOURCE, DETAIL_TYPE = "lamplighter.scheduler", "Scheduled Times Dropped"
ALERTS_SERVICE = "alerts"

log = logging.getLogger("lamplighter.scheduler")


class DroppedSlotNotifier:
    """Stores dropped slots and reports them."""

    def __init__(self, bus: Bus, world: World, send: Callable[[Tx, Delivery], None]) -> None:
        self._bus = bus
        self._world = world
        self._send = send

    def drop(self, tx: Tx, schedule: Schedule, slots: Sequence[int], reason: str) -> None:
        """Store dropped slots of a schedule, in ascending order, and set the timer for the report."""
        owner = _report_owner(schedule)
        zone = (schedule.body or {}).get("ScheduleExpressionTimezone", schedule_times.DEFAULT_ZONE)
        found = DroppedSlot(owner, schedule.arn, slots[0], slots[-1], len(slots), zone, reason, schedule.annotation)
        dropped_slots.put(tx, found)
        dropped_slots.count(tx, schedule.starts, len(slots))
        if not timers.has_timer(tx, naming.SERVICE, SUBJECT_PREFIX + owner):
            due = self._world.monotonic() + COLLECT_MILLISECONDS
            timers.put(tx, timers.Timer(naming.SERVICE, SUBJECT_PREFIX + owner, "tell", due), steady_clock=True)

    def on_replaced(self, tx: Tx, schedule: Schedule) -> None:
        """Delete the schedule's stored slots: a later slot runs in their place, so that no report is needed."""
        owner = _report_owner(schedule)
        dropped_slots.count(tx, schedule.starts, -dropped_slots.number_unreported(tx, owner, schedule.arn))
        dropped_slots.delete(tx, owner, schedule.arn)

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Report all stored slots of one owner."""
        owner = timer.subject.removeprefix(SUBJECT_PREFIX)
        found = dropped_slots.dropped_of(tx, owner)
        if not found:
            return
        dropped_slots.delete(tx, owner)
        for each in found:
            about = (each.schedule, each.count, format_iso_time(each.slot), each.reason)
            log.warning("schedule %s dropped %s scheduled times, the first at %s: %s", *about)
        detail = {"Slots": [_shown(each) for each in found], "Job": (found[-1].annotation or {}).get("Job")}
        caller, now = caller_of(found[0].schedule), self._world.now()
        arns = tuple(dict.fromkeys(each.schedule for each in found))
        self._bus.publish(tx, SOURCE, lambda: Event(caller, SOURCE, DETAIL_TYPE, now, arns, detail))
        for channel, topic in ((found[-1].annotation or {}).get("Tell") or {}).items():
            self._send(tx, self._delivery(found, channel, topic, detail))

    def _delivery(self, found: list[DroppedSlot], channel: str, topic: str, detail: Json) -> Delivery:
        caller = caller_of(found[0].schedule)
        arn = topic if topic.startswith("arn:") else _topic_arn(found[0].schedule, topic)
        params = {"TopicArn": arn, "Channel": channel, "Project": found[0].schedule.split("/")[1], **detail}
        attributes = {"SCHEDULE_ARN": found[0].schedule, "TARGET_ARN": arn}
        key, now = f"{KEY_PREFIX}{self._world.uuid()}", self._world.now()
        return Delivery(
            key, caller, ALERTS_SERVICE, "TellDropped", params, RetryPolicy(), None, dumps(detail), attributes, now
        )


def _topic_arn(schedule: str, topic: str) -> str:
    """Return the ARN of a topic in the schedule's account and region."""
    _, partition, _, region, account, _ = schedule.split(":", 5)
    return f"arn:{partition}:sns:{region}:{account}:{topic}"


def _report_owner(schedule: Schedule) -> str:
    """Return the key of slots that are reported together: the schedule's group and job, or its ARN without a job."""
    job = (schedule.annotation or {}).get("Job")
    return schedule.arn if job is None else f"{schedule.arn.rpartition('/')[0]}#{job}"


def _shown(dropped: DroppedSlot) -> Json:
    return {
        "ScheduleArn": dropped.schedule,
        "First": format_iso_time(dropped.slot),
        "Last": format_iso_time(dropped.until),
        "Count": dropped.count,
        "Zone": dropped.zone,
        "Reason": dropped.reason,
    }
