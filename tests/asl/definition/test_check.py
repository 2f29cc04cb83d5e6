"""Check that every fault in the form of a definition is reported with its location."""

import pytest

from lamplighter.asl.definition.check import check_definition
from lamplighter.base.json_text import Json

PASS: Json = {"Type": "Pass", "End": True}
TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "End": True}
VALID_BLOCK = {"StartAt": "P", "States": {"P": PASS}}
"""A block without faults."""

SCHEMA = "SCHEMA_VALIDATION_FAILED"
OBJECT, STRING = "Expected value of type Object", "Expected value of type String"
SEVERAL, NONE = (
    "There should only be one of the following fields",
    "This object should have only one of the following fields",
)
ONE_OF = "Value should be one of the following"
ARRAY, BOOLEAN = "Expected value of type Array", "Expected value of type Boolean"


def unsupported_field(field: str, used: str, other: str) -> str:
    """Return the message for a field that only the other query language supports."""
    return (
        f"The QueryLanguage is set to '{used}', but field '{field}' is only supported for the '{other}' QueryLanguage"
    )


def find_faults(definition: Json) -> list[str]:
    """Return all faults of a definition as texts with code, message and location."""
    return [str(each) for each in check_definition(definition)]


def find_state_faults(state: Json, **fields: Json) -> list[str]:
    """Return the faults of a machine with this state, S, followed by N if S refers to it."""
    return find_faults(
        {"StartAt": "S", "States": {"S": state, "N": PASS} if "'N'" in repr(state) else {"S": state}, **fields}
    )


MACHINES: list[tuple[Json, str]] = [
    ([], f"{SCHEMA}: {OBJECT} at /"),
    (None, f"{SCHEMA}: {OBJECT} at /"),
    ({}, f"{SCHEMA}: These fields are required: [StartAt, States] at /"),
    ({"StartAt": "S"}, f"{SCHEMA}: These fields are required: [States] at /"),
    ({"States": {"S": PASS}}, f"{SCHEMA}: These fields are required: [StartAt] at /"),
    ({"StartAt": "S", "States": {}}, f"{SCHEMA}: Value cannot be empty at /States"),
    ({"StartAt": "S", "States": []}, f"{SCHEMA}: {OBJECT} at /States"),
    ({"StartAt": 1, "States": {"S": PASS}}, f"{SCHEMA}: {STRING} at /StartAt"),
    ({"StartAt": "S", "States": {"S": 5}}, f"{SCHEMA}: {OBJECT} at /States/S"),
    ({"StartAt": "X", "States": {"S": PASS}}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt"),
    (
        {"StartAt": "S", "States": {"S": PASS, "T": PASS}},
        'MISSING_TRANSITION_TARGET: State "T" is not reachable. at /States/T',
    ),
    (
        {"StartAt": "S", "States": {"S": {"Type": "Pass", "Next": "X"}, "X": {"Type": "Pass", "Next": "S"}}},
        "MISSING_END_STATE: Workflow has no terminal state",
    ),
    ({**VALID_BLOCK, "TimeoutSeconds": -1}, f"{SCHEMA}: Minimum value is 0 at /TimeoutSeconds"),
    ({**VALID_BLOCK, "Version": "2"}, f"{SCHEMA}: {ONE_OF}: [1.0] at /Version"),
    ({**VALID_BLOCK, "Comment": 1}, f"{SCHEMA}: {STRING} at /Comment"),
    (
        {**VALID_BLOCK, "QueryLanguage": "SQL"},
        f"{SCHEMA}: {ONE_OF}: [JSONPath, JSONata] at /QueryLanguage",
    ),
]


@pytest.mark.parametrize(("definition", "expected"), MACHINES)
def test_a_fault_of_a_machine_is_reported(definition: Json, expected: str) -> None:
    assert expected in find_faults(definition)


S = f"{SCHEMA}: "
PARALLEL: Json = {"Type": "Parallel", "Branches": [VALID_BLOCK], "End": True}
MAP: Json = {"Type": "Map", "ItemProcessor": VALID_BLOCK, "End": True}
CHOICE: Json = {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "N"}]}
WAIT: Json = {"Type": "Wait", "Seconds": 1, "End": True}


def rule(**fields: Json) -> Json:
    """Return a Choice with one rule."""
    return {"Type": "Choice", "Choices": [{"Next": "N", **fields}]}


