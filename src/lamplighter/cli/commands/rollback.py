"""Run `lamplighter rollback`: return a deployment to the job file that was deployed before the present one.

Exit codes: 0 the stack is as before, or was as before already; 1 there is no earlier deployment, the change failed, or
the user declined; 2 a question was necessary and standard input is no terminal; 130 Ctrl-C, while AWS continues.
"""

from functools import partial

from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy.carry_out import Wishes, carry_out
from lamplighter.cli.deploy.comparison.changes import compare_resources
from lamplighter.cli.deploy.comparison.resolved_template import resolve_resources
from lamplighter.cli.deploy.deployment_plan import DeploymentPlan, read_deployed_template
from lamplighter.cli.deploy.previous_template import PreviousTemplate, read_previous
from lamplighter.cli.deploy.stack.execute import print_result
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deploy.stack_site import BucketOption, StackSite
from lamplighter.cli.deploy.wait_until_ready import wait_until_ready
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.option_groups import with_option_groups
from lamplighter.cli.prompts import YesOption, confirm_or_exit, pause_between_polls
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.stack.nested_stacks import keep_parts


class NoEarlierDeployment(LamplighterError):
    """A stack holds no earlier template."""


@with_option_groups
def rollback(
    site: StackSite,
    *,
    bucket: BucketOption = None,
    yes: YesOption = False,
) -> None:
    """Return to the job file that was deployed before the present one: show the changes, ask, and change the stack.

    It also returns to the images of then. The job file only names the stack. A second rollback undoes the first.
    """
    project = site.read().project
    target = site.target(project.aws)
    console = Console(highlight=False)
    with explain_errors(target):
        client, name = target.client("cloudformation"), project.prefix
        confirm = partial(confirm_or_exit, yes=yes)
        stack = wait_until_ready(client, name, console, partial(pause_between_polls, target), confirm, target.options)
        deployed = read_deployed_template(client, stack)
        before = read_previous(deployed)
        if stack is None or before is None:
            raise NoEarlierDeployment(
                f"the stack {name} on {target} holds no earlier deployment: deploy the file that you want to return to"
            )
        wishes = Wishes("Bring back the earlier deployment of", bucket or project.aws.bucket)
        plan = _plan_return(stack, deployed, before, project.aws, target)
        progress = carry_out(plan, target, wishes, console, yes=yes)
        if progress is not None:
            print_result(progress, name, target, console)


def _plan_return(
    stack: Stack, deployed: Json, before: PreviousTemplate, aws: AwsSettings, target: Target
) -> DeploymentPlan:
    changes = compare_resources(
        resolve_resources(deployed, stack.parameters),
        resolve_resources(before.template, before.parameters),
        metadata=target.endpoint is not None,
    )
    is_engine = is_lamplighter(target.endpoint)
    template = before.template if is_engine else keep_parts(before.template, deployed)
    return DeploymentPlan(stack.name, stack, deployed, template, before.parameters, (), is_engine, tuple(changes), aws)
