"""Report dropped slots: too old to run late, refused by the target, or of a schedule that cannot be read.

Guarantees that each dropped slot is stored in the transaction that drops it and reported exactly once, with all dropped
slots of its job in one message. The report waits for a few seconds, because at the start of an engine the slots of
several schedules of one job are found one after another, and then until all missed slots are counted, which takes long
if there are very many, or if the engine is killed meanwhile. The slots of a job from a job file are reported to its
channels for `did-not-start`. All dropped slots are written to the engine's log and published as events of the source
`lamplighter.scheduler`, which rules can match. Missed slots in whose place a later one runs are no dropped slots: an
alert for all jobs together says from when to when no engine ran, and which slots were passed over. AWS has no such
reports: there, Scheduler is always running.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World, format_iso_time
from lamplighter.bus import Bus, Event, caller_of
from lamplighter.delivery.delivery import Delivery, RetryPolicy
from lamplighter.services.scheduler import arns as naming
from lamplighter.services.scheduler import schedule_times
from lamplighter.services.scheduler.missed_slots import LATE_SUFFIX
from lamplighter.services.scheduler.tables import dropped_slots
from lamplighter.services.scheduler.tables.dropped_slots import DroppedSlot
from lamplighter.services.scheduler.tables.schedules import Schedule
from lamplighter.store import timers
from lamplighter.store.db import Tx

SUBJECT_PREFIX = "dropped:"
AWAY_SUFFIX = "#away"
"""The end of the owner of slots that were passed over; it begins with the ARN of the schedules' region and account."""
KEY_PREFIX = "dropped/"
"""The prefix of these deliveries' keys; the key of a slot's delivery begins with a number."""
TIMER_NAME = "tell"
"""The name of a report's timer, before the number of its postponements."""
COLLECT_MILLISECONDS = 10_000
POSTPONE_MILLISECONDS, MAX_POSTPONED = 1_000, 60
"""How long and how often a report waits until all missed slots are counted; then it says what is known."""
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
        self._set_timer(tx, owner)

    def on_replaced(self, tx: Tx, schedule: Schedule, slot: int) -> None:
        """Report that a later slot runs in the place of the schedule's dropped slots: they were passed over."""
        owner, away = _report_owner(schedule), f"{schedule.arn.partition('/')[0]}{AWAY_SUFFIX}"
        dropped_slots.count(tx, schedule.starts, -dropped_slots.number_unreported(tx, owner, schedule.arn))
        passed_over = [each for each in dropped_slots.dropped_of(tx, owner) if each.schedule == schedule.arn]
        dropped_slots.delete(tx, owner, schedule.arn)
        if passed_over and "Job" in (schedule.annotation or {}):
            for each in passed_over:
                dropped_slots.put(tx, replace(each, owner=away, reason=format_iso_time(slot)))
            self._set_timer(tx, away)

    def _set_timer(self, tx: Tx, owner: str, wait: int = COLLECT_MILLISECONDS, postponed: int = 0) -> None:
        if not timers.has_timer(tx, naming.SERVICE, SUBJECT_PREFIX + owner):
            due = self._world.monotonic() + wait
            name = f"{TIMER_NAME}{postponed or ''}"
            timers.put(tx, timers.Timer(naming.SERVICE, SUBJECT_PREFIX + owner, name, due), steady_clock=True)

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Report all stored slots of one owner."""
        owner = timer.subject.removeprefix(SUBJECT_PREFIX)
        postponed = int(timer.name.removeprefix(TIMER_NAME) or 0)
        if postponed < MAX_POSTPONED and timers.has_name_end(tx, naming.SERVICE, f"/{LATE_SUFFIX}"):
            self._set_timer(tx, owner, POSTPONE_MILLISECONDS, postponed + 1)
            return
        found = dropped_slots.dropped_of(tx, owner)
        if not found:
            return
        dropped_slots.delete(tx, owner)
        if owner.endswith(AWAY_SUFFIX):
            self._report_passed_over(tx, found)
        else:
            self._report_dropped(tx, found)

    def _report_passed_over(self, tx: Tx, found: list[DroppedSlot]) -> None:
        for each in found:
            about = (each.schedule, each.count, format_iso_time(each.slot), each.reason)
            log.warning("schedule %s passed over %s scheduled times, the first at %s: %s runs instead", *about)
        detail = {"Until": format_iso_time(tx.now), "Slots": [_shown_with_job(each) for each in found]}
        self._send_alert(tx, found, "SendAwayAlert", detail, {})

    def _report_dropped(self, tx: Tx, found: list[DroppedSlot]) -> None:
        for each in found:
            about = (each.schedule, each.count, format_iso_time(each.slot), each.reason)
            log.warning("schedule %s dropped %s scheduled times, the first at %s: %s", *about)
        detail = {"Slots": [_shown(each) for each in found], "Job": (found[-1].annotation or {}).get("Job")}
        caller, now = caller_of(found[0].schedule), tx.now
        arns = tuple(dict.fromkeys(each.schedule for each in found))
        self._bus.publish(tx, SOURCE, lambda: Event(caller, SOURCE, DETAIL_TYPE, now, arns, detail))
        project = found[0].schedule.split("/")[1]
        for channel, arn in _alert_topics(found[-1]).items():
            params = {"TopicArn": arn, "Channel": channel, "Project": project, **detail}
            self._send_alert(tx, found, "SendDroppedAlert", params, {"TARGET_ARN": arn})

    def _send_alert(
        self, tx: Tx, found: list[DroppedSlot], operation: str, params: Json, attributes: dict[str, str]
    ) -> None:
        caller, schedule = caller_of(found[0].schedule), {"SCHEDULE_ARN": found[0].schedule}
        key, now = f"{KEY_PREFIX}{self._world.uuid()}", tx.now
        target = (caller, ALERTS_SERVICE, operation, params, RetryPolicy())
        self._send(tx, Delivery(key, *target, None, dumps(params), schedule | attributes, now))


def _alert_topics(dropped: DroppedSlot) -> dict[str, str]:
    """Return the ARNs of the topics for `did-not-start`, by the channel."""
    _, partition, _, region, account, _ = dropped.schedule.split(":", 5)
    topics = (dropped.annotation or {}).get("Tell") or {}
    prefix = f"arn:{partition}:sns:{region}:{account}:"
    return {channel: topic if topic.startswith("arn:") else prefix + topic for channel, topic in topics.items()}


def _report_owner(schedule: Schedule) -> str:
    """Return the key of slots that are reported together: the schedule's group and job, or its ARN without a job."""
    job = (schedule.annotation or {}).get("Job")
    return schedule.arn if job is None else f"{schedule.arn.rpartition('/')[0]}#{job}"


def _shown_with_job(passed_over: DroppedSlot) -> Json:
    """Return slots that were passed over; `Reason` is the time of the slot that runs in their place."""
    job, topics = passed_over.annotation["Job"], list(_alert_topics(passed_over).values())
    return {**_shown(passed_over), "Job": job, "Project": passed_over.schedule.split("/")[1], "Topics": topics}


def _shown(dropped: DroppedSlot) -> Json:
    return {
        "ScheduleArn": dropped.schedule,
        "First": format_iso_time(dropped.slot),
        "Last": format_iso_time(dropped.until),
        "Count": dropped.count,
        "Zone": dropped.zone,
        "Reason": dropped.reason,
    }
