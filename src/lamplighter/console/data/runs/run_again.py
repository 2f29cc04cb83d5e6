"""Run again what failed: find what repeats it already, and start the next repetition, of which there is only one.

A missed slot is run again by starting what its schedule starts, with the input that it would have had. The start has
the name of the next repetition (`runs/failures/repetition.py`), so the engine, or AWS, decides which of two starts
comes first, and the other one finds that run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import format_iso_time
from lamplighter.console.calls import Calls
from lamplighter.console.data.action_subject import Subject, is_missed, is_task, read_repetition
from lamplighter.console.data.jobs.scheduled_tasks import MAX_LISTED, list_family_runs
from lamplighter.console.data.tasks.start_task import start_task
from lamplighter.console.data.tasks.task_origin import find_task_origin
from lamplighter.console.view.start_commands import started_machine
from lamplighter.runs.failures.repetition import Repetition, first_name, newest, next_name
from lamplighter.runs.jobs.job_machine import scheduled_time
from lamplighter.runs.jobs.schedules import started_arn, target_input
from lamplighter.runs.run import to_run
from lamplighter.runs.tasks.run_task_request import PersonStart
from lamplighter.runs.tasks.scheduled_tasks import TaskFamily, TaskStarter, schedule_starter
from lamplighter.runs.tasks.task_run import CONSOLE_PREFIX, to_task_run

SCHEDULED_TIME, SCHEDULE_ARN = "<aws.scheduler.scheduled-time>", "<aws.scheduler.schedule-arn>"
STARTED_ALREADY = "ExecutionAlreadyExists"


@dataclass(frozen=True, slots=True)
class Repeated:
    """What stands for a failure now."""

    newest: Repetition | None
    """The run that decides; None for a missed slot that was not run again."""
    next_name: str
    """The name of the next repetition."""
    runs: Sequence[Repetition] = ()
    """All of them, the oldest first."""

    def around(self, arn: str) -> tuple[Repetition | None, Repetition | None]:
        """Return the run that was started before a run, and the one after it."""
        at = next((at for at, each in enumerate(self.runs) if each.arn == arn), None)
        if at is None:
            return None, None
        return self.runs[at - 1] if at else None, self.runs[at + 1] if at + 1 < len(self.runs) else None


async def find_starter(calls: Calls, subject: Subject) -> TaskStarter | None:
    """Return the schedule or rule that starts a task without a state machine; None if there is none."""
    if is_missed(subject.arn):
        return schedule_starter(subject.about)
    return (await find_task_origin(calls, subject.about)).starter if is_task(subject.arn) else None


async def find_repeated(calls: Calls, subject: Subject) -> Repeated:
    """Return the run that decides about the failure of a subject."""
    known = () if subject.run is None else (subject.run,)
    others = await _list_repetitions(calls, subject)
    found = sorted({each.arn: each for each in (*known, *others)}.values(), key=lambda run: (run.began, run.name))
    return Repeated(newest(found), next_name(subject.first, (each.name for each in found)), found)


async def _list_repetitions(calls: Calls, subject: Subject) -> Sequence[Repetition]:
    task = _family(subject)
    if task is not None:
        listed = (await list_family_runs(calls, task, MAX_LISTED)).runs
        tasks = (Repetition(each.arn, each.repetition, each.status, each.began, each.ended) for each in listed)
        return [each for each in tasks if first_name(each.name) == subject.first]
    missed = is_missed(subject.arn)
    machine = started_arn(subject.about["Target"]) if missed else to_run(subject.about).machine
    text = _start(subject)[1]
    is_for_slot = missed or scheduled_time(text) is not None
    answer = await calls.call_internal(
        "states", "FindRepetitions", Machine=machine, First=subject.first, Input=text if is_for_slot else None
    )
    if answer is None:
        return await _try_names(calls, machine, subject.first)
    return [read_repetition(each) for each in answer["Runs"]]


async def _try_names(calls: Calls, machine: str, first: str) -> Sequence[Repetition]:
    """Return the repetitions of a run on AWS, which can only be asked for each name."""
    found: list[Repetition] = []
    while True:
        name = next_name(first, (each.name for each in found))
        arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"
        about = await calls.call_or_none("states", "DescribeExecution", executionArn=arn)
        if about is None:
            return found
        found.append(read_repetition(about))


def _family(subject: Subject) -> TaskFamily | None:
    if is_task(subject.arn):
        return TaskFamily(*to_task_run(subject.about).key)
    starter = schedule_starter(subject.about) if is_missed(subject.arn) else None
    return None if starter is None else starter.family


async def start_again(calls: Calls, subject: Subject, name: str) -> str | None:
    """Start the repetition with a name, and return its ARN; None if the same start was made before."""
    starter = await find_starter(calls, subject)
    if starter is not None:
        tasks = await start_task(calls, starter, PersonStart(CONSOLE_PREFIX, calls.console.world.now(), name))
        return next(iter(tasks), None)
    machine, text = _start(subject)
    try:
        started = await calls.call("states", "StartExecution", stateMachineArn=machine, input=text, name=name)
    except AwsError as error:
        if error.code != STARTED_ALREADY:
            raise
        return None
    return str(started["executionArn"])


def _start(subject: Subject) -> tuple[str, str]:
    """Return the state machine that is started again, and its input: that of the run, or of the missed slot."""
    if not is_missed(subject.arn):
        return started_machine(subject.about), subject.about.get("input", "{}")
    schedule: Json = subject.about
    text = target_input(schedule["Target"]) or "{}"
    text = text.replace(SCHEDULED_TIME, _slot_text(subject.arn)).replace(SCHEDULE_ARN, schedule["Arn"])
    return started_arn(schedule["Target"]), text


def _slot_text(arn: str) -> str:
    return f"{format_iso_time(int(arn.rpartition('@')[2]))[:19]}Z"
