"""Whose failure a run's end is, as its history tells it; and which end of a task is none of the job's own."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.alerts.attempt_alert import has_task_succeeded
from lamplighter.services.alerts.run_history import RunHistory


def events(*types: str, error: str = "States.TaskFailed") -> RunHistory:
    """A history in which one thing led to the other."""
    found: dict[int, Json] = {}
    for at, kind in enumerate(types, start=1):
        details: Json = {"resource": "runTask.sync", "resourceType": "ecs"} if kind.startswith("Task") else {}
        if kind.endswith("StateEntered"):
            found[at] = {"id": at, "previousEventId": at - 1, "type": kind, "stateEnteredEventDetails": {"name": "One"}}
            continue
        details |= {"error": error} if kind in ("TaskFailed", "TaskTimedOut") else {}
        name = f"{kind[:1].lower()}{kind[1:]}EventDetails"
        found[at] = {"id": at, "previousEventId": at - 1, "type": kind, name: details}
    return RunHistory(dict(reversed(found.items())))


BEGUN = ("TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted")


@pytest.mark.parametrize(
    ("ends", "error", "step"),
    [
        (("TaskFailed",), "States.TaskFailed", "One"),
        (("TaskFailed",), "Bad.Total", None),
        (("TaskSucceeded",), "Bad.Total", None),
        (("TaskSucceeded",), "States.TaskFailed", None),
        ((), None, "One"),
    ],
)
def test_a_run_ends_by_the_task_that_failed_with_its_error_or_that_went_on(
    ends: tuple[str, ...], error: str | None, step: str | None
) -> None:
    blamed = events(*BEGUN, *ends).blamed_attempt(error)
    assert (blamed and blamed.step) == step


def test_a_run_without_containers_ends_by_none() -> None:
    assert events("PassStateEntered").blamed_attempt("E") is None


def stopped(stop: str = "EssentialContainerExited", **codes: int) -> Json:
    return {"stopCode": stop, "containers": [{"name": name, "exitCode": code} for name, code in codes.items()]}


@pytest.mark.parametrize(
    ("task", "well"),
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
def test_a_job_ended_well_if_its_own_container_did_and_no_essential_one_failed(task: Json, *, well: bool) -> None:
    assert has_task_succeeded({"Essential": ["needed"]}, task) is well
