"""Run `lamplighter deploy`: deploy the job file as a stack, through a change set.

Exit codes: 0 the stack is deployed, or there was nothing to do; 1 the deployment failed and was rolled back, or the
user declined; 2 a question was necessary and standard input is no terminal; 130 Ctrl-C, while AWS continues.
"""

from collections.abc import Mapping
from functools import partial

import typer
from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.world import real_world, sleep
from lamplighter.cli.deploy import change_set as changeset
from lamplighter.cli.deploy import follow_stack, reserved_queue_names, retain_logs, service_linked_role
from lamplighter.cli.deploy.change_set import ChangeSet
from lamplighter.cli.deploy.follow_stack import StackProgress, explain_interrupt, report_outcome
from lamplighter.cli.deploy.images import images
from lamplighter.cli.deploy.plan import Plan, parse_parameters, plan
from lamplighter.cli.deploy.prompts import (
    BucketOption,
    EngineOption,
    ParameterOption,
    YesOption,
    confirm_or_exit,
    pause_between_polls,
    target_of_options,
)
from lamplighter.cli.deploy.render_changes import print_changes, summary
from lamplighter.cli.deploy.upload_template import choose_upload
from lamplighter.cli.deploy.wait_until_ready import wait_until_ready
from lamplighter.cli.job_file import USUAL, EnvironmentOption, FileArgument, group_problems, read_job_file
from lamplighter.cli.job_file import print_problems as show_problems
from lamplighter.cli.runs.site import explain_errors
from lamplighter.cli.target import AwsOption, ProfileOption, RegionOption, Target
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.lint.lint import lint_job_file

LEFT = {
    "ROLLBACK_COMPLETE": "could not be created, and was rolled back",
    "UPDATE_ROLLBACK_COMPLETE": "was rolled back to its earlier state",
}
"""The words for a stack after a failure, by its status."""


class NotForAws(LamplighterError):
    """The job file has a job without an image, which AWS cannot run."""


def deploy(
    file: FileArgument = USUAL,
    env: EnvironmentOption = None,
    parameter: ParameterOption = None,
    bucket: BucketOption = None,
    yes: YesOption = False,  # noqa: FBT002 - typer's way
    endpoint_url: EngineOption = None,
    aws: AwsOption = False,  # noqa: FBT002 - typer's way
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Deploy a job file: show the changes, ask, build the images, change the stack, and show the result."""
    loaded = read_job_file(file, env)
    _lint(loaded)
    where = target_of_options(endpoint_url, profile, region, aws=aws)
    console = Console(highlight=False)
    with explain_errors(where):
        if where.endpoint is None:
            _check_images(loaded)
        attempt = partial(_attempt, loaded, where, parse_parameters(parameter or []), bucket, console)
        course = attempt(yes=yes)
        queues = reserved_queue_names.reserved_queues(course) if course is not None else ()
        if queues:
            _wait_for(queues, console)
            course = attempt(yes=True)
        if course is not None:
            _tell_end(course, loaded.project.prefix, where, console)


def _attempt(
    loaded: LoadedJobFile,
    where: Target,
    parameters: Mapping[str, str],
    bucket: str | None,
    console: Console,
    *,
    yes: bool,
) -> StackProgress | None:
    """Deploy once; return the progress of the stack, or None if there was nothing to do."""
    client, name = where.client("cloudformation"), loaded.project.prefix
    wait_until_ready(client, name, console, lambda: pause_between_polls(where), partial(confirm_or_exit, yes=yes))
    found = plan(loaded, where, parameters)
    new = (each.name for each in found.changes if each.type == retain_logs.LOG and each.action == "add")
    kept = retain_logs.existing_groups(where.client("logs"), new)
    change_set = _change_set(found, where, bucket, kept)
    if change_set is None or _is_idle(found, change_set, where):
        console.print(f"{found.name} is deployed to {where} as the file says: nothing to do", soft_wrap=True)
        return None
    _prepare(found, change_set, where, console, yes=yes)
    return _carried_out(found, change_set, where, console)


def _lint(loaded: LoadedJobFile) -> None:
    problems = lint_job_file(loaded, real_world().now())
    show_problems(group_problems(each for each in problems if each.severity != "info"))
    if any(each.severity == "error" for each in problems):
        raise typer.Exit(1)


def _check_images(loaded: LoadedJobFile) -> None:
    jobs = [name for name, job in loaded.project.jobs.items() if job.image is None and job.workflow is None]
    if jobs:
        raise NotForAws(f"AWS can only run jobs with an image: add `image:` to {', '.join(jobs)}")


def _change_set(found: Plan, where: Target, bucket: str | None, kept: tuple[str, ...]) -> ChangeSet | None:
    title, space = f"lamplighter-{real_world().uuid()}", choose_upload(where, bucket)
    template = retain_logs.importing_template(found.template, kept)
    return changeset.create(
        *(where, found.stack, found.name, title, template, found.parameters, space, lambda: pause_between_polls(where)),
        imports=bool(kept),
    )


def _is_idle(found: Plan, change_set: ChangeSet, where: Target) -> bool:
    """Return whether a change set changes nothing, and discard it then; some servers do not report this themselves."""
    outputs = found.deployed.get("Outputs") != found.template.get("Outputs")
    if change_set.count or found.changes or outputs:
        return False
    changeset.discard(where.client("cloudformation"), change_set)
    return True


def _prepare(found: Plan, change_set: ChangeSet, where: Target, console: Console, *, yes: bool) -> None:
    """Show the changes, ask the user, and create what the stack needs first; discard the change set on any error."""
    with changeset.discarded_on_error(where.client("cloudformation"), change_set):
        print_changes(found.changes, console, change_set.replaced)
        console.print(summary(found.changes) or "only outputs change", soft_wrap=True)
        confirm_or_exit(f"Deploy {found.name} to {where}?", yes=yes)
        if change_set.is_first and not found.is_engine and service_linked_role.is_needed(found.template):
            service_linked_role.create_role(where, console, lambda: pause_between_polls(where))
        for image in found.images:
            _bring(found, where, image, console)


def _bring(found: Plan, where: Target, image: images.Image, console: Console) -> None:
    if found.is_engine:
        images.build_local_image(image)
    elif images.push_image(where.client("ecr"), image):
        console.print(f"pushed {found.parameters[image.parameter]}", soft_wrap=True)


def _carried_out(found: Plan, change_set: ChangeSet, where: Target, console: Console) -> StackProgress:
    client = where.client("cloudformation")
    with changeset.discarded_on_error(client, change_set):
        course = follow_stack.start_progress(client, change_set.stack)
    changeset.execute(client, change_set)
    with explain_interrupt(f"the deployment of {found.name}", found.name, where):
        follow_stack.follow_stack(
            client, change_set.stack, course, change_set.count, console, lambda: pause_between_polls(where)
        )
    return course


def _wait_for(queues: tuple[str, ...], console: Console) -> None:
    why = f"SQS reserves the name of a deleted queue for a minute ({', '.join(queues)})"
    console.print(f"{why}: trying again in {reserved_queue_names.SECONDS:.0f} seconds", soft_wrap=True)
    sleep(reserved_queue_names.SECONDS)


def _tell_end(course: StackProgress, name: str, where: Target, console: Console) -> None:
    if report_outcome(course):
        console.print(f"{name} is deployed to {where}: {course.ended}", soft_wrap=True)
        return
    left = LEFT.get(course.ended or "", "was not changed as the file says")
    typer.echo(f"lamplighter: {name} {left}: {course.ended}", err=True)
    raise typer.Exit(1)
