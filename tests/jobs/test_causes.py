"""The Cause of a failure as a machine's JSONata parses it: whole, truncated at any character, or a throttling error."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.machine import expressions
from lamplighter.lang.jsonata.expression import compile_expression
from tests.manual_world import ManualClock, manual_world

TASK: Json = {
    "TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/reports/0123",
    "Group": "family:reports-job",
    "StopCode": "EssentialContainerExited",
    "StoppedReason": 'braces } in "text" {, and a \\ at its end \\',
    "Containers": [{"Name": "main", "ExitCode": 75, "Reason": "}"}, {"Name": "proxy", "ExitCode": 0}],
    "Overrides": {"ContainerOverrides": [{"Environment": [{"Name": "A", "Value": '{"b": {}}'}]}]},
}
CLASSES = ["spot", "infra", "start-failure", "timeout", "exit", "any"]
FAILURE_CLASS = compile_expression(expressions.failure_class(CLASSES, {"exit": (75,)})[2:-2])
WORLD = manual_world(ManualClock())
FAILED_TASK = compile_expression(f"({expressions.FAILED_TASK_VARIABLE} $task)")


def failure_class(**failure: Json) -> Json:
    return FAILURE_CLASS.value({"failure": failure}, WORLD)


def failed_task(**failure: Json) -> Json:
    return FAILED_TASK.value({"failure": failure}, WORLD)


@pytest.mark.parametrize("text", [dumps(TASK), dumps(TASK).replace(":", ": ").replace(",", ", ")])
def test_a_whole_cause_is_a_task_and_a_truncated_cause_is_none(text: str) -> None:
    assert failed_task(Error="States.TaskFailed", Cause=text)["StopCode"] == TASK["StopCode"]
    assert failure_class(Error="States.TaskFailed", Cause=text) == "exit"
    for length in range(len(text)):
        assert failed_task(Error="States.TaskFailed", Cause=text[:length]) == {}, text[:length]
        assert failure_class(Error="States.TaskFailed", Cause=text[:length]) == "any"


@pytest.mark.parametrize("cause", ["{oops}", "{", "}", "{}", '{"a": 1}', "", "[]", '{"TaskArn"', "null"])
def test_a_cause_that_is_not_a_task_yields_an_empty_object(cause: str) -> None:
    assert failed_task(Error="States.TaskFailed", Cause=cause) == {}


def test_a_failure_without_a_cause_yields_no_task() -> None:
    assert failed_task(Error="States.TaskFailed") == failed_task(Error="States.Timeout") == {}
    assert failure_class(Error="States.Timeout") == "timeout"


THROTTLING_ERRORS = (
    ("ECS.ThrottlingException", "Rate exceeded (Service: AmazonECS; Status Code: 400)"),
    ("ECS.TooManyRequestsException", "slow"),
    ("ECS.InvalidParameterException", "Rate exceeded. (Service: AmazonECS; Status Code: 400)"),
    ("ECS.AmazonECSException", "Rate exceeded (Service: AmazonECS; Error Code: ThrottlingException)"),
    ("ECS.ClientException", "The request was throttled while assuming the role"),
    ("States.TaskFailed", "Rate exceeded (Service: AmazonECS; Error Code: ThrottlingException)"),
    ("States.TaskFailed", "Too Many Requests"),
    ("ECS.RequestLimitExceeded", "Request limit exceeded."),
)


@pytest.mark.parametrize(("error", "cause"), THROTTLING_ERRORS)
def test_a_throttling_error_has_the_class_infra_in_every_form(error: str, cause: str) -> None:
    assert failure_class(Error=error, Cause=cause) == "infra"


def test_throttling_words_in_a_task_s_cause_do_not_have_the_class_infra() -> None:
    task = {**TASK, "StoppedReason": "Rate exceeded", "Containers": [{"Name": "main", "ExitCode": 3}]}
    text = dumps({**task, "Overrides": {"Name": "THROTTLE"}})
    assert failure_class(Error="States.TaskFailed", Cause=text) == "any"
    assert failure_class(Error="States.TaskFailed", Cause=text[:-2]) == "any"
    assert failure_class(Error="ECS.InvalidParameterException", Cause="TaskDefinition is inactive") == "any"


def test_jsonata_finds_the_end_of_every_regular_expression() -> None:
    """JSONata's parser counts brackets without a backslash before them, also those of character classes."""
    for text in (expressions.FAILED_TASK_VARIABLE, expressions.THROTTLING_PATTERN):
        for each in text.split("/")[1::2]:
            depth = 0
            for before, character in zip(f" {each}", each, strict=False):
                depth += 0 if before == "\\" else (character in "([{") - (character in ")]}")
            assert depth == 0, each
