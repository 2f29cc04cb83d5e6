"""The API of Step Functions through boto3 has AWS's answers, errors and messages."""

import json

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import ROLE, EngineAccount, one_state

PASS = one_state({"Type": "Pass", "End": True})
TOO_MANY = (
    "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
    "Member must have value less than or equal to 1000"
)
WAIT = one_state({"Type": "Wait", "Seconds": 3600, "End": True})


def error_code(error: "pytest.ExceptionInfo[ClientError]") -> str:
    found: str = error.value.response["Error"]["Code"]
    return found


def error_message(error: "pytest.ExceptionInfo[ClientError]") -> str:
    found: str = error.value.response["Error"]["Message"]
    return found


def test_creating_a_machine_again_returns_it_and_another_definition_is_refused(
    account: EngineAccount,
) -> None:
    arn = account.machine(PASS)
    assert account.machine(PASS) == arn
    with pytest.raises(ClientError) as refused:
        account.machine(WAIT)
    assert (error_code(refused), error_message(refused)) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{arn}'",
    )


def test_an_invalid_definition_is_refused_with_all_errors_and_not_stored(account: EngineAccount) -> None:
    bad = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Gone"}, "B": {"Type": "Pass", "End": True}}}
    with pytest.raises(ClientError) as refused:
        account.machine(bad)
    assert error_code(refused) == "InvalidDefinition"
    assert error_message(refused) == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: Gone at /States/A/Next, "
        'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B\''
    )
    assert account.sfn.list_state_machines()["stateMachines"] == []


def test_an_unknown_resource_is_reported_at_creation(account: EngineAccount) -> None:
    with pytest.raises(ClientError, match="arn:aws:states:::nosuch:call is not recognized"):
        account.machine(one_state({"Type": "Task", "Resource": "arn:aws:states:::nosuch:call", "End": True}))


@pytest.mark.parametrize("name", ["a b", "a*b", "a/b", "a:b", "a\x7f"])
def test_a_name_with_forbidden_characters_is_refused(account: EngineAccount, name: str) -> None:
    with pytest.raises(ClientError) as refused:
        account.machine(PASS, name)
    assert (error_code(refused), error_message(refused)) == ("InvalidName", f"Invalid Name: '{name}'")


def test_an_execution_name_can_be_started_again_only_with_the_same_input_while_it_runs(account: EngineAccount) -> None:
    machine = account.machine(WAIT)
    arn = account.start(machine, {"n": 1}, "night")
    assert account.start(machine, {"n": 1}, "night") == arn
    for given in ({"n": 2}, {"n": 1}):
        with pytest.raises(ClientError) as refused:
            account.start(machine, given, "night")
        assert (error_code(refused), error_message(refused)) == (
            "ExecutionAlreadyExists",
            f"Execution Already Exists: '{arn}'",
        )
        account.sfn.stop_execution(executionArn=arn)
    assert len(account.sfn.list_executions(stateMachineArn=machine)["executions"]) == 1


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
def test_unknown_or_invalid_parameters_get_aws_s_message(
    account: EngineAccount, operation: str, params: Json, expected: str
) -> None:
    names = {
        "machine": account.machine(PASS),
        "execution": "arn:aws:states:us-east-1:123456789012:execution:machine:none",
    }
    filled = {
        key: value.format(**names) if isinstance(value, str) and value != "{}" else value
        for key, value in params.items()
    }
    with pytest.raises(ClientError) as refused:
        getattr(account.sfn, operation)(**filled)
    assert error_message(refused) == expected.format(**names)


def test_invalid_or_too_large_input_is_refused_and_starts_nothing(account: EngineAccount) -> None:
    machine = account.machine(PASS)
    for text, expected in (
        ("not some json", "InvalidExecutionInput"),
        ('"' + "x" * 262_145 + '"', "ValidationException"),
    ):
        with pytest.raises(ClientError) as refused:
            account.sfn.start_execution(stateMachineArn=machine, input=text)
        assert error_code(refused) == expected
    assert account.sfn.list_executions(stateMachineArn=machine)["executions"] == []


