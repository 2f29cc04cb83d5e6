"""Run `lamplighter destroy`: stop the runs of a deployment, and delete its stack.

Exit codes: 0 the stack is deleted, or did not exist; 1 a part of it could not be deleted, or the user declined; 2 a
question was necessary and standard input is no terminal; 130 Ctrl-C, while AWS continues. Logs stay unless the
user says otherwise; images in ECR are always kept.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy import retain_logs, stop_runs
from lamplighter.cli.deploy.comparison.changes import compare_resources
from lamplighter.cli.deploy.comparison.render_changes import print_changes
from lamplighter.cli.deploy.comparison.resolved_template import resolve_resources
from lamplighter.cli.deploy.deployment_plan import read_deployed_template
from lamplighter.cli.deploy.stack import follow_stack, stacks
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deploy.stack.tags_and_role import role_option
from lamplighter.cli.deploy.stack_site import StackSite
from lamplighter.cli.option_groups import with_option_groups
from lamplighter.cli.prompts import YesOption, confirm_or_exit, describe_place, pause_between_polls
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.jobs.stack.own_metadata import read_own

TASK_DEFINITION = "AWS::ECS::TaskDefinition"


class StackProtected(LamplighterError):
    """A stack is protected against deletion."""


@with_option_groups
def destroy(
    site: StackSite,
    *,
    keep_logs: Annotated[
        bool | None, typer.Option("--keep-logs/--delete-logs", help="Keep or delete the logs.", show_default="asked")
    ] = None,
    yes: YesOption = False,
) -> None:
    """Delete a deployment: show what is deleted, ask, stop its runs, delete the stack, and show the result."""
    project = site.read().project
    target = site.target(project.aws)
    console = Console(highlight=False)
    with explain_errors(target):
        client = target.client("cloudformation")
        stack = stacks.find_stack(client, project.prefix)
        if stack is not None and stack.is_in_progress:
            console.print(f"{stack.name} is {stack.status}: waiting for it", soft_wrap=True)
            stack = follow_stack.wait_for_stack(client, stack, console, lambda: pause_between_polls(target))
        if stack is None:
            console.print(f"{project.prefix} is not deployed to {target}: nothing to do", soft_wrap=True)
            return
        deployed = read_deployed_template(client, stack)
        _print_deletion(stack, deployed, project, target, console, deletes_logs=keep_logs is False)
        sources = stop_runs.find_run_sources(target, stack)
        running = sources.find_running().names
        action = f"Stop {running} and delete" if running else "Delete"
        confirm_or_exit(f"{action} {stack.name} from {describe_place(target)}?", yes=yes)
        logs = retain_logs.log_group_names(deployed)
        keeps_logs = bool(logs) and _should_keep_logs(keep_logs, yes=yes)
        if keeps_logs:
            retain_logs.check_retained(stack, deployed, target.options)
        stop_runs.stop_all(sources, console, lambda: pause_between_polls(target))
        delete_deployment(stack, deployed, project.aws, target, console)
        if not keeps_logs:
            retain_logs.delete_log_groups(target.client("logs"), logs)
            return
        for name in logs:
            console.print(f"kept: the log {name}", soft_wrap=True)
        if target.endpoint is None:
            console.print(f"`{target.options.hint('prune')}` deletes the kept logs", soft_wrap=True)


def _print_deletion(
    stack: Stack, deployed: Json, project: Project, target: Target, console: Console, *, deletes_logs: bool
) -> None:
    if stack.protected:
        raise StackProtected(
            f"{stack.name} is protected against deletion: first run `aws cloudformation update-termination-protection "
            f"--no-enable-termination-protection --stack-name {stack.name}`"
        )
    origin = read_own(deployed, "File")
    if origin is not None:
        note = f"`up` made {stack.name} from {origin}: while it runs with that file, it creates it again"
        console.print(note, soft_wrap=True)
    changes = compare_resources(resolve_resources(deployed, stack.parameters), {}, metadata=False)
    print_changes([replace(each, action="remove") for each in changes] if deletes_logs else changes, console)
    repositories = [each.repository(project) for each in built_images(project)]
    if target.endpoint is None and repositories:
        console.print("images in ECR are kept; delete them with:")
        for name in repositories:
            console.print(f"  aws ecr delete-repository --force --repository-name {name}", soft_wrap=True)


def _should_keep_logs(option: bool | None, *, yes: bool) -> bool:  # noqa: FBT001 - an optional option
    if option is not None:
        return option
    return yes or typer.confirm("Keep the logs?", default=True)


def delete_deployment(stack: Stack, deployed: Json, aws: AwsSettings, target: Target, console: Console) -> None:
    """Delete a stack and show the result; end the command with exit code 1 if a part of the stack remains."""
    client = target.client("cloudformation")
    progress = follow_stack.start_progress(client, stack.id)
    client.delete_stack(StackName=stack.id, **role_option(aws, target))
    total = len(deployed.get("Resources", {}))
    with follow_stack.explain_interrupt(f"the deletion of {stack.name}", stack.name, target):
        status = follow_stack.follow_stack(
            client, stack.id, progress, total, console, lambda: pause_between_polls(target)
        )
    if not follow_stack.report_outcome(progress):
        advice = f"fix the errors above, then run `{target.options.hint('destroy')}` again"
        typer.echo(f"lamplighter: {stack.name} could not be deleted completely: {status}: {advice}", err=True)
        raise typer.Exit(1)
    _deregister_revisions(deployed, target)
    console.print(f"{stack.name} was deleted from {target}", soft_wrap=True)


def _deregister_revisions(deployed: Json, target: Target) -> None:
    """Deregister the task definition revisions that were kept for earlier runs; ignore missing permissions."""
    ecs = target.client("ecs")
    definitions = [
        each["Properties"] for each in deployed.get("Resources", {}).values() if each["Type"] == TASK_DEFINITION
    ]
    with suppress(ClientError):
        for family in (each["Family"] for each in definitions if isinstance(each.get("Family"), str)):
            pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
            for revision in [arn for page in pages for arn in page["taskDefinitionArns"]]:
                ecs.deregister_task_definition(taskDefinition=revision)
