"""A definition is compiled or rejected with diagnostics; there is no third outcome."""

from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.asl.definition.model import Definition
from lamplighter.asl.definition.parse import InvalidDefinition, parse_definition, parse_resource
from lamplighter.asl.execution import step
from lamplighter.base.json_text import Json, dumps, loads
from tests.asl.simulated_execution import SimulatedExecution
from tests.property_settings import examples
from tests.strategies import INPUT, definitions, values

NodePath = tuple[str | int, ...]

ODD_VALUES: list[Json] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "$", "$.", "$..a", "$$", "$[", "$.a[?(@.b)]", "a.$"),
    *("{% %}", "{%%}", "{%}", "{% ( %}", "{% $x %}", "States.Format(", "States.ALL", "2026-02-30T00:00:00Z"),
    *("arn:aws:states:::", "arn:aws:states:::a:b.c", [], {}, [[]], {"": ""}, {"a.$": 5}, {".$": "$"}, {"a.$": "x"}),
    *({"Type": "Pass"}, {"Not": {}}, [None], [{"ErrorEquals": [None]}], [{"Next": []}]),
]


def node_paths(document: Json, at: NodePath = ()) -> Iterator[NodePath]:
    """Yield the path of every node of a document."""
    yield at
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield from node_paths(value, (*at, key))


def with_value(document: Json, at: NodePath, value: Json) -> Json:
    """Return the document with another value at a path."""
    if not at:
        return value
    copy = document.copy()
    copy[at[0]] = with_value(document[at[0]], at[1:], value)
    return copy


def without_node(document: Json, at: NodePath) -> Json:
    """Return the document without the node at a path."""
    copy = document.copy()
    if len(at) == 1:
        del copy[at[0]]
    else:
        copy[at[0]] = without_node(document[at[0]], at[1:])
    return copy


def with_renamed_member(document: Json, at: NodePath, name: str) -> Json:
    """Return the document with another name for the member at a path."""
    *above, last = at
    holder = document
    for key in above:
        holder = holder[key]
    if not isinstance(holder, dict):
        return document
    return with_value(document, tuple(above), {name if key == last else key: value for key, value in holder.items()})


