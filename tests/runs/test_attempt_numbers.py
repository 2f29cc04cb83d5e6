"""Attempts have the numbers that their containers receive, also after a redrive."""

from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.history.attempt_numbers import read_numbered_story
from tests.documents import documents
from tests.runs.histories import RESOURCE, begun, entered, failed, history


def attempts(*numbers: Json, parameters: Json = None) -> list[int]:
    """Return the attempts' numbers in a redriven run whose containers receive `numbers`, or `parameters` at last."""
    first, second = (parameters_with(each) for each in numbers)
    second = second if parameters is None else dumps(parameters)
    events = history(
        begun(), entered("Run", 0), ("TaskScheduled", 2, RESOURCE | {"parameters": first}), failed(3, "a", 1),
        ("ExecutionFailed", 4, None), ("ExecutionRedriven", 5, None),
        ("TaskScheduled", 6, RESOURCE | {"parameters": second}),
    )  # fmt: skip
    return [each.number for each in read_numbered_story(events).attempts]


def parameters_with(number: Json) -> str:
    environment = [] if number is None else [{"Name": "LAMPLIGHTER_ATTEMPT", "Value": number}]
    return dumps({"Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": environment}]}})


def test_after_a_redrive_the_number_is_the_one_that_the_container_receives() -> None:
    assert attempts("1", "1") == [1, 1]


def test_attempts_without_a_number_are_counted() -> None:
    assert attempts(None, None) == [1, 2]
    assert attempts("1", "LAMPLIGHTER_ATTEMPT") == [1, 2]


def test_other_parameters_of_a_task_are_ignored() -> None:
    assert attempts("1", "1", parameters="LAMPLIGHTER_ATTEMPT") == [1, 2]


@given(documents("Overrides", "ContainerOverrides", "Environment", "Name", "Value", "LAMPLIGHTER_ATTEMPT"))
def test_any_parameters_of_a_user_are_accepted(document: Json) -> None:
    assert attempts(document, "9" * 5000)[1:] == [2]
    assert len(attempts(document, "1", parameters=[document, "LAMPLIGHTER_ATTEMPT"])) == 2
    assert len(attempts(document, "1", parameters={"Overrides": document, "LAMPLIGHTER_ATTEMPT": document})) == 2
