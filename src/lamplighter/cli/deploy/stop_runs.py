"""Stop the runs and tasks of a stack before it is deleted.

ECS deletes no cluster that has active tasks, and CloudFormation only finds this out after it has deleted roles and
logs. Guarantees that the stack's schedules start no new runs in the meantime, and that a user who interrupts the
command is shown what is left. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from rich.console import Console

from lamplighter.base.count_text import join_names
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError, ignore_error
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.target import Target, explain_error
from lamplighter.jobs.stack.nested_stacks import STACK
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE

STATE_MACHINE, CLUSTER = "AWS::StepFunctions::StateMachine", "AWS::ECS::Cluster"
SCHEDULE, SCHEDULE_GROUP = "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup"
CAUSE = "stopped with `lamplighter destroy`"


@dataclass(frozen=True, slots=True)
class RunsAndTasks:
    """The runs and tasks that have not ended."""

    runs: tuple[str, ...] = ()
    """The ARNs of the executions."""
    tasks: tuple[Json, ...] = ()
    """The tasks in the stack's own clusters that have not stopped."""

    @property
    def names(self) -> str:
        """The names of the runs, and of the tasks that belong to no run, as one text."""
        strays = (each for each in self.tasks if each.get("startedBy") != STARTED_BY_STATE_MACHINE)
        known = [*map(_run_name, self.runs), *(f"the task {each['taskArn'].rpartition('/')[2]}" for each in strays)]
        return join_names(known)


@dataclass(frozen=True, slots=True)
class RunSources:
    """The resources of a stack that can have runs or tasks."""

    target: Target
    stack: str
    ids: Mapping[str, tuple[str, ...]]
    """Physical IDs, by type of resource."""

    def find_running(self) -> RunsAndTasks:
        """Return the runs and tasks that have not ended."""
        sfn, ecs = self.target.client("stepfunctions"), self.target.client("ecs")
        runs = (arn for machine in self.ids[STATE_MACHINE] for arn in _list_running(sfn, machine))
        return RunsAndTasks(
            tuple(runs), tuple(task for cluster in self.ids[CLUSTER] for task in _list_active_tasks(ecs, cluster))
        )


def find_run_sources(target: Target, stack: Stack) -> RunSources:
    """Find the state machines, clusters and schedules that a stack and its nested stacks still have."""
    existing = list(_list_existing(target.client("cloudformation"), stack.id))
    ids = {
        kind: tuple(each["PhysicalResourceId"] for each in existing if each["ResourceType"] == kind)
        for kind in (STATE_MACHINE, CLUSTER, SCHEDULE, SCHEDULE_GROUP)
    }
    return RunSources(target, stack.name, ids)


def _list_existing(client: Json, stack: str) -> Iterator[Json]:
    """Yield the resources of a stack and its nested stacks that exist."""
    for page in client.get_paginator("list_stack_resources").paginate(StackName=stack):
        for each in page["StackResourceSummaries"]:
            if each["ResourceStatus"] != "DELETE_COMPLETE" and each.get("PhysicalResourceId"):
                yield each
                if each["ResourceType"] == STACK:
                    yield from _list_existing(client, each["PhysicalResourceId"])


def stop_all(sources: RunSources, console: Console, pause: Callable[[], object]) -> None:
    """Stop all runs and tasks of a stack, and wait until they have stopped."""
    running = sources.find_running()
    if not running.runs and not running.tasks:
        return
    with _explain_on_error(sources.stack):
        _disable_schedules(sources)
        console.print("waiting until all runs and tasks have stopped", soft_wrap=True)
        stopped: set[str] = set()
        while running.runs or running.tasks:
            # A stopped run is still listed for a while: lists are "eventually consistent".
            _stop_runs(sources, [each for each in running.runs if each not in stopped], console)
            stopped.update(running.runs)
            _stop_tasks(sources, running)
            pause()
            running = sources.find_running()


@contextmanager
def _explain_on_error(stack: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        advice = "run `lamplighter destroy` again"
        typer.echo(f"lamplighter: {stack} was not deleted, but its schedules may be disabled: {advice}", err=True)
        raise


def _disable_schedules(sources: RunSources) -> None:
    """Disable the stack's schedules, so that no run starts.

    A schedule that AWS does not let us change is reported; it is deleted with the stack.
    """
    scheduler = sources.target.client("scheduler")
    inputs = scheduler.meta.service_model.operation_model("UpdateSchedule").input_shape.members
    for group in sources.ids[SCHEDULE_GROUP]:
        for name in sources.ids[SCHEDULE]:
            try:
                schedule = scheduler.get_schedule(GroupName=group, Name=name)
                arguments = {key: value for key, value in schedule.items() if key in inputs and key != "ClientToken"}
                scheduler.update_schedule(**arguments | {"State": "DISABLED"})
            except ClientError as error:
                reason = explain_error(error, sources.target)
                typer.echo(f"lamplighter: the schedule {name} could not be disabled: {reason}", err=True)


def _stop_runs(sources: RunSources, runs: Iterable[str], console: Console) -> None:
    sfn = sources.target.client("stepfunctions")
    for arn in runs:
        sfn.stop_execution(executionArn=arn, cause=CAUSE)
        console.print(f"stopped {_run_name(arn)}", soft_wrap=True)


def _stop_tasks(sources: RunSources, running: RunsAndTasks) -> None:
    """Stop the remaining tasks: Step Functions stops a run's tasks "on a best-effort basis", and no other tasks."""
    ecs = sources.target.client("ecs")
    for task in running.tasks:
        if task["desiredStatus"] != "STOPPED":
            ecs.stop_task(cluster=task["clusterArn"], task=task["taskArn"], reason=CAUSE)


def _list_running(sfn: Json, machine: str) -> Iterator[str]:
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
    # Deleted by hand, or an express machine, whose runs are short, and which AWS does not list.
    with ignore_error("StateMachineDoesNotExist", "StateMachineTypeNotSupported"):
        yield from (each["executionArn"] for page in pages for each in page["executions"])


def _list_active_tasks(ecs: Json, cluster: str) -> Iterator[Json]:
    """Yield the active tasks of a cluster; a task that is being stopped is active until it has stopped."""
    with ignore_error("ClusterNotFoundException"):  # deleted by hand
        for wanted in ("RUNNING", "STOPPED"):
            pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=wanted)
            # A page has at most 100 tasks, as many as DescribeTasks accepts.
            for listed in (page["taskArns"] for page in pages if page["taskArns"]):
                described = ecs.describe_tasks(cluster=cluster, tasks=listed)["tasks"]
                yield from (each for each in described if each["lastStatus"] != "STOPPED")


def _run_name(execution: str) -> str:
    """Return the name of a run as other commands accept it: MACHINE:NAME."""
    return ":".join(execution.split(":")[6:8])
