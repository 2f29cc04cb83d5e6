"""Executions log each event of their history to the log group of their state machine.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ROLE, SECOND, EngineDied, EngineHarness, chain, job
from tests.fake_runtime import Script

GROUP = "/aws/vendedlogs/states/night"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:*"
PASS_AND_WAIT = chain({"Type": "Pass", "Result": {"a": 1}}, {"Type": "Wait", "Seconds": 5})


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        harness.call("logs", "CreateLogGroup", logGroupName=GROUP)
        yield harness


def create_machine(
    harness: EngineHarness, definition: Json, level: str = "ALL", machine_type: str = "STANDARD", *, data: bool = True
) -> str:
    """Create a state machine that logs, and return its ARN."""
    answer = harness.call(
        "states",
        "CreateStateMachine",
        name="night",
        definition=dumps(definition),
        roleArn=ROLE,
        type=machine_type,
        loggingConfiguration={
            "level": level,
            "includeExecutionData": data,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": ARN}}],
        },
    )
    arn: str = answer["stateMachineArn"]
    return arn


def logged_history(harness: EngineHarness) -> list[Json]:
    """Return the logged history events in order."""
    return [loads(event["message"]) for event in log_events(harness)]


def log_events(harness: EngineHarness) -> list[Json]:
    found: list[Json] = harness.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    return found


def logged_types(harness: EngineHarness) -> list[str]:
    return [event["type"] for event in logged_history(harness)]


def test_every_history_event_is_logged_in_the_format_of_aws(harness: EngineHarness) -> None:
    execution = harness.start(create_machine(harness, PASS_AND_WAIT), {"x": 1})
    harness.advance(5 * SECOND)
    assert logged_types(harness) == harness.types(execution)
    first, entered, *_ = logged_history(harness)
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


def test_inputs_and_outputs_are_not_logged_without_execution_data(harness: EngineHarness) -> None:
    harness.start(create_machine(harness, PASS_AND_WAIT, data=False))
    harness.advance(5 * SECOND)
    found = logged_history(harness)
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
def test_the_log_levels_error_and_fatal_log_only_failures(
    harness: EngineHarness, level: str, logged: list[str]
) -> None:
    harness.define_task()
    harness.runtime.script(Script(code=3))
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    harness.start(create_machine(harness, chain(job(Catch=caught), {"Type": "Fail", "Error": "Gave up"}), level))
    harness.settle()
    assert logged_types(harness) == logged
    assert logged_history(harness)[-1]["details"] == {"error": "Gave up"}


@pytest.mark.parametrize("wait", [0, 5])
def test_an_express_execution_logs_its_complete_history(harness: EngineHarness, wait: int) -> None:
    definition = chain({"Type": "Pass"}, {"Type": "Wait", "Seconds": wait}) if wait else chain({"Type": "Pass"})
    machine = create_machine(harness, definition, machine_type="EXPRESS")
    execution = harness.start(machine)
    harness.advance(wait * SECOND)
    found = logged_history(harness)
    assert {event["execution_arn"] for event in found} == {execution}
    assert (found[0]["type"], found[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert [event["id"] for event in found] == [str(number) for number in range(1, len(found) + 1)]


def test_a_synchronous_express_execution_is_logged_once(harness: EngineHarness) -> None:
    machine = create_machine(harness, chain({"Type": "Pass"}), machine_type="EXPRESS")
    answer = harness.call("states", "StartSyncExecution", stateMachineArn=machine)
    assert answer["status"] == "SUCCEEDED"
    assert logged_types(harness) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


def test_executions_continue_if_their_log_group_or_stream_is_deleted(harness: EngineHarness) -> None:
    machine = create_machine(harness, PASS_AND_WAIT)
    harness.start(machine)
    (stream,) = harness.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    harness.call("logs", "DeleteLogStream", logGroupName=GROUP, logStreamName=stream["logStreamName"])
    harness.advance(5 * SECOND)
    assert logged_types(harness) == ["WaitStateExited", "ExecutionSucceeded"]
    harness.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    execution = harness.start(machine)
    harness.advance(5 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    harness.call("logs", "CreateLogGroup", logGroupName=GROUP)
    harness.start(machine)
    assert "ExecutionStarted" in logged_types(harness)


def test_a_missing_log_group_is_refused_as_destination(harness: EngineHarness) -> None:
    harness.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    with pytest.raises(AwsError) as error:
        create_machine(harness, PASS_AND_WAIT)
    assert error.value.message == "Invalid Logging Configuration: Log Destination not found."


def test_a_long_input_is_truncated_and_marked_as_truncated(harness: EngineHarness) -> None:
    text = '"' * 130_000
    harness.start(create_machine(harness, chain({"Type": "Pass", "Result": 1})), text)
    details = logged_history(harness)[0]["details"]
    assert details["inputDetails"] == {"truncated": True}
    assert dumps(text).startswith(details["input"])
    assert 240_000 < len(dumps(details["input"])) <= 248 * 1024


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2, 3])
def test_every_event_is_logged_once_if_the_engine_is_killed_at_any_commit(
    harness: EngineHarness, commit: int, before: bool
) -> None:
    machine = create_machine(harness, PASS_AND_WAIT)
    harness.die_at(commit, before=before)
    for _ in range(3):
        try:
            with suppress(AwsError):  # the execution exists already
                harness.start(machine, name="one")
            harness.advance(5 * SECOND)
        except EngineDied:
            harness.up()
    execution = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"][0]["executionArn"]
    assert logged_types(harness) == harness.types(execution)


def test_a_machine_without_logging_creates_no_log_stream(harness: EngineHarness) -> None:
    harness.run_machine({"Type": "Pass"})
    assert harness.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"] == []
