"""Fire rules by their schedules, in UTC; the next time of each rule is a timer.

A time that passed while no engine ran is made up for when the engine starts, if a target may still get an event of that
age. Older times are dropped: they are in the engine's log and in an event of the source `lamplighter.events`.
Guarantees that no target gets two events for the same time, even if the clock is changed: the name of a delivery
consists of rule, time and target. A rate counts from the time at which the rule was created or enabled, or got the
rate.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html.
"""

import logging
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.base.world import format_iso_time
from lamplighter.bus import Caller, Event
from lamplighter.lang.schedule.expression import parse_schedule
from lamplighter.services.events.buses.router import EventRouter
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables import targets
from lamplighter.services.events.tables.resources import Resource
from lamplighter.services.events.targets.targets import retry_policy_of
from lamplighter.store import timers
from lamplighter.store.db import DamagedData, Tx

SERVICE = "events"
SOURCE, DETAIL_TYPE = "lamplighter.events", "Scheduled Times Dropped"
MAX_COUNTED_TIMES = 1_000
"""The most dropped times that are counted one by one."""

log = logging.getLogger("lamplighter.events")


class ScheduledRules:
    """The schedules of rules."""

    def __init__(self, router: EventRouter) -> None:
        self._router = router

    def set_schedule(self, tx: Tx, rule: Resource, old: Resource | None) -> Resource:
        """Set the timer for the schedule of a rule; return the rule with the time from which a rate counts."""
        if not _is_scheduled(rule):
            self.stop(tx, rule.arn)
            return rule
        if old is not None and _is_scheduled(old) and _expression(old) == _expression(rule):
            return replace(rule, body=rule.body | {"Anchor": old.body["Anchor"]})
        now = tx.now
        anchored = replace(rule, body=rule.body | {"Anchor": now})
        self.stop(tx, rule.arn)
        self._set_timer(tx, anchored, now)
        return anchored

    def stop(self, tx: Tx, rule: str) -> None:
        """Delete the timer of a rule's schedule."""
        timers.delete_all(tx, SERVICE, rule)

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Fire the rule at a time of its schedule, and set the timer for the next time."""
        try:
            rule = rows.get_by_arn(tx, timer.subject)
        except DamagedData as error:
            log.error("%s; its schedule is suspended", error)
            return
        if rule is None or not _is_scheduled(rule):
            return
        slot = int(timer.name)
        self._router.fire_scheduled_rule(tx, rule, slot)
        ages = [retry_policy_of(target).age for target in targets.targets_of_rule(tx, rule.arn)]
        oldest = tx.now - max(ages, default=0) * 1000
        if ages and slot < oldest:
            self._report_dropped(tx, rule, slot, oldest)
        self._set_timer(tx, rule, max(slot, oldest))

    def _report_dropped(self, tx: Tx, rule: Resource, first: int, oldest: int) -> None:
        """Report the times, from the first on, that no target gets because they are too old."""
        count, last = 1, first
        while count < MAX_COUNTED_TIMES and (following := _next_time(rule, last)) is not None and following < oldest:
            count, last = count + 1, following
        message = "%s: %s scheduled times from %s to %s were dropped, because no engine ran"
        log.warning(message, rule.arn, count, format_iso_time(first), format_iso_time(last))
        detail: Json = {
            "RuleArn": rule.arn,
            "First": format_iso_time(first),
            "Last": format_iso_time(last),
            "Count": count,
        }
        caller, now = Caller(rule.account, rule.region), tx.now
        self._router.on_service_event(tx, Event(caller, SOURCE, DETAIL_TYPE, now, (rule.arn,), detail))

    def _set_timer(self, tx: Tx, rule: Resource, after: int) -> None:
        slot = _next_time(rule, after)
        if slot is not None:
            timers.put(tx, timers.Timer(SERVICE, rule.arn, str(slot), slot), steady_clock=False)


def _next_time(rule: Resource, after: int) -> int | None:
    """Return the next time of a rule's schedule, or None if there is none."""
    return parse_schedule(rule.body["ScheduleExpression"]).next(after, anchor_ms=rule.body["Anchor"])


def _is_scheduled(rule: Resource) -> bool:
    return _expression(rule) is not None and rule.body["State"] != "DISABLED"


def _expression(rule: Resource) -> str | None:
    return rule.body.get("ScheduleExpression") or None
