"""Test a single state with TestState, with and without a mock.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from tests.fake_runtime import FakeRuntime
from tests.manual_world import ManualClock, manual_world

CALLER = Caller("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/lamps"
PASS: Json = {"Type": "Pass", "End": True}
LAMBDA_TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
WRITER: Json = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "results"}}
MAP: Json = {"Type": "Map", "ItemProcessor": {"StartAt": "Each", "States": {"Each": PASS}}, "End": True}
PARALLEL: Json = {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": PASS}}], "End": True}
DISTRIBUTED: Json = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}} | MAP["ItemProcessor"]
MAP_WITH_WRITER: Json = MAP | {"ItemProcessor": DISTRIBUTED, "ResultWriter": WRITER}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine with a manual clock."""
    clock = ManualClock()
    opened = await Engine.open(EngineConfig(data_directory=tmp_path), manual_world(clock), FakeRuntime(clock.now))
    yield opened
    await opened.close()


async def try_state(engine: Engine, state: Json, **params: Json) -> Json:
    """Call TestState and return its answer."""
    return await engine.call(CALLER, "states", "TestState", {"definition": json.dumps(state), **params})


async def expect_error(engine: Engine, state: Json, **params: Json) -> AwsError:
    """Call TestState, which must fail, and return the error."""
    with pytest.raises(AwsError) as caught:
        await try_state(engine, state, **params)
    return caught.value


def mock_result(result: Json, mode: str | None = None) -> Json:
    """Return a mock with this result."""
    return {"result": json.dumps(result)} | ({"fieldValidationMode": mode} if mode else {})


def sdk_task(service: str, action: str, suffix: str = "") -> Json:
    """Return a Task state that calls an operation of a service through the AWS SDK integration."""
    return LAMBDA_TASK | {"Resource": f"arn:aws:states:::aws-sdk:{service}:{action}{suffix}"}


# The answer


async def test_a_document_keeps_the_whitespace_of_its_author(engine: Engine) -> None:
    answer = await try_state(engine, PASS | {"Next": "N"} | {"End": False}, input="[1,  2]", inspectionLevel="DEBUG")
    assert answer["output"] == "[1,  2]"
    assert set(answer["inspectionData"].values()) == {"[1,  2]"}
    assert answer["nextState"] == "N"


async def test_the_items_after_items_path_are_separated_by_a_comma_and_a_space(engine: Engine) -> None:
    answer = await try_state(engine, MAP, input='[{"a": 1},2]', inspectionLevel="TRACE", mock={"result": "[1,2]"})
    assert answer["inspectionData"]["afterItemsPath"] == '[{"a":1}, 2]'
    assert answer["inspectionData"]["maxConcurrency"] == 0
    assert answer["output"] == "[1,2]"


async def test_inspection_level_info_shows_no_stages(engine: Engine) -> None:
    assert await try_state(engine, PASS, input="1") == {"status": "SUCCEEDED", "output": "1"}


async def test_variables_are_shown_only_if_there_are_any(engine: Engine) -> None:
    state = PASS | {"Assign": {"b.$": "$a"}}
    answer = await try_state(engine, state, variables='{"a": 1}', inspectionLevel="DEBUG")
    assert json.loads(answer["inspectionData"]["variables"]) == {"a": 1, "b": 1}
    assert "variables" not in (await try_state(engine, PASS, inspectionLevel="DEBUG"))["inspectionData"]


async def test_a_caught_error_shows_the_index_of_its_catcher_and_the_next_state(engine: Engine) -> None:
    state = LAMBDA_TASK | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}]}
    mock = {"errorOutput": {"error": "Boom", "cause": "told"}}
    answer = await try_state(engine, state, mock=mock, inspectionLevel="DEBUG")
    assert answer["status"] == "CAUGHT_ERROR"
    assert (answer["error"], answer["cause"], answer["nextState"]) == ("Boom", "told", "Sorry")
    assert json.loads(answer["output"]) == {"Error": "Boom", "Cause": "told"}
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 0}


