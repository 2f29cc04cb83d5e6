"""Payload templates in JSONPath and JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import simulate, simulate_state

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
def test_jsonpath_parameters_are_evaluated(template: Json, expected: Json) -> None:
    assert simulate_state({"Type": "Pass", "Parameters": template}, GIVEN).output == expected


def test_a_result_is_used_without_evaluation() -> None:
    assert simulate_state({"Type": "Pass", "Result": {"x.$": "$.a"}}, GIVEN).output == {"x.$": "$.a"}


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
def test_jsonata_output_is_evaluated(template: Json, expected: Json) -> None:
    assert simulate_state({"Type": "Pass", "Output": template}, GIVEN, QueryLanguage="JSONata").output == expected


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
def test_a_jsonpath_failure_has_an_error_name_and_names_the_state(state: Json, error: str) -> None:
    simulated = simulate_state(state, GIVEN)
    assert simulated.finish.error == error
    assert (simulated.finish.cause or "").startswith(
        "An error occurred while executing the state 'S' (entered at the event id #2). "
    )


@pytest.mark.parametrize("text", ["{% $states.input.missing %}", "{% $error('no') %}", "{% 1 + 'a' %}"])
def test_a_jsonata_failure_is_an_evaluation_failed_event_and_a_query_evaluation_error(text: str) -> None:
    simulated = simulate_state({"Type": "Pass", "Output": text}, GIVEN, QueryLanguage="JSONata")
    assert simulated.finish.error == "States.QueryEvaluationError"
    assert simulated.types == ["ExecutionStarted", "PassStateEntered", "EvaluationFailed", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("fields", "language", "error", "cause"),
    [
        ({}, "JSONPath", None, None),
        ({"Error": "E", "Cause": "C"}, "JSONPath", "E", "C"),
        ({"ErrorPath": "$.word", "CausePath": "States.Format('{}!', $.word)"}, "JSONPath", "lamp", "lamp!"),
        ({"Error": "{% $states.input.word %}", "Cause": "{% 'x' & 'y' %}"}, "JSONata", "lamp", "xy"),
    ],
)
def test_a_fail_state_sets_error_and_cause(fields: Json, language: str, error: str | None, cause: str | None) -> None:
    finish = simulate_state({"Type": "Fail", **fields}, GIVEN, QueryLanguage=language).finish
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
def test_succeed_outputs_what_its_paths_select(fields: Json, output: Json) -> None:
    assert simulate_state({"Type": "Succeed", **fields}, GIVEN).output == output


def test_all_assignments_are_computed_from_the_earlier_variables() -> None:
    simulated = simulate(
        {
            "Set": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"},
            "Swap": {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "Show"},
            "Show": {"Type": "Pass", "Output": "{% [$a, $b] %}", "End": True},
        },
        QueryLanguage="JSONata",
    )
    assert simulated.output == [2, 1]
    assert simulated.history[4]["stateExitedEventDetails"]["assignedVariables"] == {"a": "2", "b": "1"}
