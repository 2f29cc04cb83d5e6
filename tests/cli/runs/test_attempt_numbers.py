"""Attempts have the numbers that their containers receive, also after a redrive."""

from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.runs.attempt_numbers import read_numbered_story
from tests.documents import documents


def history(*numbers: Json) -> list[Json]:
    """Return the history of a run that failed after one attempt, was redriven, and was tried again.

    `numbers` are the attempt numbers that the containers receive.
    """
    found: list[Json] = [
        event("ExecutionStarted", {}),
        event("TaskStateEntered", {"stateEnteredEventDetails": {"name": "Run"}}),
        scheduled(numbers[0]),
        event("TaskFailed", {"taskFailedEventDetails": {}}),
        event("ExecutionFailed", {"executionFailedEventDetails": {}}),
        event("ExecutionRedriven", {}),
        scheduled(numbers[1]),
    ]
    return [{**each, "id": at + 1, "previousEventId": at, "timestamp": at} for at, each in enumerate(found)]


def event(kind: str, details: Json) -> Json:
    return {"type": kind, **details}


def scheduled(number: Json) -> Json:
    environment = [] if number is None else [{"Name": "LAMPLIGHTER_ATTEMPT", "Value": number}]
    parameters = {"Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": environment}]}}
    details = {"resourceType": "ecs", "resource": "runTask.sync", "parameters": dumps(parameters)}
    return event("TaskScheduled", {"taskScheduledEventDetails": details})


def test_after_a_redrive_the_number_is_the_one_that_the_container_receives() -> None:
    assert [each.number for each in read_numbered_story(history("1", "1")).attempts] == [1, 1]


def test_attempts_without_a_number_are_counted() -> None:
    assert [each.number for each in read_numbered_story(history(None, None)).attempts] == [1, 2]
    assert [each.number for each in read_numbered_story(history("1", "LAMPLIGHTER_ATTEMPT")).attempts] == [1, 2]


def test_other_parameters_of_a_task_are_ignored() -> None:
    odd = history("1", "1")
    odd[6]["taskScheduledEventDetails"]["parameters"] = '"LAMPLIGHTER_ATTEMPT"'
    assert [each.number for each in read_numbered_story(odd).attempts] == [1, 2]


@given(documents("Overrides", "ContainerOverrides", "Environment", "Name", "Value", "LAMPLIGHTER_ATTEMPT"))
def test_any_parameters_of_a_user_are_accepted(document: Json) -> None:
    odd = history(document, "9" * 5000)
    assert [each.number for each in read_numbered_story(odd).attempts][1:] == [2]
    odd[6]["taskScheduledEventDetails"]["parameters"] = dumps([document, "LAMPLIGHTER_ATTEMPT"])
    assert len(read_numbered_story(odd).attempts) == 2
    whole = {"Overrides": document, "LAMPLIGHTER_ATTEMPT": document}
    odd[6]["taskScheduledEventDetails"]["parameters"] = dumps(whole)
    assert len(read_numbered_story(odd).attempts) == 2
