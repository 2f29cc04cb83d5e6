"""What a machine reads in the cause of a failure: whole or cut off anywhere, and however throttling is wrapped."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import ManualClock, manual_world
from lamplighter.jobs.machine import expressions
from lamplighter.lang.jsonata.expression import compile_expression

TASK: Json = {
    "TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/reports/0123",
    "Group": "family:reports-job",
    "StopCode": "EssentialContainerExited",
    "StoppedReason": 'braces } in "text" {, and a \\ at its end \\',
    "Containers": [{"Name": "main", "ExitCode": 75, "Reason": "}"}, {"Name": "proxy", "ExitCode": 0}],
    "Overrides": {"ContainerOverrides": [{"Environment": [{"Name": "A", "Value": '{"b": {}}'}]}]},
}
CLASSES = ["spot", "infra", "start-failure", "timeout", "exit", "any"]
KIND = compile_expression(expressions.failure_class(CLASSES, {"exit": (75,)})[2:-2])
WORLD = manual_world(ManualClock())
FOUND = compile_expression(f"({expressions.FAILED_TASK_VARIABLE} $task)")


def kind(**failure: Json) -> Json:
    return KIND.value({"failure": failure}, WORLD)


def found(**failure: Json) -> Json:
    return FOUND.value({"failure": failure}, WORLD)


@pytest.mark.parametrize("text", [dumps(TASK), dumps(TASK).replace(":", ": ").replace(",", ", ")])
def test_a_cause_that_is_cut_off_anywhere_is_no_task_and_a_whole_one_is(text: str) -> None:
    assert found(Error="States.TaskFailed", Cause=text)["StopCode"] == TASK["StopCode"]
    assert kind(Error="States.TaskFailed", Cause=text) == "exit"
    for length in range(len(text)):
        assert found(Error="States.TaskFailed", Cause=text[:length]) == {}, text[:length]
        assert kind(Error="States.TaskFailed", Cause=text[:length]) == "any"


@pytest.mark.parametrize("cause", ["{oops}", "{", "}", "{}", '{"a": 1}', "", "[]", '{"TaskArn"', "null"])
def test_what_is_no_task_is_none(cause: str) -> None:
    assert found(Error="States.TaskFailed", Cause=cause) == {}


def test_a_failure_without_a_cause_is_no_task() -> None:
    assert found(Error="States.TaskFailed") == found(Error="States.Timeout") == {}
    assert kind(Error="States.Timeout") == "timeout"


WRAPPED = (
    ("ECS.ThrottlingException", "Rate exceeded (Service: AmazonECS; Status Code: 400)"),
    ("ECS.TooManyRequestsException", "slow"),
    ("ECS.InvalidParameterException", "Rate exceeded. (Service: AmazonECS; Status Code: 400)"),
    ("ECS.AmazonECSException", "Rate exceeded (Service: AmazonECS; Error Code: ThrottlingException)"),
    ("ECS.ClientException", "The request was throttled while assuming the role"),
    ("States.TaskFailed", "Rate exceeded (Service: AmazonECS; Error Code: ThrottlingException)"),
    ("States.TaskFailed", "Too Many Requests"),
    ("ECS.RequestLimitExceeded", "Request limit exceeded."),
)


@pytest.mark.parametrize(("error", "cause"), WRAPPED)
def test_throttling_is_infra_however_it_is_wrapped(error: str, cause: str) -> None:
    assert kind(Error=error, Cause=cause) == "infra"


def test_a_job_that_speaks_of_throttling_is_not_throttled() -> None:
    task = {**TASK, "StoppedReason": "Rate exceeded", "Containers": [{"Name": "main", "ExitCode": 3}]}
    text = dumps({**task, "Overrides": {"Name": "THROTTLE"}})
    assert kind(Error="States.TaskFailed", Cause=text) == "any"
    assert kind(Error="States.TaskFailed", Cause=text[:-2]) == "any"
    assert kind(Error="ECS.InvalidParameterException", Cause="TaskDefinition is inactive") == "any"


def test_every_regular_expression_ends_where_jsonata_looks_for_its_end() -> None:
    """Its parser counts brackets that have no backslash before them, those of a set of characters too."""
    for text in (expressions.FAILED_TASK_VARIABLE, expressions.THROTTLING_PATTERN):
        for each in text.split("/")[1::2]:
            depth = 0
            for before, character in zip(f" {each}", each, strict=False):
                depth += 0 if before == "\\" else (character in "([{") - (character in ")]}")
            assert depth == 0, each
