"""Read why a run or its tasks wait."""

from collections.abc import Sequence
from itertools import islice

from lamplighter.console.calls import Calls
from lamplighter.runs.history.story import Attempt, Story
from lamplighter.runs.history.waiting import (
    WAITS_FOR_TURN,
    WAITS_FOR_WORKER,
    describe_requests,
    reasons_by_task,
    started_tasks,
    waits_for_turn,
)
from lamplighter.runs.jobs.job_machine import step_of_state


async def read_waits(calls: Calls, story: Story) -> Sequence[str]:
    """Return why the run, its tasks or its activities wait: a sentence without its full stop for each."""
    if waits_for_turn(story):
        return [f"The run {WAITS_FOR_TURN}"]
    attempts = started_tasks(story) if calls.port.endpoint is not None else ()  # Fargate has room for each
    reasons: dict[str, str] = {}
    for request in islice(describe_requests(attempts), calls.port.max_calls):
        answer = await calls.call_or_none("ecs", "DescribeTasks", **request)
        reasons |= reasons_by_task(answer["tasks"]) if answer else {}
    running = (each for each in story.attempts if each.outcome == "running")
    known = ((each, WAITS_FOR_WORKER if each.waits_for_worker else reasons.get(each.task or "")) for each in running)
    return [f"{_name_step(each) or 'The run'} {reason}" for each, reason in known if reason]


def _name_step(attempt: Attempt) -> str:
    return " ".join(filter(None, [*attempt.path, step_of_state(attempt.state)]))
