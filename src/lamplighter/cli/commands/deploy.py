"""Run `lamplighter deploy`: deploy the job file as a stack, through a change set.

Exit codes: 0 the stack is deployed, or there was nothing to do; 1 the deployment failed and was rolled back, or the
user declined; 2 a question was necessary and standard input is no terminal; 130 Ctrl-C, while AWS continues.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy.apply_plan import apply_plan, discard_plan
from lamplighter.cli.deploy.carry_out import Wishes
from lamplighter.cli.deploy.check_job_file import check_fits_aws, lint_for
from lamplighter.cli.deploy.deploy_project import Deployer
from lamplighter.cli.deploy.saved_plan import read_plan
from lamplighter.cli.deploy.stack_site import BucketOption, ParameterOption, StackSite
from lamplighter.cli.deploy.template_parameters import parse_parameters
from lamplighter.cli.job_file import group_problems, print_problems
from lamplighter.cli.move.running_twice import ask_about_box
from lamplighter.cli.option_groups import with_option_groups
from lamplighter.cli.prompts import YesOption
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings

PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", help="Only plan: keep the change set, and write this file for --apply.", dir_okay=False),
]
ApplyOption = Annotated[
    Path | None, typer.Option("--apply", help="Execute what --plan wrote; needs no job file.", dir_okay=False)
]
DiscardOption = Annotated[
    Path | None, typer.Option("--discard", help="Drop what --plan wrote, unexecuted.", dir_okay=False)
]


@with_option_groups
def deploy(
    site: StackSite,
    *,
    parameter: ParameterOption = None,
    bucket: BucketOption = None,
    plan: PlanOption = None,
    apply: ApplyOption = None,
    discard: DiscardOption = None,
    yes: YesOption = False,
) -> None:
    """Deploy a job file: show the changes, ask, build the images, change the stack, and show the result.

    With --plan, another person can apply exactly these changes later, on another machine. Images are pushed at once:
    this changes nothing that runs.
    """
    if sum(each is not None for each in (plan, apply, discard)) > 1:
        raise typer.BadParameter("use one of --plan, --apply and --discard")
    console = Console(highlight=False)
    if (planned := apply or discard) is not None:
        _end_plan(planned, site, console, apply=apply is not None, yes=yes)
        return
    loaded = site.read()
    target = site.target(loaded.project.aws)
    with explain_errors(target):
        if target.endpoint is None:
            check_fits_aws(loaded, target.options)
        infos = lint_for(loaded, target)
        wishes = Wishes("Deploy" if plan is None else "Plan to deploy", bucket or loaded.project.aws.bucket, plan)
        deployer = Deployer(loaded, target, parse_parameters(parameter or []), wishes, console)
        ask_about_box(loaded, target, yes=yes)
        if deployer.deploy(yes=yes):
            print_problems(group_problems(infos))


def _end_plan(file: Path, site: StackSite, console: Console, *, apply: bool, yes: bool) -> None:
    """Apply or discard the plan of a file, in its account and region."""
    with explain_errors(Target(None, "", options=site.options)):
        saved = read_plan(file)
    target = site.target(AwsSettings(account=saved.account, region=saved.region))
    with explain_errors(target):
        if apply:
            apply_plan(saved, target, console, yes=yes)
        else:
            discard_plan(saved, target, console)
