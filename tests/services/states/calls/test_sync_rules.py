"""Decide whether an ECS task failed: by the exit codes of all of its containers, essential or not."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.states.integrations.sync_rules import RUN_TASK


def task(*codes: int | None, stop: str = "EssentialContainerExited", status: str = "STOPPED") -> Json:
    """Return a task in the form of DescribeTasks."""
    containers = [{"name": f"c{at}"} if code is None else {"name": f"c{at}", "exitCode": code} for at, code in
                  enumerate(codes)]  # fmt: skip
    return {"taskArn": "arn", "lastStatus": status, "stopCode": stop, "containers": containers}


@pytest.mark.parametrize(
    ("tasks", "failed"),
    [
        ([task(0)], False),
        ([task(0, 0)], False),
        ([task(0), task(0)], False),
        ([task(1)], True),
        ([task(0, 137)], True),
        ([task(0, None)], True),
        ([task(0), task(2)], True),
        ([task(0, stop="UserInitiated")], True),
        ([task(None, stop="TaskFailedToStart")], True),
    ],
)
def test_a_task_succeeds_only_if_each_of_its_containers_does(tasks: list[Json], failed: bool) -> None:
    outcome = RUN_TASK.read_outcome({"tasks": tasks})
    assert outcome is not None
    assert outcome.failed is failed


@pytest.mark.parametrize("tasks", [[], [task(0), task(status="RUNNING")]])
def test_tasks_that_still_run_have_no_outcome(tasks: list[Json]) -> None:
    assert RUN_TASK.read_outcome({"tasks": tasks}) is None
