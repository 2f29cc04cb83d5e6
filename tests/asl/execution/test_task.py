"""The Task state: its commands, its history events and its timeouts.

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
from tests.asl.simulated_execution import SimulatedExecution, simulate, simulate_state

RUN = "arn:aws:states:::ecs:runTask"
ACTIVITY = "arn:aws:states:eu-west-1:123456789012:activity:knock"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:echo"


def task(resource: str = RUN, **fields: Json) -> SimulatedExecution:
    return simulate_state({"Type": "Task", "Resource": resource, **fields})


def commands(simulated: SimulatedExecution) -> list[type]:
    return [type(each) for each in simulated.steps[-1].step.commands]


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
def test_the_kind_of_the_resource_decides_the_history_events(resource: str, expected: list[str]) -> None:
    simulated = task(resource)
    key = simulated.task_key()
    if "TaskSubmitted" in expected:
        simulated.send(TaskSubmitted(*key, {}))
    if "ActivityStarted" in expected:
        simulated.send(TaskStarted(*key, "worker"))
    simulated.succeed(1)
    assert simulated.types == [
        "ExecutionStarted",
        "TaskStateEntered",
        *expected,
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_a_task_that_has_ended_is_not_cancelled() -> None:
    for end in (SimulatedExecution.succeed, SimulatedExecution.fail):
        simulated = task(TimeoutSeconds=9)
        end(simulated, "Boom")
        assert CancelTask not in commands(simulated)


def test_a_timeout_fails_the_state_without_a_cause_and_cancels_the_task_once() -> None:
    simulated = task(TimeoutSeconds=60)
    key = simulated.task_key()
    assert simulated.fire_timer() == 60_000
    assert (simulated.finish.status, simulated.finish.error, simulated.finish.cause) == (
        "FAILED",
        "States.Timeout",
        None,
    )
    assert [each for each in simulated.steps[-1].step.commands if isinstance(each, CancelTask)] == [
        CancelTask(*key, simulated.definition.states["S"].resource)  # type: ignore[attr-defined]
    ]
    timed_out = simulated.history[-2]
    assert timed_out["type"] == "TaskTimedOut"
    assert timed_out["taskTimedOutEventDetails"] == {
        "resourceType": "ecs",
        "resource": "runTask",
        "error": "States.Timeout",
    }


def test_each_attempt_has_the_full_timeout() -> None:
    simulated = task(
        TimeoutSeconds=10, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1, "IntervalSeconds": 3}]
    )
    assert [simulated.fire_timer() for _ in range(3)] == [10_000, 3000, 10_000]
    assert simulated.finish.error == "States.Timeout"


def test_a_missed_heartbeat_is_a_timeout_and_is_retried_under_either_name() -> None:
    simulated = task(f"{RUN}.waitForTaskToken", TimeoutSeconds=60, HeartbeatSeconds=5)
    assert simulated.fire_timer() == 5000
    assert simulated.finish.error == "States.Timeout"
    for name in ("States.Timeout", "States.HeartbeatTimeout"):
        again = task(f"{RUN}.waitForTaskToken", HeartbeatSeconds=5, Retry=[{"ErrorEquals": [name]}])
        again.fire_timer()
        assert again.execution.status == "RUNNING"


def test_a_heartbeat_restarts_the_heartbeat_timer_but_not_the_timeout() -> None:
    simulated = task(f"{RUN}.waitForTaskToken", TimeoutSeconds=12, HeartbeatSeconds=5)
    for _ in range(2):
        simulated.clock.advance(4000)
        simulated.send(Heartbeat(*simulated.task_key()))
        assert ClearTimer in commands(simulated)
    assert simulated.fire_timer() == 4000
    assert simulated.finish.error == "States.Timeout"


def test_the_timeout_of_an_execution_cannot_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    states: Json = {"S": {"Type": "Task", "Resource": RUN, "End": True, "Catch": catch}, "C": {"Type": "Succeed"}}
    simulated = simulate(states, TimeoutSeconds=30)
    assert simulated.fire_timer() == 30_000
    assert (simulated.finish.status, simulated.finish.error, simulated.finish.cause) == ("TIMED_OUT", None, None)
    assert commands(simulated)[0] is CancelTask
    assert simulated.history[-1]["executionTimedOutEventDetails"] == {"error": "States.Timeout"}
    assert "TaskTimedOut" not in simulated.types


def test_a_stop_without_error_or_cause_cancels_the_task_and_reports_neither() -> None:
    simulated = task()
    simulated.send(StopRequested())
    assert (simulated.finish.status, simulated.finish.error, simulated.finish.cause) == ("ABORTED", None, None)
    assert simulated.history[-1]["executionAbortedEventDetails"] == {}
    assert commands(simulated)[0] is CancelTask


def test_only_the_answer_to_the_current_attempt_counts() -> None:
    simulated = task(Retry=[{"ErrorEquals": ["Boom"]}])
    first = simulated.task_key()
    simulated.fail("Boom")
    simulated.fire_timer()
    simulated.send(TaskSucceeded(*first, "late"))
    assert simulated.execution.status == "RUNNING"
    simulated.succeed("right")
    assert simulated.output == "right"


@pytest.mark.parametrize("resource", [f"{RUN}.waitForTaskToken", ACTIVITY])
def test_a_token_identifies_its_task_and_differs_for_each_attempt(resource: str) -> None:
    simulated = task(resource, Retry=[{"ErrorEquals": ["Boom"]}])
    tokens = []
    for _ in range(2):
        key = simulated.task_key()
        token = simulated.tasks[key].token
        assert token is not None
        assert parse_task_token(token) == (simulated.execution.arn, *key)
        tokens.append(token)
        simulated.fail("Boom")
        simulated.fire_timer()
    assert len(set(tokens)) == 2


def test_parameters_can_contain_the_task_token() -> None:
    simulated = task(f"{RUN}.waitForTaskToken", Parameters={"t.$": "$$.Task.Token"})
    started = simulated.tasks[simulated.task_key()]
    assert started.parameters == {"t": started.token}


@pytest.mark.parametrize("text", ["", "a", "é", "YSBiIGMgZA==", "YSAxIDI="])
def test_an_invalid_token_is_parsed_as_none(text: str) -> None:
    assert parse_task_token(text) is None


def test_parameters_include_what_an_integration_adds() -> None:
    text = dumps(
        {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": RUN, "Parameters": {"a": 1}, "End": True}}}
    )
    simulated = SimulatedExecution(parse_definition(text, lambda _resource: {"StartedBy": "AWS Step Functions"}))
    assert simulated.tasks[simulated.task_key()].parameters == {"a": 1, "StartedBy": "AWS Step Functions"}


def test_an_answer_that_is_too_large_cancels_the_task_before_the_retry() -> None:
    retry = [{"ErrorEquals": ["States.DataLimitExceeded"]}]
    simulated = task(f"{RUN}.sync", Retry=retry)
    simulated.send(TaskSubmitted(*simulated.task_key(), "x" * 300_000))
    assert commands(simulated)[0] is CancelTask
    assert not simulated.tasks


@pytest.mark.parametrize(
    ("credentials", "role"),
    [
        ({"RoleArn": "arn:aws:iam::1:role/a"}, "arn:aws:iam::1:role/a"),
        ({"RoleArn.$": "$$.Execution.RoleArn"}, "arn:aws:iam::123456789012:role/lamps"),
    ],
)
def test_credentials_name_the_role_to_assume(credentials: Json, role: str) -> None:
    simulated = task(Credentials=credentials)
    assert simulated.tasks[simulated.task_key()].role == role


def test_a_role_that_is_not_a_string_fails_the_execution() -> None:
    assert task(Credentials={"RoleArn.$": "$"}).finish.error == "States.Runtime"
