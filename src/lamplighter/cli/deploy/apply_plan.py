"""Apply or discard a planned deployment. Neither needs the job file: the change set in CloudFormation has it all.

Guarantees that exactly the planned change set is executed, at most once. If AWS refuses the execution, the plan stays,
and another person can apply it. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html.
"""

from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.aws_guard import read_account
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.deploy import service_linked_role
from lamplighter.cli.deploy.comparison.changes import compare_resources
from lamplighter.cli.deploy.comparison.render_changes import print_changes, summarize_changes
from lamplighter.cli.deploy.comparison.resolved_template import resolve_resources
from lamplighter.cli.deploy.deployment_plan import read_deployed_template
from lamplighter.cli.deploy.saved_plan import InvalidPlan, SavedPlan, hash_document
from lamplighter.cli.deploy.stack import change_set as changeset
from lamplighter.cli.deploy.stack import stacks
from lamplighter.cli.deploy.stack.change_set import ChangeSet
from lamplighter.cli.deploy.stack.execute import execute_and_follow, print_result
from lamplighter.cli.deploy.stack.nested_templates import parse_body
from lamplighter.cli.deploy.stack.upload_template import read_uploaded
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.prompts import confirm_or_exit, describe_place, pause_between_polls
from lamplighter.cli.target import Target

AVAILABLE = "AVAILABLE"


def apply_plan(plan: SavedPlan, target: Target, console: Console, *, yes: bool) -> None:
    """Show what a plan changes, ask, execute its change set, and show the result."""
    _check_place(plan, target)
    client = target.client("cloudformation")
    found = _find_change_set(client, plan)
    root = parse_body(client.get_template(ChangeSetName=plan.change_set, TemplateStage="Original"))
    if hash_document(root) != plan.template:
        raise InvalidPlan("the change set has another template than the plan: plan again")
    template = read_uploaded(target, root)
    change_set = changeset.with_changes(ChangeSet(plan.change_set, plan.stack_id, plan.creates_stack, {}, 0), found)
    _print_changes(client, template, found, change_set, target, console)
    question = f"Deploy {plan.stack} to {describe_place(target)}, as {plan.planned_by} planned it at {plan.planned_at}?"
    confirm_or_exit(question, yes=yes)
    if plan.creates_stack and not is_lamplighter(target.endpoint) and service_linked_role.is_needed(template):
        service_linked_role.create_role(target, console, lambda: pause_between_polls(target))
    progress = execute_and_follow(plan.stack, change_set, target, console, keep_refused=True)
    print_result(progress, plan.stack, target, console)


def discard_plan(plan: SavedPlan, target: Target, console: Console) -> None:
    """Delete the change set of a plan, and the empty stack that exists only for its sake."""
    _check_place(plan, target)
    client = target.client("cloudformation")
    _find_change_set(client, plan, only_available=False)
    changeset.discard_change_set(client, ChangeSet(plan.change_set, plan.stack_id, plan.creates_stack, {}, 0))
    console.print(f"the plan for {plan.stack} is discarded", soft_wrap=True)


def _check_place(plan: SavedPlan, target: Target) -> None:
    """Raise `InvalidPlan` for another account or region; for AWS, the choice of the target has checked this before."""
    found = (read_account(target.client), target.region)
    if found != (plan.account, plan.region):
        raise InvalidPlan(f"the plan is for the account {plan.account} in {plan.region}, not {found[0]} in {found[1]}")


def _find_change_set(client: Json, plan: SavedPlan, *, only_available: bool = True) -> Json:
    """Return the description of a plan's change set; raise `InvalidPlan` if it was executed or is gone."""
    try:
        found = changeset.describe_change_set(client, ChangeSetName=plan.change_set, StackName=plan.stack_id)
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            raise InvalidPlan("the plan was discarded, or another deployment replaced it: plan again") from None
        raise
    status = found.get("ExecutionStatus", AVAILABLE)
    if status.startswith("EXECUTE_"):
        raise InvalidPlan("the plan was applied already")
    if status != AVAILABLE and only_available:
        raise InvalidPlan("the stack was changed after it was planned: plan again")
    return found


def _print_changes(
    client: Json, template: Json, found: Json, change_set: ChangeSet, target: Target, console: Console
) -> None:
    """Print the changes as they are now, from what CloudFormation has and not from the file."""
    stack = stacks.find_stack(client, change_set.stack_id)
    before = resolve_resources(read_deployed_template(client, stack), stack.parameters if stack else {})
    given = {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}
    changes = compare_resources(before, resolve_resources(template, given), metadata=target.endpoint is not None)
    print_changes(changes, console, change_set.replaced)
    console.print(summarize_changes(changes) or "only outputs change", soft_wrap=True)
