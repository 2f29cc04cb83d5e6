"""What a schedule of EventBridge Scheduler starts, and when: as GetSchedule tells it, through boto3 or over the wire.

Promises to see through the universal target that calls StartExecution itself, and through the machine START of a
project (`jobs/machine/supporting_machines.py`): the input of either names the state machine.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html.
"""

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.runs.job_machine import START, machine_suffix
from lamplighter.runs.story import to_milliseconds
from lamplighter.runs.upcoming_times import Timetable

_OPEN = {":aws-sdk:sfn:startExecution": "StateMachineArn", machine_suffix(START): "machine"}
"""What ends the ARN of a target whose input says what is started: the field that does."""


def names_target_in_input(target: Json) -> bool:
    """Whether only the target's input tells what it starts, which a list of schedules does not show."""
    return bool(target["Arn"].endswith(tuple(_OPEN)))


def started_arn(target: Json) -> str:
    """The ARN of what a target starts, a state machine's without its version or alias; empty where nobody can tell."""
    field = next((field for end, field in _OPEN.items() if target["Arn"].endswith(end)), None)
    if field is None:
        return _unversioned(target["Arn"])
    try:
        return _unversioned(str(loads(target.get("Input") or "{}").get(field, "")))
    except (JsonError, AttributeError):
        return ""


def target_input(target: Json) -> str | None:
    """The input that a target starts that with, as text; None where it says none."""
    if not names_target_in_input(target):
        text: str | None = target.get("Input")
        return text
    try:
        document = loads(target.get("Input") or "{}")
        if target["Arn"].endswith(machine_suffix(START)):
            return dumps(document["input"])
        inner = document.get("Input")
    except (JsonError, AttributeError, KeyError, TypeError):
        return None
    return inner if isinstance(inner, str) else None


def _unversioned(arn: str) -> str:
    return ":".join(arn.split(":")[:7]) if ":stateMachine:" in arn else arn


def schedule_timetable(schedule: Json) -> Timetable:
    """When it starts that. A schedule for one time has no dates between which it holds."""
    start, end, made = (schedule.get(name) for name in ("StartDate", "EndDate", "CreationDate"))
    once, anchor = schedule["ScheduleExpression"].startswith("at"), start or made
    return Timetable(
        schedule["ScheduleExpression"],
        schedule.get("ScheduleExpressionTimezone") or "UTC",
        enabled=schedule.get("State") != "DISABLED",
        anchor=None if anchor is None else to_milliseconds(anchor),
        start=None if start is None or once else to_milliseconds(start),
        end=None if end is None or once else to_milliseconds(end),
        window=(schedule.get("FlexibleTimeWindow") or {}).get("MaximumWindowInMinutes") or 0,
    )
