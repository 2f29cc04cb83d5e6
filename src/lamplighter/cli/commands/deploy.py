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
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy import change_set as changeset
from lamplighter.cli.deploy import follow_stack, job_images, reserved_queue_names, retain_logs, service_linked_role
from lamplighter.cli.deploy.change_set import ChangeSet
from lamplighter.cli.deploy.deployment_plan import DeploymentPlan, parse_parameters, plan_deployment
from lamplighter.cli.deploy.follow_stack import StackProgress, explain_interrupt, report_outcome
from lamplighter.cli.deploy.prompts import (
    BucketOption,
    EngineOption,
    ParameterOption,
    YesOption,
    confirm_or_exit,
    describe_place,
    pause_between_polls,
    target_of_options,
)
from lamplighter.cli.deploy.render_changes import print_changes, summarize_changes
from lamplighter.cli.deploy.upload_template import choose_upload
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
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.file.yaml_document import Problem
from lamplighter.jobs.lint.lint import lint_job_file

FAILURE_TEXTS = {
    "ROLLBACK_COMPLETE": "could not be created, and was rolled back",
    "UPDATE_ROLLBACK_COMPLETE": "was rolled back to its earlier state",
}
"""The words for a stack after a failure, by its status."""


class NotForAws(LamplighterError):
    """The job file is for a box, or has a job without an image, which AWS cannot run."""


def deploy(
    file: FileArgument = DEFAULT_JOB_FILE,
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
    target = target_of_options(endpoint_url, profile, region, loaded.project.aws, aws=aws)
    console = Console(highlight=False)
    with explain_errors(target):
        if target.endpoint is None:
            _check_fits_aws(loaded)
        infos = _lint(loaded, target)
        deploy_once = partial(_deploy_once, loaded, target, parse_parameters(parameter or []), bucket, console)
        progress = deploy_once(yes=yes)
        queues = reserved_queue_names.find_reserved_queues(progress) if progress is not None else ()
        if queues:
            _wait_for_queue_names(queues, console)
            progress = deploy_once(yes=True)
        if progress is not None:
            _print_result(progress, loaded.project.prefix, target, console)
            print_problems(group_problems(infos))


def _deploy_once(
    loaded: LoadedJobFile,
    target: Target,
    parameters: Mapping[str, str],
    bucket: str | None,
    console: Console,
    *,
    yes: bool,
) -> StackProgress | None:
    """Deploy once; return the progress of the stack, or None if there was nothing to do."""
    client, name = target.client("cloudformation"), loaded.project.prefix
    wait_until_ready(client, name, console, lambda: pause_between_polls(target), partial(confirm_or_exit, yes=yes))
    plan = plan_deployment(loaded, target, parameters)
    new = (each.name for each in plan.changes if each.type == retain_logs.LOG_GROUP and each.action == "add")
    existing_logs = retain_logs.find_existing_groups(target.client("logs"), new)
    change_set = _create_change_set(plan, target, bucket, existing_logs)
    if change_set is None or _discard_if_unchanged(plan, change_set, target):
        console.print(f"{plan.name} is deployed to {target} as the file says: nothing to do", soft_wrap=True)
        return None
    _prepare(plan, change_set, target, console, yes=yes)
    return _execute_change_set(plan, change_set, target, console)


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


def _create_change_set(
    plan: DeploymentPlan, target: Target, bucket: str | None, existing_logs: tuple[str, ...]
) -> ChangeSet | None:
    title, upload = f"lamplighter-{real_world().uuid()}", choose_upload(target, bucket)
    template = retain_logs.importing_template(plan.template, existing_logs)
    return changeset.create_change_set(
        *(target, plan.stack, plan.name, title, template, plan.parameters, upload, lambda: pause_between_polls(target)),
        imports=bool(existing_logs),
    )


def _discard_if_unchanged(plan: DeploymentPlan, change_set: ChangeSet, target: Target) -> bool:
    """Return whether a change set changes nothing, and discard it then; some servers do not report this themselves."""
    outputs = plan.deployed.get("Outputs") != plan.template.get("Outputs")
    if change_set.count or plan.changes or outputs:
        return False
    changeset.discard_change_set(target.client("cloudformation"), change_set)
    return True


def _prepare(plan: DeploymentPlan, change_set: ChangeSet, target: Target, console: Console, *, yes: bool) -> None:
    """Show the changes, ask the user, and create what the stack needs first; discard the change set on any error."""
    with changeset.discarded_on_error(target.client("cloudformation"), change_set):
        print_changes(plan.changes, console, change_set.replaced)
        console.print(summarize_changes(plan.changes) or "only outputs change", soft_wrap=True)
        confirm_or_exit(f"Deploy {plan.name} to {describe_place(target)}?", yes=yes)
        if change_set.creates_stack and not plan.is_engine and service_linked_role.is_needed(plan.template):
            service_linked_role.create_role(target, console, lambda: pause_between_polls(target))
        for image in plan.images:
            _provide_image(plan, target, image, console)


def _provide_image(plan: DeploymentPlan, target: Target, image: job_images.Image, console: Console) -> None:
    if plan.is_engine:
        job_images.build_local_image(image)
    elif job_images.push_image(target.client("ecr"), image):
        console.print(f"pushed {plan.parameters[image.parameter]}", soft_wrap=True)


def _execute_change_set(plan: DeploymentPlan, change_set: ChangeSet, target: Target, console: Console) -> StackProgress:
    client = target.client("cloudformation")
    with changeset.discarded_on_error(client, change_set):
        progress = follow_stack.start_progress(client, change_set.stack_id)
    changeset.execute_change_set(client, change_set)
    with explain_interrupt(f"the deployment of {plan.name}", plan.name, target):
        follow_stack.follow_stack(
            client, change_set.stack_id, progress, change_set.count, console, lambda: pause_between_polls(target)
        )
    return progress


def _wait_for_queue_names(queues: tuple[str, ...], console: Console) -> None:
    reason = f"SQS reserves the name of a deleted queue for a minute ({', '.join(queues)})"
    console.print(f"{reason}: trying again in {reserved_queue_names.WAIT_SECONDS:.0f} seconds", soft_wrap=True)
    sleep(reserved_queue_names.WAIT_SECONDS)


def _print_result(progress: StackProgress, name: str, target: Target, console: Console) -> None:
    if report_outcome(progress):
        console.print(f"{name} is deployed to {target}: {progress.final_status}", soft_wrap=True)
        return
    failure = FAILURE_TEXTS.get(progress.final_status or "", "was not changed as the file says")
    typer.echo(f"lamplighter: {name} {failure}: {progress.final_status}", err=True)
    raise typer.Exit(1)
