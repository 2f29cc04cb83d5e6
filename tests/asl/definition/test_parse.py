"""A definition is compiled, or refused in words; there is no third outcome."""

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
from tests.strategies import INPUT, definitions, values

Place = tuple[str | int, ...]

STRANGE: list[Json] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "$", "$.", "$..a", "$$", "$[", "$.a[?(@.b)]", "a.$"),
    *("{% %}", "{%%}", "{%}", "{% ( %}", "{% $x %}", "States.Format(", "States.ALL", "2026-02-30T00:00:00Z"),
    *("arn:aws:states:::", "arn:aws:states:::a:b.c", [], {}, [[]], {"": ""}, {"a.$": 5}, {".$": "$"}, {"a.$": "x"}),
    *({"Type": "Pass"}, {"Not": {}}, [None], [{"ErrorEquals": [None]}], [{"Next": []}]),
]


def places(document: Json, at: Place = ()) -> Iterator[Place]:
    """Where the nodes of a document are."""
    yield at
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield from places(value, (*at, key))


def changed(document: Json, at: Place, made: Json) -> Json:
    """The document with something else in a place."""
    if not at:
        return made
    copy = document.copy()
    copy[at[0]] = changed(document[at[0]], at[1:], made)
    return copy


def without(document: Json, at: Place) -> Json:
    """The document without a place."""
    copy = document.copy()
    if len(at) == 1:
        del copy[at[0]]
    else:
        copy[at[0]] = without(document[at[0]], at[1:])
    return copy


def renamed(document: Json, at: Place, name: str) -> Json:
    """The document with another name for a member."""
    *above, last = at
    holder = document
    for key in above:
        holder = holder[key]
    if not isinstance(holder, dict):
        return document
    return changed(document, tuple(above), {name if key == last else key: value for key, value in holder.items()})


@st.composite
def broken(draw: st.DrawFn) -> Json:
    """A definition to which something was done."""
    document = loads(draw(definitions()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(list(places(document))))
        match draw(st.sampled_from(("replace", "replace", "remove", "rename"))):
            case "remove" if at:
                document = without(document, at)
            case "rename" if at:
                document = renamed(
                    document, at, draw(st.sampled_from(("Next", "Output", "Catch", "x.$", "Condition", "And")))
                )
            case _:
                document = changed(document, at, draw(st.sampled_from(STRANGE) | values))
    return document


def outcome(text: str) -> Definition | InvalidDefinition:
    """What becomes of a text; anything but the two is raised."""
    try:
        return parse_definition(text)
    except InvalidDefinition as refused:
        return refused


@settings(deadline=None, derandomize=True, max_examples=600)
@given(broken())
def test_a_definition_that_was_tampered_with_is_compiled_or_refused_with_places(document: Json) -> None:
    found = outcome(dumps(document))
    if isinstance(found, InvalidDefinition):
        assert found.diagnostics
        for each in found.diagnostics:
            assert each.code == "MISSING_END_STATE" or (each.location or "").startswith("/"), each
            assert "object has no attribute" not in each.message, each
            assert "object is not" not in each.message, each


@settings(deadline=None, derandomize=True, max_examples=600)
@given(broken())
def test_a_definition_that_is_compiled_runs_to_an_end_whatever_is_odd_about_it(document: Json) -> None:
    found = outcome(dumps(document))
    if isinstance(found, Definition):
        with mock.patch.object(step, "MAX_EVENTS", 300):
            assert SimulatedExecution(found, INPUT).run().execution.status != "RUNNING"


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.text() | values.map(dumps))
def test_any_text_is_refused_with_a_reason(text: str) -> None:
    found = outcome(text)
    assert isinstance(found, InvalidDefinition)
    assert found.message.startswith("Invalid State Machine Definition: '")


def test_text_that_is_no_json_is_told_so() -> None:
    found = outcome("{")
    assert str(found) == "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: Invalid JSON description'"


@pytest.mark.parametrize(
    ("state", "opening", "closing"),
    [
        ({"Type": "Choice", "Choices": ["@"]}, '{"Next":"S","Not":' + '{"Not":' * 899, "}" * 900),
        ({"Type": "Pass", "Parameters": {"a": "@"}, "End": True}, "[" * 900, "]" * 900),
    ],
)
def test_what_is_nested_too_deeply_is_refused(state: Json, opening: str, closing: str) -> None:
    text = dumps({"StartAt": "S", "States": {"S": state, "T": {"Type": "Succeed"}}})
    inner = dumps({"Variable": "$", "IsNull": True})
    found = outcome(text.replace('"@"', opening + inner + closing))
    assert isinstance(found, InvalidDefinition)
    assert [each.message for each in found.diagnostics] == ["The definition is nested too deeply"]


