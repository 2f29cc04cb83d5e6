"""Report the errors of a definition, when a machine is created and on request."""

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.services.states.states_harness import ACTIVITY, ROLE, StatesHarness, one_state, pass_definition

TASK = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution"}
SYNC = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync"}
CHILD = {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child"}
ITEM = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}


def labelled_map(label: str) -> Json:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **ITEM}
    return one_state(Type="Map", Label=label, ItemProcessor=processor)


async def validate(harness: StatesHarness, definition: Json, **params: Json) -> Json:
    text = definition if isinstance(definition, str) else dumps(definition)
    return await harness.states("ValidateStateMachineDefinition", definition=text, **params)


async def test_a_valid_definition_has_no_diagnostics(harness: StatesHarness) -> None:
    assert await validate(harness, pass_definition("one")) == {"result": "OK", "diagnostics": [], "truncated": False}


async def test_a_diagnostic_has_severity_code_message_and_location(harness: StatesHarness) -> None:
    answer = await validate(harness, {"States": pass_definition("one")["States"]})
    diagnostic = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/"}
    assert answer["result"] == "FAIL"
    assert answer["diagnostics"] == [diagnostic | {"message": "These fields are required: [StartAt]"}]


async def test_invalid_json_is_reported_in_the_words_of_the_json_parser(harness: StatesHarness) -> None:
    (diagnostic,) = (await validate(harness, "not a definition"))["diagnostics"]
    assert diagnostic["code"] == "INVALID_JSON_DESCRIPTION"
    assert diagnostic["message"].startswith("Unrecognized token 'not': was expecting")


async def test_max_results_limits_the_diagnostics(harness: StatesHarness) -> None:
    states = {name: {"Type": "Pass", "Next": "Gone"} for name in "ABC"}
    answer = await validate(harness, {"StartAt": "A", "States": states}, maxResults=2)
    assert (len(answer["diagnostics"]), answer["truncated"]) == (2, True)


@pytest.mark.parametrize("pattern", ["sync", "waitForTaskToken"])
async def test_an_express_machine_supports_neither_sync_nor_wait_for_task_token(
    harness: StatesHarness, pattern: str
) -> None:
    definition = one_state(Type="Task", Resource=f"arn:aws:states:::states:startExecution.{pattern}", Parameters=CHILD)
    (diagnostic,) = (await validate(harness, definition, type="EXPRESS"))["diagnostics"]
    assert diagnostic["message"].rstrip() == f"Express state machine does not support '.{pattern}' service integration"
    assert diagnostic["message"].endswith(" ") == (pattern == "waitForTaskToken")  # as in the recording of AWS
    assert (await validate(harness, definition))["result"] == "OK"


async def test_creating_an_express_machine_with_a_nested_sync_state_is_refused(harness: StatesHarness) -> None:
    inner = one_state(**SYNC)
    params = {"name": "night", "roleArn": ROLE, "type": "EXPRESS"}
    text = dumps(one_state(Type="Parallel", Branches=[{"StartAt": "B", "States": {"B": inner["States"]["A"]}}]))
    message = (
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' "
        "service integration at /States/A/Branches[0]/States/B/Resource'"
    )
    error = await harness.expect_error("CreateStateMachine", definition=text, **params)
    assert error == ("InvalidDefinition", message)


async def test_an_express_machine_cannot_use_activities(harness: StatesHarness) -> None:
    definition = one_state(Type="Task", Resource=ACTIVITY)
    assert (await validate(harness, definition, type="EXPRESS"))["result"] == "FAIL"
    assert (await validate(harness, definition))["result"] == "OK"


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("nightly é", "Label contains invalid character: ' '"),
        ("a\x85b", "Label contains invalid character: '\\x85'"),
        ("a\\b", "Label contains invalid character: '\\\\'"),
        ("x" * 41, "Label cannot exceed 40 characters"),
    ],
)
async def test_an_invalid_label_is_reported(harness: StatesHarness, label: str, message: str) -> None:
    (diagnostic,) = (await validate(harness, labelled_map(label)))["diagnostics"]
    assert diagnostic == {
        "severity": "ERROR",
        "code": "INVALID_LABEL_NAME",
        "message": message,
        "location": "/States/A/Label",
    }


async def test_create_reports_an_invalid_label_in_the_recorded_words(harness: StatesHarness) -> None:
    text = dumps(labelled_map('a"'))
    error = await harness.expect_error("CreateStateMachine", name="night", definition=text, roleArn=ROLE)
    quoted = "'Label contains invalid character: \\'\"\\''"
    assert error == ("InvalidDefinition", f"Error=ValueError Args=[{quoted}] in definition '{text}'.")


@pytest.mark.parametrize("label", ["x" * 40, "nächtlich", "a-b_c.d(e)@f+g=h!i/j"])
async def test_a_label_may_contain_any_other_character(harness: StatesHarness, label: str) -> None:
    assert (await validate(harness, labelled_map(label)))["result"] == "OK"


