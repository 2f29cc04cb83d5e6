"""Step Functions' API as boto3 sees it: AWS's answers, errors and messages."""

import json

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import ROLE, ServedEngine, one

PASS = one({"Type": "Pass", "End": True})
TOO_MANY = (
    "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
    "Member must have value less than or equal to 1000"
)
WAIT = one({"Type": "Wait", "Seconds": 3600, "End": True})


def code(error: "pytest.ExceptionInfo[ClientError]") -> str:
    found: str = error.value.response["Error"]["Code"]
    return found


def message(error: "pytest.ExceptionInfo[ClientError]") -> str:
    found: str = error.value.response["Error"]["Message"]
    return found


def test_creating_the_same_machine_twice_is_the_same_machine_and_another_definition_is_refused(
    served: ServedEngine,
) -> None:
    arn = served.machine(PASS)
    assert served.machine(PASS) == arn
    with pytest.raises(ClientError) as refused:
        served.machine(WAIT)
    assert (code(refused), message(refused)) == ("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


def test_a_bad_definition_is_refused_with_every_fault_and_its_place_and_nothing_is_kept(served: ServedEngine) -> None:
    bad = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Gone"}, "B": {"Type": "Pass", "End": True}}}
    with pytest.raises(ClientError) as refused:
        served.machine(bad)
    assert code(refused) == "InvalidDefinition"
    assert message(refused) == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: Gone at /States/A/Next, "
        'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B\''
    )
    assert served.sfn.list_state_machines()["stateMachines"] == []


def test_a_resource_that_nothing_serves_is_told_at_creation(served: ServedEngine) -> None:
    with pytest.raises(ClientError, match="arn:aws:states:::nosuch:call is not recognized"):
        served.machine(one({"Type": "Task", "Resource": "arn:aws:states:::nosuch:call", "End": True}))


@pytest.mark.parametrize("name", ["a b", "a*b", "a/b", "a:b", "a\x7f"])
def test_a_name_with_forbidden_characters_is_refused(served: ServedEngine, name: str) -> None:
    with pytest.raises(ClientError) as refused:
        served.machine(PASS, name)
    assert (code(refused), message(refused)) == ("InvalidName", f"Invalid Name: '{name}'")


def test_starting_by_the_same_name_is_idempotent_while_it_runs_and_refused_otherwise(served: ServedEngine) -> None:
    machine = served.machine(WAIT)
    arn = served.start(machine, {"n": 1}, "night")
    assert served.start(machine, {"n": 1}, "night") == arn
    for given in ({"n": 2}, {"n": 1}):
        with pytest.raises(ClientError) as refused:
            served.start(machine, given, "night")
        assert (code(refused), message(refused)) == ("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        served.sfn.stop_execution(executionArn=arn)
    assert len(served.sfn.list_executions(stateMachineArn=machine)["executions"]) == 1


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("describe_execution", {"executionArn": "nope"}, "Invalid Arn: 'Invalid ARN prefix: nope'"),
        ("describe_state_machine", {"stateMachineArn": "{machine}x"}, "State Machine Does Not Exist: '{machine}x'"),
        ("start_execution", {"stateMachineArn": "{machine}x"}, "State Machine Does Not Exist: '{machine}x'"),
        ("describe_execution", {"executionArn": "{execution}"}, "Execution Does Not Exist: '{execution}'"),
        ("stop_execution", {"executionArn": "{execution}"}, "Execution Does Not Exist: '{execution}'"),
        ("send_task_success", {"taskToken": "x", "output": "{}"}, "Invalid Token: 'Invalid token'"),
        ("list_executions", {"stateMachineArn": "{machine}", "nextToken": "!"}, "Invalid Token: 'Invalid token'"),
        ("list_state_machines", {"maxResults": 1001}, TOO_MANY),
    ],
)
def test_what_is_unknown_or_unfit_gets_aws_s_message(
    served: ServedEngine, operation: str, params: Json, expected: str
) -> None:
    names = {
        "machine": served.machine(PASS),
        "execution": "arn:aws:states:us-east-1:123456789012:execution:machine:none",
    }
    filled = {
        key: value.format(**names) if isinstance(value, str) and value != "{}" else value
        for key, value in params.items()
    }
    with pytest.raises(ClientError) as refused:
        getattr(served.sfn, operation)(**filled)
    assert message(refused) == expected.format(**names)


