"""A stack that can take a change set: what is under way is waited for, what is left of a failed first try goes.

Promises to delete nothing that is not ours, and nothing that nobody agreed to. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes.
"""

from collections.abc import Callable

from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy import follow_stack, stacks
from lamplighter.cli.deploy.plan import check_stack
from lamplighter.cli.deploy.stacks import Stack

ADVICE = {
    "ROLLBACK_FAILED": "say `lamplighter destroy`, then deploy again",
    "CREATE_FAILED": "say `lamplighter destroy`, then deploy again",
    "DELETE_FAILED": "say `lamplighter destroy` again",
    "UPDATE_FAILED": "say `aws cloudformation rollback-stack --stack-name {name}`, then deploy again",
    "UPDATE_ROLLBACK_FAILED": (
        "say `aws cloudformation continue-update-rollback --stack-name {name}`, then deploy again"
    ),
}
"""States that no change set leads out of, and what does."""


class StackStuck(LamplighterError):
    """A stack is in a state that needs a person."""


def wait_until_ready(
    client: Json, name: str, console: Console, pause: Callable[[], object], agree: Callable[[str], object]
) -> Stack | None:
    """The stack of this name when it can be changed; None where it has to be made. Who does not `agree` ends it."""
    stack = stacks.find_stack(client, name)
    if stack is not None and stack.is_going:
        console.print(f"{name} is {stack.status}: it is waited for", soft_wrap=True)
        stack = follow_stack.wait_for_stack(client, stack, console, pause)
    if stack is not None and stack.status == stacks.TAKEN_BACK:
        check_stack(client, stack)
        console.print(f"{name} could not be made the last time: what is left of it goes first", soft_wrap=True)
        agree(f"Delete the empty stack {name}?")
        course = follow_stack.start_progress(client, stack.id)
        client.delete_stack(StackName=stack.id)
        follow_stack.follow_stack(client, stack.id, course, 0, console, pause)
        stack = stacks.find_stack(client, name)
    if stack is not None and stack.status in ADVICE:
        why = stack.reason or "it does not say why"
        raise StackStuck(f"{name} is {stack.status} ({why}): {ADVICE[stack.status].format(name=name)}")
    return stack
