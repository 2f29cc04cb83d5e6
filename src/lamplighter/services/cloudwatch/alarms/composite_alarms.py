"""Implement composite alarms, whose state follows from the states of other alarms by a rule.

A composite alarm is evaluated when it is put, and whenever an alarm that its rule names changes its state, in the same
transaction. `action_suppression.py` decides whether its actions are sent at once.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.alarms import evaluate_alarm
from lamplighter.services.cloudwatch.alarms.alarm_settings import check_composite_settings
from lamplighter.services.cloudwatch.alarms.alarm_tags import RULES as TAG_RULES
from lamplighter.services.cloudwatch.alarms.composite_rule import CompositeRule, parse_rule
from lamplighter.services.cloudwatch.alarms.state_changes import AlarmStateChanges
from lamplighter.services.cloudwatch.alarms.state_reasons import format_instant
from lamplighter.services.cloudwatch.arns import alarm_arn
from lamplighter.services.cloudwatch.errors import InvalidRequest
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Reader, Tx

MAX_LEVELS = 20
"""The most levels of alarms below and above a composite alarm, added up."""
MAX_TRIGGERING = 20
"""The most alarms that StateReasonData, which has at most 4,000 characters, names."""


class CompositeAlarms:
    """The operation that stores composite alarms, and their evaluation."""

    def __init__(self, state_changes: AlarmStateChanges) -> None:
        self._state_changes = state_changes
        state_changes.subscribe(self.on_child_changed)

    def put(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Create or change a composite alarm and evaluate it (`PutCompositeAlarm`)."""
        key, now = alarm_arn(caller, params["AlarmName"]), tx.now
        settings, rule = check_composite_settings(params), parse_rule(params["AlarmRule"])
        old = rows.get_if_readable(tx, key)
        if old is not None and "AlarmRule" not in old.body["settings"]:
            raise InvalidRequest(
                f"The alarm {old.name} is a metric alarm: choose another name for the composite alarm."
            )
        self._set_children(tx, caller, key, rule)
        _set_suppressor(tx, caller, key, settings.get("ActionsSuppressor"))
        body: Json = {"updated": now, "transitioned": now, "reason": "", "reason_data": None, "mark": None}
        tags = TAG_RULES.read(params.get("Tags"))
        alarm = old or Alarm(
            key, caller.account, caller.region, params["AlarmName"], evaluate_alarm.INSUFFICIENT_DATA, body, tags
        )
        alarm = replace(alarm, body=alarm.body | {"settings": settings, "configured": now})
        rows.put(tx, alarm)
        done = "created" if old is None else "updated"
        self._state_changes.add_configuration_event(tx, alarm, done)
        self._evaluate(tx, alarm, lambda state: f"{key} was {done} and its alarm rule evaluates to {state}", None)

    def on_child_changed(self, tx: Tx, child: Alarm) -> None:
        """Evaluate the composite alarms that depend on an alarm whose state has changed."""
        changed_at = datetime.fromtimestamp(child.body["updated"] / 1000, UTC)
        reason = f"{child.arn} transitioned to {child.state} at {changed_at:%A %d %B, %Y %H:%M:%S} UTC"
        for key in rows.parents(tx, child.arn):
            alarm = rows.get_if_readable(tx, key)
            if alarm is not None:
                self._evaluate(tx, alarm, lambda _state: reason, child)

    def _set_children(self, tx: Tx, caller: Caller, key: str, rule: CompositeRule) -> None:
        named = [_arn(caller, name) for name in rule.names]
        missing = [each for each in named if rows.get_if_readable(tx, each) is None or each == key]
        if missing:
            listed = ", ".join(missing)
            raise InvalidRequest(
                f"Could not save the composite alarm as alarms [{listed}] in the alarm rule do not exist"
            )
        rows.set_children(tx, key, named)
        below, above = _count_levels(tx, key, rows.children), _count_levels(tx, key, rows.parents)
        if below + above > MAX_LEVELS:
            raise InvalidRequest(
                "A composite alarm must not depend on itself, "
                f"and at most {MAX_LEVELS} levels of alarms may depend on each other."
            )

    def _evaluate(self, tx: Tx, alarm: Alarm, reason: Callable[[str], str], changed: Alarm | None) -> None:
        """Evaluate the rule; the alarm that changed has triggered a new state, or all alarms of the rule together."""
        settings, caller = alarm.body["settings"], Caller(alarm.account, alarm.region)
        named = [rows.get_if_readable(tx, child) for child in rows.children(tx, alarm.arn)]
        children = {child.arn: child for child in named if child is not None}

        def state_of(name: str) -> str:
            found = children.get(_arn(caller, name))
            return found.state if found is not None else evaluate_alarm.INSUFFICIENT_DATA

        state = evaluate_alarm.ALARM if parse_rule(settings["AlarmRule"]).holds(state_of) else evaluate_alarm.OK
        if state == alarm.state:
            return
        triggering = [
            {"arn": each.arn, "state": {"value": each.state, "timestamp": format_instant(each.body["updated"])}}
            for each in (list(children.values())[:MAX_TRIGGERING] if changed is None else [changed])
        ]
        self._state_changes.set_state(tx, alarm, state, reason(state), dumps({"triggeringAlarms": triggering}))


def _set_suppressor(tx: Tx, caller: Caller, key: str, suppressor: str | None) -> None:
    named = None if suppressor is None else _arn(caller, suppressor)
    if named is not None and (named == key or rows.get_if_readable(tx, named) is None):
        raise InvalidRequest(f"Could not save the composite alarm as its actions suppressor {named} does not exist")
    rows.set_suppressor(tx, key, named)


def _arn(caller: Caller, name: str) -> str:
    return name if arn.parse(name) is not None else alarm_arn(caller, name)


def _count_levels(reader: Reader, key: str, step: Callable[[Reader, str], list[str]]) -> int:
    """Return how many levels `step` leads on from an alarm; for a cycle, return more than `MAX_LEVELS`."""
    level, steps = {key}, 0
    while steps <= MAX_LEVELS and (level := {each for one in level for each in step(reader, one)}):
        steps += 1
    return steps
