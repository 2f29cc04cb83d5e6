"""Implement alarm mute rules: no actions of their alarms are sent in the windows of a schedule.

A timer fires when a rule's windows begin and end. Guarantees that an alarm which nothing mutes any more, because a
window ended or because a rule was changed or deleted, sends its actions in the same transaction, if its state is not
the one before it was muted. A rule without targets mutes no alarm. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html.
"""

from collections.abc import Iterable

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.schedule.expression import OneTimeSchedule
from lamplighter.lang.schedule.mute_schedule import InvalidMuteSchedule, MuteSchedule
from lamplighter.lang.schedule.time_zones import UnknownZone, find_zone
from lamplighter.services.cloudwatch.alarms.active_mutes import MUTE_RULE, read_schedule, target_names
from lamplighter.services.cloudwatch.alarms.state_changes import AlarmStateChanges
from lamplighter.services.cloudwatch.arns import SERVICE, alarm_arn, mute_rule_arn, to_milliseconds
from lamplighter.services.cloudwatch.errors import InvalidRequest, ResourceNotFoundException
from lamplighter.services.cloudwatch.resources.resource_pages import page_start, resource_page
from lamplighter.services.cloudwatch.resources.tag_rules import RULES as TAG_RULES
from lamplighter.services.cloudwatch.tables import alarms
from lamplighter.services.cloudwatch.tables import monitoring_resources as rows
from lamplighter.services.cloudwatch.tables.monitoring_resources import MonitoringResource
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx

MUTE_TIMER = "mute"
PAGE = 50
SCHEDULED, ACTIVE, EXPIRED = "SCHEDULED", "ACTIVE", "EXPIRED"
SHOWN = ("Name", "Description", "Rule", "MuteTargets")


class MuteRules:
    """The alarm mute rules of one engine."""

    def __init__(self, world: World, state_changes: AlarmStateChanges) -> None:
        self._world = world
        self._state_changes = state_changes

    def put(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Create or replace a mute rule (`PutAlarmMuteRule`)."""
        dates = {name: to_milliseconds(params[name]) for name in ("StartDate", "ExpireDate") if name in params}
        body = {name: params[name] for name in SHOWN if name in params} | dates | {"updated": self._world.now()}
        _check(body)
        names = target_names(body)
        missing = [name for name in names if alarms.get_if_readable(tx, alarm_arn(caller, name)) is None]
        if missing:
            raise InvalidRequest(f"Alarms {missing} do not exist.")
        old = _find(tx, caller, params["Name"])
        tags = old.tags if old is not None else TAG_RULES.read(params.get("Tags"))
        rows.put(tx, MonitoringResource(MUTE_RULE, caller.account, caller.region, params["Name"], body, tags))
        self._set_timer(tx, caller, params["Name"], body)
        self._release(tx, caller, {*names, *(() if old is None else target_names(old.body))})

    def delete(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Delete a mute rule, if it exists; its alarms "are immediately unmuted" (`DeleteAlarmMuteRule`)."""
        name = params["AlarmMuteRuleName"]
        old = _find(tx, caller, name)
        if old is not None:
            rows.delete(tx, MUTE_RULE, caller.account, caller.region, name)
            timers.delete(tx, SERVICE, mute_rule_arn(caller, name), MUTE_TIMER)
            self._release(tx, caller, target_names(old.body))

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return a mute rule (`GetAlarmMuteRule`)."""
        found = _find(reader, caller, params["AlarmMuteRuleName"])
        if found is None:
            raise ResourceNotFoundException(f"Alarm mute rule {params['AlarmMuteRuleName']} does not exist.")
        shown = {name: found.body[name] for name in SHOWN if name in found.body}
        start = {"StartDate": found.body["StartDate"] / 1000} if "StartDate" in found.body else {}
        return shown | start | self._summary(found)

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List mute rules, optionally those of an alarm or with a status (`ListAlarmMuteRules`)."""
        alarm, statuses = params.get("AlarmName"), params.get("Statuses")
        found = rows.list_all(reader, MUTE_RULE, caller.account, caller.region, page_start(params))
        wanted = (
            rule
            for rule in found
            if (alarm is None or alarm in target_names(rule.body))
            and (not statuses or _status(read_schedule(rule.body), self._world.now()) in statuses)
        )
        return resource_page("AlarmMuteRuleSummaries", wanted, params.get("MaxRecords", PAGE), self._summary)

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Send what the end of a window releases, and set the timer of the next change."""
        _, _, _, region, account, _, name = timer.subject.split(":", 6)
        caller = Caller(account, region)
        rule = _find(tx, caller, name)
        if rule is not None:
            self._set_timer(tx, caller, name, rule.body)
            self._release(tx, caller, target_names(rule.body))

    def _set_timer(self, tx: Tx, caller: Caller, name: str, body: Json) -> None:
        subject, due = mute_rule_arn(caller, name), read_schedule(body).next_change(self._world.now())
        timers.delete(tx, SERVICE, subject, MUTE_TIMER)
        if due is not None:
            timers.put(tx, timers.Timer(SERVICE, subject, MUTE_TIMER, due), steady_clock=False)

    def _release(self, tx: Tx, caller: Caller, names: Iterable[str]) -> None:
        for name in sorted(names):
            self._state_changes.end_mute(tx, alarm_arn(caller, name))

    def _summary(self, rule: MonitoringResource) -> Json:
        schedule = read_schedule(rule.body)
        one_time = isinstance(schedule.schedule, OneTimeSchedule)
        expiry = {"ExpireDate": rule.body["ExpireDate"] / 1000} if "ExpireDate" in rule.body else {}
        return {
            "AlarmMuteRuleArn": mute_rule_arn(Caller(rule.account, rule.region), rule.name),
            **expiry,
            "Status": _status(schedule, self._world.now()),
            "MuteType": "ONE_TIME" if one_time else "RECURRING",
            "LastUpdatedTimestamp": rule.body["updated"] / 1000,
        }


def _find(reader: Reader, caller: Caller, name: str) -> MonitoringResource | None:
    return rows.get(reader, MUTE_RULE, caller.account, caller.region, name)


def _check(body: Json) -> None:
    schedule = body["Rule"]["Schedule"]
    try:
        found = read_schedule(body)
        find_zone(found.zone)
    except InvalidMuteSchedule as error:
        raise InvalidRequest(f"The schedule of the mute rule is invalid: {error}") from None
    except UnknownZone:
        raise InvalidRequest(f"The time zone {schedule['Timezone']} is invalid.") from None
    if found.start >= found.end:
        raise InvalidRequest("ExpireDate must be later than StartDate.")


def _status(schedule: MuteSchedule, now: int) -> str:
    if schedule.is_active(now):
        return ACTIVE
    return EXPIRED if schedule.next_change(now) is None else SCHEDULED
