"""Act on runs one at a time: run again, redrive, stop, acknowledge. Say first what an action will do, or why not.

What already runs again is left out. An action acts on the run that decides about a failure (`run_again.py`). If another
person was faster, so that another run decides by then, the action starts nothing, and the answer is that run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import loads_or
from lamplighter.console.calls import Calls
from lamplighter.console.data.action_subject import Subject, is_missed, is_task, read_subject
from lamplighter.console.data.runs import history
from lamplighter.console.data.runs.run_again import Repeated, find_repeated, find_starter, start_again
from lamplighter.runs.failures.repetition import Repetition
from lamplighter.runs.jobs.job_definition import read_job_definition
from lamplighter.runs.jobs.schedules import started_arn
from lamplighter.runs.redrive_outcome import why_not_redrive
from lamplighter.runs.run import to_run

AGAIN, REDRIVE, STOP, ACKNOWLEDGE = "again", "redrive", "stop", "acknowledge"
ACTIONS = (AGAIN, REDRIVE, STOP, ACKNOWLEDGE)
NO_JOB = "its schedule starts no job"
IS_TASK = "a task has nothing to continue: run it again"
NO_STARTER = "the schedule or rule that started this task does not exist any more"
REPEATED = "another person has run it again meanwhile"


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """What an action will do to a run."""

    arn: str
    possible: bool
    effect: str
    """What it will do, or why it cannot."""
    moment: float | None = None
    """The scheduled time of the run, or else its start, in seconds since the epoch; None if it is not known."""
    job: str = ""
    """The name of the job; empty if it is not known."""
    repetition: Repetition | None = None
    """The run that stands for it, and because of which it is left out."""

    def words(self, format_time: Callable[[float], str]) -> str:
        """Return what the action will do, or why it cannot; `format_time` is for seconds since the epoch."""
        return self.effect if self.repetition is None else self.repetition.words(format_time)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action did to a run."""

    planned: PlannedAction
    done: bool
    """Whether it did what the person asked for, or another person has done that."""
    words: str
    started: str | None = None
    """The ARN of the run that it started, or that another person started."""

    def text(self, format_time: Callable[[float], str]) -> str:
        """Return what it did; see `PlannedAction.words`."""
        return self.words or self.planned.words(format_time)


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What a person asked for."""

    action: str
    who: str = ""
    note: str = ""


async def plan_actions(calls: Calls, action: str, arns: Sequence[str]) -> Sequence[PlannedAction]:
    """Return what an action would do to these runs: once for those that are one problem.

    A run that failed, and succeeded when it was run again, is left out unless it is the only one.
    """
    planned = await asyncio.gather(*(_plan(calls, action, each, alone=len(arns) == 1) for each in arns))
    return list({each.arn: each for each in planned}.values())


async def _plan(calls: Calls, action: str, arn: str, *, alone: bool) -> PlannedAction:
    """Return what an action would do to a run, or to the run that stands for it now."""
    try:
        subject = await read_subject(calls, arn)
        if action == ACKNOWLEDGE and not subject.failed:
            subject = await _read_decisive(calls, subject)
        repeated = await _find_repeated(calls, action, subject)
        newest = repeated.newest
        if newest is not None and newest.running and (newest.arn != arn or len(repeated.runs) > 1):
            return _leave_out(subject, newest)
        if newest is not None and newest.arn != arn:
            if newest.status == "SUCCEEDED" and not alone:
                return _leave_out(subject, newest)
            subject = await read_subject(calls, newest.arn) if action == AGAIN else subject
        return await _plan_subject(calls, action, subject)
    except AwsError as error:
        return PlannedAction(arn, possible=False, effect=error.message)


async def _read_decisive(calls: Calls, subject: Subject) -> Subject:
    """Return the run that decides, such as the failed one for a repetition that a person stopped."""
    newest = (await find_repeated(calls, subject)).newest
    return subject if newest is None else await read_subject(calls, newest.arn)


async def _find_repeated(calls: Calls, action: str, subject: Subject) -> Repeated:
    starts = action == AGAIN or (action == REDRIVE and subject.run is not None and not is_task(subject.arn))
    return await find_repeated(calls, subject) if starts else Repeated(None, "")


def _leave_out(subject: Subject, newest: Repetition | None) -> PlannedAction:
    moment, job = subject.moment, subject.job
    return PlannedAction(subject.arn, possible=False, effect="", moment=moment, job=job, repetition=newest)


async def _plan_subject(calls: Calls, action: str, subject: Subject) -> PlannedAction:
    objection, effect = await _PLANS[action](calls, subject)
    return PlannedAction(subject.arn, objection is None, objection or effect, subject.moment, subject.job)


async def _plan_again(calls: Calls, subject: Subject) -> tuple[str | None, str]:
    if subject.run is not None and subject.run.running:
        return "it is still running", ""
    starter = await find_starter(calls, subject)
    if is_task(subject.arn):
        return NO_STARTER if starter is None else None, "starts the task as its schedule or rule would"
    if is_missed(subject.arn):
        starts_machine = ":stateMachine:" in started_arn(subject.about["Target"])
        return None if starts_machine or starter else NO_JOB, "starts it now"
    stops = await _find_stopped(calls, to_run(subject.about).machine)
    effect = "starts a new run with the same input"
    return None, f"{effect}, which stops the run {stops} (overlap: cancel-previous)" if stops else effect


async def _find_stopped(calls: Calls, machine: str) -> str:
    """Return the run that a new run of a machine would stop, by its name; empty if there is none."""
    given = {"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1}
    running, about = await asyncio.gather(
        calls.call_or_none("states", "ListExecutions", **given),
        calls.call_or_none("states", "DescribeStateMachine", stateMachineArn=machine),
    )
    stops = running and about and read_job_definition(about["definition"]).overlap == "cancel-previous"
    return next((each["name"] for each in running["executions"]), "") if stops else ""


async def _plan_redrive(calls: Calls, subject: Subject) -> tuple[str | None, str]:
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


async def _plan_stop(_calls: Calls, subject: Subject) -> tuple[str | None, str]:
    if subject.run is None:
        return "nothing runs", ""
    return None if subject.run.running else "it has ended already", "stops the run and its containers"


async def _plan_acknowledge(_calls: Calls, subject: Subject) -> tuple[str | None, str]:
    return None if subject.failed else "it did not fail", "no longer counts as a failure that needs somebody"


async def act(calls: Calls, request: ActionRequest, arn: str) -> ActionResult:
    """Carry out an action on a run that it was planned for; an error of AWS is the result."""
    planned = PlannedAction(arn, possible=False, effect="")
    try:
        subject = await read_subject(calls, arn)
        repeated = await _find_repeated(calls, request.action, subject)
        newest = repeated.newest
        if newest is not None and newest.arn != arn and (request.action == AGAIN or newest.running):
            return _answer_repeated(subject, newest)
        planned = await _plan_subject(calls, request.action, subject)
        if not planned.possible:
            return ActionResult(planned, done=False, words=planned.effect)
        if request.action == AGAIN:
            return await _run_again(calls, planned, subject, repeated.next_name)
        return ActionResult(planned, done=True, words=await _ACTS[request.action](calls, request, arn))
    except AwsError as error:
        return ActionResult(planned, done=False, words=error.message)


async def _run_again(calls: Calls, planned: PlannedAction, subject: Subject, name: str) -> ActionResult:
    started = await start_again(calls, subject, name)
    if started is None:
        return _answer_repeated(subject, (await find_repeated(calls, subject)).newest)
    return ActionResult(planned, done=True, words="started again", started=started)


def _answer_repeated(subject: Subject, newest: Repetition | None) -> ActionResult:
    """Return the run that another person has started meanwhile, as if this action had started it."""
    if newest is None or newest.arn == subject.arn:  # AWS forgets a task an hour after its end
        return ActionResult(_leave_out(subject, None), done=True, words=REPEATED)
    return ActionResult(_leave_out(subject, newest), done=True, words="", started=newest.arn)


async def _redrive(calls: Calls, _request: ActionRequest, arn: str) -> str:
    await calls.call("states", "RedriveExecution", executionArn=arn)
    return "continues"


async def _stop(calls: Calls, _request: ActionRequest, arn: str) -> str:
    if is_task(arn):
        await calls.call("ecs", "StopTask", cluster=arn.split("/")[1], task=arn, reason="Stopped by a person")
    else:
        await calls.call("states", "StopExecution", executionArn=arn, error="Stopped", cause="Stopped by a person")
    return "stopped"


async def _acknowledge(calls: Calls, request: ActionRequest, arn: str) -> str:
    answer = await calls.call_internal("alerts", "Acknowledge", Arn=arn, Note=request.note, Who=request.who)
    if answer is None:
        raise AwsError("AWS has no place for acknowledgements", code="NotSupported", status=400)
    return "acknowledged"


_PLANS: Mapping[str, Callable[[Calls, Subject], Awaitable[tuple[str | None, str]]]] = {
    AGAIN: _plan_again, REDRIVE: _plan_redrive, STOP: _plan_stop, ACKNOWLEDGE: _plan_acknowledge,
}  # fmt: skip
"""By action: why it cannot be done (None if it can), and what it will do."""
_ACTS: Mapping[str, Callable[[Calls, ActionRequest, str], Awaitable[str]]] = {
    REDRIVE: _redrive, STOP: _stop, ACKNOWLEDGE: _acknowledge,
}  # fmt: skip
"""By action: what it did."""
