"""Say why a run has entered no state yet, or why its task has not started: words for what waits on one machine.

On AWS neither happens: runs there queue in their own states (`jobs/machine/overlap_states.py`), and Fargate finds room.
"""

from collections.abc import Container, Iterable, Iterator, Sequence

from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json
from lamplighter.runs.history.story import Attempt, Story

MAX_DESCRIBED = 100
"""The most tasks that one call of DescribeTasks describes."""
WAITING = "waiting"
"""The status, for people, of a run that has not begun to work, or whose work all waits."""
WAITS_FOR_TURN = "waits for its turn: an earlier run has to end first"
WAITS_FOR_WORKER = "waits for a worker"


def waits_for_worker(story: Story) -> bool:
    """Return whether all that a run does is to wait until workers take its activities."""
    return is_waiting(story, ()) and not waits_for_turn(story)


def waits_for_turn(story: Story) -> bool:
    """Return whether a run has begun and has entered no state yet."""
    return story.began is not None and story.outcome == "running" and not story.visits


def is_waiting(story: Story, waiting: Container[int]) -> bool:
    """Return whether all that a run does is to wait: for its turn, for room, for Docker, or for workers.

    `waiting` has the events that scheduled the attempts whose tasks wait (`reasons_by_task`).
    """
    running = [each for each in story.attempts if each.outcome == "running"]
    waits = bool(running) and all(each.waits_for_worker or each.event in waiting for each in running)
    return story.outcome == "running" and (waits or waits_for_turn(story))


def started_tasks(story: Story) -> Sequence[Attempt]:
    """Return the running attempts that have a task, which may wait."""
    return [each for each in story.container_attempts if each.outcome == "running" and each.task is not None]


def describe_requests(attempts: Iterable[Attempt]) -> Iterator[Json]:
    """Yield the parameters of the calls of DescribeTasks that describe the tasks of these attempts."""
    tasks = (each.task for each in attempts if each.task is not None)
    for cluster, arns in group_items(tasks, cluster_of_task).items():
        for at in range(0, len(arns), MAX_DESCRIBED):
            yield {"cluster": cluster, "tasks": arns[at : at + MAX_DESCRIBED]}


def reasons_by_task(tasks: Iterable[Json]) -> dict[str, str]:
    """Return why tasks wait, by ARN, of those that DescribeTasks described and that do wait."""
    return {each["taskArn"]: reason for each in tasks if (reason := waiting_reason(each)) is not None}


def waiting_reason(task: Json) -> str | None:
    """Return why a task waits, such as "waits for 512 MiB of memory (…)"; None if it does not wait."""
    reasons = [each["reason"] for each in task["containers"] if each["lastStatus"] == "PENDING" and each.get("reason")]
    return str(reasons[0]).removeprefix("The task ").removesuffix(".") if reasons else None


def cluster_of_task(arn: str) -> str:
    """Return the name of the cluster in a task's ARN."""
    return arn.split("/")[1] if arn.count("/") > 1 else "default"
