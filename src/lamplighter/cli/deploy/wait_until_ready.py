"""Wait until a stack can take a change set, and delete what a failed first deployment left.

Guarantees to delete only stacks that were made from a job file, and only if the user agrees. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes.
"""

from collections.abc import Callable

from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.deployment_plan import read_deployed_template
from lamplighter.cli.deploy.stack import follow_stack, stacks
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.site_options import SiteOptions

STATUS_ADVICE = {
    "ROLLBACK_FAILED": "run `{destroy}`, then deploy again",
    "CREATE_FAILED": "run `{destroy}`, then deploy again",
    "DELETE_FAILED": "run `{destroy}` again",
    "UPDATE_FAILED": "run `aws cloudformation rollback-stack --stack-name {name}`, then deploy again",
    "UPDATE_ROLLBACK_FAILED": (
        "run `aws cloudformation continue-update-rollback --stack-name {name}`, then deploy again"
    ),
}
"""Advice for each status in which a stack accepts no change set."""


class StackStuck(LamplighterError):
    """A stack is in a status that requires the user to act."""


def wait_until_ready(
    client: Json,
    name: str,
    console: Console,
    pause: Callable[[], object],
    confirm: Callable[[str], object],
    options: SiteOptions,
) -> Stack | None:
    """Wait until the stack of this name can be changed and return it, or None if the stack has to be created.

    `confirm` asks the user a question, and ends the command if the user declines. Raises `StackStuck`.
    """
    stack = stacks.find_stack(client, name)
    if stack is not None and stack.is_in_progress:
        console.print(f"{name} is {stack.status}: waiting for it", soft_wrap=True)
        stack = follow_stack.wait_for_stack(client, stack, console, pause)
    if stack is not None and stack.status == stacks.ROLLED_BACK:
        read_deployed_template(client, stack)
        console.print(f"the last deployment of {name} failed: its empty stack has to be deleted first", soft_wrap=True)
        confirm(f"Delete the empty stack {name}?")
        progress = follow_stack.start_progress(client, stack.id)
        client.delete_stack(StackName=stack.id)
        follow_stack.follow_stack(client, stack.id, progress, 0, console, pause)
        stack = stacks.find_stack(client, name)
    if stack is not None and stack.status in STATUS_ADVICE:
        advice = STATUS_ADVICE[stack.status].format(name=name, destroy=options.hint("destroy"))
        raise StackStuck(f"{name} is {stack.status} ({stack.reason or 'no reason given'}): {advice}")
    return stack
