"""Describe what an action on a run is about: an execution, a task of a schedule, or a slot that was missed."""

from dataclasses import dataclass

from lamplighter.base.aws.arn import parse
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.runs.failures.repetition import Repetition, first_name, first_name_of_slot
from lamplighter.runs.jobs.job_machine import scheduled_time
from lamplighter.runs.jobs.schedules import started_arn
from lamplighter.runs.local_times import parse_iso_milliseconds
from lamplighter.runs.run import FAILED_STATUSES, to_run
from lamplighter.runs.tasks.task_run import to_task_run


def is_missed(arn: str) -> bool:
    """Return whether an ARN with a time names slots that were missed."""
    return ":schedule/" in arn and "@" in arn


def is_task(arn: str) -> bool:
    """Return whether an ARN is that of a task."""
    found = parse(arn)
    return found is not None and found.service == "ecs"


@dataclass(frozen=True, slots=True)
class Subject:
    """A run, a task or a missed slot, as AWS describes it."""

    arn: str
    about: Json
    """What DescribeExecution, DescribeTasks or GetSchedule returned."""

    @property
    def moment(self) -> float:
        """The scheduled time of the run, or else its start, in seconds since the epoch."""
        if is_missed(self.arn):
            return int(self.arn.rpartition("@")[2]) / 1000
        if is_task(self.arn):
            return float(self.about["createdAt"])
        scheduled = parse_iso_milliseconds(found) if (found := scheduled_time(self.about.get("input"))) else None
        return float(self.about["startDate"]) if scheduled is None else scheduled / 1000

    @property
    def job(self) -> str:
        """The name of its job: of the state machine, or the family."""
        if is_missed(self.arn):
            return started_arn(self.about["Target"]).rpartition(":")[2] or str(self.about["Name"])
        return to_task_run(self.about).family if is_task(self.arn) else to_run(self.about).machine.rpartition(":")[2]

    @property
    def run(self) -> Repetition | None:
        """The run; None for a missed slot."""
        if is_missed(self.arn):
            return None
        if is_task(self.arn):
            task = to_task_run(self.about)
            return Repetition(task.arn, task.repetition, task.status, task.began, task.ended)
        return read_repetition(self.about)

    @property
    def first(self) -> str:
        """What the run and all its repetitions have in common."""
        return first_name_of_slot(self.arn) if self.run is None else first_name(self.run.name)

    @property
    def failed(self) -> bool:
        """Whether it failed, or did not start."""
        return self.run is None or self.run.status in FAILED_STATUSES


def read_repetition(about: Json) -> Repetition:
    """Convert an execution of DescribeExecution, or of the lists that only an engine has."""
    run = to_run(about)
    return Repetition(run.arn, run.name, about["status"], run.began, run.ended, about.get("person", ""))


async def read_subject(calls: Calls, arn: str) -> Subject:
    """Read what an ARN names. Raises AwsError."""
    if is_missed(arn):
        _, group, name = arn.rpartition("@")[0].split("/")
        return Subject(arn, await calls.call("scheduler", "GetSchedule", GroupName=group, Name=name))
    if not is_task(arn):
        return Subject(arn, await calls.call("states", "DescribeExecution", executionArn=arn))
    found = await calls.call("ecs", "DescribeTasks", cluster=arn.split("/")[1], tasks=[arn])
    if not found["tasks"]:
        raise AwsError("This task is no longer stored", code="NotFound", status=404)
    return Subject(arn, found["tasks"][0])
