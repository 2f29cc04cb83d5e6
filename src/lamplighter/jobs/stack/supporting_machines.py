"""Build the supporting machines of a project, with their roles.

START_RUN, FAILURE_CHECK and RECOVERY_CHECK exist on AWS only. This engine's Scheduler delivers a slot once and names
the run after it, and this engine's alerts know which alerts a run has sent itself, and how the runs before it ended.
"""

from collections.abc import Iterator, Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.recovery_machine import RECOVERY_CHECK_DEFINITION
from lamplighter.jobs.machine.supported_jobs import alert_channels
from lamplighter.jobs.machine.supporting_machines import (
    FAILURE_CHECK_DEFINITION,
    LATE_RUN_DEFINITION,
    SLOT_CHECK_DEFINITION,
    START_DEFINITION,
)
from lamplighter.jobs.stack import arns, console_links
from lamplighter.jobs.stack.heartbeat_ids import destination_ids
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.policies import allow
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.jobs.stack.roles import container_jobs, iam_role
from lamplighter.jobs.stack.state_machines import placeholder_values, substitute_placeholders
from lamplighter.runs import job_machine

AWS_ONLY_MACHINES = (job_machine.START_RUN, job_machine.FAILURE_CHECK, job_machine.RECOVERY_CHECK)
"""Machines that this engine does not need."""
STARTED_BY_RULES = (job_machine.FAILURE_CHECK, job_machine.RECOVERY_CHECK)
"""Machines that rules of EventBridge start."""
DEFINITIONS = {
    job_machine.LATE_RUNS: LATE_RUN_DEFINITION,
    job_machine.START_RUN: START_DEFINITION,
    job_machine.SLOT_CHECK: SLOT_CHECK_DEFINITION,
    job_machine.FAILURE_CHECK: FAILURE_CHECK_DEFINITION,
    job_machine.RECOVERY_CHECK: RECOVERY_CHECK_DEFINITION,
}


def supporting_resources(project: Project, supported: Mapping[str, Sequence[str]]) -> Iterator[Resource]:
    """Yield the machines and their roles, and the role with which EventBridge starts some of them.

    `supported`: see `supported_jobs`.
    """
    for machine, jobs in supported.items():
        on_aws = machine in AWS_ONLY_MACHINES
        condition = console_links.ON_AWS if on_aws else None
        values = placeholder_values(project, "aws" if on_aws else "anywhere")
        yield iam_role(f"{machine}Role", "states", _statements(project, machine, jobs), condition)
        yield Resource(
            machine,
            "AWS::StepFunctions::StateMachine",
            properties(
                StateMachineName=f"{project.prefix}{job_machine.machine_suffix(machine)}",
                RoleArn=get_att(f"{machine}Role", "Arn"),
                **substitute_placeholders(DEFINITIONS[machine], values),
            ),
            condition=condition,
        )
    started = [each for each in STARTED_BY_RULES if each in supported]
    destinations = destination_ids(project)
    if started or destinations:
        statements = [
            *([allow(["states:StartExecution"], [ref(each) for each in started])] if started else []),
            *(
                [allow(["events:InvokeApiDestination"], [get_att(each, "Arn") for each in destinations])]
                if destinations
                else []
            ),
        ]
        yield iam_role("EventsRole", "events", statements, console_links.ON_AWS)


def _statements(project: Project, machine: str, jobs: Sequence[str]) -> list[Json]:
    runs = arns.runs_of_jobs(project, jobs)
    channels = alert_channels(project, machine, jobs)
    publish = allow(["sns:Publish"], [arns.topic_arn(project, each) for each in channels])
    match machine:
        case job_machine.LATE_RUNS:
            read_runs = allow(["states:DescribeExecution", "states:GetExecutionHistory"], runs)
            return [read_runs, allow(["ecs:DescribeTasks"], _tasks(project, jobs)), publish]
        case job_machine.START_RUN:
            return [allow(["states:StartExecution"], arns.state_machine_arns(project, jobs))]
        case job_machine.SLOT_CHECK:
            return [_list_runs(project, jobs), publish]
        case job_machine.RECOVERY_CHECK:
            return [_list_runs(project, jobs), allow(["states:GetExecutionHistory"], runs), publish]
        case _:
            return [allow(["states:GetExecutionHistory"], runs), publish]


def _tasks(project: Project, jobs: Sequence[str]) -> list[Json]:
    """Return the ARN patterns of the tasks of several jobs: those of their clusters."""
    steps = (project.jobs[step] for name in jobs for step in container_jobs(project, name))
    return list({each.cluster: arns.task_arns(project, each) for each in steps}.values())


def _list_runs(project: Project, jobs: Sequence[str]) -> Json:
    return allow(["states:ListExecutions"], arns.state_machine_arns(project, jobs))
