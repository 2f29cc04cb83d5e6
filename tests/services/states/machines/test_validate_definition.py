"""Definitions: what is wrong with them, at creation and on request."""

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.services.states.states_harness import ACTIVITY, ROLE, StatesHarness, passing, single

TASK = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution"}
SYNC = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync"}
CHILD = {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child"}
ITEM = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}


def labelled(label: str) -> Json:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **ITEM}
    return single(Type="Map", Label=label, ItemProcessor=processor)


async def validate(harness: StatesHarness, definition: Json, **params: Json) -> Json:
    text = definition if isinstance(definition, str) else dumps(definition)
    return await harness.states("ValidateStateMachineDefinition", definition=text, **params)


async def test_a_good_definition_has_nothing_to_tell(harness: StatesHarness) -> None:
    assert await validate(harness, passing("one")) == {"result": "OK", "diagnostics": [], "truncated": False}


async def test_a_fault_is_told_with_severity_code_message_and_place(harness: StatesHarness) -> None:
    answer = await validate(harness, {"States": passing("one")["States"]})
    fault = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/"}
    assert answer["result"] == "FAIL"
    assert answer["diagnostics"] == [fault | {"message": "These fields are required: [StartAt]"}]


async def test_what_is_no_json_is_told_in_the_parsers_words(harness: StatesHarness) -> None:
    (fault,) = (await validate(harness, "not a definition"))["diagnostics"]
    assert fault["code"] == "INVALID_JSON_DESCRIPTION"
    assert fault["message"].startswith("Unrecognized token 'not': was expecting")


async def test_only_as_many_faults_are_told_as_are_wanted(harness: StatesHarness) -> None:
    states = {name: {"Type": "Pass", "Next": "Gone"} for name in "ABC"}
    answer = await validate(harness, {"StartAt": "A", "States": states}, maxResults=2)
    assert (len(answer["diagnostics"]), answer["truncated"]) == (2, True)


@pytest.mark.parametrize("pattern", ["sync", "waitForTaskToken"])
async def test_an_express_machine_waits_for_nobody(harness: StatesHarness, pattern: str) -> None:
    waiting = single(Type="Task", Resource=f"arn:aws:states:::states:startExecution.{pattern}", Parameters=CHILD)
    (fault,) = (await validate(harness, waiting, type="EXPRESS"))["diagnostics"]
    assert fault["message"].rstrip() == f"Express state machine does not support '.{pattern}' service integration"
    assert fault["message"].endswith(" ") == (pattern == "waitForTaskToken")  # as AWS was recorded
    assert (await validate(harness, waiting))["result"] == "OK"


async def test_an_express_machine_that_waits_is_not_created_wherever_the_state_stands(harness: StatesHarness) -> None:
    inner = single(**SYNC)
    params = {"name": "night", "roleArn": ROLE, "type": "EXPRESS"}
    text = dumps(single(Type="Parallel", Branches=[{"StartAt": "B", "States": {"B": inner["States"]["A"]}}]))
    message = (
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' "
        "service integration at /States/A/Branches[0]/States/B/Resource'"
    )
    refused = await harness.refused("CreateStateMachine", definition=text, **params)
    assert refused == ("InvalidDefinition", message)


async def test_an_express_machine_has_no_activities(harness: StatesHarness) -> None:
    working = single(Type="Task", Resource=ACTIVITY)
    assert (await validate(harness, working, type="EXPRESS"))["result"] == "FAIL"
    assert (await validate(harness, working))["result"] == "OK"


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("nightly é", "Label contains invalid character: ' '"),
        ("a\x85b", "Label contains invalid character: '\\x85'"),
        ("a\\b", "Label contains invalid character: '\\\\'"),
        ("x" * 41, "Label cannot exceed 40 characters"),
    ],
)
async def test_a_label_that_is_none_is_told(harness: StatesHarness, label: str, message: str) -> None:
    (fault,) = (await validate(harness, labelled(label)))["diagnostics"]
    assert fault == {
        "severity": "ERROR",
        "code": "INVALID_LABEL_NAME",
        "message": message,
        "location": "/States/A/Label",
    }