def processor(**config: Json) -> Json:
    """Return a Map with a ProcessorConfig."""
    return {**MAP, "ItemProcessor": {**VALID_BLOCK, "ProcessorConfig": config}}


DISTRIBUTED = processor(Mode="DISTRIBUTED", ExecutionType="STANDARD")


def csv(**config: Json) -> Json:
    """Return a distributed Map whose items are lines of a CSV file."""
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV", **config}}
    return {**DISTRIBUTED, "ItemReader": reader}


CONFIG = "/States/S/ItemProcessor/ProcessorConfig"
READER_CONFIG = "/States/S/ItemReader/ReaderConfig"
STATES: list[tuple[Json, str]] = [
    ({"End": True}, f"{S}These fields are required: [Type] at /States/S"),
    (
        {"Type": "Sleep"},
        f"{S}{ONE_OF}: [Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map] at /States/S/Type",
    ),
    ({"Type": ["Pass"]}, "at /States/S/Type"),
    ({"Type": "Pass"}, f"{S}{NONE}: [Next, End] at /States/S"),
    (
        {"Type": "Pass", "End": False},
        f"{S}{NONE}: [Next, End] at /States/S",
    ),
    ({**PASS, "Next": "N"}, f"{S}{SEVERAL}: [Next, End] at /States/S"),
    ({"Type": "Pass", "Next": 1}, f"{S}{STRING} at /States/S/Next"),
    ({"Type": "Pass", "End": "true"}, f"{S}{BOOLEAN} at /States/S/End"),
    ({"Type": "Pass", "Next": "X"}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Next"),
    ({**PASS, "Wrong": 1}, f"{S}Field 'Wrong' is not supported at /States/S"),
    ({"Type": "Succeed", "End": True}, f"{S}Field 'End' is not supported at /States/S"),
    ({"Type": "Fail", "Next": "N"}, f"{S}Field 'Next' is not supported at /States/S"),
    (
        {**PASS, "Output": 1},
        f"{S}{unsupported_field('Output', 'JSONPath', 'JSONata')} at /States/S",
    ),
    (
        {**PASS, "QueryLanguage": "JSONata", "ResultPath": "$"},
        f"{S}{unsupported_field('ResultPath', 'JSONata', 'JSONPath')} at /States/S",
    ),
    ({**PASS, "InputPath": 5}, f"{S}{STRING} at /States/S/InputPath"),
    ({**PASS, "InputPath": ""}, f"{S}{STRING} at /States/S/InputPath"),
    ({**PASS, "Assign": []}, f"{S}{OBJECT} at /States/S/Assign"),
    ({"Type": "Task", "End": True}, f"{S}These fields are required: [Resource] at /States/S"),
    ({**TASK, "Resource": 5}, f"{S}{STRING} at /States/S/Resource"),
    ({**TASK, "ResultSelector": "x"}, f"{S}{OBJECT} at /States/S/ResultSelector"),
    ({**TASK, "TimeoutSeconds": 1.5}, f"{S}Expected value of type Integer at /States/S/TimeoutSeconds"),
    ({**TASK, "TimeoutSeconds": True}, f"{S}Expected value of type Integer at /States/S/TimeoutSeconds"),
    ({**TASK, "TimeoutSeconds": 0}, f"{S}Minimum value is 1 at /States/S/TimeoutSeconds"),
    (
        {**TASK, "TimeoutSeconds": 10**8},
        f"{S}Maximum value is 99999999 at /States/S/TimeoutSeconds",
    ),
    (
        {**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5},
        f"{S}HeartbeatSeconds must be smaller than TimeoutSeconds at /States/S/HeartbeatSeconds",
    ),
    (
        {**TASK, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"},
        f"{S}{SEVERAL}: [TimeoutSeconds, TimeoutSecondsPath] at /States/S",
    ),
    ({**TASK, "Credentials": "x"}, f"{S}{OBJECT} at /States/S/Credentials"),
    ({**TASK, "Credentials": {}}, f"{S}The field 'RoleArn' is required but was missing at /States/S/Credentials"),
    ({**TASK, "Retry": {}}, f"{S}{ARRAY} at /States/S/Retry"),
    ({**TASK, "Retry": [5]}, f"{S}{OBJECT} at /States/S/Retry[0]"),
    ({**TASK, "Retry": [{}]}, f"{S}These fields are required: [ErrorEquals] at /States/S/Retry[0]"),
    ({**TASK, "Retry": [{"ErrorEquals": []}]}, f"{S}Value cannot be empty at /States/S/Retry[0]/ErrorEquals"),
    ({**TASK, "Retry": [{"ErrorEquals": "E"}]}, f"{S}{ARRAY} at /States/S/Retry[0]/ErrorEquals"),
    ({**TASK, "Retry": [{"ErrorEquals": [5]}]}, f"{S}{STRING} at /States/S/Retry[0]/ErrorEquals"),
    (
        {**TASK, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": -1}]},
        f"{S}Minimum value is 0 at /States/S/Retry[0]/MaxAttempts",
    ),
    (
        {**TASK, "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": -1}]},
        f"{S}Minimum value is 0 at /States/S/Retry[0]/IntervalSeconds",
    ),
    (
        {**TASK, "Retry": [{"ErrorEquals": ["E"], "BackoffRate": 0.5}]},
        f"{S}Minimum value is 1.0 at /States/S/Retry[0]/BackoffRate",
    ),
    (
        {**TASK, "Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": 0}]},
        f"{S}Minimum value is 1 at /States/S/Retry[0]/MaxDelaySeconds",
    ),
    (
        {**TASK, "Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}]},
        f"{S}{ONE_OF}: [NONE, FULL] at /States/S/Retry[0]/JitterStrategy",
    ),
    ({**TASK, "Retry": [{"ErrorEquals": ["E"], "Next": "N"}]}, "Field 'Next' is not supported at /States/S/Retry[0]"),
    (
        {**TASK, "Retry": [{"ErrorEquals": ["States.ALL", "E"]}]},
        "States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals[0]",
    ),
    (
        {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]},
        "States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals[0]",
    ),
    (
        {**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "N"}, {"ErrorEquals": ["E"], "Next": "N"}]},
        "States.ALL must appear alone and at end of list at /States/S/Catch[0]/ErrorEquals[0]",
    ),
    ({**TASK, "Catch": [{"ErrorEquals": ["E"]}]}, f"{S}These fields are required: [Next] at /States/S/Catch[0]"),
    (
        {**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "X"}]},
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Catch[0]/Next",
    ),
    ({**PASS, "Retry": []}, f"{S}Field 'Retry' is not supported at /States/S"),
    (
        {"Type": "Wait", "End": True},
        f"{S}{NONE}: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S",
    ),
    (
        {**WAIT, "TimestampPath": "$.t"},
        f"{S}{SEVERAL}: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S",
    ),
    ({**WAIT, "Seconds": -1}, f"{S}Minimum value is 0 at /States/S/Seconds"),
    (
        {"Type": "Wait", "Timestamp": "soon", "End": True},
        f"{S}String does not match RFC3339 timestamp at /States/S/Timestamp",
    ),
    ({"Type": "Choice", "Default": "N"}, f"{S}These fields are required: [Choices] at /States/S"),
    ({"Type": "Choice", "Choices": []}, f"{S}Value cannot be empty at /States/S/Choices"),
    ({"Type": "Choice", "Choices": {}}, f"{S}{ARRAY} at /States/S/Choices"),
    ({"Type": "Choice", "Choices": [5]}, f"{S}{OBJECT} at /States/S/Choices[0]"),
    (
        {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True}]},
        f"{S}These fields are required: [Next] at /States/S/Choices[0]",
    ),
    (rule(Variable="$", IsNull=True, Next=[]), f"{S}{STRING} at /States/S/Choices[0]/Next"),
    (rule(Variable="$", IsNull=True, Assign=5), f"{S}{OBJECT} at /States/S/Choices[0]/Assign"),
    ({**CHOICE, "Next": "N"}, f"{S}Field 'Next' is not supported at /States/S"),
    ({**CHOICE, "Default": "X"}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Default"),
    (rule(Variable="$"), "TimestampLessThanPath] at /States/S/Choices[0]"),
    (
        rule(Variable="$", IsNull=True, IsString=True),
        f"{S}{SEVERAL}: [IsNull, IsString] at /States/S/Choices[0]",
    ),
    (
        rule(IsNull=True),
        (
            f"{S}The object must have only one of the following fields, [And, Or, Not, Variable, Condition] "
            "at /States/S/Choices[0]"
        ),
    ),
    (rule(Variable=5, IsNull=True), f"{S}{STRING} at /States/S/Choices[0]/Variable"),
    (rule(Variable="$", IsNull="x"), f"{S}{BOOLEAN} at /States/S/Choices[0]/IsNull"),
    (rule(Variable="$", BooleanEquals="x"), f"{S}{BOOLEAN} at /States/S/Choices[0]/BooleanEquals"),
    (rule(Variable="$", NumericEquals="1"), f"{S}Expected value of type Number at /States/S/Choices[0]/NumericEquals"),
    (rule(Variable="$", StringEquals=1), f"{S}{STRING} at /States/S/Choices[0]/StringEquals"),
    (rule(Variable="$", NumericEqualsPath=1), f"{S}{STRING} at /States/S/Choices[0]/NumericEqualsPath"),
    (rule(Variable="$", TimestampEquals="x"), "RFC3339 timestamp at /States/S/Choices[0]/TimestampEquals"),
    (rule(And=[]), f"{S}Value cannot be empty at /States/S/Choices[0]/And"),
    (rule(And=[5]), f"{S}{OBJECT} at /States/S/Choices[0]/And[0]"),
    (rule(Not=[]), f"{S}{OBJECT} at /States/S/Choices[0]/Not"),
    (rule(Or=[{"Variable": "$"}]), "TimestampLessThanPath] at /States/S/Choices[0]/Or[0]"),
    (
        {**rule(Variable="$", IsNull=True), "QueryLanguage": "JSONata"},
        f"{S}These fields are required: [Condition] at /States/S/Choices[0]",
    ),
    ({"Type": "Fail", "Error": 5}, f"{S}{STRING} at /States/S/Error"),
    (
        {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"},
        f"{S}{SEVERAL}: [Error, ErrorPath] at /States/S",
    ),
    ({"Type": "Parallel", "End": True}, f"{S}These fields are required: [Branches] at /States/S"),
    ({**PARALLEL, "Branches": []}, f"{S}Value cannot be empty at /States/S/Branches"),
    ({**PARALLEL, "Branches": [5]}, f"{S}{OBJECT} at /States/S/Branches[0]"),
    ({**PARALLEL, "Branches": [{}]}, f"{S}These fields are required: [StartAt, States] at /States/S/Branches[0]"),
    (
        {**PARALLEL, "Branches": [VALID_BLOCK, {"StartAt": "Q", "States": {"Q": {"Type": "Pass"}}}]},
        f"{S}{NONE}: [Next, End] at /States/S/Branches[1]/States/Q",
    ),
    (
        {**PARALLEL, "Branches": [{"StartAt": "Q", "States": {"Q": {"Type": "Pass", "Next": "S"}}}]},
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: S at /States/S/Branches[0]/States/Q/Next",
    ),
    (
        {**PARALLEL, "Branches": [VALID_BLOCK, VALID_BLOCK]},
        "DUPLICATE_STATE_NAME: Duplicate State name: P at /States/S/Branches[1]/States/P",
    ),
    (
        {"Type": "Map", "End": True},
        f"{S}{NONE}: [ItemProcessor, Iterator] at /States/S",
    ),
    ({**MAP, "ItemProcessor": 5}, f"{S}{OBJECT} at /States/S/ItemProcessor"),
    (
        {**MAP, "Iterator": VALID_BLOCK},
        f"{S}{SEVERAL}: [ItemProcessor, Iterator] at /States/S",
    ),
    ({**MAP, "MaxConcurrency": -1}, f"{S}Minimum value is 0 at /States/S/MaxConcurrency"),
    (
        {**MAP, "ToleratedFailurePercentage": 101},
        f"{S}Maximum value is 100.0 at /States/S/ToleratedFailurePercentage",
    ),
    (
        {**MAP, "ItemProcessor": {**VALID_BLOCK, "QueryLanguage": "JSONata"}},
        "'QueryLanguage' is not supported at /States/S/ItemProcessor",
    ),
    (
        processor(Mode="FOO"),
        f"{ONE_OF}: [INLINE, DISTRIBUTED] at {CONFIG}/Mode",
    ),
    (
        processor(Mode="DISTRIBUTED"),
        f"These fields are required: [ExecutionType] at {CONFIG}",
    ),
    (
        processor(ExecutionType="STANDARD"),
        f"Field 'ExecutionType' is not supported at {CONFIG}",
    ),
    (
        processor(Mode="DISTRIBUTED", ExecutionType="FOO"),
        f"{ONE_OF}: [STANDARD, EXPRESS] at {CONFIG}/ExecutionType",
    ),
    (
        {**MAP, "ItemProcessor": {**VALID_BLOCK, "ProcessorConfig": 5}},
        f"{S}{OBJECT} at {CONFIG}",
    ),
    (
        {**DISTRIBUTED, "ItemBatcher": {"MaxItemsPerBatch": "x"}},
        f"{S}Expected value of type Integer at /States/S/ItemBatcher/MaxItemsPerBatch",
    ),
    (
        {**DISTRIBUTED, "ItemBatcher": {"MaxItemsPerBatch": -1}},
        f"{S}Minimum value is 0 at /States/S/ItemBatcher/MaxItemsPerBatch",
    ),
    ({**DISTRIBUTED, "ItemBatcher": {"MaxItems": 1}}, f"{S}Field 'MaxItems' is not supported at /States/S/ItemBatcher"),
    (csv(), f"{S}These fields are required: [CSVHeaderLocation] at {READER_CONFIG}"),
    (
        csv(CSVHeaderLocation="GIVEN"),
        f"{S}These fields are required: [CSVHeaders] at {READER_CONFIG}",
    ),
    (
        rule(Condition="{% true %}"),
        f"{S}{unsupported_field('Condition', 'JSONPath', 'JSONata')} at /States/S/Choices[0]",
    ),
    (
        rule(And=[{"Condition": "{% true %}"}]),
        f"{unsupported_field('Condition', 'JSONPath', 'JSONata')} at /States/S/Choices[0]/And[0]",
    ),
    (
        rule(Not={"Variable": "$", "IsNull": True, "Next": "N"}),
        f"{S}Field 'Next' is not supported at /States/S/Choices[0]/Not",
    ),
    (
        {**MAP, "QueryLanguage": "JSONata", "Items": "x"},
        f"{S}Expected value of type Array, or a JSONata expression at /States/S/Items",
    ),
]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_a_fault_of_a_state_is_reported_with_its_location(state: Json, expected: str) -> None:
    faults = find_state_faults(state)
    assert any(fault.endswith(expected) for fault in faults), faults


@pytest.mark.parametrize(
    "state",
    [
        PASS,
        TASK,
        WAIT,
        CHOICE,
        PARALLEL,
        MAP,
        DISTRIBUTED,
        {**DISTRIBUTED, "ItemBatcher": {"MaxItemsPerBatch": 0, "BatchInput": {"a": 1}}},
        csv(CSVHeaderLocation="FIRST_ROW"),
        {**TASK, "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 0}]},
        {"Type": "Succeed"},
        {"Type": "Fail"},
        {**PASS, "InputPath": None, "ResultPath": None, "OutputPath": None},
        {**TASK, "Credentials": {"RoleArn.$": "$.role"}},
        {**TASK, "QueryLanguage": "JSONata", "TimeoutSeconds": "{% 5 %}", "Arguments": {}},
        {**TASK, "Retry": [{"ErrorEquals": ["E"]}, {"ErrorEquals": ["States.ALL"]}]},
        {"Type": "Wait", "Timestamp": "2026-01-01T00:00:00+09:00", "End": True},
        rule(Not={"Or": [{"And": [{"Variable": "$", "NumericEquals": 1.5}]}]}),
    ],
)
def test_a_valid_state_has_no_faults(state: Json) -> None:
    assert find_state_faults(state) == []


def test_a_state_name_has_at_most_80_characters() -> None:
    for length, faults in ((80, 0), (81, 1)):
        name = "x" * length
        assert len(find_faults({"StartAt": name, "States": {name: PASS}})) == faults


def test_a_jsonata_machine_cannot_have_a_jsonpath_state() -> None:
    message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/S"
    assert find_state_faults({**PASS, "QueryLanguage": "JSONPath"}, QueryLanguage="JSONata") == [f"{S}{message}"]


def test_all_faults_are_reported_together() -> None:
    assert (
        len(find_faults({"StartAt": "A", "States": {"A": {"Type": "Pass"}, "B": {"Type": "Task", "End": True}}})) == 2
    )