def test_a_stopped_execution_has_only_the_given_error_and_cause(account: EngineAccount) -> None:
    machine = account.machine(WAIT)
    explained, unexplained = account.start(machine), account.start(machine)
    account.sfn.stop_execution(executionArn=explained, error="Mine", cause="enough")
    account.sfn.stop_execution(executionArn=unexplained)
    found = account.sfn.describe_execution(executionArn=explained)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Mine", "enough")
    found = account.sfn.describe_execution(executionArn=unexplained)
    assert found["status"] == "ABORTED"
    assert not {"error", "cause", "output"} & found.keys()
    assert account.history(unexplained)[-1]["executionAbortedEventDetails"] == {}


def test_an_execution_times_out_exactly_at_its_timeout(account: EngineAccount) -> None:
    execution = account.start(account.machine(WAIT | {"TimeoutSeconds": 1}))
    ended = account.ended(execution)
    assert ended["status"] == "TIMED_OUT"
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() == 1
    assert not {"error", "cause"} & ended.keys()
    assert account.history(execution)[-1]["executionTimedOutEventDetails"] == {"error": "States.Timeout"}


def test_a_history_is_read_in_pages_in_both_orders(account: EngineAccount) -> None:
    states: Json = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(60)}
    states["S60"] = {"Type": "Pass", "End": True}
    execution = account.start(account.machine({"StartAt": "S0", "States": states}))
    account.ended(execution)
    forward: list[int] = []
    backward: list[int] = []
    for order, seen in ((False, forward), (True, backward)):
        token: Json = {}
        while token is not None:
            page = account.sfn.get_execution_history(executionArn=execution, maxResults=7, reverseOrder=order, **token)
            seen += [event["id"] for event in page["events"]]
            token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    assert forward == list(range(1, 125))
    assert backward == forward[::-1]


def test_pages_of_lists_lose_and_repeat_nothing(account: EngineAccount) -> None:
    machines = [account.machine(PASS, f"m{n:02}") for n in range(12)]
    pages = account.sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 5})
    assert [each["stateMachineArn"] for page in pages for each in page["stateMachines"]] == machines
    executions = [account.start(machines[0]) for _ in range(12)]
    pages = account.sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machines[0], PaginationConfig={"PageSize": 5}
    )
    assert [each["executionArn"] for page in pages for each in page["executions"]] == executions[::-1]


def test_a_running_execution_keeps_the_definition_of_its_start(account: EngineAccount) -> None:
    wait = {
        "StartAt": "W",
        "States": {
            "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
            "P": {"Type": "Pass", "Result": "old", "End": True},
        },
    }
    machine = account.machine(wait)
    before = account.start(machine)
    new = json.dumps(one_state({"Type": "Pass", "Result": "new", "End": True}))
    account.sfn.update_state_machine(stateMachineArn=machine, definition=new)
    after = account.start(machine)
    assert [json.loads(account.ended(each)["output"]) for each in (before, after)] == ["old", "new"]


def test_accounts_and_regions_are_separate(account: EngineAccount) -> None:
    other = account.client("stepfunctions", region="eu-west-1", key="222222222222")
    arn = other.create_state_machine(name="machine", definition=json.dumps(PASS), roleArn=ROLE)["stateMachineArn"]
    assert arn == "arn:aws:states:eu-west-1:222222222222:stateMachine:machine"
    assert account.sfn.list_state_machines()["stateMachines"] == []


def test_tags_are_added_listed_and_removed(account: EngineAccount) -> None:
    machine = account.machine(PASS)
    account.sfn.tag_resource(resourceArn=machine, tags=[{"key": "team", "value": "night"}, {"key": "x", "value": "1"}])
    account.sfn.untag_resource(resourceArn=machine, tagKeys=["x"])
    assert account.sfn.list_tags_for_resource(resourceArn=machine)["tags"] == [{"key": "team", "value": "night"}]