@st.composite
def damaged_definitions(draw: st.DrawFn) -> Json:
    """A definition that was changed at random."""
    document = loads(draw(definitions()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(list(node_paths(document))))
        match draw(st.sampled_from(("replace", "replace", "remove", "rename"))):
            case "remove" if at:
                document = without_node(document, at)
            case "rename" if at:
                document = with_renamed_member(
                    document, at, draw(st.sampled_from(("Next", "Output", "Catch", "x.$", "Condition", "And")))
                )
            case _:
                document = with_value(document, at, draw(st.sampled_from(ODD_VALUES) | values))
    return document


def parse_or_reject(text: str) -> Definition | InvalidDefinition:
    """Return the definition or the error that rejects it; any other exception is raised."""
    try:
        return parse_definition(text)
    except InvalidDefinition as error:
        return error


@settings(deadline=None, derandomize=True, max_examples=examples(600))
@given(damaged_definitions())
def test_a_damaged_definition_is_compiled_or_rejected_with_locations(document: Json) -> None:
    found = parse_or_reject(dumps(document))
    if isinstance(found, InvalidDefinition):
        assert found.diagnostics
        for each in found.diagnostics:
            assert each.code == "MISSING_END_STATE" or (each.location or "").startswith("/"), each
            assert "object has no attribute" not in each.message, each
            assert "object is not" not in each.message, each


@settings(deadline=None, derandomize=True, max_examples=examples(600))
@given(damaged_definitions())
def test_a_damaged_definition_that_is_compiled_runs_to_an_end(document: Json) -> None:
    found = parse_or_reject(dumps(document))
    if isinstance(found, Definition):
        with mock.patch.object(step, "MAX_EVENTS", 300):
            assert SimulatedExecution(found, INPUT).run().execution.status != "RUNNING"


@settings(deadline=None, derandomize=True, max_examples=examples(200))
@given(st.text() | values.map(dumps))
def test_a_random_text_is_rejected_with_a_reason(text: str) -> None:
    found = parse_or_reject(text)
    assert isinstance(found, InvalidDefinition)
    assert found.message.startswith("Invalid State Machine Definition: '")


def test_text_that_is_not_json_is_rejected_as_invalid_json() -> None:
    found = parse_or_reject("{")
    assert str(found) == "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: Invalid JSON description'"


@pytest.mark.parametrize(
    ("state", "opening", "closing"),
    [
        ({"Type": "Choice", "Choices": ["@"]}, '{"Next":"S","Not":' + '{"Not":' * 899, "}" * 900),
        ({"Type": "Pass", "Parameters": {"a": "@"}, "End": True}, "[" * 900, "]" * 900),
    ],
)
def test_a_definition_that_is_nested_too_deeply_is_rejected(state: Json, opening: str, closing: str) -> None:
    text = dumps({"StartAt": "S", "States": {"S": state, "T": {"Type": "Succeed"}}})
    inner = dumps({"Variable": "$", "IsNull": True})
    found = parse_or_reject(text.replace('"@"', opening + inner + closing))
    assert isinstance(found, InvalidDefinition)
    assert [each.message for each in found.diagnostics] == ["The definition is nested too deeply"]


INVALID = "SCHEMA_VALIDATION_FAILED"
INVALID_TEMPLATE_FIELD = (
    f"{INVALID}: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call"
)
INVALID_PATH = f"{INVALID}: Value must be a valid JSONPath."
MISSING_DOLLAR = f"{INVALID}: Value is not a Reference Path: Reference path didn't start with '$'"
TOP_LEVEL_REFERENCE = "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported."


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"InputPath": "a.b"}, f"{INVALID_PATH} at /States/S/InputPath"),
        ({"OutputPath": "$.a["}, f"{INVALID_PATH} at /States/S/OutputPath"),
        ({"ResultPath": "$.a[*]"}, "/States/S/ResultPath"),
        ({"ResultPath": "$$.a"}, "/States/S/ResultPath"),
        ({"ResultPath": "a"}, f"{MISSING_DOLLAR} at /States/S/ResultPath"),
        ({"Parameters": {"a.$": "b"}}, f"{INVALID_TEMPLATE_FIELD} at /States/S/Parameters"),
        ({"Parameters": {"a.$": 5}}, f"{INVALID_TEMPLATE_FIELD} at /States/S/Parameters"),
        ({"Parameters": {"a.$": "States.Nothing()"}}, f"{INVALID_TEMPLATE_FIELD} at /States/S/Parameters"),
        ({"Parameters": {"x": [{"a.$": "States.Format("}]}}, f"{INVALID_TEMPLATE_FIELD} at /States/S/Parameters"),
        ({"Assign": {"a.$": "b"}}, f"{INVALID_TEMPLATE_FIELD} at /States/S/Assign"),
        ({"QueryLanguage": "JSONata", "Output": {"v": "{% ( %}"}}, "/States/S/Output/v"),
        ({"QueryLanguage": "JSONata", "Assign": {"a": "{% 1 + %}"}}, "/States/S/Assign/a"),
        ({"QueryLanguage": "JSONata", "Output": {"v": "{% phone %}"}}, f"{TOP_LEVEL_REFERENCE} at /States/S/Output/v"),
        (
            {"QueryLanguage": "JSONata", "Output": "{% phone.number = 1 %}"},
            f"{TOP_LEVEL_REFERENCE} at /States/S/Output",
        ),
        (
            {"QueryLanguage": "JSONata", "Output": "{% $x"},
            "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Output",
        ),
        ({"Assign": {"states": 1}}, "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'."),
        ({"Assign": {"1a": 1}}, "Invalid variable name '1a': the variable name contains invalid characters."),
    ],
)
def test_an_invalid_path_or_expression_is_rejected_with_its_field(fields: Json, expected: str) -> None:
    found = parse_or_reject(dumps({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True, **fields}}}))
    assert isinstance(found, InvalidDefinition)
    (diagnostic,) = found.diagnostics
    assert expected in str(diagnostic)


def test_a_jsonata_syntax_error_has_its_own_code() -> None:
    state = {"Type": "Pass", "End": True, "QueryLanguage": "JSONata", "Output": "{% $foo( %}"}
    found = parse_or_reject(dumps({"StartAt": "S", "States": {"S": state}}))
    assert isinstance(found, InvalidDefinition)
    assert [each.code for each in found.diagnostics] == ["INVALID_JSONATA_EXPRESSION"]


