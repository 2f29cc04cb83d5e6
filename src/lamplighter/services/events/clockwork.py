"""Rules that go by a schedule, in UTC: each next time is a timer.

Promises that a time that passed while no engine ran is made up for at the start, as long as a target may still get an
event of that age; and that no time is told to a target twice, whatever becomes of the clock: what is delivered is named
by rule, time and target. A rate counts from when the rule was made, enabled, or given it.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html.
"""

import logging
from dataclasses import replace

from lamplighter.base.world import World
from lamplighter.lang.schedule import parse_schedule
from lamplighter.services.events.router import Router
from lamplighter.services.events.targets import policy_of
from lamplighter.store import eventresources as rows
from lamplighter.store import eventtargets as targets
from lamplighter.store import timers
from lamplighter.store.db import Damaged, Tx
from lamplighter.store.eventresources import Resource
from lamplighter.store.timers import Timer

SERVICE = "events"

log = logging.getLogger("lamplighter.events")


class Clockwork:
    """Tells of times."""

    def __init__(self, world: World, router: Router) -> None:
        self._world = world
        self._router = router

    def set(self, tx: Tx, rule: Resource, old: Resource | None) -> Resource:
        """Go by the schedule of a rule from now on; the rule, with the time from which a rate counts."""
        if not _runs(rule):
            self.stop(tx, rule.arn)
            return rule
        if old is not None and _runs(old) and _expression(old) == _expression(rule):
            return replace(rule, body=rule.body | {"Anchor": old.body["Anchor"]})
        now = self._world.now()
        anchored = replace(rule, body=rule.body | {"Anchor": now})
        self.stop(tx, rule.arn)
        self._set_timer(tx, anchored, now)
        return anchored

    def stop(self, tx: Tx, rule: str) -> None:
        """Go by no schedule for a rule."""
        timers.delete_all(tx, SERVICE, rule)

    def ring(self, tx: Tx, timer: Timer) -> None:
        """A time has come."""
        try:
            rule = rows.by_arn(tx, timer.subject)
        except Damaged as error:
            log.error("%s; its schedule stands still", error)
            return
        if rule is None or not _runs(rule):
            return
        slot = int(timer.name)
        self._router.fire(tx, rule, slot)
        ages = [policy_of(target).age for target in targets.of_rule(tx, rule.arn)]
        self._set_timer(tx, rule, max(slot, self._world.now() - max(ages, default=0) * 1000))

    def _set_timer(self, tx: Tx, rule: Resource, after: int) -> None:
        slot = parse_schedule(rule.body["ScheduleExpression"]).next(after, anchor_ms=rule.body["Anchor"])
        if slot is not None:
            timers.put(tx, Timer(SERVICE, rule.arn, str(slot), slot), elapsed=False)


def _runs(rule: Resource) -> bool:
    return _expression(rule) is not None and rule.body["State"] != "DISABLED"


def _expression(rule: Resource) -> str | None:
    return rule.body.get("ScheduleExpression") or None
