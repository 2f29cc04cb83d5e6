"""Run `lamplighter ack`: acknowledge failures, so that they no longer count as failures that need a person.

Exit codes: 0 all were acknowledged; 1 one could not be: it did not fail, or the target is AWS, which has no place for
acknowledgements, or the answer was no; 2 there is no terminal to ask, and --yes was not given.
"""

from typing import Annotated

import typer

from lamplighter.cli.command_context import CommandContext, with_command_context
from lamplighter.cli.runs.chosen_runs import (
    FailedOption,
    RunsArgument,
    SinceOption,
    YesOption,
    act_on_runs,
    choose_runs,
)
from lamplighter.console.data.runs.run_actions import ACKNOWLEDGE, ActionRequest
from lamplighter.runs.night.window import DEFAULT_SINCE


@with_command_context
def ack(
    context: CommandContext,
    runs: RunsArgument = None,
    *,
    note: Annotated[str, typer.Option("--note", "-m", help='What others should know: "fixed by 4711".')] = "",
    failed: FailedOption = False,
    since: SinceOption = DEFAULT_SINCE,
    yes: YesOption = False,
) -> None:
    """Acknowledge failures: they leave the count of failures, as after a later success of the job."""
    chosen = choose_runs(context, ACKNOWLEDGE, runs or (), since, failed=failed)
    act_on_runs(context, ActionRequest(ACKNOWLEDGE, note=note), chosen, yes=yes)
