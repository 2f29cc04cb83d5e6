"""Payload templates, in both languages.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import only, play

GIVEN: Json = {"a": [1, 2, {"b": "c"}], "n": None, "word": "lamp"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"x.$": "$.a[2].b"}, {"x": "c"}),
        ({"x.$": "$.n"}, {"x": None}),
        ({"x.$": "$.a[*]"}, {"x": GIVEN["a"]}),
        ({"deep": [{"x.$": "$.word"}, 1], "plain": "$.word"}, {"deep": [{"x": "lamp"}, 1], "plain": "$.word"}),
        ({"x.$": "$$.Execution.Name"}, {"x": "night"}),
        ({"x.$": "States.Format('{}-{}', $.word, $.a[0])"}, {"x": "lamp-1"}),
        ({"x.$": "States.ArrayLength($.a)"}, {"x": 3}),
        ({}, {}),
        ([1], [1]),
        ("text", "text"),
    ],
)
def test_parameters_in_jsonpath(template: Json, expected: Json) -> None:
    assert only({"Type": "Pass", "Parameters": template}, GIVEN).output == expected


def test_a_result_is_taken_as_it_is() -> None:
    assert only({"Type": "Pass", "Result": {"x.$": "$.a"}}, GIVEN).output == {"x.$": "$.a"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% $states.input.a[2].b %}", "c"),
        ({"x": "{% $states.input.word %}", "y": ["{% 1 + 1 %}", "plain"]}, {"x": "lamp", "y": [2, "plain"]}),
        ("{% $states.context.Execution.Name %}", "night"),
        ("{%null%}", None),
        (" {% 1 %}", " {% 1 %}"),
        ({"{% 1 %}": 1}, {"{% 1 %}": 1}),
    ],
)
def test_output_in_jsonata(template: Json, expected: Json) -> None:
    assert only({"Type": "Pass", "Output": template}, GIVEN, QueryLanguage="JSONata").output == expected


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"Type": "Pass", "Parameters": {"x.$": "$.missing"}}, "States.Runtime"),
        ({"Type": "Pass", "Parameters": {"x.$": "$unset"}}, "States.Runtime"),
        ({"Type": "Pass", "InputPath": "$.missing"}, "States.Runtime"),
        ({"Type": "Succeed", "OutputPath": "$.missing"}, "States.Runtime"),
        ({"Type": "Pass", "Parameters": {"x.$": "States.StringToJson($.word)"}}, "States.IntrinsicFailure"),
        ({"Type": "Pass", "Parameters": {"x.$": "States.Format('{}', $.missing)"}}, "States.Runtime"),
        ({"Type": "Pass", "ResultPath": "$.word.x", "Result": 1}, "States.ResultPathMatchFailure"),
    ],
)
def test_what_goes_wrong_in_jsonpath_has_its_name(state: Json, error: str) -> None:
    night = only(state, GIVEN)
    assert night.finish.error == error
    assert (night.finish.cause or "").startswith(
        "An error occurred while executing the state 'S' (entered at the event id #2). "
    )


@pytest.mark.parametrize("text", ["{% $states.input.missing %}", "{% $error('no') %}", "{% 1 + 'a' %}"])
def test_what_goes_wrong_in_jsonata_is_an_event_and_an_error_of_the_query(text: str) -> None:
    night = only({"Type": "Pass", "Output": text}, GIVEN, QueryLanguage="JSONata")
    assert night.finish.error == "States.QueryEvaluationError"
    assert night.types == ["ExecutionStarted", "PassStateEntered", "EvaluationFailed", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("fields", "language", "error", "cause"),
    [
        ({}, "JSONPath", None, None),
        ({"Error": "E", "Cause": "C"}, "JSONPath", "E", "C"),
        ({"ErrorPath": "$.word", "CausePath": "States.Format('{}!', $.word)"}, "JSONPath", "lamp", "lamp!"),
        ({"Error": "{% $states.input.word %}", "Cause": "{% 'x' & 'y' %}"}, "JSONata", "lamp", "xy"),
    ],
)
def test_what_a_fail_state_says(fields: Json, language: str, error: str | None, cause: str | None) -> None:
    finish = only({"Type": "Fail", **fields}, GIVEN, QueryLanguage=language).finish
    assert (finish.status, finish.error, finish.cause) == ("FAILED", error, cause)


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, GIVEN),
        ({"InputPath": "$.a"}, GIVEN["a"]),
        ({"InputPath": None}, {}),
        ({"InputPath": "$.a", "OutputPath": "$[0]"}, 1),
    ],
)
def test_succeed_hands_on_what_its_paths_select(fields: Json, output: Json) -> None:
    assert only({"Type": "Succeed", **fields}, GIVEN).output == output


def test_variables_are_all_worked_out_from_what_was_before() -> None:
    night = play(
        {
            "Set": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"},
            "Swap": {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "Show"},
            "Show": {"Type": "Pass", "Output": "{% [$a, $b] %}", "End": True},
        },
        QueryLanguage="JSONata",
    )
    assert night.output == [2, 1]
    assert night.history[4]["stateExitedEventDetails"]["assignedVariables"] == {"a": "2", "b": "1"}
