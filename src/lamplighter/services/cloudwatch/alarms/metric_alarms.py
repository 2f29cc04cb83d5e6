"""Implement the operations on metric alarms.

Guarantees that an alarm that is put again keeps its state and its tags, as on AWS. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.
"""

from dataclasses import replace

from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.alarms import evaluate_alarm
from lamplighter.services.cloudwatch.alarms.alarm_history import record_switch
from lamplighter.services.cloudwatch.alarms.alarm_settings import check_settings, is_composite, why_not_evaluated
from lamplighter.services.cloudwatch.alarms.alarm_tags import RULES as TAG_RULES
from lamplighter.services.cloudwatch.alarms.alarm_timers import AlarmTimers
from lamplighter.services.cloudwatch.alarms.state_changes import AlarmStateChanges
from lamplighter.services.cloudwatch.arns import alarm_arn
from lamplighter.services.cloudwatch.errors import InvalidFormat, InvalidRequest, ResourceNotFound
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Tx

ANNOTATION_MEMBERS = ("Job", "Pattern", "Patience", "Zone")
"""The members of an annotation."""
INITIAL_REASON = "Unchecked: Initial alarm creation"


class MetricAlarms:
    """The operations on metric alarms, and those that all kinds of alarms share."""

    def __init__(self, alarm_timers: AlarmTimers, state_changes: AlarmStateChanges) -> None:
        self._alarm_timers = alarm_timers
        self._state_changes = state_changes

    def put(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Create or change a metric alarm and begin to evaluate it (`PutMetricAlarm`)."""
        key, now = alarm_arn(caller, params["AlarmName"]), tx.now
        settings = check_settings(params)
        old = rows.get_if_readable(tx, key)
        if old is None:
            alarm = self._new(caller, key, settings, TAG_RULES.read(params.get("Tags")), now)
        elif is_composite(old.body["settings"]):
            raise InvalidRequest(
                f"The alarm {old.name} is a composite alarm: choose another name for the metric alarm."
            )
        else:
            alarm = replace(old, body=old.body | {"settings": settings, "configured": now})
        rows.put(tx, alarm)
        self._alarm_timers.start(tx, alarm)
        self._state_changes.add_configuration_event(tx, alarm, "created" if old is None else "updated")

    def _new(self, caller: Caller, key: str, settings: Json, tags: dict[str, str], now: int) -> Alarm:
        body = {
            "settings": settings,
            "configured": now,
            "updated": now,
            "transitioned": now,
            "reason": why_not_evaluated(settings) or INITIAL_REASON,
            "reason_data": None,
            "mark": None,
        }
        return Alarm(
            key, caller.account, caller.region, settings["AlarmName"], evaluate_alarm.INSUFFICIENT_DATA, body, tags
        )

    def delete(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Delete the named alarms that exist; raise an error if none does (`DeleteAlarms`)."""
        names_by_arn = {alarm_arn(caller, name): name for name in params["AlarmNames"]}
        for key, name in names_by_arn.items():
            if {*rows.parents(tx, key), *rows.suppressed_by(tx, key)} - names_by_arn.keys():
                raise InvalidRequest(f"Cannot delete {name} as there are composite alarm(s) depending on it.")
        found = {key: rows.get_if_readable(tx, key) for key in names_by_arn}
        composites = [alarm for alarm in found.values() if alarm is not None and is_composite(alarm.body["settings"])]
        if len(composites) > 1:
            raise InvalidRequest("Only one composite alarm can be deleted in one operation.")
        deleted = [key for key in names_by_arn if rows.delete(tx, key)]
        if names_by_arn and not deleted:
            raise _not_found(next(iter(names_by_arn.values())))
        for key in deleted:
            alarm = found[key]
            rows.set_children(tx, key, ())
            rows.set_suppressor(tx, key, None)
            self._alarm_timers.stop(tx, key)
            if alarm is not None:
                self._state_changes.add_configuration_event(tx, alarm, "deleted")

    def set_actions_enabled(self, tx: Tx, caller: Caller, params: Json, *, enabled: bool) -> None:
        """Turn the actions of alarms on or off (`EnableAlarmActions`, `DisableAlarmActions`)."""
        for name in params["AlarmNames"]:
            alarm = rows.get(tx, alarm_arn(caller, name))
            if alarm is None or alarm.body["settings"]["ActionsEnabled"] == enabled:
                continue
            settings = alarm.body["settings"] | {"ActionsEnabled": enabled}
            rows.put(tx, replace(alarm, body=alarm.body | {"settings": settings}))
            record_switch(tx, alarm, "enabled" if enabled else "disabled")

    def set_state(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Set an alarm's state until the next evaluation; a changed state triggers its actions (`SetAlarmState`).

        AWS's error for a missing alarm has no message.
        """
        found = rows.get(tx, alarm_arn(caller, params["AlarmName"]))
        alarm, data = require(found, lambda: ResourceNotFound("")), params.get("StateReasonData")
        if data is not None:
            _check_json(data)
        self._state_changes.set_state(tx, alarm, params["StateValue"], params["StateReason"], data)
        self._alarm_timers.postpone(tx, alarm)

    def annotate(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Annotate an alarm (`SetAnnotation`) with its job, its pattern, and the seconds before its first evaluation.

        AWS has no such operation; it exists on the bus only: {AlarmName, Job, Pattern, Patience (seconds), Zone}.
        """
        alarm = self._find(tx, caller, params["AlarmName"])
        annotation = {name: params[name] for name in ANNOTATION_MEMBERS if params.get(name) is not None}
        rows.put(tx, replace(alarm, body=alarm.body | {"mark": annotation}))

    def _find(self, tx: Tx, caller: Caller, name: str) -> Alarm:
        return require(rows.get(tx, alarm_arn(caller, name)), lambda: _not_found(name))


def _not_found(name: str) -> AwsError:
    return ResourceNotFound(f"Alarm {name} does not exist")


def _check_json(text: str) -> None:
    try:
        loads(text)
    except JsonError as error:
        raise InvalidFormat(f"StateReasonData was not valid JSON: {error}") from None
