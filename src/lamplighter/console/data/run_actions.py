"""Act on runs one at a time: run again, redrive, stop, acknowledge. Say first what an action will do, or why not.

A missed time is run again by starting what its schedule starts, with the input that it would have had.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from lamplighter.base.arn import parse
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads_or
from lamplighter.base.world import format_iso_time
from lamplighter.console.calls import Calls
from lamplighter.console.data import history
from lamplighter.console.data.start_execution import find_or_start
from lamplighter.console.data.start_task import start_task
from lamplighter.console.data.task_origin import find_task_origin
from lamplighter.console.view.start_commands import started_machine
from lamplighter.runs.job_machine import scheduled_time
from lamplighter.runs.local_times import parse_iso_milliseconds
from lamplighter.runs.redrive_outcome import why_not_redrive
from lamplighter.runs.run import FAILED_STATUSES, is_running, to_run
from lamplighter.runs.run_task_request import PersonStart
from lamplighter.runs.scheduled_tasks import schedule_starter
from lamplighter.runs.schedules import started_arn, target_input
from lamplighter.runs.task_run import CONSOLE_PREFIX, to_task_run

AGAIN, REDRIVE, STOP, ACKNOWLEDGE = "again", "redrive", "stop", "acknowledge"
ACTIONS = (AGAIN, REDRIVE, STOP, ACKNOWLEDGE)
SCHEDULED_TIME, SCHEDULE_ARN = "<aws.scheduler.scheduled-time>", "<aws.scheduler.schedule-arn>"
NO_JOB = "its schedule starts no job"
IS_TASK = "a task has nothing to continue: run it again"
NO_STARTER = "the schedule or rule that started this task does not exist any more"


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """What an action will do to a run."""

    arn: str
    possible: bool
    effect: str
    """What it will do, or why it cannot."""
    moment: float | None = None
    """The scheduled time of the run, or else its start, in seconds since the epoch; None if it is not known."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action did to a run."""

    planned: PlannedAction
    done: bool
    words: str
    started: str | None = None
    """The ARN of the run that it started."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What a person asked for."""

    action: str
    who: str = ""
    note: str = ""
    once: str = ""
    """A text: with the same one, a run is started again only once. Empty to start it each time."""


def is_missed(arn: str) -> bool:
    """Return whether an ARN with a time names slots that were missed."""
    return ":schedule/" in arn and "@" in arn


def is_task(arn: str) -> bool:
    """Return whether an ARN is that of a task."""
    found = parse(arn)
    return found is not None and found.service == "ecs"


@dataclass(frozen=True, slots=True)
class _Subject:
    """A run, a task or a missed slot, as AWS describes it."""

    arn: str
    about: Json
    """What DescribeExecution, DescribeTasks or GetSchedule returned."""


async def plan_action(calls: Calls, action: str, arn: str) -> PlannedAction:
    """Return what an action would do to a run."""
    try:
        subject = _Subject(arn, await _describe(calls, arn))
        objection, effect = await _PLANS[action](calls, subject)
    except AwsError as error:
        return PlannedAction(arn, possible=False, effect=error.message)
    return PlannedAction(arn, objection is None, effect if objection is None else objection, _moment(subject))


async def _describe(calls: Calls, arn: str) -> Json:
    if is_missed(arn):
        return await _read_schedule(calls, arn)
    if is_task(arn):
        found = await calls.call("ecs", "DescribeTasks", cluster=arn.split("/")[1], tasks=[arn])
        if not found["tasks"]:
            raise AwsError("This task is no longer stored", code="NotFound", status=404)
        return found["tasks"][0]
    return await calls.call("states", "DescribeExecution", executionArn=arn)


def _moment(subject: _Subject) -> float | None:
    if is_missed(subject.arn):
        return int(subject.arn.rpartition("@")[2]) / 1000
    if is_task(subject.arn):
        return float(subject.about["createdAt"])
    scheduled = parse_iso_milliseconds(found) if (found := scheduled_time(subject.about.get("input"))) else None
    return float(subject.about["startDate"]) if scheduled is None else scheduled / 1000


def _is_running(subject: _Subject) -> bool:
    if is_task(subject.arn):
        return bool(subject.about["lastStatus"] != "STOPPED")
    return not is_missed(subject.arn) and is_running(subject.about["status"])


def _has_failed(subject: _Subject) -> bool:
    if is_task(subject.arn):
        return to_task_run(subject.about).status in FAILED_STATUSES
    return is_missed(subject.arn) or subject.about["status"] in FAILED_STATUSES


async def _plan_again(calls: Calls, subject: _Subject) -> tuple[str | None, str]:
    if is_missed(subject.arn):
        starts_machine = ":stateMachine:" in started_arn(subject.about["Target"])
        return None if starts_machine or schedule_starter(subject.about) else NO_JOB, "starts it now"
    if _is_running(subject):
        return "it is still running", ""
    if is_task(subject.arn):
        origin = await find_task_origin(calls, subject.about)
        return NO_STARTER if origin.starter is None else None, "starts the task as its schedule or rule would"
    return None, "starts a new run with the same input"


