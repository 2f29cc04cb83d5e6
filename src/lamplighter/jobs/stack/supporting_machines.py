"""The machines that only serve the jobs of a project, with their roles.

START and FAILURES are made on AWS only: the Scheduler of one box delivers a slot once and names the run after it, and
its alerts know what a run has told itself.
"""

from collections.abc import Iterator

from troposphere import AWSObject, GetAtt, Ref, stepfunctions

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.supported_jobs import channels, served
from lamplighter.jobs.machine.supporting_machines import ASKING, LOOKING, STARTING, WATCHING
from lamplighter.jobs.stack import arns, console_links
from lamplighter.jobs.stack.roles import allow, role
from lamplighter.jobs.stack.state_machines import filled_in
from lamplighter.runs import job_machine

NOT_HERE = (job_machine.START, job_machine.FAILURES)
"""Machines that one box does not need."""
DEFINITIONS = {
    job_machine.WATCH: WATCHING,
    job_machine.START: STARTING,
    job_machine.SLOTS: LOOKING,
    job_machine.FAILURES: ASKING,
}


def resources(project: Project) -> Iterator[AWSObject]:
    """The machines and their roles, and the role with which EventBridge starts FAILURES."""
    needed = served(project)
    for machine, jobs in needed.items():
        only = {"Condition": console_links.ON_AWS} if machine in NOT_HERE else {}
        yield role(f"{machine}Role", "states", _statements(project, machine, jobs), **only)
        yield stepfunctions.StateMachine(
            machine,
            StateMachineName=f"{project.prefix}{job_machine.supporting(machine)}",
            RoleArn=GetAtt(f"{machine}Role", "Arn"),
            **filled_in(project, DEFINITIONS[machine], "aws" if machine in NOT_HERE else "anywhere"),
            **only,
        )
    if job_machine.FAILURES in needed:
        statements = [allow(["states:StartExecution"], [Ref(job_machine.FAILURES)])]
        yield role("EventsRole", "events", statements, Condition=console_links.ON_AWS)


def _statements(project: Project, machine: str, jobs: list[str]) -> list[Json]:
    runs = [arns.executions(project, name) for name in jobs]
    told = allow(["sns:Publish"], [arns.topic(project, channel) for channel in channels(project, machine)])
    match machine:
        case job_machine.WATCH:
            return [allow(["states:DescribeExecution"], runs), told]
        case job_machine.START:
            return [allow(["states:StartExecution"], [Ref(names.machine(name)) for name in jobs])]
        case job_machine.SLOTS:
            return [allow(["states:ListExecutions"], [arns.machine(project, name) for name in jobs]), told]
        case _:
            return [allow(["states:GetExecutionHistory"], runs), told]
