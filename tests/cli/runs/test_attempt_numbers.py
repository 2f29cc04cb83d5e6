"""Attempts are numbered as their containers are told, also after a redrive."""

from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.runs.attempt_numbers import read_numbered_story
from tests.documents import documents


def history(*numbers: Json) -> list[Json]:
    """A run whose state was tried once, failed, was redriven, and was tried again; with what each container is told."""
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


def test_after_a_redrive_the_number_is_what_the_container_is_told() -> None:
    assert [each.number for each in read_numbered_story(history("1", "1")).attempts] == [1, 1]


def test_attempts_that_nobody_numbers_are_counted_on() -> None:
    assert [each.number for each in read_numbered_story(history(None, None)).attempts] == [1, 2]
    assert [each.number for each in read_numbered_story(history("1", "LAMPLIGHTER_ATTEMPT")).attempts] == [1, 2]


def test_parameters_that_are_none_of_ours_are_no_obstacle() -> None:
    odd = history("1", "1")
    odd[6]["taskScheduledEventDetails"]["parameters"] = '"LAMPLIGHTER_ATTEMPT"'
    assert [each.number for each in read_numbered_story(odd).attempts] == [1, 2]


@given(documents("Overrides", "ContainerOverrides", "Environment", "Name", "Value", "LAMPLIGHTER_ATTEMPT"))
def test_any_parameters_of_a_user_are_no_obstacle(document: Json) -> None:
    odd = history(document, "9" * 5000)
    assert [each.number for each in read_numbered_story(odd).attempts][1:] == [2]
    odd[6]["taskScheduledEventDetails"]["parameters"] = dumps([document, "LAMPLIGHTER_ATTEMPT"])
    assert len(read_numbered_story(odd).attempts) == 2
    whole = {"Overrides": document, "LAMPLIGHTER_ATTEMPT": document}
    odd[6]["taskScheduledEventDetails"]["parameters"] = dumps(whole)
    assert len(read_numbered_story(odd).attempts) == 2
