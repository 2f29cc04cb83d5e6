"""Carry out a planned change of a stack: create the change set, ask, provide what it needs, and execute or keep it.

Guarantees that before the user agrees nothing is created but the change set, which is discarded if the user declines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.deploy import job_images, retain_logs, service_linked_role
from lamplighter.cli.deploy.comparison.render_changes import change_to_json, print_changes, summarize_changes
from lamplighter.cli.deploy.deployment_plan import DeploymentPlan
from lamplighter.cli.deploy.previous_template import is_same_side, with_previous
from lamplighter.cli.deploy.saved_plan import SavedPlan, hash_document, write_plan
from lamplighter.cli.deploy.stack import change_set as changeset
from lamplighter.cli.deploy.stack.change_set import ChangeSet
from lamplighter.cli.deploy.stack.execute import execute_and_follow
from lamplighter.cli.deploy.stack.follow_stack import StackProgress
from lamplighter.cli.deploy.stack.tags_and_role import stack_options
from lamplighter.cli.deploy.stack.template_bucket import TemplateBucket, create_bucket
from lamplighter.cli.deploy.stack.upload_template import choose_bucket, limit_growth
from lamplighter.cli.prompts import confirm_or_exit, describe_place, pause_between_polls
from lamplighter.cli.target import Target

TOO_LONG_TO_KEEP = "with both templates, a request is too long; with --bucket or `aws: {bucket: …}` it can"
"""Why a template does not hold the one before it, and what to do."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants of a change."""

    verb: str
    """The verb of the question."""
    bucket: str | None
    """The bucket for a long template, if the user names one."""
    file: Path | None = None
    """The file for a plan; None to execute the change at once."""


def carry_out(
    plan: DeploymentPlan, target: Target, wishes: Wishes, console: Console, *, yes: bool
) -> StackProgress | None:
    """Carry a plan out; return the progress of the stack, or None if nothing is changed."""
    client = target.client("cloudformation")
    new = [each.name for each in plan.changes if each.type == retain_logs.LOG_GROUP and each.action == "add"]
    imports = bool(retain_logs.find_existing_groups(target.client("logs"), new))
    plain = plan.template
    template = with_previous(plain, plan.deployed, plan.stack, limit_growth(target, plain, wishes.bucket))
    bucket = choose_bucket(target, template, wishes.bucket)
    lacked = bucket if bucket is not None and not bucket.exists else None
    changes_nothing = lacked is not None and not _is_changed(plan)
    if lacked is not None and not changes_nothing:
        _show_changes(plan, {}, console)
        _ask(plan, target, wishes, f", and create the bucket {lacked.name} for its template", yes=yes)
        create_bucket(target, lacked, plan.aws, console, lambda: pause_between_polls(target))
    change_set = None if changes_nothing else _create_change_set(plan, target, template, bucket, imports=imports)
    if change_set is None:
        console.print(f"{plan.name} is deployed to {target} as the file says: nothing to do", soft_wrap=True)
        return None
    if template is plain and plan.deployed and is_same_side(plain, plan.deployed):
        console.print(f"`rollback` cannot return to what is deployed now: {TOO_LONG_TO_KEEP}", soft_wrap=True)
    with changeset.discarded_on_error(client, change_set):
        if lacked is None or change_set.replaced:
            _show_changes(plan, change_set.replaced, console)
            if wishes.file is None:
                _ask(plan, target, wishes, "", yes=yes)
        _provide_images(plan, target, console)
        if wishes.file is not None:
            _save_plan(plan, change_set, target, wishes.file, console)
            return None
        _provide_role(plan, change_set, target, console)
    return execute_and_follow(plan.name, change_set, target, console)


def _ask(plan: DeploymentPlan, target: Target, wishes: Wishes, also: str, *, yes: bool) -> None:
    confirm_or_exit(f"{wishes.verb} {plan.name} to {describe_place(target)}{also}?", yes=yes)


def _create_change_set(
    plan: DeploymentPlan, target: Target, template: Json, bucket: TemplateBucket | None, *, imports: bool
) -> ChangeSet | None:
    """Create the change set of a plan; return None if it changes nothing, which some servers do not report."""
    made = changeset.create_change_set(
        *(target, plan.stack, plan.name, f"lamplighter-{real_world().uuid()}", template, plan.parameters, bucket),
        lambda: pause_between_polls(target),
        imports=imports,
        options=stack_options(plan.aws, target),
    )
    if made is None or made.count or _is_changed(plan):
        return made
    changeset.discard_change_set(target.client("cloudformation"), made)
    return None


def _is_changed(plan: DeploymentPlan) -> bool:
    return bool(plan.changes) or plan.deployed.get("Outputs") != plan.template.get("Outputs")


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
        elif job_images.push_image(target.client("ecr"), image, plan.aws.tags):
            console.print(f"pushed {plan.image_names[image.parameter]}", soft_wrap=True)


def _save_plan(plan: DeploymentPlan, change_set: ChangeSet, target: Target, file: Path, console: Console) -> None:
    """Write the file with which another person applies a change set later."""
    caller = target.client("sts").get_caller_identity()
    saved = SavedPlan(
        *(plan.name, caller["Account"], target.region, change_set.id, change_set.stack_id, change_set.creates_stack),
        template=hash_document(change_set.template),
        summary=summarize_changes(plan.changes),
        changes=[change_to_json(each) for each in plan.changes],
        images=dict(plan.image_names),
        planned_by=caller["Arn"],
        planned_at=datetime.fromtimestamp(real_world().now() / 1000, UTC).isoformat(timespec="seconds"),
    )
    write_plan(saved, file)
    options = replace(target.options, file=None, environment=None)
    advice = f"`{options.hint(f'deploy --apply {file}')}` executes it, and --discard {file} drops it"
    console.print(f"nothing that runs has changed; the change set waits: {advice}", soft_wrap=True)