@pytest.mark.parametrize(
    ("state", "code", "location"),
    [
        (TASK | {"Parameters": CHILD | {"Input": {"a": "$.a"}}}, "NO_DOLLAR", "/States/A/Parameters/Input/a"),
        (TASK | {"Parameters": CHILD | {"Name": "States.UUID()"}}, "NO_DOLLAR", "/States/A/Parameters/Name"),
        ({"Type": "Pass", "Result": {"a.$": "$.a"}}, "PASS_RESULT_IS_STATIC", "/States/A/Result/a.$"),
    ],
)
async def test_a_warning_is_reported_only_on_request_and_does_not_fail_the_validation(
    harness: StatesHarness, state: Json, code: str, location: str
) -> None:
    answer = await validate(harness, one_state(**state), severity="WARNING")
    assert answer["result"] == "OK"
    assert [
        (diagnostic["severity"], diagnostic["code"], diagnostic["location"]) for diagnostic in answer["diagnostics"]
    ] == [("WARNING", code, location)]
    assert (await validate(harness, one_state(**state)))["diagnostics"] == []


async def test_a_path_in_a_field_that_accepts_no_path_is_a_warning(harness: StatesHarness) -> None:
    rule = {"Variable": "$.a", "StringEquals": "$.b", "Next": "B"}
    states = {"A": {"Type": "Choice", "Choices": [rule]}, "B": {"Type": "Succeed"}}
    answer = await validate(harness, {"StartAt": "A", "States": states}, severity="WARNING")
    assert [(diagnostic["code"], diagnostic["location"]) for diagnostic in answer["diagnostics"]] == [
        ("NO_PATH", "/States/A/Choices[0]/StringEquals")
    ]


SEND = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
MESSAGE = {"QueueUrl": "u", "MessageBody": "a"}


@pytest.mark.parametrize(
    ("state", "message", "location"),
    [
        (SEND, "Parameters field is required for resource ARN: arn:aws:states:::sqs:sendMessage", "Resource"),
        (
            SEND | {"QueryLanguage": "JSONata"},
            "Arguments field is required for resource ARN: arn:aws:states:::sqs:sendMessage",
            "Resource",
        ),
        (
            SEND | {"Parameters": {"QueueUrl.$": "$.u"}},
            "The field 'MessageBody' is required but was missing",
            "Parameters",
        ),
        (
            SEND | {"Parameters": MESSAGE | {"Message.$": "$.m"}},
            'The field "Message" is not supported by Step Functions',
            "Parameters",
        ),
        (
            SEND | {"QueryLanguage": "JSONata", "Arguments": MESSAGE | {"Message": "{% 1 %}"}},
            'The field "Message" is not supported by Step Functions',
            "Arguments",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "Parameters": {"QueueUrl": "u"}},
            "The field 'MessageBody' is required but was missing",
            "Parameters",
        ),
    ],
)
async def test_missing_and_unknown_parameters_of_a_call_are_reported(
    harness: StatesHarness, state: Json, message: str, location: str
) -> None:
    (diagnostic,) = (await validate(harness, one_state(**state)))["diagnostics"]
    assert (diagnostic["message"], diagnostic["location"]) == (message, f"/States/A/{location}")


@pytest.mark.parametrize(
    "state",
    [
        SEND | {"Parameters": MESSAGE},
        SEND | {"Parameters": {"QueueUrl.$": "$.u", "MessageBody": {"a": 1}}},
        SEND | {"QueryLanguage": "JSONata", "Arguments": "{% $states.input %}"},
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage"},
        {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {"TaskDefinition": "t"}},
    ],
)
async def test_valid_parameters_of_a_call_have_no_diagnostics(harness: StatesHarness, state: Json) -> None:
    assert (await validate(harness, one_state(**state)))["diagnostics"] == []


@pytest.mark.parametrize("call", ["sns:vouch", "sns:getCertificate", "eventbridge:listTraffic", "alerts:tell"])
async def test_a_machine_cannot_call_operations_that_only_this_engine_has(harness: StatesHarness, call: str) -> None:
    (diagnostic,) = (await validate(harness, one_state(Type="Task", Resource=f"arn:aws:states:::aws-sdk:{call}")))[
        "diagnostics"
    ]
    assert diagnostic["message"].startswith(f"The resource provided arn:aws:states:::aws-sdk:{call} is not recognized.")


async def test_the_payload_of_a_lambda_function_may_be_text(harness: StatesHarness) -> None:
    invoke = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    state = invoke | {"Parameters": {"FunctionName": "f", "Payload.$": "$.name"}}
    diagnostics = (await validate(harness, one_state(**state)))["diagnostics"]
    assert [each["message"] for each in diagnostics if "this engine does not provide" not in each["message"]] == []
