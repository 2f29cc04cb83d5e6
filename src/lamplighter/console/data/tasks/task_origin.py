"""Find out to which job and which run a task belongs.

An engine remembers which run started a task. A task of a job file states its run in its environment, also on AWS. Other
tasks on AWS state only that Step Functions started them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs.scheduled_tasks import find_starter
from lamplighter.console.view.links import scheduled_task_path
from lamplighter.runs.run import Run
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE, run_of_task
from lamplighter.runs.tasks.scheduled_tasks import TaskStarter
from lamplighter.runs.tasks.task_run import to_task_run


@dataclass(frozen=True, slots=True)
class TaskOrigin:
    """What a task belongs to."""

    run: str | None = None
    """The ARN of the run that it is an attempt of."""
    job_path: str | None = None
    """The path of the page of its job, if that has no state machine."""
    starter: TaskStarter | None = None
    """The schedule or rule that started it, or in whose place a person did."""

    @property
    def machine(self) -> str | None:
        """The ARN of the state machine of `run`."""
        return None if self.run is None else Run(self.run, "", 0).machine


async def find_executions(calls: Calls, tasks: Sequence[Json]) -> Mapping[str, str]:
    """Return the ARNs of the runs that tasks are attempts of, by the ARNs of the tasks, as far as they are known."""
    of_runs = [each["taskArn"] for each in tasks if each.get("startedBy") == STARTED_BY_STATE_MACHINE]
    answer = await calls.call_internal("states", "FindTaskRuns", Tasks=of_runs) if of_runs else None
    named = {each["taskArn"]: run_of_task(each, calls.place.region, calls.place.account) for each in tasks}
    known: dict[str, str] = answer["Executions"] if answer else {}
    return {task: run for task, run in named.items() if run} | known


async def find_task_origin(calls: Calls, task: Json) -> TaskOrigin:
    """Return what a task belongs to, as far as this can be known."""
    run = to_task_run(task)
    if run.started_by == STARTED_BY_STATE_MACHINE:
        return TaskOrigin(run=(await find_executions(calls, [task])).get(run.arn))
    starter = await find_starter(calls, run)
    belongs = starter is not None or run.scheduled
    return TaskOrigin(job_path=scheduled_task_path(run.arn, run.family) if belongs else None, starter=starter)
