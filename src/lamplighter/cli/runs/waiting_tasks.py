"""Ask an engine why tasks of a run have not started: each waits for room on the machine, or for Docker."""

from collections.abc import Mapping, Sequence

from lamplighter.cli.command_context import CommandContext
from lamplighter.runs.story import Attempt
from lamplighter.runs.waiting import describe_requests, reasons_by_task


def waiting_reasons(context: CommandContext, attempts: Sequence[Attempt]) -> Mapping[int, str]:
    """Return why tasks wait, by the event that scheduled the attempt; only an engine has such tasks."""
    if context.target.endpoint is None:
        return {}
    reasons: dict[str, str] = {}
    for request in describe_requests(attempts):
        reasons |= reasons_by_task(context.ecs.describe_tasks(**request)["tasks"])
    return {each.event: reasons[each.task] for each in attempts if each.task in reasons}
