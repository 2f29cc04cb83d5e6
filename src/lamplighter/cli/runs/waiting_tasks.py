"""Ask an engine why tasks of a run have not started: each waits for room on the machine, or for Docker."""

from collections.abc import Mapping, Sequence

from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import find_run
from lamplighter.runs.history.story import Attempt
from lamplighter.runs.history.waiting import WAITING, describe_requests, is_waiting, reasons_by_task, started_tasks
from lamplighter.runs.run import Run


def status_of_run(context: CommandContext, run: Run) -> str:
    """Return the status of a run for people: `WAITING` if it waits, otherwise `Run.state`."""
    if not run.running:
        return run.state
    story = find_run.read_story(context, run)
    return WAITING if is_waiting(story, waiting_reasons(context, started_tasks(story))) else run.state


def waiting_reasons(context: CommandContext, attempts: Sequence[Attempt]) -> Mapping[int, str]:
    """Return why tasks wait, by the event that scheduled the attempt; only an engine has such tasks."""
    if context.target.endpoint is None:
        return {}
    reasons: dict[str, str] = {}
    for request in describe_requests(attempts):
        reasons |= reasons_by_task(context.ecs.describe_tasks(**request)["tasks"])
    return {each.event: reasons[each.task] for each in attempts if each.task in reasons}