async def _plan_redrive(calls: Calls, subject: _Subject) -> tuple[str | None, str]:
    if is_missed(subject.arn):
        return "no run was started: run it again instead", ""
    if is_task(subject.arn):
        return IS_TASK, ""
    events, of = await asyncio.gather(
        history.read_history(calls, subject.arn),
        calls.call("states", "DescribeStateMachineForExecution", executionArn=subject.arn),
    )
    objection = why_not_redrive(to_run(subject.about), events, loads_or(of["definition"], {}))
    return objection, "continues in the state that failed"


async def _plan_stop(_calls: Calls, subject: _Subject) -> tuple[str | None, str]:
    if is_missed(subject.arn):
        return "nothing runs", ""
    return None if _is_running(subject) else "it has ended already", "stops the run and its containers"


async def _plan_acknowledge(_calls: Calls, subject: _Subject) -> tuple[str | None, str]:
    return None if _has_failed(subject) else "it did not fail", "no longer counts as a failure that needs somebody"


async def act(calls: Calls, request: ActionRequest, arn: str) -> ActionResult:
    """Carry out an action on one run; an error of AWS is the result."""
    planned = await plan_action(calls, request.action, arn)
    if not planned.possible:
        return ActionResult(planned, done=False, words=planned.effect)
    try:
        words, started = await _ACTS[request.action](calls, request, arn)
    except AwsError as error:
        return ActionResult(planned, done=False, words=error.message)
    return ActionResult(planned, done=True, words=words, started=started)


async def _run_again(calls: Calls, request: ActionRequest, arn: str) -> tuple[str, str | None]:
    name = sha256(f"{request.once} {arn}".encode()).hexdigest()[:32] if request.once else ""
    about = await _describe(calls, arn)
    starter = schedule_starter(about) if is_missed(arn) else None
    if is_task(arn):
        starter = (await find_task_origin(calls, about)).starter
    if starter is not None:
        world = calls.console.world
        tasks = await start_task(calls, starter, PersonStart(CONSOLE_PREFIX, world.now(), name or world.uuid()))
        return "started again", next(iter(tasks), None)
    machine, text = _missed_start(about, arn) if is_missed(arn) else (started_machine(about), about.get("input", "{}"))
    return "started again", await find_or_start(calls, machine, text, name)


def _missed_start(schedule: Json, arn: str) -> tuple[str, str]:
    """Return the state machine that a schedule starts, and the input for the missed time."""
    moment = f"{format_iso_time(int(arn.rpartition('@')[2]))[:19]}Z"
    text = target_input(schedule["Target"]) or "{}"
    return started_arn(schedule["Target"]), text.replace(SCHEDULED_TIME, moment).replace(SCHEDULE_ARN, schedule["Arn"])


async def _read_schedule(calls: Calls, arn: str) -> Json:
    _, group, name = arn.rpartition("@")[0].split("/")
    return await calls.call("scheduler", "GetSchedule", GroupName=group, Name=name)


async def _redrive(calls: Calls, _request: ActionRequest, arn: str) -> tuple[str, str | None]:
    await calls.call("states", "RedriveExecution", executionArn=arn)
    return "continues", None


async def _stop(calls: Calls, _request: ActionRequest, arn: str) -> tuple[str, str | None]:
    if is_task(arn):
        await calls.call("ecs", "StopTask", cluster=arn.split("/")[1], task=arn, reason="Stopped by a person")
    else:
        await calls.call("states", "StopExecution", executionArn=arn, error="Stopped", cause="Stopped by a person")
    return "stopped", None


async def _acknowledge(calls: Calls, request: ActionRequest, arn: str) -> tuple[str, str | None]:
    answer = await calls.call_internal("alerts", "Acknowledge", Arn=arn, Note=request.note, Who=request.who)
    if answer is None:
        raise AwsError("AWS has no place for acknowledgements", code="NotSupported", status=400)
    return "acknowledged", None


_PLANS: Mapping[str, Callable[[Calls, _Subject], Awaitable[tuple[str | None, str]]]] = {
    AGAIN: _plan_again, REDRIVE: _plan_redrive, STOP: _plan_stop, ACKNOWLEDGE: _plan_acknowledge,
}  # fmt: skip
"""By action: why it cannot be done (None if it can), and what it will do."""
_ACTS: Mapping[str, Callable[[Calls, ActionRequest, str], Awaitable[tuple[str, str | None]]]] = {
    AGAIN: _run_again, REDRIVE: _redrive, STOP: _stop, ACKNOWLEDGE: _acknowledge,
}  # fmt: skip
"""By action: what it did, and the ARN of the run that it started."""


async def plan_actions(calls: Calls, action: str, arns: Sequence[str]) -> Sequence[PlannedAction]:
    """Return what an action would do to each of these runs."""
    return await asyncio.gather(*(plan_action(calls, action, each) for each in arns))