INVALID = "SCHEMA_VALIDATION_FAILED"
FILLED = f"{INVALID}: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call"
PATH = f"{INVALID}: Value must be a valid JSONPath."
SIGN = f"{INVALID}: Value is not a Reference Path: Reference path didn't start with '$'"
BARE = "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported."


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"InputPath": "a.b"}, f"{PATH} at /States/S/InputPath"),
        ({"OutputPath": "$.a["}, f"{PATH} at /States/S/OutputPath"),
        ({"ResultPath": "$.a[*]"}, "/States/S/ResultPath"),
        ({"ResultPath": "$$.a"}, "/States/S/ResultPath"),
        ({"ResultPath": "a"}, f"{SIGN} at /States/S/ResultPath"),
        ({"Parameters": {"a.$": "b"}}, f"{FILLED} at /States/S/Parameters"),
        ({"Parameters": {"a.$": 5}}, f"{FILLED} at /States/S/Parameters"),
        ({"Parameters": {"a.$": "States.Nothing()"}}, f"{FILLED} at /States/S/Parameters"),
        ({"Parameters": {"x": [{"a.$": "States.Format("}]}}, f"{FILLED} at /States/S/Parameters"),
        ({"Assign": {"a.$": "b"}}, f"{FILLED} at /States/S/Assign"),
        ({"QueryLanguage": "JSONata", "Output": {"v": "{% ( %}"}}, "/States/S/Output/v"),
        ({"QueryLanguage": "JSONata", "Assign": {"a": "{% 1 + %}"}}, "/States/S/Assign/a"),
        ({"QueryLanguage": "JSONata", "Output": {"v": "{% phone %}"}}, f"{BARE} at /States/S/Output/v"),
        ({"QueryLanguage": "JSONata", "Output": "{% phone.number = 1 %}"}, f"{BARE} at /States/S/Output"),
        (
            {"QueryLanguage": "JSONata", "Output": "{% $x"},
            "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Output",
        ),
        ({"Assign": {"states": 1}}, "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'."),
        ({"Assign": {"1a": 1}}, "Invalid variable name '1a': the variable name contains invalid characters."),
    ],
)
def test_a_path_or_expression_that_cannot_be_read_is_refused_with_its_field(fields: Json, expected: str) -> None:
    found = outcome(dumps({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True, **fields}}}))
    assert isinstance(found, InvalidDefinition)
    (told,) = found.diagnostics
    assert expected in str(told)


def test_a_jsonata_syntax_error_has_a_code_of_its_own() -> None:
    state = {"Type": "Pass", "End": True, "QueryLanguage": "JSONata", "Output": "{% $foo( %}"}
    found = outcome(dumps({"StartAt": "S", "States": {"S": state}}))
    assert isinstance(found, InvalidDefinition)
    assert [each.code for each in found.diagnostics] == ["INVALID_JSONATA_EXPRESSION"]


@pytest.mark.parametrize("text", ["true", "function($x){$x}", "null", "$phone", '"phone"', "{'a': 1}", "(1)", "not(1)"])
def test_what_begins_with_no_name_of_a_document_is_no_reference_to_one(text: str) -> None:
    state = {"Type": "Pass", "End": True, "QueryLanguage": "JSONata", "Output": f"{{% {text} %}}"}
    assert not isinstance(outcome(dumps({"StartAt": "S", "States": {"S": state}})), InvalidDefinition)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"Variable": "a", "IsNull": True}, "Choices[0]/Variable"),
        ({"And": [{"Variable": "$", "IsNull": True}, {"Variable": "b", "IsNull": True}]}, "Choices[0]/And[1]/Variable"),
        ({"Not": {"Variable": "$", "StringEqualsPath": "b"}}, "Choices[0]/Not/StringEqualsPath"),
    ],
)
def test_a_path_of_a_rule_is_refused_where_it_stands(rule: Json, place: str) -> None:
    state = {"Type": "Choice", "Choices": [{**rule, "Next": "N"}]}
    found = outcome(dumps({"StartAt": "S", "States": {"S": state, "N": {"Type": "Succeed"}}}))
    assert isinstance(found, InvalidDefinition)
    assert [str(each) for each in found.diagnostics] == [f"{SIGN} at /States/S/{place}"]


ROOT = "arn:aws:states:"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ROOT}::ecs:runTask", ("integration", "ecs", "runTask", "", "ecs", "runTask")),
        (f"{ROOT}::ecs:runTask.sync", ("integration", "ecs", "runTask", "sync", "ecs", "runTask.sync")),
        (
            f"{ROOT}::states:startExecution.sync:2",
            ("integration", "states", "startExecution", "sync:2", "states", "startExecution.sync:2"),
        ),
        (f"{ROOT}::aws-sdk:sfn:listExecutions", ("sdk", "sfn", "listExecutions", "", "aws-sdk:sfn", "listExecutions")),
        (
            f"{ROOT}::aws-sdk:s3:getObject.waitForTaskToken",
            ("sdk", "s3", "getObject", "waitForTaskToken", "aws-sdk:s3", "getObject.waitForTaskToken"),
        ),
        (f"{ROOT}eu-west-1:1:activity:a", ("activity", "activity", "activity:a", "", "activity", "activity:a")),
        ("arn:aws:lambda:eu-west-1:1:function:f", ("lambda", "lambda", "invoke", "", "lambda", "invoke")),
    ],
)
def test_what_a_resource_calls(text: str, expected: tuple[str, ...]) -> None:
    found = parse_resource(text)
    assert found is not None
    assert (found.kind, found.service, found.action, found.pattern, found.type, found.name) == expected


@pytest.mark.parametrize(
    "text", ["", "ecs:runTask", f"{ROOT}::ecs", f"{ROOT}::ecs:runTask.later", "arn:aws:s3:::bucket", f"{ROOT}::a:b:c:d"]
)
def test_what_is_no_resource(text: str) -> None:
    assert parse_resource(text) is None
    task = {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": text, "End": True}}}
    found = outcome(dumps(task))
    assert isinstance(found, InvalidDefinition)
    assert [each.location for each in found.diagnostics] == ["/States/S/Resource"]


def test_a_whole_machine_keeps_its_timeout_its_comment_and_all_its_states() -> None:
    block = {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}}
    states = {"Out": {"Type": "Parallel", "Branches": [block], "End": True}}
    found = parse_definition(dumps({"StartAt": "Out", "States": states, "TimeoutSeconds": 9, "Comment": "c"}))
    assert (found.timeout, found.comment, set(found.states)) == (9, "c", {"Out", "In"})
