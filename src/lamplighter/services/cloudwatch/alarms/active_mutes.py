"""Say whether an alarm mute rule mutes an alarm now, and keep what has to be sent when it ends.

"Muting an alarm will mute actions associated with all alarm states." When the last rule that mutes an alarm ends, its
actions are sent if its state is not the one before it was muted. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules-behaviour.html.
"""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.lang.schedule.expression import MAX_INSTANT
from lamplighter.lang.schedule.mute_schedule import MuteSchedule, parse_mute_duration, parse_mute_expression
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables import monitoring_resources
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Reader, Tx

MUTE_RULE = "alarm-mute-rule"


def read_schedule(body: Json) -> MuteSchedule:
    """Return the schedule of a mute rule. Raises `InvalidMuteSchedule`."""
    given = body["Rule"]["Schedule"]
    return MuteSchedule(
        parse_mute_expression(given["Expression"]),
        given.get("Timezone", "UTC"),
        parse_mute_duration(given["Duration"]),
        body.get("StartDate", 0),
        body.get("ExpireDate", MAX_INSTANT),
    )


def is_muted(reader: Reader, alarm: Alarm, now: int) -> bool:
    """Return whether a mute rule is active whose targets include an alarm."""
    found = monitoring_resources.list_all(reader, MUTE_RULE, alarm.account, alarm.region)
    return any(alarm.name in target_names(rule.body) and read_schedule(rule.body).is_active(now) for rule in found)


def target_names(body: Json) -> list[str]:
    """Return the names of the alarms that a rule mutes."""
    names: list[str] = body.get("MuteTargets", {}).get("AlarmNames", [])
    return names


def mute(tx: Tx, alarm: Alarm, before: str) -> None:
    """Note that the actions for a change of an alarm's state were not sent; `before` is the state before."""
    kept = (alarm.body.get("muted") or {}).get("before", before)
    rows.put(tx, replace(alarm, body=alarm.body | {"muted": {"before": kept}}))


def unmute(tx: Tx, alarm: Alarm) -> tuple[str, Alarm] | None:
    """Forget what was not sent; return the alarm whose actions are sent now, with its state before it was muted."""
    muted = alarm.body.get("muted")
    if not muted:
        return None
    released = replace(alarm, body=alarm.body | {"muted": None})
    rows.put(tx, released)
    return None if muted["before"] == alarm.state else (muted["before"], released)
