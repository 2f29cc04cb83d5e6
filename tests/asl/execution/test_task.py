"""Task: what is asked of the world, and its timeouts.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

import pytest

from lamplighter.asl.definition.parse import parse_definition
from lamplighter.asl.execution.messages import (
    CancelTask,
    ClearTimer,
    Heartbeat,
    StopRequested,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
)
from lamplighter.asl.execution.task import parse_task_token
from lamplighter.base.json_text import Json, dumps
from tests.asl.simulated_execution import SimulatedExecution, only, play

RUN = "arn:aws:states:::ecs:runTask"
ACTIVITY = "arn:aws:states:eu-west-1:123456789012:activity:knock"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:echo"


def task(resource: str = RUN, **fields: Json) -> SimulatedExecution:
    return only({"Type": "Task", "Resource": resource, **fields})


def commands(night: SimulatedExecution) -> list[type]:
    return [type(each) for each in night.scenes[-1].step.commands]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (RUN, ["TaskScheduled", "TaskStarted", "TaskSucceeded"]),
        (f"{RUN}.sync", ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]),
        (f"{RUN}.waitForTaskToken", ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]),
        (ACTIVITY, ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]),
        (FUNCTION, ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]),
    ],
)
def test_the_events_of_work_by_the_kind_of_its_resource(resource: str, expected: list[str]) -> None:
    night = task(resource)
    name = night.named()
    if "TaskSubmitted" in expected:
        night.tell(TaskSubmitted(*name, {}))
    if "ActivityStarted" in expected:
        night.tell(TaskStarted(*name, "worker"))
    night.succeed(1)
    assert night.types == ["ExecutionStarted", "TaskStateEntered", *expected, "TaskStateExited", "ExecutionSucceeded"]


def test_work_that_is_done_is_not_called_off() -> None:
    for end in (SimulatedExecution.succeed, SimulatedExecution.fail):
        night = task(TimeoutSeconds=9)
        end(night, "Boom")
        assert CancelTask not in commands(night)


def test_a_timeout_fails_the_state_calls_the_work_off_once_and_tells_no_cause() -> None:
    night = task(TimeoutSeconds=60)
    name = night.named()
    assert night.fire_timer() == 60_000
    assert (night.finish.status, night.finish.error, night.finish.cause) == ("FAILED", "States.Timeout", None)
    assert [each for each in night.scenes[-1].step.commands if isinstance(each, CancelTask)] == [
        CancelTask(*name, night.definition.states["S"].resource)  # type: ignore[attr-defined]
    ]
    timed_out = night.history[-2]
    assert timed_out["type"] == "TaskTimedOut"
    assert timed_out["taskTimedOutEventDetails"] == {
        "resourceType": "ecs",
        "resource": "runTask",
        "error": "States.Timeout",
    }


def test_each_attempt_has_its_whole_timeout() -> None:
    night = task(TimeoutSeconds=10, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1, "IntervalSeconds": 3}])
    assert [night.fire_timer() for _ in range(3)] == [10_000, 3000, 10_000]
    assert night.finish.error == "States.Timeout"


def test_a_missed_heartbeat_is_told_as_a_timeout_and_handled_under_either_name() -> None:
    night = task(f"{RUN}.waitForTaskToken", TimeoutSeconds=60, HeartbeatSeconds=5)
    assert night.fire_timer() == 5000
    assert night.finish.error == "States.Timeout"
    for name in ("States.Timeout", "States.HeartbeatTimeout"):
        again = task(f"{RUN}.waitForTaskToken", HeartbeatSeconds=5, Retry=[{"ErrorEquals": [name]}])
        again.fire_timer()
        assert again.execution.status == "RUNNING"


def test_a_heartbeat_puts_the_next_one_off_but_not_the_timeout() -> None:
    night = task(f"{RUN}.waitForTaskToken", TimeoutSeconds=12, HeartbeatSeconds=5)
    for _ in range(2):
        night.clock.advance(4000)
        night.tell(Heartbeat(*night.named()))
        assert ClearTimer in commands(night)
    assert night.fire_timer() == 4000
    assert night.finish.error == "States.Timeout"


def test_the_executions_timeout_ends_it_whatever_it_would_catch() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    states: Json = {"S": {"Type": "Task", "Resource": RUN, "End": True, "Catch": catch}, "C": {"Type": "Succeed"}}
    night = play(states, TimeoutSeconds=30)
    assert night.fire_timer() == 30_000
    assert (night.finish.status, night.finish.error, night.finish.cause) == ("TIMED_OUT", None, None)
    assert commands(night)[0] is CancelTask
    assert night.history[-1]["executionTimedOutEventDetails"] == {"error": "States.Timeout"}
    assert "TaskTimedOut" not in night.types


def test_a_stop_calls_the_work_off_and_tells_only_what_was_said() -> None:
    night = task()
    night.tell(StopRequested())
    assert (night.finish.status, night.finish.error, night.finish.cause) == ("ABORTED", None, None)
    assert night.history[-1]["executionAbortedEventDetails"] == {}
    assert commands(night)[0] is CancelTask


def test_only_the_answer_to_this_attempt_counts() -> None:
    night = task(Retry=[{"ErrorEquals": ["Boom"]}])
    first = night.named()
    night.fail("Boom")
    night.fire_timer()
    night.tell(TaskSucceeded(*first, "late"))
    assert night.execution.status == "RUNNING"
    night.succeed("right")
    assert night.output == "right"


@pytest.mark.parametrize("resource", [f"{RUN}.waitForTaskToken", ACTIVITY])
def test_a_token_says_for_which_work_it_stands_and_is_another_for_each_attempt(resource: str) -> None:
    night = task(resource, Retry=[{"ErrorEquals": ["Boom"]}])
    tokens = []
    for _ in range(2):
        name = night.named()
        token = night.work[name].token
        assert token is not None
        assert parse_task_token(token) == (night.execution.arn, *name)
        tokens.append(token)
        night.fail("Boom")
        night.fire_timer()
    assert len(set(tokens)) == 2


def test_the_parameters_can_name_the_token() -> None:
    night = task(f"{RUN}.waitForTaskToken", Parameters={"t.$": "$$.Task.Token"})
    work = night.work[night.named()]
    assert work.parameters == {"t": work.token}


@pytest.mark.parametrize("text", ["", "a", "é", "YSBiIGMgZA==", "YSAxIDI="])
def test_what_is_no_token_is_read_as_none(text: str) -> None:
    assert parse_task_token(text) is None


def test_what_an_integration_adds_is_in_the_parameters() -> None:
    text = dumps(
        {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": RUN, "Parameters": {"a": 1}, "End": True}}}
    )
    night = SimulatedExecution(parse_definition(text, lambda _resource: {"StartedBy": "AWS Step Functions"}))
    assert night.work[night.named()].parameters == {"a": 1, "StartedBy": "AWS Step Functions"}


def test_an_answer_too_large_to_be_kept_calls_the_work_off_before_it_is_tried_again() -> None:
    retry = [{"ErrorEquals": ["States.DataLimitExceeded"]}]
    night = task(f"{RUN}.sync", Retry=retry)
    night.tell(TaskSubmitted(*night.named(), "x" * 300_000))
    assert commands(night)[0] is CancelTask
    assert not night.work


@pytest.mark.parametrize(
    ("credentials", "role"),
    [
        ({"RoleArn": "arn:aws:iam::1:role/a"}, "arn:aws:iam::1:role/a"),
        ({"RoleArn.$": "$$.Execution.RoleArn"}, "arn:aws:iam::123456789012:role/lamps"),
    ],
)
def test_credentials_name_the_role_to_assume(credentials: Json, role: str) -> None:
    night = task(Credentials=credentials)
    assert night.work[night.named()].role == role


def test_a_role_that_is_no_string_ends_the_execution_in_words() -> None:
    assert task(Credentials={"RoleArn.$": "$"}).finish.error == "States.Runtime"
