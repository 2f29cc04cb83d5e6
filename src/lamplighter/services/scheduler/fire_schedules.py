"""Fire schedules: every slot is a timer; when it is due, record the slot, set the next timer and send the delivery.

All of that is one transaction, and the delivery's key consists of schedule and slot. So no slot runs twice and none is
lost. `missed_slots.py` decides which missed slots run late. They are counted in several turns and recorded as one row.
If a slot's target was not called and no later slot replaces it, the slot is reported (`dropped_slots.py`).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.delivery.delivery import Delivery, DeliveryEnd, DeliveryOutcome
from lamplighter.services.scheduler import arns, missed_slots, schedule_times, target_delivery
from lamplighter.services.scheduler.dropped_slots import DroppedSlotNotifier
from lamplighter.services.scheduler.missed_slots import LAST, LATE_SUFFIX, MAX_LATENESS
from lamplighter.services.scheduler.tables import schedules, slots
from lamplighter.services.scheduler.tables.schedules import Schedule
from lamplighter.services.scheduler.universal_targets import AwsServices
from lamplighter.store import timers
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.scheduler")

WINDOW_SUFFIX = "window"
"""The suffix of a timer's name, after the slot: the slot fires within its flexible time window."""

UNREADABLE = "The schedule cannot be read."
SCHEDULE_CHANGED = "the schedule was changed while the slot waited in its flexible time window"