async def test_a_default_context_object_is_used_if_none_is_given(engine: Engine) -> None:
    state = LAMBDA_TASK | {"Parameters": {"c.$": "$$"}}
    answer = await try_state(
        engine,
        state,
        input='{"a":1}',
        roleArn=ROLE,
        mock=mock_result({}),
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


async def test_a_given_context_object_is_used_unchanged(engine: Engine) -> None:
    state = LAMBDA_TASK | {"ResultSelector": {"c.$": "$$"}}
    answer = await try_state(engine, state, context='{"Execution": {}}', mock=mock_result({}))
    assert json.loads(answer["output"]) == {"c": {"Execution": {}}}


# The tested state


async def test_a_nested_state_of_a_machine_is_found_by_its_name(engine: Engine) -> None:
    machine = {"StartAt": "All", "States": {"All": MAP | {"ItemProcessor": {"StartAt": "In", "States": {"In": PASS}}}}}
    assert (await try_state(engine, machine, stateName="In", input="5"))["output"] == "5"
    error = await expect_error(engine, machine, stateName="Out")
    assert (error.code, error.message) == ("ValidationException", "State not found in definition")


async def test_a_state_of_a_machine_may_be_named_like_a_state_without_a_machine(engine: Engine) -> None:
    machine = {"StartAt": "StateName", "States": {"StateName": PASS}}
    assert (await try_state(engine, machine, stateName="StateName", input="1"))["output"] == "1"


@pytest.mark.parametrize("operation", ["tell", "tellOutage"])
async def test_an_internal_service_of_the_engine_is_no_resource(engine: Engine, operation: str) -> None:
    error = await expect_error(engine, sdk_task("alerts", operation))
    assert f"arn:aws:states:::aws-sdk:alerts:{operation} is not recognized" in error.message


async def test_an_invalid_definition_is_refused_with_its_location(engine: Engine) -> None:
    error = await expect_error(engine, {"Type": "Parallel", "Branches": [], "End": True}, mock=mock_result([]))
    assert error.code == "InvalidDefinition"
    assert "Value cannot be empty at /States/StateName/Branches" in error.message


# Without a mock


async def test_a_task_without_a_mock_calls_the_service(engine: Engine) -> None:
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


async def test_a_refused_call_fails_the_state_and_may_be_retriable(engine: Engine) -> None:
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


async def test_a_service_that_the_engine_does_not_provide_must_be_mocked(engine: Engine) -> None:
    resource = "arn:aws:states:::lambda:invoke"
    error = await expect_error(engine, LAMBDA_TASK | {"Resource": resource})
    assert error.code == "InvalidDefinition"
    assert resource in error.message
    assert "/States/StateName/Resource" in error.message
    assert (await try_state(engine, LAMBDA_TASK | {"Resource": resource}, mock=mock_result({})))[
        "status"
    ] == "SUCCEEDED"


@pytest.mark.parametrize(
    "state",
    [
        LAMBDA_TASK | {"Resource": "arn:aws:states:eu-west-1:123456789012:activity:knock"},
        LAMBDA_TASK | {"Resource": "arn:aws:states:::states:startExecution.sync"},
        LAMBDA_TASK | {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"},
    ],
)
async def test_states_that_wait_for_other_work_must_be_mocked(engine: Engine, state: Json) -> None:
    assert "when a mock is not specified" in (await expect_error(engine, state)).message


@pytest.mark.parametrize("state", [MAP, PARALLEL])
async def test_maps_and_parallels_must_be_mocked(engine: Engine, state: Json) -> None:
    error = await expect_error(engine, state)
    assert (error.code, error.message.partition(".")[0]) == (
        "InvalidDefinition",
        "TestState API does not support Map or Parallel states",
    )


async def test_of_a_parallel_only_the_stages_of_its_result_are_shown(engine: Engine) -> None:
    state = PARALLEL | {"InputPath": "$.inner", "ResultPath": "$.both"}
    answer = await try_state(engine, state, input='{"inner":1}', mock=mock_result([2]), inspectionLevel="DEBUG")
    assert json.loads(answer["output"]) == {"inner": 1, "both": [2]}
    assert answer["inspectionData"].keys() == {"input", "afterResultSelector", "afterResultPath"}


async def test_a_map_without_a_tolerance_succeeds_however_many_items_failed(engine: Engine) -> None:
    options: Json = {"input": "[1]", "mock": mock_result([1]), "stateConfiguration": {"mapIterationFailureCount": 1}}
    untold = MAP | {"ItemProcessor": DISTRIBUTED}
    assert (await try_state(engine, untold, **options))["status"] == "SUCCEEDED"
    assert (await try_state(engine, untold | {"ToleratedFailureCount": 0}, **options))["status"] == "FAILED"


# Mocks


async def test_a_mock_is_refused_for_states_that_do_no_work(engine: Engine) -> None:
    for state in (PASS, {"Type": "Succeed"}, {"Type": "Fail"}, {"Type": "Wait", "Seconds": 1, "End": True}):
        error = await expect_error(engine, state, mock=mock_result(1))
        assert error.message == f"State type '{state['Type']}' is not supported when a mock is specified"


@pytest.mark.parametrize("suffix", [".sync", ".sync:2"])
async def test_the_mock_of_a_sync_call_must_have_the_shape_of_the_describe_call(engine: Engine, suffix: str) -> None:
    state = LAMBDA_TASK | {"Resource": f"arn:aws:states:::states:startExecution{suffix}"}
    error = await expect_error(engine, state, mock=mock_result({"ExecutionArn": "arn"}))
    assert error.message == "Mock result schema validation error: Required field 'StateMachineArn' is missing"


async def test_the_mock_of_a_sync_ecs_call_must_have_the_shape_of_a_task(engine: Engine) -> None:
    state = LAMBDA_TASK | {"Resource": "arn:aws:states:::ecs:runTask.sync"}
    assert (await try_state(engine, state, mock=mock_result({"TaskArn": "t"})))["status"] == "SUCCEEDED"
    error = await expect_error(engine, state, mock=mock_result({"TaskArn": 1}))
    assert error.message == "Mock result schema validation error: Field 'TaskArn' must be a string"


async def test_the_mock_of_a_task_token_call_may_be_any_json(engine: Engine) -> None:
    state = LAMBDA_TASK | {"Resource": "arn:aws:states:::states:startExecution.waitForTaskToken"}
    assert (await try_state(engine, state, mock=mock_result([1])))["output"] == "[1]"


async def test_a_mocked_lambda_payload_may_be_any_json_except_in_an_sdk_call(engine: Engine) -> None:
    assert (await try_state(engine, LAMBDA_TASK, mock=mock_result({"Payload": {"a": 1}})))["status"] == "SUCCEEDED"
    error = await expect_error(engine, sdk_task("lambda", "invoke"), mock=mock_result({"Payload": {"a": 1}}))
    assert error.message == "Mock result schema validation error: Field 'Payload' must be a string"


@pytest.mark.parametrize(
    ("state", "result", "reason"),
    [
        (
            sdk_task("sfn", "startExecution"),
            {"ExecutionArn": "", "StartDate": "x"},
            "'ExecutionArn' is smaller than the minimum length",
        ),
        (
            sdk_task("sfn", "startExecution"),
            {"ExecutionArn": "x" * 257, "StartDate": "x"},
            "'ExecutionArn' exceeds the maximum length",
        ),
        (sdk_task("ecs", "describeTasks"), {"Tasks": [{"Overrides": 1}]}, "'Overrides' must be an object"),
        (sdk_task("ecs", "describeTasks"), {"Tasks": {}}, "'Tasks' must be an array"),
        (sdk_task("lambda", "getFunction"), {"Tags": {"k": 1}}, "'k' must be a string"),
        (
            sdk_task("ecs", "describeTasks"),
            {"Tasks": [{"EnableExecuteCommand": "no"}]},
            "'EnableExecuteCommand' must be a boolean",
        ),
        (sdk_task("lambda", "getFunction"), {"Configuration": {"Timeout": True}}, "'Timeout' must be a number"),
        (
            sdk_task("lambda", "getFunction"),
            {"Configuration": {"Timeout": 0}},
            "'Timeout' is less than the minimum value",
        ),
    ],
)
async def test_a_mocked_field_must_match_its_shape_unless_validation_is_off(
    engine: Engine, state: Json, result: Json, reason: str
) -> None:
    for mode in ("STRICT", "PRESENT"):
        error = await expect_error(engine, state, mock=mock_result(result, mode))
        assert error.message == f"Mock result schema validation error: Field {reason}"
    assert (await try_state(engine, state, mock=mock_result(result, "NONE")))["status"] == "SUCCEEDED"


async def test_a_missing_field_is_an_error_only_in_strict_mode(engine: Engine) -> None:
    state = sdk_task("sfn", "startExecution")
    assert (
        "Required field 'ExecutionArn' is missing" in (await expect_error(engine, state, mock=mock_result({}))).message
    )
    assert (await try_state(engine, state, mock=mock_result({}, "PRESENT")))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("state", "params", "message"),
    [
        (LAMBDA_TASK, {"mock": {"result": "{"}}, "Mocked result must be valid JSON"),
        (LAMBDA_TASK, {"mock": {"result": "1", "errorOutput": {"error": "E"}}}, "only one of the following fields"),
        (LAMBDA_TASK, {"mock": {}}, "only one of the following fields"),
        (LAMBDA_TASK, {"mock": mock_result({}), "revealSecrets": True}, "does not support RevealSecrets"),
        (LAMBDA_TASK, {"mock": mock_result({}), "context": "{"}, "Invalid Context object provided"),
        (LAMBDA_TASK, {"mock": mock_result({}), "context": "[]"}, "it must be a JSON object"),
        (LAMBDA_TASK, {"mock": mock_result({}), "context": '{"Task": {}}'}, "Context object contains 'Task'"),
        (PASS, {"context": "{}"}, "when a mock is not specified"),
        (PASS, {"variables": "[]"}, "Invalid variables provided"),
        (MAP, {"mock": mock_result({})}, "Mocked result must be an array."),
        (MAP_WITH_WRITER, {"mock": mock_result([])}, "Mocked result must be a JSON object."),
        (
            {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": PASS}}], "End": True},
            {"mock": mock_result([1, 2])},
            "same number of items as number of Parallel branches",
        ),
        (
            MAP,
            {"mock": mock_result([1]), "input": "[1]", "stateConfiguration": {"mapIterationFailureCount": 2}},
            "must be less than or equal to the number of Map iterations",
        ),
        (MAP, {"mock": mock_result([]), "stateConfiguration": {"errorCausedByState": "Away"}}, "'Away'"),
        (
            LAMBDA_TASK,
            {"mock": mock_result({}), "stateConfiguration": {"mapItemReaderData": "[]"}},
            "not supported for state type",
        ),
    ],
)
async def test_invalid_or_contradictory_parameters_are_refused(
    engine: Engine, state: Json, params: Json, message: str
) -> None:
    error = await expect_error(engine, state, **params)
    assert error.code == "ValidationException"
    assert message in error.message


async def test_an_input_that_is_not_json_is_refused(engine: Engine) -> None:
    assert (await expect_error(engine, PASS, input="{")).code == "InvalidExecutionInput"
