"""Run `lamplighter deploy`: deploy the job file as a stack, through a change set.

Exit codes: 0 the stack is deployed, or there was nothing to do; 1 the deployment failed and was rolled back, or the
user declined; 2 a question was necessary and standard input is no terminal; 130 Ctrl-C, while AWS continues.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world, sleep
from lamplighter.cli.command_context import explain_errors
from lamplighter.cli.deploy import change_set as changeset
from lamplighter.cli.deploy import job_images, reserved_queue_names, retain_logs, service_linked_role
from lamplighter.cli.deploy.apply_plan import apply_plan, discard_plan
from lamplighter.cli.deploy.change_set import ChangeSet
from lamplighter.cli.deploy.deployment_plan import DeploymentPlan, parse_parameters, plan_deployment
from lamplighter.cli.deploy.execute import execute_and_follow, print_result
from lamplighter.cli.deploy.follow_stack import StackProgress
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
from lamplighter.cli.deploy.render_changes import change_to_json, print_changes, summarize_changes
from lamplighter.cli.deploy.saved_plan import SavedPlan, hash_document, read_plan, write_plan
from lamplighter.cli.deploy.template_bucket import TemplateBucket, create_bucket
from lamplighter.cli.deploy.upload_template import choose_bucket
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


class NotForAws(LamplighterError):
    """The job file is for a box, or has a job without an image, which AWS cannot run."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants of a deployment."""

    parameters: Mapping[str, str]
    bucket: str | None
    """The bucket for a long template."""
    file: Path | None
    """The file for a plan; None to deploy at once."""

    @property
    def verb(self) -> str:
        """The verb of the question."""
        return "Deploy" if self.file is None else "Plan to deploy"


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
        wishes = Wishes(parse_parameters(parameter or []), bucket, plan)
        deploy_once = partial(_deploy_once, loaded, target, wishes, console)
        progress = deploy_once(yes=yes)
        queues = reserved_queue_names.find_reserved_queues(progress) if progress is not None else ()
        if queues:
            _wait_for_queue_names(queues, console)
            progress = deploy_once(yes=True)
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
    loaded: LoadedJobFile, target: Target, wishes: Wishes, console: Console, *, yes: bool
) -> StackProgress | None:
    """Deploy once; return the progress of the stack, or None if nothing is deployed."""
    client, name = target.client("cloudformation"), loaded.project.prefix
    wait_until_ready(client, name, console, lambda: pause_between_polls(target), partial(confirm_or_exit, yes=yes))
    plan = plan_deployment(loaded, target, wishes.parameters)
    new = (each.name for each in plan.changes if each.type == retain_logs.LOG_GROUP and each.action == "add")
    existing_logs = retain_logs.find_existing_groups(target.client("logs"), new)
    template = retain_logs.importing_template(plan.template, existing_logs)
    bucket = choose_bucket(target, template, wishes.bucket or loaded.project.aws.bucket)
    lacks_bucket = bucket is not None and not bucket.exists and _is_changed(plan)
    if bucket is not None and lacks_bucket:
        _show_changes(plan, {}, console)
        also = f", and create the bucket {bucket.name} for its template"
        confirm_or_exit(f"{wishes.verb} {name} to {describe_place(target)}{also}?", yes=yes)
        create_bucket(target, bucket, console, lambda: pause_between_polls(target))
    change_set = _create_change_set(plan, target, template, bucket, imports=bool(existing_logs))
    if change_set is None or _discard_if_unchanged(plan, change_set, target):
        console.print(f"{plan.name} is deployed to {target} as the file says: nothing to do", soft_wrap=True)
        return None
    with changeset.discarded_on_error(client, change_set):
        if not lacks_bucket or change_set.replaced:
            _show_changes(plan, change_set.replaced, console)
            if wishes.file is None:
                confirm_or_exit(f"Deploy {name} to {describe_place(target)}?", yes=yes)
        _provide_images(plan, target, console)
        if wishes.file is not None:
            _save_plan(plan, change_set, target, template, wishes.file, console)
            return None
        _provide_role(plan, change_set, target, console)
    return execute_and_follow(name, change_set, target, console)


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
    plan: DeploymentPlan, target: Target, template: Json, bucket: TemplateBucket | None, *, imports: bool
) -> ChangeSet | None:
    return changeset.create_change_set(
        *(target, plan.stack, plan.name, f"lamplighter-{real_world().uuid()}", template, plan.parameters, bucket),
        lambda: pause_between_polls(target),
        imports=imports,
    )


def _is_changed(plan: DeploymentPlan) -> bool:
    return bool(plan.changes) or plan.deployed.get("Outputs") != plan.template.get("Outputs")


def _discard_if_unchanged(plan: DeploymentPlan, change_set: ChangeSet, target: Target) -> bool:
    """Return whether a change set changes nothing, and discard it then; some servers do not report this themselves."""
    if change_set.count or _is_changed(plan):
        return False
    changeset.discard_change_set(target.client("cloudformation"), change_set)
    return True


def _show_changes(plan: DeploymentPlan, replaced: Mapping[str, str], console: Console) -> None:
    print_changes(plan.changes, console, replaced)
    console.print(summarize_changes(plan.changes) or "only outputs change", soft_wrap=True)


def _provide_role(plan: DeploymentPlan, change_set: ChangeSet, target: Target, console: Console) -> None:
    if change_set.creates_stack and not plan.is_engine and service_linked_role.is_needed(plan.template):
        service_linked_role.create_role(target, console, lambda: pause_between_polls(target))


def _provide_images(plan: DeploymentPlan, target: Target, console: Console) -> None:
    for image in plan.images:
        if plan.is_engine:
            job_images.build_local_image(image)
        elif job_images.push_image(target.client("ecr"), image):
            console.print(f"pushed {plan.parameters[image.parameter]}", soft_wrap=True)


def _save_plan(
    plan: DeploymentPlan, change_set: ChangeSet, target: Target, template: Json, file: Path, console: Console
) -> None:
    """Write the file with which another person applies a change set later."""
    caller = target.client("sts").get_caller_identity()
    saved = SavedPlan(
        *(plan.name, caller["Account"], target.region, change_set.id, change_set.stack_id, change_set.creates_stack),
        template=hash_document(template),
        summary=summarize_changes(plan.changes),
        changes=[change_to_json(each) for each in plan.changes],
        images={each.parameter: plan.parameters[each.parameter] for each in plan.images},
        planned_by=caller["Arn"],
        planned_at=datetime.fromtimestamp(real_world().now() / 1000, UTC).isoformat(timespec="seconds"),
    )
    write_plan(saved, file)
    advice = f"`lamplighter deploy --apply {file}` executes it, and --discard {file} drops it"
    console.print(f"nothing that runs has changed; the change set waits: {advice}", soft_wrap=True)


def _wait_for_queue_names(queues: tuple[str, ...], console: Console) -> None:
    reason = f"SQS reserves the name of a deleted queue for a minute ({', '.join(queues)})"
    console.print(f"{reason}: trying again in {reserved_queue_names.WAIT_SECONDS:.0f} seconds", soft_wrap=True)
    sleep(reserved_queue_names.WAIT_SECONDS)
