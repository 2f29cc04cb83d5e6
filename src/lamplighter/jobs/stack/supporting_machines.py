"""Build the supporting machines of a project, with their roles."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.alert_check_machine import ALERT_CHECK_DEFINITION
from lamplighter.jobs.machine.attempt_machine import attempt_definition
from lamplighter.jobs.machine.failure_machine import TEST_RUN, failure_definition
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.recovery_machine import recovery_definition
from lamplighter.jobs.machine.supported_jobs import alert_channels, needs_failure_check
from lamplighter.jobs.machine.supporting_machines import LATE_RUN_DEFINITION, SLOT_CHECK_DEFINITION, START_DEFINITION
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.alerting import alert_check
from lamplighter.jobs.stack.alerting.heartbeat_ids import destination_ids
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.policies import allow
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.jobs.stack.roles import allow_on_machines, container_jobs, iam_role
from lamplighter.jobs.stack.state_machines import placeholder_values, substitute_placeholders
from lamplighter.runs.jobs import job_machine

STARTED_BY_RULES = (
    job_machine.FAILURE_CHECK,
    job_machine.ATTEMPT_CHECK,
    job_machine.RECOVERY_CHECK,
    job_machine.ALERT_CHECK,
)
"""Machines that rules of EventBridge start."""
POSSIBLE_LOSS = {
    job_machine.LATE_RUNS: "a run that is late may not have been told",
    job_machine.START_RUN: "a run may not have been started at its time",
    job_machine.SLOT_CHECK: "a run that did not start may not have been told",
    job_machine.FAILURE_CHECK: "a run that failed or did not start may not have been told",
    job_machine.ATTEMPT_CHECK: "an attempt that failed may not have been told",
    job_machine.RECOVERY_CHECK: "a job that works again may not have been told",
    job_machine.ALERT_CHECK: "a rule or a channel that does not work may not have been told",
}
"""The possible loss if a supporting machine fails, in words for the alert."""
_DEFINITIONS: Mapping[str, Callable[[Project, Sequence[str]], Json]] = {
    job_machine.LATE_RUNS: lambda _project, _jobs: LATE_RUN_DEFINITION,
    job_machine.START_RUN: lambda _project, _jobs: START_DEFINITION,
    job_machine.SLOT_CHECK: lambda _project, _jobs: SLOT_CHECK_DEFINITION,
    job_machine.FAILURE_CHECK: failure_definition,
    job_machine.ATTEMPT_CHECK: attempt_definition,
    job_machine.RECOVERY_CHECK: recovery_definition,
    job_machine.ALERT_CHECK: lambda _project, _jobs: ALERT_CHECK_DEFINITION,
}


def supporting_resources(
    project: Project, supported: Mapping[str, Sequence[str]], platform: Platform
) -> Iterator[Resource]:
    """Yield the machines and their roles, and the role with which EventBridge starts some of them.

    `supported`: see `supported_jobs`.
    """
    values = placeholder_values(project, platform)
    for machine, jobs in supported.items():
        yield iam_role(f"{machine}Role", "states", _statements(project, machine, jobs))
        yield Resource(
            machine,
            "AWS::StepFunctions::StateMachine",
            properties(
                StateMachineName=f"{project.prefix}{job_machine.machine_suffix(machine)}",
                RoleArn=get_att(f"{machine}Role", "Arn"),
                **substitute_placeholders(_DEFINITIONS[machine](project, jobs), values, indent=None),
            ),
        )
    if platform == "aws":
        yield from _events_role(project, [each for each in STARTED_BY_RULES if each in supported])


def _events_role(project: Project, started: Sequence[str]) -> Iterator[Resource]:
    destinations = [get_att(each, "Arn") for each in destination_ids(project)]
    statements = [
        *([allow(["states:StartExecution"], [ref(each) for each in started])] if started else []),
        *([allow(["events:InvokeApiDestination"], destinations)] if destinations else []),
    ]
    if statements:
        yield iam_role("EventsRole", "events", statements)


def _statements(project: Project, machine: str, jobs: Sequence[str]) -> list[Json]:
    runs = arns.runs_of_jobs(project, jobs)
    channels = alert_channels(project, machine, jobs)
    publish = allow(["sns:Publish"], [arns.topic_arn(project, each) for each in channels])
    match machine:
        case job_machine.LATE_RUNS:
            read_runs = allow(["states:DescribeExecution", "states:GetExecutionHistory"], runs)
            return [read_runs, allow(["ecs:DescribeTasks"], _tasks(project, jobs)), publish]
        case job_machine.START_RUN:
            return [allow_on_machines(["states:StartExecution"], project, jobs)]
        case job_machine.SLOT_CHECK:
            return [allow_on_machines(["states:ListExecutions"], project, jobs), publish]
        case job_machine.RECOVERY_CHECK:
            list_runs = allow_on_machines(["states:ListExecutions"], project, jobs)
            return [list_runs, allow(["states:GetExecutionHistory"], runs), publish]
        case job_machine.FAILURE_CHECK:
            return [*_failure_statements(project, jobs), publish]
        case job_machine.ALERT_CHECK:
            return [*alert_check.check_permissions(project), _allow_start_itself(project, machine), publish]
        case _:
            return [publish]


def _failure_statements(project: Project, jobs: Sequence[str]) -> Iterator[Json]:
    runs = arns.runs_of_jobs(project, jobs)
    caught = [name for name in jobs if needs_failure_check(project.jobs[name])]
    yield allow_on_machines(["states:ListExecutions"], project, jobs)
    yield _allow_start_itself(project, job_machine.FAILURE_CHECK)
    own = job_machine.machine_suffix(job_machine.FAILURE_CHECK)
    tests = arns.arn("states", f"execution:{project.prefix}{own}:{TEST_RUN}*")
    yield allow(["states:DescribeExecution"], [*runs, tests])
    if caught:
        yield allow(["states:GetExecutionHistory"], arns.runs_of_jobs(project, caught))
    yield allow(["logs:GetLogEvents"], [arns.arn("logs", f"log-group:/lamplighter/{project.prefix}/*:log-stream:*")])


def _allow_start_itself(project: Project, machine: str) -> Json:
    own = arns.arn("states", f"stateMachine:{project.prefix}{job_machine.machine_suffix(machine)}")
    return allow(["states:StartExecution"], [own])


def _tasks(project: Project, jobs: Sequence[str]) -> list[Json]:
    """Return the ARN patterns of the tasks of several jobs: those of their clusters."""
    steps = (project.jobs[step] for name in jobs for step in container_jobs(project, name))
    return list({each.cluster: arns.task_arns(project, each) for each in steps}.values())
