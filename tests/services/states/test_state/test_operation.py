"""TestState: a state by itself, with and without a mock.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import ManualClock, manual_world
from lamplighter.bus import Caller
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.runtime.fake import FakeRuntime

CALLER = Caller("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/lamps"
PASS: Json = {"Type": "Pass", "End": True}
CALL: Json = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
WRITER: Json = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results"}}
MAP: Json = {"Type": "Map", "ItemProcessor": {"StartAt": "Each", "States": {"Each": PASS}}, "End": True}
WIDE: Json = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}} | MAP["ItemProcessor"]
WRITING: Json = MAP | {"ItemProcessor": WIDE, "ResultWriter": WRITER}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine on a clock that stands."""
    clock = ManualClock()
    found = await Engine.open(EngineConfig(data_directory=tmp_path), manual_world(clock), FakeRuntime(clock.now))
    yield found
    await found.close()


async def try_state(engine: Engine, state: Json, **params: Json) -> Json:
    """What TestState answers."""
    return await engine.call(CALLER, "states", "TestState", {"definition": json.dumps(state), **params})


async def refusal(engine: Engine, state: Json, **params: Json) -> AwsError:
    """What TestState refuses with."""
    with pytest.raises(AwsError) as caught:
        await try_state(engine, state, **params)
    return caught.value


def mocked(result: Json, mode: str | None = None) -> Json:
    """A mock of a result."""
    return {"result": json.dumps(result)} | ({"fieldValidationMode": mode} if mode else {})


def sdk(service: str, action: str, suffix: str = "") -> Json:
    """A Task that calls a service."""
    return CALL | {"Resource": f"arn:aws:states:::aws-sdk:{service}:{action}{suffix}"}


# What is shown


async def test_a_document_keeps_the_spelling_of_its_author(engine: Engine) -> None:
    answer = await try_state(engine, PASS | {"Next": "N"} | {"End": False}, input="[1,  2]", inspectionLevel="DEBUG")
    assert answer["output"] == "[1,  2]"
    assert set(answer["inspectionData"].values()) == {"[1,  2]"}
    assert answer["nextState"] == "N"


async def test_items_are_listed_with_a_space_between_them(engine: Engine) -> None:
    answer = await try_state(engine, MAP, input='[{"a": 1},2]', inspectionLevel="TRACE", mock={"result": "[1,2]"})
    assert answer["inspectionData"]["afterItemsPath"] == '[{"a":1}, 2]'
    assert answer["inspectionData"]["maxConcurrency"] == 0
    assert answer["output"] == "[1,2]"


async def test_info_shows_no_stages(engine: Engine) -> None:
    assert await try_state(engine, PASS, input="1") == {"status": "SUCCEEDED", "output": "1"}


async def test_variables_are_shown_where_there_are_any(engine: Engine) -> None:
    state = PASS | {"Assign": {"b.$": "$a"}}
    answer = await try_state(engine, state, variables='{"a": 1}', inspectionLevel="DEBUG")
    assert json.loads(answer["inspectionData"]["variables"]) == {"a": 1, "b": 1}
    assert "variables" not in (await try_state(engine, PASS, inspectionLevel="DEBUG"))["inspectionData"]


async def test_an_error_tells_who_is_meant_to_deal_with_it(engine: Engine) -> None:
    state = CALL | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}]}
    mock = {"errorOutput": {"error": "Boom", "cause": "told"}}
    answer = await try_state(engine, state, mock=mock, inspectionLevel="DEBUG")
    assert answer["status"] == "CAUGHT_ERROR"
    assert (answer["error"], answer["cause"], answer["nextState"]) == ("Boom", "told", "Sorry")
    assert json.loads(answer["output"]) == {"Error": "Boom", "Cause": "told"}
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 0}


async def test_the_context_object_is_made_up_where_none_is_given(engine: Engine) -> None:
    state = CALL | {"Parameters": {"c.$": "$$"}}
    answer = await try_state(
        engine,
        state,
        input='{"a":1}',
        roleArn=ROLE,
        mock=mocked({}),
        inspectionLevel="DEBUG",
        stateConfiguration={"retrierRetryCount": 2},
    )
    context = json.loads(answer["inspectionData"]["afterParameters"])["c"]
    execution, machine = context["Execution"], context["StateMachine"]
    assert execution["Input"] == {"a": 1}
    assert execution["RoleArn"] == ROLE
    assert execution["Id"] == f"arn:aws:states:eu-west-1:123456789012:express:{machine['Name']}:{execution['Name']}"
    assert context["State"]["Name"] == "StateName"
    assert context["State"]["RetryCount"] == 2