@dataclass(frozen=True, slots=True)
class ScheduleFirer:
    """Sets the timers of schedules and handles them."""

    _world: World
    _send: Callable[[Tx, Delivery], None]
    _services: AwsServices
    _notifier: DroppedSlotNotifier

    def start(self, tx: Tx, schedule: Schedule, now: int, *, at_once: bool = True) -> None:
        """Set the first timer of a new or changed schedule; delete its earlier timers.

        `now` is the time of the change, from which a new rate counts. `at_once` is whether a slot at exactly that time
        counts.
        """
        waiting = self.stop(tx, schedule)
        if schedule.state != "ENABLED":
            return
        for slot in waiting:
            self._notifier.drop(tx, schedule, [slot], SCHEDULE_CHANGED)
        first = self._first_slot(tx, schedule, now if at_once else now + 1)
        if first is not None:
            self._set_timer(tx, schedule, str(first), max(first, now))

    def _first_slot(self, tx: Tx, schedule: Schedule, now: int) -> int | None:
        """Return the first future slot that is not recorded, or None."""
        kind = schedule_times.schedule_kind(schedule)
        if kind == "at":
            # "When re-enabling a one-time schedule after its original scheduled time has passed, the schedule may
            # immediately invoke its target."
            first = next(schedule_times.slots_after(schedule, schedule_times.EARLIEST), None)
            return None if first is None or slots.get(tx, schedule.id, first) else first
        after = now - 1 if kind == "rate" else now
        last = slots.last(tx, schedule.id)
        return next(schedule_times.slots_after(schedule, after if last is None else max(after, last.until)), None)

    def stop(self, tx: Tx, schedule: Schedule) -> list[int]:
        """Delete the timers of a schedule that is changed or deleted; return the slots that waited to fire."""
        timers.delete_all(tx, arns.SERVICE, str(schedule.id))
        return slots.mark_missed(tx, schedule.id)

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Handle the timer of a slot, or of a slot's time within its window."""
        schedule = schedules.by_id(tx, int(timer.subject))
        if schedule is None:
            return
        slot, _, kind = timer.name.partition("/")
        self._slot_due(tx, schedule, int(slot), kind, timer.due)

    def _slot_due(self, tx: Tx, schedule: Schedule, slot: int, kind: str, due: int) -> None:
        if schedule.body is None:
            log.error("the schedule %s cannot be read; it no longer fires", schedule.arn)
            row = slots.single_slot(schedule.id, slot, due, slots.FAILED, tx.now)
            slots.record(tx, replace(row, detail=UNREADABLE))
            self._notifier.drop(tx, schedule, [slot], UNREADABLE)
        elif kind == WINDOW_SUFFIX:
            self._fire(tx, schedule, slot, due)
        elif kind == LATE_SUFFIX:
            self._catch_up(tx, schedule, slot, slot)
        elif tx.now - due > MAX_LATENESS:
            self._catch_up(tx, schedule, slot, due)
        else:
            self._fire_or_wait(tx, schedule, slot, due)
            self._set_next_timer(tx, schedule, next(schedule_times.slots_after(schedule, slot), None))

    def on_delivery_finished(self, tx: Tx, delivery: Delivery, outcome: DeliveryOutcome) -> None:
        """Record the outcome of a slot's delivery, and delete the schedule if it is complete and requires that."""
        key, slot = target_delivery.read_key(delivery.key)
        schedule = schedules.by_id(tx, key)
        if outcome.end is DeliveryEnd.DELIVERED:
            slots.finish(tx, key, slot, slots.DELIVERED, _started_arn(outcome.answer))
        else:
            why = f"{outcome.code}: {outcome.message}"
            slots.finish(tx, key, slot, slots.FAILED, why)
            if schedule is not None:
                self._notifier.drop(tx, schedule, [slot], why)
        if schedule is not None and not timers.has_timer(tx, arns.SERVICE, str(key)):
            self._delete_if_complete(tx, schedule)

    # --- a slot -------------------------------------------------------------------------------------------------------

    def _fire_or_wait(self, tx: Tx, schedule: Schedule, slot: int, due: int) -> None:
        """Fire a slot that is due, or set the timer for a random time of its window."""
        window = schedule_times.window_milliseconds(schedule)
        if not window:
            self._fire(tx, schedule, slot, due)
            return
        fire_at = due + int(self._world.random() * window)
        slots.record(tx, slots.single_slot(schedule.id, slot, fire_at, slots.WAITING))
        self._set_timer(tx, schedule, f"{slot}/{WINDOW_SUFFIX}", fire_at)

    def _fire(self, tx: Tx, schedule: Schedule, slot: int, due: int) -> None:
        slots.record(tx, slots.single_slot(schedule.id, slot, due, slots.SENT, tx.now))
        self._send(tx, target_delivery.make_delivery(schedule, slot, due, self._services))

    def _set_next_timer(self, tx: Tx, schedule: Schedule, slot: int | None) -> None:
        """Set the timer of the next slot; a schedule without one is complete."""
        if slot is not None:
            self._set_timer(tx, schedule, str(slot), slot)
        else:
            self._delete_if_complete(tx, schedule)

    def _delete_if_complete(self, tx: Tx, schedule: Schedule) -> None:
        """Delete a schedule that will not fire again, if it requires that and no delivery is pending."""
        # A disabled schedule has no timers either, but is not complete.
        if schedule.state != "ENABLED" or schedule.body is None:
            return
        if schedule_times.deletes_after_completion(schedule) and not slots.has_unsettled(tx, schedule.id):
            schedules.delete(tx, schedule.id)

    def _set_timer(self, tx: Tx, schedule: Schedule, name: str, due: int) -> None:
        timers.put(tx, timers.Timer(arns.SERVICE, str(schedule.id), name, due), steady_clock=False)

    # --- slots that were missed ---------------------------------------------------------------------------------------

    def _catch_up(self, tx: Tx, schedule: Schedule, first: int, since: int) -> None:
        """Run missed slots from `first` on as the schedule's policy requires, a part of them in each turn.

        `since` is when `first` was due.
        """
        now = tx.now
        found = missed_slots.decide(schedule, first, since, now)
        if found.missed:
            self._record_missed(tx, schedule, found.missed)
            self._notifier.drop(tx, schedule, found.missed, missed_slots.missed_reason(schedule))
        if found.late_runs and schedule.missed == LAST:
            self._notifier.on_replaced(tx, schedule, found.late_runs[0])
        for slot in found.late_runs:
            self._fire_or_wait(tx, schedule, slot, since if slot == first else slot)
        if found.more:
            # Other timers may be due too, and fire first.
            self._set_timer(tx, schedule, f"{found.following}/{LATE_SUFFIX}", now)
        else:
            self._set_next_timer(tx, schedule, found.following)

    def _record_missed(self, tx: Tx, schedule: Schedule, missed: list[int]) -> None:
        last = slots.last(tx, schedule.id)
        if last is not None and last.outcome == slots.MISSED and last.detail is None:
            slots.record(tx, replace(last, until=missed[-1], count=last.count + len(missed)))
        else:
            row = slots.single_slot(schedule.id, missed[0], missed[0], slots.MISSED)
            slots.record(tx, replace(row, until=missed[-1], count=len(missed)))


def _started_arn(answer: Json) -> str | None:
    """Return the ARN of the execution or task that the target started, or None if the answer contains none."""
    if not isinstance(answer, dict):
        return None
    if "executionArn" in answer:
        return str(answer["executionArn"])
    return str(answer["tasks"][0]["taskArn"]) if answer.get("tasks") else None