@pytest.mark.parametrize("text", ["true", "function($x){$x}", "null", "$phone", '"phone"', "{'a': 1}", "(1)", "not(1)"])
def test_an_expression_without_a_top_level_reference_is_accepted(text: str) -> None:
    state = {"Type": "Pass", "End": True, "QueryLanguage": "JSONata", "Output": f"{{% {text} %}}"}
    assert not isinstance(parse_or_reject(dumps({"StartAt": "S", "States": {"S": state}})), InvalidDefinition)


@pytest.mark.parametrize(
    ("rule", "location"),
    [
        ({"Variable": "a", "IsNull": True}, "Choices[0]/Variable"),
        ({"And": [{"Variable": "$", "IsNull": True}, {"Variable": "b", "IsNull": True}]}, "Choices[0]/And[1]/Variable"),
        ({"Not": {"Variable": "$", "StringEqualsPath": "b"}}, "Choices[0]/Not/StringEqualsPath"),
    ],
)
def test_an_invalid_path_in_a_rule_is_rejected_with_its_location(rule: Json, location: str) -> None:
    state = {"Type": "Choice", "Choices": [{**rule, "Next": "N"}]}
    found = parse_or_reject(dumps({"StartAt": "S", "States": {"S": state, "N": {"Type": "Succeed"}}}))
    assert isinstance(found, InvalidDefinition)
    assert [str(each) for each in found.diagnostics] == [f"{MISSING_DOLLAR} at /States/S/{location}"]


ARN_PREFIX = "arn:aws:states:"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ARN_PREFIX}::ecs:runTask", ("integration", "ecs", "runTask", "", "ecs", "runTask")),
        (f"{ARN_PREFIX}::ecs:runTask.sync", ("integration", "ecs", "runTask", "sync", "ecs", "runTask.sync")),
        (
            f"{ARN_PREFIX}::states:startExecution.sync:2",
            ("integration", "states", "startExecution", "sync:2", "states", "startExecution.sync:2"),
        ),
        (
            f"{ARN_PREFIX}::aws-sdk:sfn:listExecutions",
            ("sdk", "sfn", "listExecutions", "", "aws-sdk:sfn", "listExecutions"),
        ),
        (
            f"{ARN_PREFIX}::aws-sdk:s3:getObject.waitForTaskToken",
            ("sdk", "s3", "getObject", "waitForTaskToken", "aws-sdk:s3", "getObject.waitForTaskToken"),
        ),
        (f"{ARN_PREFIX}eu-west-1:1:activity:a", ("activity", "activity", "activity:a", "", "activity", "activity:a")),
        ("arn:aws:lambda:eu-west-1:1:function:f", ("lambda", "lambda", "invoke", "", "lambda", "invoke")),
    ],
)
def test_a_resource_is_parsed_into_service_action_and_pattern(text: str, expected: tuple[str, ...]) -> None:
    found = parse_resource(text)
    assert found is not None
    assert (found.kind, found.service, found.action, found.pattern, found.type, found.name) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ecs:runTask",
        f"{ARN_PREFIX}::ecs",
        f"{ARN_PREFIX}::ecs:runTask.later",
        "arn:aws:s3:::bucket",
        f"{ARN_PREFIX}::a:b:c:d",
    ],
)
def test_an_invalid_resource_is_rejected(text: str) -> None:
    assert parse_resource(text) is None
    task = {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": text, "End": True}}}
    found = parse_or_reject(dumps(task))
    assert isinstance(found, InvalidDefinition)
    assert [each.location for each in found.diagnostics] == ["/States/S/Resource"]


def test_a_parsed_machine_keeps_its_timeout_its_comment_and_all_its_states() -> None:
    block = {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}}
    states = {"Out": {"Type": "Parallel", "Branches": [block], "End": True}}
    found = parse_definition(dumps({"StartAt": "Out", "States": states, "TimeoutSeconds": 9, "Comment": "c"}))
    assert (found.timeout, found.comment, set(found.states)) == (9, "c", {"Out", "In"})
