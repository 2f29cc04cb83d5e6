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
from tests.engines import ROLE, SECOND, Died, Site, chain, job

GROUP = "/aws/vendedlogs/states/night"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:*"
PASSING = chain({"Type": "Pass", "Result": {"a": 1}}, {"Type": "Wait", "Seconds": 5})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data")
    made.up()
    made.call("logs", "CreateLogGroup", logGroupName=GROUP)
    yield made
    made.close()


def create(site: Site, definition: Json, level: str = "ALL", kind: str = "STANDARD", *, data: bool = True) -> str:
    """Create a state machine that logs; its ARN."""
    answer = site.call(
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


def execution_log(site: Site) -> list[Json]:
    """Everything that was logged, in order."""
    return [loads(event["message"]) for event in events(site)]


def events(site: Site) -> list[Json]:
    found: list[Json] = site.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    return found


def types(site: Site) -> list[str]:
    return [event["type"] for event in execution_log(site)]


def test_every_event_is_logged_in_the_form_of_aws(site: Site) -> None:
    execution = site.start(create(site, PASSING), {"x": 1})
    site.advance(5 * SECOND)
    assert types(site) == site.types(execution)
    first, entered, *_ = execution_log(site)
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
    streams = site.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert [stream["logStreamName"][:-8] for stream in streams] == ["states/night/2026-01-01-00-00/"]


def test_without_execution_data_inputs_and_outputs_are_left_out(site: Site) -> None:
    site.start(create(site, PASSING, data=False))
    site.advance(5 * SECOND)
    found = execution_log(site)
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
def test_a_level_leaves_out_what_is_no_error(site: Site, level: str, logged: list[str]) -> None:
    site.define_task()
    site.runtime.script(Script(code=3))
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    site.start(create(site, chain(job(Catch=caught), {"Type": "Fail", "Error": "Gave up"}), level))
    site.settle()
    assert types(site) == logged
    assert execution_log(site)[-1]["details"] == {"error": "Gave up"}


@pytest.mark.parametrize("wait", [0, 5])
def test_express_executions_log_what_nothing_else_keeps(site: Site, wait: int) -> None:
    definition = chain({"Type": "Pass"}, {"Type": "Wait", "Seconds": wait}) if wait else chain({"Type": "Pass"})
    machine = create(site, definition, kind="EXPRESS")
    execution = site.start(machine)
    site.advance(wait * SECOND)
    found = execution_log(site)
    assert {event["execution_arn"] for event in found} == {execution}
    assert (found[0]["type"], found[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert [event["id"] for event in found] == [str(number) for number in range(1, len(found) + 1)]


def test_an_express_execution_that_is_waited_for_is_logged_once(site: Site) -> None:
    machine = create(site, chain({"Type": "Pass"}), kind="EXPRESS")
    answer = site.call("states", "StartSyncExecution", stateMachineArn=machine)
    assert answer["status"] == "SUCCEEDED"
    assert types(site) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


def test_executions_go_on_where_the_group_or_the_stream_is_deleted(site: Site) -> None:
    machine = create(site, PASSING)
    site.start(machine)
    (stream,) = site.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    site.call("logs", "DeleteLogStream", logGroupName=GROUP, logStreamName=stream["logStreamName"])
    site.advance(5 * SECOND)
    assert types(site) == ["WaitStateExited", "ExecutionSucceeded"]
    site.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    execution = site.start(machine)
    site.advance(5 * SECOND)
    assert site.status(execution) == "SUCCEEDED"
    site.call("logs", "CreateLogGroup", logGroupName=GROUP)
    site.start(machine)
    assert "ExecutionStarted" in types(site)


def test_a_group_that_is_not_there_cannot_be_logged_to(site: Site) -> None:
    site.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    with pytest.raises(AwsError) as error:
        create(site, PASSING)
    assert error.value.message == "Invalid Logging Configuration: Log Destination not found."


def test_a_long_input_is_cut_and_says_so(site: Site) -> None:
    text = '"' * 130_000
    site.start(create(site, chain({"Type": "Pass", "Result": 1})), text)
    details = execution_log(site)[0]["details"]
    assert details["inputDetails"] == {"truncated": True}
    assert dumps(text).startswith(details["input"])
    assert 240_000 < len(dumps(details["input"])) <= 248 * 1024


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2, 3])
def test_killed_at_any_commit_every_event_is_logged_once(site: Site, commit: int, before: bool) -> None:
    machine = create(site, PASSING)
    site.die_at(commit, before=before)
    for _ in range(3):
        try:
            with suppress(AwsError):  # it has been started already
                site.start(machine, name="one")
            site.advance(5 * SECOND)
        except Died:
            site.up()
    execution = site.call("states", "ListExecutions", stateMachineArn=machine)["executions"][0]["executionArn"]
    assert types(site) == site.types(execution)


def test_a_machine_that_logs_nothing_makes_no_stream(site: Site) -> None:
    site.run_machine({"Type": "Pass"})
    assert site.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"] == []
