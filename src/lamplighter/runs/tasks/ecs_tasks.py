"""Read from an ECS task which run started it, which of its containers failed, and why it stopped.

Reads the task as DescribeTasks and *ECS Task State Change* describe it. See
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html.
"""

from collections.abc import Mapping, Sequence

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_reasons import join_reasons
from lamplighter.runs.jobs.job_machine import MAIN_CONTAINER, RUN_ARN_VARIABLE, RUN_VARIABLE

START_FAILURE = "TaskFailedToStart"
"""The stop code of a task that could not start."""
STARTED_BY_STATE_MACHINE = "AWS Step Functions"
"""The value of `startedBy` of a task that a state machine started."""
KILLED_EXIT_CODES = (137, 143)
"""Exit codes of a container that was stopped because another container ended: SIGKILL and SIGTERM."""


def container_variable(task: Json, name: str) -> str | None:
    """Return the value of an environment variable from the container overrides of the task."""
    overrides = (task.get("overrides") or {}).get("containerOverrides") or []
    pairs = [pair for each in overrides for pair in each.get("environment") or []]
    return next((pair.get("value") for pair in pairs if pair.get("name") == name), None)


def task_family(task: Json) -> str:
    """Return the family of the task, which has the same name as the job's machine."""
    return str(task.get("group") or "").removeprefix("family:")


def run_of_task(task: Json, region: str, account: str) -> str | None:
    """Return the ARN of the run that the task is an attempt of, or None if the task belongs to no run."""
    run_arn = container_variable(task, RUN_ARN_VARIABLE)
    if run_arn:
        return run_arn  # A step of a workflow passes the ARN, because its task has the family of another job.
    run, group = container_variable(task, RUN_VARIABLE), task.get("group", "")
    if not run or not group.startswith("family:"):
        return None
    return arn.build("states", region, account, f"execution:{task_family(task)}:{run}")


def failed_container(task: Json) -> Json:
    """Return the container that failed, or the `main` container if none did; {} if the task lists no containers.

    If several failed, `main` comes before its sidecars. If one could not start, it failed: the others were stopped.
    """
    containers: list[Json] = sorted(task.get("containers", []), key=lambda each: bool(each["name"] != MAIN_CONTAINER))
    if task.get("stopCode") == START_FAILURE:
        failed = [each for each in containers if each.get("exitCode") is None and each.get("reason")]
    else:
        failed = [each for each in containers if each.get("exitCode") not in (None, 0)]
    return next(iter([*failed, *containers]), {})


def container_exits(task: Json) -> Mapping[str, int]:
    """Return the exit codes of the task's containers; none if one could not start, because that stopped the others."""
    if failed_container(task).get("exitCode") is None:
        return {}
    return {each["name"]: each["exitCode"] for each in task["containers"] if each.get("exitCode") is not None}


def has_task_succeeded(task: Json, essential: Sequence[str]) -> bool:
    """Return whether the `main` container succeeded and no essential sidecar failed."""
    codes = {each["name"]: each.get("exitCode") for each in task.get("containers", [])}
    needed = [code for name, code in codes.items() if name in essential]
    needed_succeeded = all(code in (0, *KILLED_EXIT_CODES) for code in needed)
    return task.get("stopCode") == "EssentialContainerExited" and codes.get(MAIN_CONTAINER) == 0 and needed_succeeded


def stop_reason(task: Json) -> str:
    """Return why the task stopped: its own reason and those of its containers."""
    return join_reasons((task.get("stoppedReason"), *(each.get("reason") for each in task.get("containers", [])))) or ""