async def test_a_context_object_that_is_given_is_all_that_is_seen(engine: Engine) -> None:
    state = CALL | {"ResultSelector": {"c.$": "$$"}}
    answer = await try_state(engine, state, context='{"Execution": {}}', mock=mocked({}))
    assert json.loads(answer["output"]) == {"c": {"Execution": {}}}


# Which state


async def test_a_state_of_a_whole_machine_is_found_by_name_however_deep(engine: Engine) -> None:
    machine = {"StartAt": "All", "States": {"All": MAP | {"ItemProcessor": {"StartAt": "In", "States": {"In": PASS}}}}}
    assert (await try_state(engine, machine, stateName="In", input="5"))["output"] == "5"
    error = await refusal(engine, machine, stateName="Out")
    assert (error.code, error.message) == ("ValidationException", "State not found in definition")


async def test_a_definition_is_checked_where_it_stands(engine: Engine) -> None:
    error = await refusal(engine, {"Type": "Parallel", "Branches": [], "End": True}, mock=mocked([]))
    assert error.code == "InvalidDefinition"
    assert "Value cannot be empty at /States/StateName/Branches" in error.message


# Without a mock


async def test_a_task_without_a_mock_really_calls(engine: Engine) -> None:
    definition = json.dumps({"StartAt": "P", "States": {"P": PASS}})
    await engine.call(CALLER, "states", "CreateStateMachine", {"name": "m", "definition": definition, "roleArn": ROLE})
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {"StateMachineArn": machine, "Name": "once"},
        "ResultSelector": {"arn.$": "$.ExecutionArn"},
        "End": True,
    }
    answer = await try_state(engine, state)
    execution = json.loads(answer["output"])["arn"]
    found = await engine.call(CALLER, "states", "DescribeExecution", {"executionArn": execution})
    assert found["name"] == "once"


async def test_a_call_that_is_refused_fails_the_state(engine: Engine) -> None:
    missing = "arn:aws:states:eu-west-1:123456789012:stateMachine:none"
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {"StateMachineArn": missing},
        "Retry": [{"ErrorEquals": ["StepFunctions.StateMachineDoesNotExistException"]}],
        "End": True,
    }
    answer = await try_state(engine, state, inspectionLevel="DEBUG")
    assert answer["status"] == "RETRIABLE"
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 1}


