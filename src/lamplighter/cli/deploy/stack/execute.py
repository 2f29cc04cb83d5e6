"""Execute a change set that the user agreed to, follow it, and print the result."""

from contextlib import nullcontext

import typer
from rich.console import Console

from lamplighter.cli.deploy.stack import change_set as changeset
from lamplighter.cli.deploy.stack import follow_stack
from lamplighter.cli.deploy.stack.change_set import ChangeSet
from lamplighter.cli.deploy.stack.follow_stack import StackProgress, explain_interrupt, report_outcome
from lamplighter.cli.prompts import pause_between_polls
from lamplighter.cli.target import Target

FAILURE_TEXTS = {
    "ROLLBACK_COMPLETE": "could not be created, and was rolled back",
    "UPDATE_ROLLBACK_COMPLETE": "was rolled back to its earlier state",
}
"""The words for a stack after a failure, by its status."""


def execute_and_follow(
    name: str, change_set: ChangeSet, target: Target, console: Console, *, keep_refused: bool = False
) -> StackProgress:
    """Execute a change set for the stack of this name, and follow it to its end.

    `keep_refused`: if the execution is refused, keep the change set for another try.
    """
    client = target.client("cloudformation")
    with nullcontext() if keep_refused else changeset.discarded_on_error(client, change_set):
        progress = follow_stack.start_progress(client, change_set.stack_id)
        changeset.execute_change_set(client, change_set)
    with explain_interrupt(f"the deployment of {name}", name, target):
        follow_stack.follow_stack(
            client, change_set.stack_id, progress, change_set.count, console, lambda: pause_between_polls(target)
        )
    return progress


def print_result(progress: StackProgress, name: str, target: Target, console: Console) -> None:
    """Print the result; end the command with exit code 1 if the deployment failed."""
    if report_outcome(progress):
        console.print(f"{name} is deployed to {target}: {progress.final_status}", soft_wrap=True)
        return
    failure = FAILURE_TEXTS.get(progress.final_status or "", "was not changed as the file says")
    typer.echo(f"lamplighter: {name} {failure}: {progress.final_status}", err=True)
    raise typer.Exit(1)