async def test_creation_tells_a_bad_label_as_recorded(harness: StatesHarness) -> None:
    text = dumps(labelled('a"'))
    refused = await harness.refused("CreateStateMachine", name="night", definition=text, roleArn=ROLE)
    quoted = "'Label contains invalid character: \\'\"\\''"
    assert refused == ("InvalidDefinition", f"Error=ValueError Args=[{quoted}] in definition '{text}'.")


@pytest.mark.parametrize("label", ["x" * 40, "nächtlich", "a-b_c.d(e)@f+g=h!i/j"])
async def test_a_label_may_be_anything_else(harness: StatesHarness, label: str) -> None:
    assert (await validate(harness, labelled(label)))["result"] == "OK"


@pytest.mark.parametrize(
    ("state", "code", "location"),
    [
        (TASK | {"Parameters": CHILD | {"Input": {"a": "$.a"}}}, "NO_DOLLAR", "/States/A/Parameters/Input/a"),
        (TASK | {"Parameters": CHILD | {"Name": "States.UUID()"}}, "NO_DOLLAR", "/States/A/Parameters/Name"),
        ({"Type": "Pass", "Result": {"a.$": "$.a"}}, "PASS_RESULT_IS_STATIC", "/States/A/Result/a.$"),
    ],
)
async def test_a_warning_is_told_to_those_who_ask_and_fails_nothing(
    harness: StatesHarness, state: Json, code: str, location: str
) -> None:
    answer = await validate(harness, single(**state), severity="WARNING")
    assert answer["result"] == "OK"
    assert [(fault["severity"], fault["code"], fault["location"]) for fault in answer["diagnostics"]] == [
        ("WARNING", code, location)
    ]
    assert (await validate(harness, single(**state)))["diagnostics"] == []


async def test_a_path_under_a_name_that_takes_none_is_a_warning(harness: StatesHarness) -> None:
    rule = {"Variable": "$.a", "StringEquals": "$.b", "Next": "B"}
    states = {"A": {"Type": "Choice", "Choices": [rule]}, "B": {"Type": "Succeed"}}
    answer = await validate(harness, {"StartAt": "A", "States": states}, severity="WARNING")
    assert [(fault["code"], fault["location"]) for fault in answer["diagnostics"]] == [
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
async def test_parameters_that_a_call_cannot_take_are_told(
    harness: StatesHarness, state: Json, message: str, location: str
) -> None:
    (fault,) = (await validate(harness, single(**state)))["diagnostics"]
    assert (fault["message"], fault["location"]) == (message, f"/States/A/{location}")


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
async def test_parameters_that_a_call_may_take_are_no_fault(harness: StatesHarness, state: Json) -> None:
    assert (await validate(harness, single(**state)))["diagnostics"] == []


@pytest.mark.parametrize("call", ["sns:vouch", "sns:getCertificate", "eventbridge:listTraffic"])
async def test_what_only_this_engine_can_do_is_no_call_for_a_machine(harness: StatesHarness, call: str) -> None:
    (fault,) = (await validate(harness, single(Type="Task", Resource=f"arn:aws:states:::aws-sdk:{call}")))[
        "diagnostics"
    ]
    assert fault["message"].startswith(f"The resource provided arn:aws:states:::aws-sdk:{call} is not recognized.")


async def test_a_text_is_a_payload_for_a_function(harness: StatesHarness) -> None:
    invoke = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    state = invoke | {"Parameters": {"FunctionName": "f", "Payload.$": "$.name"}}
    told = (await validate(harness, single(**state)))["diagnostics"]
    assert [each["message"] for each in told if "this engine does not provide" not in each["message"]] == []