async def test_a_service_that_is_not_served_must_be_mocked(engine: Engine) -> None:
    resource = "arn:aws:states:::lambda:invoke"
    error = await refusal(engine, CALL | {"Resource": resource})
    assert error.code == "InvalidDefinition"
    assert resource in error.message
    assert "/States/StateName/Resource" in error.message
    assert (await try_state(engine, CALL | {"Resource": resource}, mock=mocked({})))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "state",
    [
        MAP,
        {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": PASS}}], "End": True},
        CALL | {"Resource": "arn:aws:states:eu-west-1:123456789012:activity:knock"},
        CALL | {"Resource": "arn:aws:states:::states:startExecution.sync"},
        CALL | {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"},
    ],
)
async def test_what_others_finish_must_be_mocked(engine: Engine, state: Json) -> None:
    assert "when a mock is not specified" in (await refusal(engine, state)).message


# Mocks


async def test_a_mock_is_refused_where_there_is_no_work(engine: Engine) -> None:
    for state in (PASS, {"Type": "Succeed"}, {"Type": "Fail"}, {"Type": "Wait", "Seconds": 1, "End": True}):
        error = await refusal(engine, state, mock=mocked(1))
        assert error.message == f"State type '{state['Type']}' is not supported when a mock is specified"


@pytest.mark.parametrize("suffix", [".sync", ".sync:2"])
async def test_a_sync_call_is_mocked_by_what_the_work_is_asked_for(engine: Engine, suffix: str) -> None:
    state = CALL | {"Resource": f"arn:aws:states:::states:startExecution{suffix}"}
    error = await refusal(engine, state, mock=mocked({"ExecutionArn": "arn"}))
    assert error.message == "Mock result schema validation error: Required field 'StateMachineArn' is missing"


async def test_an_ecs_task_is_mocked_by_the_task(engine: Engine) -> None:
    state = CALL | {"Resource": "arn:aws:states:::ecs:runTask.sync"}
    assert (await try_state(engine, state, mock=mocked({"TaskArn": "t"})))["status"] == "SUCCEEDED"
    error = await refusal(engine, state, mock=mocked({"TaskArn": 1}))
    assert error.message == "Mock result schema validation error: Field 'TaskArn' must be a string"


async def test_a_task_token_is_answered_with_anything(engine: Engine) -> None:
    state = CALL | {"Resource": "arn:aws:states:::states:startExecution.waitForTaskToken"}
    assert (await try_state(engine, state, mock=mocked([1])))["output"] == "[1]"


async def test_a_lambda_payload_is_any_json(engine: Engine) -> None:
    assert (await try_state(engine, CALL, mock=mocked({"Payload": {"a": 1}})))["status"] == "SUCCEEDED"
    error = await refusal(engine, sdk("lambda", "invoke"), mock=mocked({"Payload": {"a": 1}}))
    assert error.message == "Mock result schema validation error: Field 'Payload' must be a string"


@pytest.mark.parametrize(
    ("state", "result", "why"),
    [
        (
            sdk("sfn", "startExecution"),
            {"ExecutionArn": "", "StartDate": "x"},
            "'ExecutionArn' is smaller than the minimum length",
        ),
        (
            sdk("sfn", "startExecution"),
            {"ExecutionArn": "x" * 257, "StartDate": "x"},
            "'ExecutionArn' exceeds the maximum length",
        ),
        (sdk("ecs", "describeTasks"), {"Tasks": [{"Overrides": 1}]}, "'Overrides' must be an object"),
        (sdk("ecs", "describeTasks"), {"Tasks": {}}, "'Tasks' must be an array"),
        (sdk("lambda", "getFunction"), {"Tags": {"k": 1}}, "'k' must be a string"),
        (
            sdk("ecs", "describeTasks"),
            {"Tasks": [{"EnableExecuteCommand": "no"}]},
            "'EnableExecuteCommand' must be a boolean",
        ),
        (sdk("lambda", "getFunction"), {"Configuration": {"Timeout": True}}, "'Timeout' must be a number"),
        (sdk("lambda", "getFunction"), {"Configuration": {"Timeout": 0}}, "'Timeout' is less than the minimum value"),
    ],
)
async def test_a_present_field_must_fit(engine: Engine, state: Json, result: Json, why: str) -> None:
    for mode in ("STRICT", "PRESENT"):
        error = await refusal(engine, state, mock=mocked(result, mode))
        assert error.message == f"Mock result schema validation error: Field {why}"
    assert (await try_state(engine, state, mock=mocked(result, "NONE")))["status"] == "SUCCEEDED"


async def test_a_field_that_is_missing_is_missed_by_strict_only(engine: Engine) -> None:
    state = sdk("sfn", "startExecution")
    assert "Required field 'ExecutionArn' is missing" in (await refusal(engine, state, mock=mocked({}))).message
    assert (await try_state(engine, state, mock=mocked({}, "PRESENT")))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("state", "params", "message"),
    [
        (CALL, {"mock": {"result": "{"}}, "Mocked result must be valid JSON"),
        (CALL, {"mock": {"result": "1", "errorOutput": {"error": "E"}}}, "only one of the following fields"),
        (CALL, {"mock": {}}, "only one of the following fields"),
        (CALL, {"mock": mocked({}), "revealSecrets": True}, "does not support RevealSecrets"),
        (CALL, {"mock": mocked({}), "context": "{"}, "Invalid Context object provided"),
        (CALL, {"mock": mocked({}), "context": "[]"}, "it must be a JSON object"),
        (CALL, {"mock": mocked({}), "context": '{"Task": {}}'}, "Context object contains 'Task'"),
        (PASS, {"context": "{}"}, "when a mock is not specified"),
        (PASS, {"variables": "[]"}, "Invalid variables provided"),
        (MAP, {"mock": mocked({})}, "Mocked result must be an array."),
        (WRITING, {"mock": mocked([])}, "Mocked result must be a JSON object."),
        (
            {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": PASS}}], "End": True},
            {"mock": mocked([1, 2])},
            "same number of items as number of Parallel branches",
        ),
        (
            MAP,
            {"mock": mocked([1]), "input": "[1]", "stateConfiguration": {"mapIterationFailureCount": 2}},
            "must be less than or equal to the number of Map iterations",
        ),
        (MAP, {"mock": mocked([]), "stateConfiguration": {"errorCausedByState": "Away"}}, "'Away'"),
        (CALL, {"mock": mocked({}), "stateConfiguration": {"mapItemReaderData": "[]"}}, "not supported for state type"),
    ],
)
async def test_what_does_not_go_together_is_refused(engine: Engine, state: Json, params: Json, message: str) -> None:
    error = await refusal(engine, state, **params)
    assert error.code == "ValidationException"
    assert message in error.message


async def test_an_input_that_is_no_json_is_refused(engine: Engine) -> None:
    assert (await refusal(engine, PASS, input="{")).code == "InvalidExecutionInput"
