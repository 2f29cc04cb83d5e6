"""What executions log is their history, event by event, in the log group of their state machine.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.runtime.fake import Script
from tests.engine_harness import ROLE, SECOND, EngineDied, EngineHarness, chain, job

GROUP = "/aws/vendedlogs/states/night"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:*"
PASSING = chain({"Type": "Pass", "Result": {"a": 1}}, {"Type": "Wait", "Seconds": 5})


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        harness.call("logs", "CreateLogGroup", logGroupName=GROUP)
        yield harness


def create(
    harness: EngineHarness, definition: Json, level: str = "ALL", kind: str = "STANDARD", *, data: bool = True
) -> str:
    """Create a state machine that logs; its ARN."""
    answer = harness.call(
        "states",
        "CreateStateMachine",
        name="night",
        definition=dumps(definition),
        roleArn=ROLE,
        type=kind,
        loggingConfiguration={
            "level": level,
            "includeExecutionData": data,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": ARN}}],
        },
    )
    arn: str = answer["stateMachineArn"]
    return arn


def execution_log(harness: EngineHarness) -> list[Json]:
    """Everything that was logged, in order."""
    return [loads(event["message"]) for event in events(harness)]


def events(harness: EngineHarness) -> list[Json]:
    found: list[Json] = harness.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    return found


def types(harness: EngineHarness) -> list[str]:
    return [event["type"] for event in execution_log(harness)]


def test_every_event_is_logged_in_the_form_of_aws(harness: EngineHarness) -> None:
    execution = harness.start(create(harness, PASSING), {"x": 1})
    harness.advance(5 * SECOND)
    assert types(harness) == harness.types(execution)
    first, entered, *_ = execution_log(harness)
    assert first == {
        "id": "1",
        "type": "ExecutionStarted",
        "details": {"input": '{"x":1}', "inputDetails": {"truncated": False}, "roleArn": ROLE},
        "previous_event_id": "0",
        "event_timestamp": "1767225600000",
        "execution_arn": execution,
        "redrive_count": "0",
    }
    assert entered["details"] == {"name": "A", "input": '{"x":1}', "inputDetails": {"truncated": False}}
    streams = harness.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert [stream["logStreamName"][:-8] for stream in streams] == ["states/night/2026-01-01-00-00/"]


def test_without_execution_data_inputs_and_outputs_are_left_out(harness: EngineHarness) -> None:
    harness.start(create(harness, PASSING, data=False))
    harness.advance(5 * SECOND)
    found = execution_log(harness)
    assert found[0]["details"] == {"roleArn": ROLE}
    assert found[1]["details"] == {"name": "A"}
    assert found[-1]["details"] == {}


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("ERROR", ["TaskFailed", "FailStateEntered", "ExecutionFailed"]),
        ("FATAL", ["ExecutionFailed"]),
    ],
)
def test_a_level_leaves_out_what_is_no_error(harness: EngineHarness, level: str, logged: list[str]) -> None:
    harness.define_task()
    harness.runtime.script(Script(code=3))
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    harness.start(create(harness, chain(job(Catch=caught), {"Type": "Fail", "Error": "Gave up"}), level))
    harness.settle()
    assert types(harness) == logged
    assert execution_log(harness)[-1]["details"] == {"error": "Gave up"}


@pytest.mark.parametrize("wait", [0, 5])
def test_express_executions_log_what_nothing_else_keeps(harness: EngineHarness, wait: int) -> None:
    definition = chain({"Type": "Pass"}, {"Type": "Wait", "Seconds": wait}) if wait else chain({"Type": "Pass"})
    machine = create(harness, definition, kind="EXPRESS")
    execution = harness.start(machine)
    harness.advance(wait * SECOND)
    found = execution_log(harness)
    assert {event["execution_arn"] for event in found} == {execution}
    assert (found[0]["type"], found[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert [event["id"] for event in found] == [str(number) for number in range(1, len(found) + 1)]


def test_an_express_execution_that_is_waited_for_is_logged_once(harness: EngineHarness) -> None:
    machine = create(harness, chain({"Type": "Pass"}), kind="EXPRESS")
    answer = harness.call("states", "StartSyncExecution", stateMachineArn=machine)
    assert answer["status"] == "SUCCEEDED"
    assert types(harness) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


def test_executions_go_on_where_the_group_or_the_stream_is_deleted(harness: EngineHarness) -> None:
    machine = create(harness, PASSING)
    harness.start(machine)
    (stream,) = harness.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    harness.call("logs", "DeleteLogStream", logGroupName=GROUP, logStreamName=stream["logStreamName"])
    harness.advance(5 * SECOND)
    assert types(harness) == ["WaitStateExited", "ExecutionSucceeded"]
    harness.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    execution = harness.start(machine)
    harness.advance(5 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    harness.call("logs", "CreateLogGroup", logGroupName=GROUP)
    harness.start(machine)
    assert "ExecutionStarted" in types(harness)


def test_a_group_that_is_not_there_cannot_be_logged_to(harness: EngineHarness) -> None:
    harness.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    with pytest.raises(AwsError) as error:
        create(harness, PASSING)
    assert error.value.message == "Invalid Logging Configuration: Log Destination not found."


def test_a_long_input_is_cut_and_says_so(harness: EngineHarness) -> None:
    text = '"' * 130_000
    harness.start(create(harness, chain({"Type": "Pass", "Result": 1})), text)
    details = execution_log(harness)[0]["details"]
    assert details["inputDetails"] == {"truncated": True}
    assert dumps(text).startswith(details["input"])
    assert 240_000 < len(dumps(details["input"])) <= 248 * 1024


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2, 3])
def test_killed_at_any_commit_every_event_is_logged_once(harness: EngineHarness, commit: int, before: bool) -> None:
    machine = create(harness, PASSING)
    harness.die_at(commit, before=before)
    for _ in range(3):
        try:
            with suppress(AwsError):  # it has been started already
                harness.start(machine, name="one")
            harness.advance(5 * SECOND)
        except EngineDied:
            harness.up()
    execution = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"][0]["executionArn"]
    assert types(harness) == harness.types(execution)


def test_a_machine_that_logs_nothing_makes_no_stream(harness: EngineHarness) -> None:
    harness.run_machine({"Type": "Pass"})
    assert harness.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"] == []
