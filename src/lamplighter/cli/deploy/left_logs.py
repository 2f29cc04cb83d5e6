"""Find the log groups on AWS that removed jobs and destroyed projects left.

Guarantees that no log group of another project is found: the name of a project has no slash. A job that the file has
and that is not deployed yet would continue its log, so that log is found only if the whole project is not deployed.
"""

from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.deploy.deployment_plan import read_deployed_template
from lamplighter.cli.deploy.retain_logs import find_groups, log_group_names
from lamplighter.cli.deploy.stack.stacks import find_stack
from lamplighter.cli.target import Target
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.arns import log_group_name


class DeploymentInProgress(LamplighterError):
    """A deployment is under way, and decides which log groups are needed."""


@dataclass(frozen=True, slots=True)
class LeftLog:
    """A log group that no job needs."""

    name: str
    bytes: int


def find_left_logs(target: Target, project: Project) -> list[LeftLog]:
    """Return the log groups of a project that no job needs; raise `DeploymentInProgress`."""
    client = target.client("cloudformation")
    stack = find_stack(client, project.prefix)
    if stack is not None and stack.is_in_progress:
        raise DeploymentInProgress(f"{stack.name} is {stack.status}: try again when that has ended")
    deployed = read_deployed_template(client, stack)
    needed = {*log_group_names(deployed), *(log_group_name(project, name) for name in project.jobs if deployed)}
    found = find_groups(target.client("logs"), log_group_name(project, ""))
    return [
        LeftLog(each["logGroupName"], each.get("storedBytes", 0))
        for each in found
        if each["logGroupName"] not in needed
    ]
