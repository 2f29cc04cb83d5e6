"""Ask an engine why tasks of a run have not started: each waits for room on the machine, or for Docker."""

from collections.abc import Mapping

from lamplighter.cli.command_context import CommandContext
from lamplighter.runs.story import Story
from lamplighter.runs.waiting import cluster_of_task, started_tasks, waiting_reason


def waiting_reasons(context: CommandContext, story: Story) -> Mapping[int, str]:
    """Return why tasks of a run wait, by the event that scheduled the attempt; only an engine has such tasks."""
    found = {}
    for each in started_tasks(story) if context.target.endpoint is not None else ():
        assert each.task is not None
        answer = context.ecs.describe_tasks(cluster=cluster_of_task(each.task), tasks=[each.task])
        reason = next((text for task in answer["tasks"] if (text := waiting_reason(task))), None)
        if reason is not None:
            found[each.event] = reason
    return found