def test_input_that_is_not_json_or_too_large_is_refused_and_starts_nothing(served: ServedEngine) -> None:
    machine = served.machine(PASS)
    for text, expected in (
        ("not some json", "InvalidExecutionInput"),
        ('"' + "x" * 262_145 + '"', "ValidationException"),
    ):
        with pytest.raises(ClientError) as refused:
            served.sfn.start_execution(stateMachineArn=machine, input=text)
        assert code(refused) == expected
    assert served.sfn.list_executions(stateMachineArn=machine)["executions"] == []


def test_a_stopped_execution_says_why_and_only_what_it_was_told(served: ServedEngine) -> None:
    machine = served.machine(WAIT)
    told, untold = served.start(machine), served.start(machine)
    served.sfn.stop_execution(executionArn=told, error="Mine", cause="enough")
    served.sfn.stop_execution(executionArn=untold)
    found = served.sfn.describe_execution(executionArn=told)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Mine", "enough")
    found = served.sfn.describe_execution(executionArn=untold)
    assert found["status"] == "ABORTED"
    assert not {"error", "cause", "output"} & found.keys()
    assert served.history(untold)[-1]["executionAbortedEventDetails"] == {}


def test_an_execution_that_outlives_its_deadline_is_timed_out_at_the_second(served: ServedEngine) -> None:
    execution = served.start(served.machine(WAIT | {"TimeoutSeconds": 1}))
    ended = served.ended(execution)
    assert ended["status"] == "TIMED_OUT"
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() == 1
    assert not {"error", "cause"} & ended.keys()
    assert served.history(execution)[-1]["executionTimedOutEventDetails"] == {"error": "States.Timeout"}


def test_a_history_is_read_in_pages_from_either_end(served: ServedEngine) -> None:
    states: Json = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(60)}
    states["S60"] = {"Type": "Pass", "End": True}
    execution = served.start(served.machine({"StartAt": "S0", "States": states}))
    served.ended(execution)
    forward: list[int] = []
    backward: list[int] = []
    for order, seen in ((False, forward), (True, backward)):
        token: Json = {}
        while token is not None:
            page = served.sfn.get_execution_history(executionArn=execution, maxResults=7, reverseOrder=order, **token)
            seen += [event["id"] for event in page["events"]]
            token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    assert forward == list(range(1, 125))
    assert backward == forward[::-1]


def test_lists_come_in_pages_that_lose_and_repeat_nothing(served: ServedEngine) -> None:
    machines = [served.machine(PASS, f"m{n:02}") for n in range(12)]
    pages = served.sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 5})
    assert [each["stateMachineArn"] for page in pages for each in page["stateMachines"]] == machines
    executions = [served.start(machines[0]) for _ in range(12)]
    pages = served.sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machines[0], PaginationConfig={"PageSize": 5}
    )
    assert [each["executionArn"] for page in pages for each in page["executions"]] == executions[::-1]


def test_a_running_execution_keeps_the_definition_that_it_began_with(served: ServedEngine) -> None:
    wait = {
        "StartAt": "W",
        "States": {
            "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
            "P": {"Type": "Pass", "Result": "old", "End": True},
        },
    }
    machine = served.machine(wait)
    before = served.start(machine)
    new = json.dumps(one({"Type": "Pass", "Result": "new", "End": True}))
    served.sfn.update_state_machine(stateMachineArn=machine, definition=new)
    after = served.start(machine)
    assert [json.loads(served.ended(each)["output"]) for each in (before, after)] == ["old", "new"]


def test_accounts_and_regions_are_apart(served: ServedEngine) -> None:
    other = served.client("stepfunctions", region="eu-west-1", key="222222222222")
    arn = other.create_state_machine(name="machine", definition=json.dumps(PASS), roleArn=ROLE)["stateMachineArn"]
    assert arn == "arn:aws:states:eu-west-1:222222222222:stateMachine:machine"
    assert served.sfn.list_state_machines()["stateMachines"] == []


def test_tags_are_put_listed_and_taken_away(served: ServedEngine) -> None:
    machine = served.machine(PASS)
    served.sfn.tag_resource(resourceArn=machine, tags=[{"key": "team", "value": "night"}, {"key": "x", "value": "1"}])
    served.sfn.untag_resource(resourceArn=machine, tagKeys=["x"])
    assert served.sfn.list_tags_for_resource(resourceArn=machine)["tags"] == [{"key": "team", "value": "night"}]
