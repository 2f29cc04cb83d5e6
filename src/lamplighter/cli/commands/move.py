"""Run `lamplighter move`: hand the jobs of this box over to AWS, or back, so that each slot runs once.

Exit codes: 0 the jobs are handed over; 1 they are not, or not completely, and the output says why: run it again to go
on; 2 a question was necessary and standard input is no terminal.
"""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from lamplighter.base.world import real_world
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy.carry_out import Wishes
from lamplighter.cli.deploy.check_job_file import check_fits_aws, lint_for
from lamplighter.cli.deploy.deploy_project import Deployer
from lamplighter.cli.deploy.stack.stacks import find_stack
from lamplighter.cli.deploy.stack_site import BucketOption, ParameterOption, target_of_options
from lamplighter.cli.deploy.stop_runs import find_run_sources
from lamplighter.cli.deploy.template_parameters import parse_parameters
from lamplighter.cli.job_file import read_job_file
from lamplighter.cli.local_secrets import ENV_FILE_NAME, LocalSecrets
from lamplighter.cli.move.hand_over import Move, hand_over
from lamplighter.cli.move.secrets import SecretCopy, SecretStore
from lamplighter.cli.move.sides import AwsSide, BoxSide, MoveFailed, Side, is_handed_over, read_schedules
from lamplighter.cli.prompts import YesOption, confirm, confirm_or_exit
from lamplighter.cli.runs.parse_instant import parse_instant
from lamplighter.cli.site_options import (
    DEFAULT_DATA,
    DEFAULT_JOB_FILE,
    DataOption,
    EnvironmentOption,
    FileArgument,
    ProfileOption,
    RegionOption,
    SiteOptions,
)
from lamplighter.cli.target import find_target
from lamplighter.cli.up.handover_file import HandoverFile
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.handover import Handover
from lamplighter.jobs.stack.schedules import schedule_states
from lamplighter.store.lock import is_locked


def move(
    file: FileArgument = DEFAULT_JOB_FILE,
    *,
    to: Annotated[Literal["aws", "box"], typer.Option("--to", help="Where the jobs go.")],
    at: Annotated[
        str | None,
        typer.Option("--at", help="When: a time such as 2026-12-31T03:30. Default: soon, when no run is due."),
    ] = None,
    env: EnvironmentOption = None,
    parameter: ParameterOption = None,
    bucket: BucketOption = None,
    yes: YesOption = False,
    data: DataOption = DEFAULT_DATA,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Move the jobs of this box to AWS or back: each slot runs once, on one side. Run it again after an interruption.

    It copies secrets, deploys with schedules that wait, and hands over at a time at which no run is due. Runs under
    way end where they are.
    """
    loaded, console, world = read_job_file(file, env), Console(highlight=False), real_world()
    options = SiteOptions(file, env, None, aws=True, profile=profile, region=region, data=data)
    project, wanted = loaded.project, None if at is None else parse_instant(at, world.now())
    journal = HandoverFile(data, project.prefix)
    aws_target = target_of_options(options, project.aws)
    schedules = schedule_states(project)
    with explain_errors(aws_target), journal.locked():
        check_fits_aws(loaded, options)
        lint_for(loaded, aws_target)
        wishes = Wishes("Deploy", bucket or project.aws.bucket)
        deployer = Deployer(loaded, aws_target, parse_parameters(parameter or []), wishes, console)
        aws = AwsSide(aws_target, project.prefix, partial(_deploy, deployer, yes=yes))
        if to == "box" and not is_locked(data) and _role(journal) != "begins" and _can_be_left(aws):
            journal.write(Handover("waits"))  # so that an engine which starts now runs nothing
        box_target = find_target(replace(options, aws=False, profile=None, region=None))
        box = BoxSide(box_target, journal, console, frozenset(schedules))
        left, right = (box, aws) if to == "aws" else (aws, box)
        if is_handed_over(right, left) and not journal.is_done:
            raise MoveFailed(f"the move from {right} to {left} is not complete: complete it first, in that direction")
        is_new_time = wanted is not None and is_handed_over(left, right, after=world.now())
        if is_new_time or not (journal.is_done and is_handed_over(left, right)):
            if journal.is_done and _role(left) == "ends":
                journal.complete(done=False)
            _tell_what_stays(project, left, aws, console)
            prepare = partial(_copy_secrets, loaded, box, left, right, yes=yes)
            ask = partial(confirm_or_exit, yes=yes)
            paused = frozenset(name for name, state in schedules.items() if state == "DISABLED")
            hand_over(Move(project.prefix, left, right, world, console, ask, wanted, paused, prepare))
            journal.complete()
        _print_result(project.prefix, left, right, console)


def _role(side: Side | HandoverFile) -> str | None:
    """Return what a side does since its last move; None if its jobs never moved."""
    found = side.read()
    return None if found is None else found.role


def _can_be_left(aws: AwsSide) -> bool:
    """Return whether jobs run on AWS; if they wait there, too, they would run nowhere."""
    return _role(aws) != "waits" and bool(read_schedules(aws.target, aws.project))


def _deploy(deployer: Deployer, handover: Handover, *, yes: bool) -> None:
    """Deploy with a question only if the stack is new to it: the handover has its own question."""
    deployer.deploy(handover, yes=yes or handover.role != "waits")


def _tell_what_stays(project: Project, left: Side, aws: AwsSide, console: Console) -> None:
    """Print what does not move."""
    volumes = {each.host or each.volume for job in project.jobs.values() for each in job.all_volumes}
    files = ", ".join(sorted(each for each in volumes if each))
    mails = [name for name, each in project.channels.items() if each.email is not None]
    lines = [f"the history of runs stays on {left.target}; `{aws.target.options.hint('console')}` shows both sides"]
    lines += [f"the files of {files} do not move: copy them"] if files else []
    if mails and left is not aws:
        lines.append(f"SNS sends a mail to confirm to {', '.join(mails)}: until somebody does, no alert comes there")
    for line in lines:
        console.print(f"- {line}", soft_wrap=True)


def _copy_secrets(loaded: LoadedJobFile, box: Side, left: Side, right: Side, *, yes: bool) -> None:
    held = LocalSecrets(os.environ)
    held.read(Path(loaded.folder) / ENV_FILE_NAME)
    held.set_projects([loaded.project])
    source, sink = (SecretStore(each.target, held.find if each is box else _find_nothing) for each in (left, right))
    ask = partial(confirm, yes=yes)
    ask_person = ask if not yes else _keep
    missing = SecretCopy(source, sink, ask, ask_person).copy_all(loaded.project)
    if missing:
        raise MoveFailed(f"{right} has no value for {', '.join(missing)}: store it there, and run this again")


def _find_nothing(_variable: str, _reference: str) -> None:
    """Find no secret: AWS holds none in `.env`."""


def _keep(question: str) -> bool:
    """Answer no to a question that `--yes` does not answer."""
    typer.echo(f"lamplighter: {question} No: run this again without --yes to replace it", err=True)
    return False


def _print_result(name: str, left: Side, right: Side, console: Console) -> None:
    ends = left.read()
    assert ends is not None
    console.print(f"{name} moves from {left} to {right} at {ends.at}: from then on no run starts there", soft_wrap=True)
    stack = find_stack(left.target.client("cloudformation"), name)
    running = find_run_sources(left.target, stack).find_running().names if stack is not None else ""
    if running:
        console.print(f"still running on {left}, where they end: {running}", soft_wrap=True)
