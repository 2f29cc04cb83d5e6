"""Stop the runs and tasks of a stack before it is deleted.

ECS deletes no cluster that has active tasks, and CloudFormation only finds this out after it has deleted roles and
logs. Guarantees that the stack's schedules start no new runs in the meantime, and that a user who interrupts the
command is shown what is left. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.target import Target, explain_error

MACHINE, CLUSTER = "AWS::StepFunctions::StateMachine", "AWS::ECS::Cluster"
SCHEDULE, GROUP = "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup"
STEP_FUNCTIONS = "AWS Step Functions"
"""The value of `startedBy` of a task that belongs to a run."""
CAUSE = "stopped with `lamplighter destroy`"
MANY = 8
"""The most runs and tasks that are listed by name."""


@dataclass(frozen=True, slots=True)
class RunningWork:
    """The runs and tasks that have not ended."""

    runs: tuple[str, ...] = ()
    """The ARNs of the executions."""
    tasks: tuple[Json, ...] = ()
    """The tasks in the stack's own clusters that have not stopped."""

    @property
    def names(self) -> str:
        """The names of the runs, and of the tasks that belong to no run, as one text."""
        strays = (each for each in self.tasks if each.get("startedBy") != STEP_FUNCTIONS)
        known = [*map(_name, self.runs), *(f"the task {each['taskArn'].rpartition('/')[2]}" for each in strays)]
        return ", ".join(known[:MANY]) + (f" and {len(known) - MANY} more" if len(known) > MANY else "")


@dataclass(frozen=True, slots=True)
class WorkSources:
    """The resources of a stack that can have runs or tasks."""

    where: Target
    stack: str
    ids: Mapping[str, tuple[str, ...]]
    """Physical IDs, by type of resource."""

    def running(self) -> RunningWork:
        """Return the runs and tasks that have not ended."""
        sfn, ecs = self.where.client("stepfunctions"), self.where.client("ecs")
        runs = (arn for machine in self.ids[MACHINE] for arn in _running(sfn, machine))
        return RunningWork(tuple(runs), tuple(task for cluster in self.ids[CLUSTER] for task in _active(ecs, cluster)))


def find_sources(where: Target, stack: Stack) -> WorkSources:
    """Find the state machines, clusters and schedules that a stack still has."""
    pages = where.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.id)
    listed = [each for page in pages for each in page["StackResourceSummaries"]]
    there = [each for each in listed if each["ResourceStatus"] != "DELETE_COMPLETE" and each.get("PhysicalResourceId")]
    ids = {
        kind: tuple(each["PhysicalResourceId"] for each in there if each["ResourceType"] == kind)
        for kind in (MACHINE, CLUSTER, SCHEDULE, GROUP)
    }
    return WorkSources(where, stack.name, ids)


def stop_work(found: WorkSources, console: Console, pause: Callable[[], object]) -> None:
    """Stop all runs and tasks of a stack, and wait until they have stopped."""
    going = found.running()
    if not going.runs and not going.tasks:
        return
    with _told(found.stack):
        _disable(found)
        console.print("waiting until all runs and tasks have stopped", soft_wrap=True)
        stopped: set[str] = set()
        while going.runs or going.tasks:
            # A stopped run is still listed for a while: lists are "eventually consistent".
            _end_runs(found, [each for each in going.runs if each not in stopped], console)
            stopped.update(going.runs)
            _end_tasks(found, going)
            pause()
            going = found.running()


@contextmanager
def _told(stack: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        told = "run `lamplighter destroy` again"
        typer.echo(f"lamplighter: {stack} was not deleted, but its schedules may be disabled: {told}", err=True)
        raise


def _disable(found: WorkSources) -> None:
    """Disable the stack's schedules, so that no run starts.

    A schedule that AWS does not let us change is reported; it is deleted with the stack.
    """
    scheduler = found.where.client("scheduler")
    inputs = scheduler.meta.service_model.operation_model("UpdateSchedule").input_shape.members
    for group in found.ids[GROUP]:
        for name in found.ids[SCHEDULE]:
            try:
                known = scheduler.get_schedule(GroupName=group, Name=name)
                kept = {key: value for key, value in known.items() if key in inputs and key != "ClientToken"}
                scheduler.update_schedule(**kept | {"State": "DISABLED"})
            except ClientError as error:
                why = explain_error(error, found.where)
                typer.echo(f"lamplighter: the schedule {name} could not be disabled: {why}", err=True)


def _end_runs(found: WorkSources, runs: Iterable[str], console: Console) -> None:
    sfn = found.where.client("stepfunctions")
    for arn in runs:
        sfn.stop_execution(executionArn=arn, cause=CAUSE)
        console.print(f"stopped {_name(arn)}", soft_wrap=True)


def _end_tasks(found: WorkSources, going: RunningWork) -> None:
    """Stop the remaining tasks: Step Functions stops a run's tasks "on a best-effort basis", and no other tasks."""
    ecs = found.where.client("ecs")
    for task in going.tasks:
        if task["desiredStatus"] != "STOPPED":
            ecs.stop_task(cluster=task["clusterArn"], task=task["taskArn"], reason=CAUSE)


def _running(sfn: Json, machine: str) -> Iterator[str]:
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
    with _gone("StateMachineDoesNotExist"):
        yield from (each["executionArn"] for page in pages for each in page["executions"])


def _active(ecs: Json, cluster: str) -> Iterator[Json]:
    """Yield the active tasks of a cluster; a task that is being stopped is active until it has stopped."""
    with _gone("ClusterNotFoundException"):
        for wanted in ("RUNNING", "STOPPED"):
            pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=wanted)
            # A page has at most 100 tasks, as many as DescribeTasks accepts.
            for listed in (page["taskArns"] for page in pages if page["taskArns"]):
                described = ecs.describe_tasks(cluster=cluster, tasks=listed)["tasks"]
                yield from (each for each in described if each["lastStatus"] != "STOPPED")


@contextmanager
def _gone(code: str) -> Iterator[None]:
    """Ignore the error that a resource does not exist: one that was deleted by hand has no runs or tasks."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise


def _name(execution: str) -> str:
    """Return the name of a run as other commands accept it: MACHINE:NAME."""
    return ":".join(execution.split(":")[6:8])
