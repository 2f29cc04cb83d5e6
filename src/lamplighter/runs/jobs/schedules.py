"""Read what a schedule of EventBridge Scheduler starts, and when, from the answer of GetSchedule (boto3's or the
wire's).

Guarantees to recognize the universal target that calls StartExecution, and a project's machine START
(`jobs/machine/supporting_machines.py`): the input of both names the state machine that is started.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html.
"""

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.jobs.job_machine import START_RUN, machine_suffix
from lamplighter.runs.jobs.upcoming_times import Timetable

MAX_NAME_LENGTH = 46
"""The most characters of a schedule's name in an execution's name, which may have 80: the rest is time and digest."""
_INPUT_FIELDS = {":aws-sdk:sfn:startExecution": "StateMachineArn", machine_suffix(START_RUN): "machine"}
"""For each ending of a target's ARN whose input names what the target starts: the input's field with the ARN."""


def names_target_in_input(target: Json) -> bool:
    """Return whether only the target's input names what it starts; a list of schedules does not contain inputs."""
    return bool(target["Arn"].endswith(tuple(_INPUT_FIELDS)))


def slot_name(schedule: str, time: str) -> str:
    """Return the begin of the name that this engine gives to the execution of a slot."""
    return f"{schedule[:MAX_NAME_LENGTH]}-{time.replace('-', '').replace(':', '')}-"


def started_arn(target: Json) -> str:
    """Return the ARN of what a target starts, without a state machine's version or alias; "" if it is unknown."""
    field = next((field for end, field in _INPUT_FIELDS.items() if target["Arn"].endswith(end)), None)
    if field is None:
        return _unversioned(target["Arn"])
    try:
        return _unversioned(str(loads(target.get("Input") or "{}").get(field, "")))
    except (JsonError, AttributeError):
        return ""


def target_input(target: Json) -> str | None:
    """Return the input that a target's execution receives, as text, or None if the target states none."""
    if not names_target_in_input(target):
        text: str | None = target.get("Input")
        return text
    try:
        document = loads(target.get("Input") or "{}")
        if target["Arn"].endswith(machine_suffix(START_RUN)):
            return dumps(document["input"])
        inner = document.get("Input")
    except (JsonError, AttributeError, KeyError, TypeError):
        return None
    return inner if isinstance(inner, str) else None


def _unversioned(arn: str) -> str:
    return ":".join(arn.split(":")[:7]) if ":stateMachine:" in arn else arn


def schedule_timetable(schedule: Json) -> Timetable:
    """Return the timetable of a schedule; a schedule for one time has no start or end date."""
    start, end, created = (schedule.get(name) for name in ("StartDate", "EndDate", "CreationDate"))
    is_one_time, anchor = schedule["ScheduleExpression"].startswith("at"), start or created
    return Timetable(
        schedule["ScheduleExpression"],
        schedule.get("ScheduleExpressionTimezone") or "UTC",
        enabled=schedule.get("State") != "DISABLED",
        anchor=None if anchor is None else to_milliseconds(anchor),
        start=None if start is None or is_one_time else to_milliseconds(start),
        end=None if end is None or is_one_time else to_milliseconds(end),
        window=(schedule.get("FlexibleTimeWindow") or {}).get("MaximumWindowInMinutes") or 0,
    )
