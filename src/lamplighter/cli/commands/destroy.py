"""Run `lamplighter destroy`: stop the runs of a deployment, and delete its stack.

Exit codes: 0 the stack is deleted, or did not exist; 1 a part of it could not be deleted, or the user declined; 2 a
question was necessary and standard input is no terminal; 130 Ctrl-C, while AWS continues. Logs can be kept; images in
ECR are always kept.
"""

from contextlib import suppress
from typing import Annotated

import typer
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy import follow_stack, retain_logs, stacks, stop_runs
from lamplighter.cli.deploy.changes import compare_resources
from lamplighter.cli.deploy.plan import check_stack
from lamplighter.cli.deploy.prompts import (
    BucketOption,
    EngineOption,
    YesOption,
    confirm_or_exit,
    pause_between_polls,
    target_of_options,
)
from lamplighter.cli.deploy.render_changes import print_changes
from lamplighter.cli.deploy.resolved_template import resolve_resources
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.deploy.upload_template import choose_upload
from lamplighter.cli.job_file import USUAL, EnvironmentOption, FileArgument, read_job_file
from lamplighter.cli.runs.site import explain_errors
from lamplighter.cli.target import AwsOption, ProfileOption, RegionOption, Target
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.roles import repository_name

TASK = "AWS::ECS::TaskDefinition"


class Protected(LamplighterError):
    """A stack is protected against deletion."""


def destroy(
    file: FileArgument = USUAL,
    env: EnvironmentOption = None,
    keep_logs: Annotated[
        bool | None, typer.Option("--keep-logs/--delete-logs", help="Keep or delete the logs.", show_default="asked")
    ] = None,
    bucket: BucketOption = None,
    yes: YesOption = False,  # noqa: FBT002 - typer's way
    endpoint_url: EngineOption = None,
    aws: AwsOption = False,  # noqa: FBT002 - typer's way
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Delete a deployment: show what is deleted, ask, stop its runs, delete the stack, and show the result."""
    project = read_job_file(file, env).project
    where = target_of_options(endpoint_url, profile, region, aws=aws)
    console = Console(highlight=False)
    with explain_errors(where):
        client = where.client("cloudformation")
        stack = stacks.find_stack(client, project.prefix)
        if stack is not None and stack.is_going:
            console.print(f"{stack.name} is {stack.status}: waiting for it", soft_wrap=True)
            stack = follow_stack.wait_for_stack(client, stack, console, lambda: pause_between_polls(where))
        if stack is None:
            console.print(f"{project.prefix} is not deployed to {where}: nothing to do", soft_wrap=True)
            return
        deployed = _show(client, stack, project, where, console)
        works = stop_runs.find_sources(where, stack)
        going = works.running().names
        confirm_or_exit(f"{f'Stop {going} and delete' if going else 'Delete'} {stack.name} from {where}?", yes=yes)
        kept = retain_logs.log_groups(deployed) if _keeps(keep_logs, deployed, yes=yes) else ()
        if kept:
            retain_logs.retain_logs(
                where, stack, deployed, choose_upload(where, bucket), console, lambda: pause_between_polls(where)
            )
        stop_runs.stop_work(works, console, lambda: pause_between_polls(where))
        delete(stack, deployed, where, console)
        if not kept:
            retain_logs.delete_groups(where.client("logs"), retain_logs.retained_groups(deployed))
        for name in kept:
            console.print(f"kept: the log {name}", soft_wrap=True)


def _show(client: Json, stack: Stack, project: Project, where: Target, console: Console) -> Json:
    if stack.protected:
        raise Protected(
            f"{stack.name} is protected against deletion: first run `aws cloudformation update-termination-protection "
            f"--no-enable-termination-protection --stack-name {stack.name}`"
        )
    deployed = check_stack(client, stack)
    print_changes(compare_resources(resolve_resources(deployed, stack.parameters), {}, metadata=False), console)
    pushed = [repository_name(project, name) for name, job in project.jobs.items() if job.builds]
    if where.endpoint is None and pushed:
        console.print("images in ECR are kept; delete them with:")
        for name in pushed:
            console.print(f"  aws ecr delete-repository --force --repository-name {name}", soft_wrap=True)
    return deployed


def _keeps(said: bool | None, deployed: Json, *, yes: bool) -> bool:  # noqa: FBT001 - an option that may be missing
    if said is not None or yes or not retain_logs.log_groups(deployed):
        return bool(said)
    return typer.confirm("Keep the logs?", default=True)


def delete(stack: Stack, deployed: Json, where: Target, console: Console) -> None:
    """Delete a stack and show the result; end the command with exit code 1 if a part of the stack remains."""
    client = where.client("cloudformation")
    course = follow_stack.start_progress(client, stack.id)
    client.delete_stack(StackName=stack.id)
    total = len(deployed.get("Resources", {}))
    with follow_stack.explain_interrupt(f"the deletion of {stack.name}", stack.name, where):
        status = follow_stack.follow_stack(client, stack.id, course, total, console, lambda: pause_between_polls(where))
    if not follow_stack.report_outcome(course):
        how = "fix the errors above, then run `lamplighter destroy` again"
        typer.echo(f"lamplighter: {stack.name} could not be deleted completely: {status}: {how}", err=True)
        raise typer.Exit(1)
    _retire(deployed, where)
    console.print(f"{stack.name} was deleted from {where}", soft_wrap=True)


def _retire(deployed: Json, where: Target) -> None:
    """Deregister the task definition revisions that were kept for earlier runs; ignore missing permissions."""
    ecs = where.client("ecs")
    made = [each["Properties"] for each in deployed.get("Resources", {}).values() if each["Type"] == TASK]
    with suppress(ClientError):
        for family in (each["Family"] for each in made if isinstance(each.get("Family"), str)):
            pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
            for revision in [arn for page in pages for arn in page["taskDefinitionArns"]]:
                ecs.deregister_task_definition(taskDefinition=revision)
