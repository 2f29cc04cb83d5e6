"""Run `lamplighter deploy`: deploy the job file as a stack, through a change set.

Exit codes: 0 the stack is deployed, or there was nothing to do; 1 the deployment failed and was rolled back, or the
user declined; 2 a question was necessary and standard input is no terminal; 130 Ctrl-C, while AWS continues.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.world import real_world, sleep
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy import reserved_queue_names
from lamplighter.cli.deploy.apply_plan import apply_plan, discard_plan
from lamplighter.cli.deploy.carry_out import Wishes, carry_out
from lamplighter.cli.deploy.deployment_plan import parse_parameters, plan_deployment
from lamplighter.cli.deploy.execute import print_result
from lamplighter.cli.deploy.follow_stack import StackProgress, report_outcome
from lamplighter.cli.deploy.prompts import (
    BucketOption,
    EngineOption,
    ParameterOption,
    YesOption,
    confirm_or_exit,
    pause_between_polls,
    target_of_options,
)
from lamplighter.cli.deploy.saved_plan import read_plan
from lamplighter.cli.deploy.wait_until_ready import wait_until_ready
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.job_file import (
    DEFAULT_JOB_FILE,
    EnvironmentOption,
    FileArgument,
    group_problems,
    print_problems,
    read_job_file,
)
from lamplighter.cli.target import AwsOption, ProfileOption, RegionOption, Target
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.file.yaml_document import Problem
from lamplighter.jobs.lint.lint import lint_job_file

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


ONE_STEP = "CloudFormation creates 2,500 resources at once"
"""Why a deployment of many jobs takes several steps."""


class NotForAws(LamplighterError):
    """The job file is for a box, or has a job without an image, which AWS cannot run."""


def deploy(
    file: FileArgument = DEFAULT_JOB_FILE,
    env: EnvironmentOption = None,
    parameter: ParameterOption = None,
    bucket: BucketOption = None,
    plan: PlanOption = None,
    apply: ApplyOption = None,
    discard: DiscardOption = None,
    yes: YesOption = False,  # noqa: FBT002 - typer's way
    endpoint_url: EngineOption = None,
    aws: AwsOption = False,  # noqa: FBT002 - typer's way
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Deploy a job file: show the changes, ask, build the images, change the stack, and show the result.

    With --plan, another person can apply exactly these changes later, on another machine. Images are pushed at once:
    this changes nothing that runs.
    """
    if sum(each is not None for each in (plan, apply, discard)) > 1:
        raise typer.BadParameter("use one of --plan, --apply and --discard")
    find = partial(target_of_options, endpoint_url, profile, region, aws=aws)
    console = Console(highlight=False)
    if (planned := apply or discard) is not None:
        _end_plan(planned, find, console, apply=apply is not None, yes=yes)
        return
    loaded = read_job_file(file, env)
    target = find(loaded.project.aws)
    with explain_errors(target):
        if target.endpoint is None:
            _check_fits_aws(loaded)
        infos = _lint(loaded, target)
        wishes = Wishes("Deploy" if plan is None else "Plan to deploy", bucket or loaded.project.aws.bucket, plan)
        deploy_once = partial(_deploy_once, loaded, target, parse_parameters(parameter or []), wishes, console)
        progress, is_complete = deploy_once(yes=yes)
        while progress is not None and not is_complete and report_outcome(progress):
            console.print(f"{ONE_STEP}: the next step follows", soft_wrap=True)
            progress, is_complete = deploy_once(yes=True)
        if plan is not None and not is_complete:
            console.print(f"{ONE_STEP}: plan again for the other jobs after this plan was applied", soft_wrap=True)
        queues = reserved_queue_names.find_reserved_queues(progress) if progress is not None else ()
        if queues:
            _wait_for_queue_names(queues, console)
            progress, _ = deploy_once(yes=True)
        if progress is not None:
            print_result(progress, loaded.project.prefix, target, console)
            print_problems(group_problems(infos))


def _end_plan(file: Path, find: Callable[[AwsSettings], Target], console: Console, *, apply: bool, yes: bool) -> None:
    """Apply or discard the plan of a file, in its account and region."""
    with explain_errors(Target(None, "")):
        saved = read_plan(file)
    target = find(AwsSettings(account=saved.account, region=saved.region))
    with explain_errors(target):
        if apply:
            apply_plan(saved, target, console, yes=yes)
        else:
            discard_plan(saved, target, console)


def _deploy_once(
    loaded: LoadedJobFile,
    target: Target,
    parameters: Mapping[str, str],
    wishes: Wishes,
    console: Console,
    *,
    yes: bool,
) -> tuple[StackProgress | None, bool]:
    """Deploy once; return the progress of the stack, or None if nothing is deployed, and whether that were all jobs."""
    client, name = target.client("cloudformation"), loaded.project.prefix
    wait_until_ready(client, name, console, lambda: pause_between_polls(target), partial(confirm_or_exit, yes=yes))
    plan = plan_deployment(loaded, target, parameters)
    return carry_out(plan, target, wishes, console, yes=yes), plan.is_complete


def _lint(loaded: LoadedJobFile, target: Target) -> list[Problem]:
    """Print errors and warnings, and end the command on an error; return what the user has to do after a deployment."""
    is_engine = is_lamplighter(target.endpoint)
    problems = lint_job_file(loaded, real_world().now(), loaded.project.target if is_engine else "aws")
    print_problems(group_problems(each for each in problems if each.severity != "info"))
    if any(each.severity == "error" for each in problems):
        raise typer.Exit(1)
    return [each for each in problems if each.severity == "info" and not is_engine]


def _check_fits_aws(loaded: LoadedJobFile) -> None:
    if loaded.project.target == "box":
        raise NotForAws("the job file is for a box: remove `target: box`, or run the jobs with `lamplighter up`")
    jobs = [name for name, job in loaded.project.jobs.items() if job.image is None and job.workflow is None]
    if jobs:
        raise NotForAws(f"AWS can only run jobs with an image: add `image:` to {', '.join(jobs)}")


def _wait_for_queue_names(queues: tuple[str, ...], console: Console) -> None:
    reason = f"SQS reserves the name of a deleted queue for a minute ({', '.join(queues)})"
    console.print(f"{reason}: trying again in {reserved_queue_names.WAIT_SECONDS:.0f} seconds", soft_wrap=True)
    sleep(reserved_queue_names.WAIT_SECONDS)
