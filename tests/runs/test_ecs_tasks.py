"""Facts of a stopped task."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runs.tasks.ecs_tasks import failed_container, has_task_succeeded


def stopped(stop: str = "EssentialContainerExited", **codes: int) -> Json:
    return {"stopCode": stop, "containers": [{"name": name, "exitCode": code} for name, code in codes.items()]}


@pytest.mark.parametrize(
    ("task", "succeeded"),
    [
        (stopped(main=0), True),
        (stopped(main=0, proxy=1), True),
        (stopped(main=3), False),
        (stopped(main=0, needed=143), True),
        (stopped(main=0, needed=1), False),
        (stopped("UserInitiated", main=0), False),
        ({"stopCode": "TaskFailedToStart", "containers": [{"name": "main"}]}, False),
    ],
)
def test_a_task_succeeded_if_its_main_container_did_and_no_essential_one_failed(task: Json, *, succeeded: bool) -> None:
    assert has_task_succeeded(task, ["needed"]) is succeeded


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (stopped(main=0, proxy=1), "proxy"),
        (stopped(proxy=1, main=3), "main"),
        (stopped(main=0), "main"),
        (
            {
                "stopCode": "TaskFailedToStart",
                "containers": [
                    {"name": "main", "exitCode": 143},
                    {"name": "proxy", "reason": "CannotStartContainerError: no such program"},
                ],
            },
            "proxy",
        ),
        ({"stopCode": "TaskFailedToStart", "containers": [{"name": "proxy"}, {"name": "main"}]}, "main"),
    ],
)
def test_the_failed_container_is_the_one_that_could_not_start_or_else_main_before_its_sidecars(
    task: Json, name: str
) -> None:
    assert failed_container(task)["name"] == name
