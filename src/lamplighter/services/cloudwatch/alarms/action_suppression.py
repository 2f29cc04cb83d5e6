"""Decide whether the actions of a composite alarm are sent, sent later, or suppressed by another alarm.

While the suppressor is in ALARM, nothing is sent. An alarm that goes into ALARM waits ActionsSuppressorWaitPeriod
seconds for its suppressor to do so, too. When the suppressor has left ALARM, the alarm waits
ActionsSuppressorExtensionPeriod seconds. If an alarm leaves ALARM while it waits or is suppressed, there is nothing to
send. Each wait is a timer, and what waits is in the alarm's row. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html (Suppressing actions).
"""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import ALARM
from lamplighter.services.cloudwatch.arns import SERVICE
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store import timers
from lamplighter.store.db import Tx

SUPPRESSION_TIMER = "suppress"
BY_ALARM, BY_WAIT, BY_EXTENSION = "Alarm", "WaitPeriod", "ExtensionPeriod"
PERIODS = {BY_WAIT: "ActionsSuppressorWaitPeriod", BY_EXTENSION: "ActionsSuppressorExtensionPeriod"}


def describe_suppression(alarm: Alarm) -> Json:
    """Return what suppresses the actions of an alarm as the API shows it; nothing if they are not suppressed."""
    by = (alarm.body.get("suppressed") or {}).get("by")
    return {} if by is None else {"ActionsSuppressedBy": by, "ActionsSuppressedReason": f"Actions suppressed by {by}"}


def suppress_change(tx: Tx, world: World, before: Alarm, alarm: Alarm) -> tuple[Alarm, bool]:
    """Return an alarm that has changed its state, and whether its actions are sent now."""
    key = rows.suppressor_of(tx, alarm.arn)
    if key is None:
        return alarm, True
    suppressor = rows.get_if_readable(tx, key)
    was_suppressed = bool(before.body.get("suppressed"))
    timers.delete(tx, SERVICE, alarm.arn, SUPPRESSION_TIMER)
    if suppressor is not None and suppressor.state == ALARM:
        return _suppressed(alarm, BY_ALARM, before.state), False
    if alarm.state == ALARM:
        return _wait(tx, world, alarm, BY_WAIT, before.state)
    return _released(alarm), not was_suppressed


def follow_suppressor(tx: Tx, world: World, suppressor: Alarm) -> list[tuple[str, Alarm]]:
    """Update the composite alarms of a suppressor whose state has changed.

    Returns those whose actions are sent now, each with its state before the change that was suppressed.
    """
    ready = list[tuple[str, Alarm]]()
    for key in rows.suppressed_by(tx, suppressor.arn):
        alarm = rows.get_if_readable(tx, key)
        suppressed = None if alarm is None else alarm.body.get("suppressed")
        if alarm is None or not suppressed:
            continue
        if suppressor.state == ALARM:
            timers.delete(tx, SERVICE, alarm.arn, SUPPRESSION_TIMER)
            rows.put(tx, _suppressed(alarm, BY_ALARM, suppressed["before"]))
        elif suppressed["by"] == BY_ALARM:
            changed, send = _wait(tx, world, alarm, BY_EXTENSION, suppressed["before"])
            changed = changed if alarm.state == ALARM else _released(alarm)
            rows.put(tx, changed)
            if send and alarm.state == ALARM:
                ready.append((suppressed["before"], changed))
    return ready


def end_wait(tx: Tx, arn: str) -> tuple[str, Alarm] | None:
    """End the wait whose timer fired; return the alarm whose actions are sent now, with its state before."""
    alarm = rows.get_if_readable(tx, arn)
    suppressed = None if alarm is None else alarm.body.get("suppressed")
    if alarm is None or not suppressed:
        return None
    released = _released(alarm)
    rows.put(tx, released)
    return suppressed["before"], released


def _wait(tx: Tx, world: World, alarm: Alarm, by: str, before: str) -> tuple[Alarm, bool]:
    seconds = alarm.body["settings"].get(PERIODS[by], 0)
    if not seconds:
        return _released(alarm), True
    due = world.monotonic() + seconds * 1000
    timers.put(tx, timers.Timer(SERVICE, alarm.arn, SUPPRESSION_TIMER, due), steady_clock=True)
    return _suppressed(alarm, by, before), False


def _suppressed(alarm: Alarm, by: str, before: str) -> Alarm:
    return replace(alarm, body=alarm.body | {"suppressed": {"by": by, "before": before}})


def _released(alarm: Alarm) -> Alarm:
    return replace(alarm, body=alarm.body | {"suppressed": None})
