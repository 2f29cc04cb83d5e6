"""Run `lamplighter rerun`: start runs again with the same input; a missed time starts its job now.

Exit codes: 0 all were started, or run again already; 1 one could not be, and the reason is printed, or the answer was
no; 2 there is no terminal to ask, and --yes was not given.
"""

from lamplighter.cli.command_context import CommandContext, with_command_context
from lamplighter.cli.runs.chosen_runs import (
    FailedOption,
    RunsArgument,
    SinceOption,
    YesOption,
    act_on_runs,
    choose_runs,
)
from lamplighter.console.data.runs.run_actions import AGAIN, ActionRequest
from lamplighter.runs.night.window import DEFAULT_SINCE


@with_command_context
def rerun(
    context: CommandContext,
    runs: RunsArgument = None,
    *,
    failed: FailedOption = False,
    since: SinceOption = DEFAULT_SINCE,
    yes: YesOption = False,
) -> None:
    """Start runs again with the input that they had; --failed does so for all failures of the night."""
    chosen = choose_runs(context, AGAIN, runs or (), since, failed=failed)
    act_on_runs(context, ActionRequest(AGAIN), chosen, yes=yes)
