"""The rules of a Choice.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

import pytest

from lamplighter.asl.definition.choice_rules import parse_timestamp
from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import SimulatedExecution, simulate

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+01:00"
"""The second time is one hour later."""


def simulate_choice(rule: Json, given: Json) -> SimulatedExecution:
    return simulate(
        {
            "C": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
            "Yes": {"Type": "Pass", "Result": True, "End": True},
            "No": {"Type": "Pass", "Result": False, "End": True},
        },
        given,
    )


def evaluate_rule(rule: Json, given: Json) -> Json:
    return simulate_choice(rule, given).output


ORDER = {"Equals": "=", "LessThan": "<", "LessThanEquals": "<=", "GreaterThan": ">", "GreaterThanEquals": ">="}
SMALL_LARGE = {"String": ("a", "b"), "Numeric": (1, 1.5), "Timestamp": (EARLY, LATE)}
COMPARED = [
    (f"{kind}{name}", left, right, expected)
    for kind, (small, large) in SMALL_LARGE.items()
    for name, sign in ORDER.items()
    for left, right, expected in (
        (small, large, "<" in sign),
        (large, small, ">" in sign),
        (small, small, "=" in sign),
    )
]


@pytest.mark.parametrize(
    ("operator", "left", "right", "expected"),
    [*COMPARED, ("BooleanEquals", True, True, True), ("BooleanEquals", True, False, False)],
)
def test_each_operator_compares_with_a_constant_and_with_a_path(
    operator: str, left: Json, right: Json, expected: bool
) -> None:
    assert evaluate_rule({"Variable": "$.l", operator: right}, {"l": left}) is expected
    assert evaluate_rule({"Variable": "$.l", f"{operator}Path": "$.r"}, {"l": left, "r": right}) is expected


@pytest.mark.parametrize(
    ("operator", "operand", "value"),
    [
        ("StringEquals", "1", 1),
        ("NumericEquals", 1, "1"),
        ("NumericEquals", 1, True),
        ("BooleanEquals", True, 1),
        ("BooleanEquals", False, None),
        ("TimestampEquals", EARLY, "2026-01-01"),
        ("TimestampEquals", EARLY, 5),
        ("StringMatches", "*", 5),
    ],
)
def test_a_value_of_another_type_does_not_match(operator: str, operand: Json, value: Json) -> None:
    assert evaluate_rule({"Variable": "$", operator: operand}, value) is False


TYPE_OPERATORS: dict[str, list[Json]] = {
    "IsNull": [None],
    "IsString": ["x", "", EARLY],
    "IsNumeric": [0, 1.5],
    "IsBoolean": [True, False],
    "IsTimestamp": [EARLY],
}
VALUES: list[Json] = [None, "x", "", EARLY, 0, 1.5, True, False, [], {}]


@pytest.mark.parametrize("operator", TYPE_OPERATORS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_each_type_operator_tests_the_type(operator: str, value: Json) -> None:
    expected = any(value is each or (value == each and type(value) is type(each)) for each in TYPE_OPERATORS[operator])
    assert evaluate_rule({"Variable": "$.v", operator: True}, {"v": value}) is expected
    assert evaluate_rule({"Variable": "$.v", operator: False}, {"v": value}) is not expected


@pytest.mark.parametrize(("given", "expected"), [({"v": None}, True), ({}, False)])
def test_is_present_tests_whether_the_variable_exists_and_not_its_value(given: Json, expected: bool) -> None:
    assert evaluate_rule({"Variable": "$.v", "IsPresent": True}, given) is expected
    assert evaluate_rule({"Variable": "$.v", "IsPresent": False}, given) is not expected


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$.missing", "IsNull": True},
        {"Variable": "$.missing", "StringEquals": "x"},
        {"Variable": "$.missing", "StringMatches": "x"},
        {"Variable": "$.v", "NumericEqualsPath": "$.missing"},
    ],
)
def test_a_missing_variable_fails_the_execution(rule: Json) -> None:
    assert simulate_choice(rule, {"v": 1}).finish.error == "States.Runtime"


ONE, TWO = {"Variable": "$", "NumericGreaterThan": 0}, {"Variable": "$", "NumericLessThan": 10}
MISSING = {"Variable": "$.missing", "IsNull": True}


@pytest.mark.parametrize(
    ("rule", "given", "expected"),
    [
        ({"And": [ONE, TWO]}, 5, True),
        ({"And": [ONE, TWO]}, 50, False),
        ({"And": [ONE, TWO]}, -5, False),
        ({"Or": [ONE, TWO]}, 50, True),
        ({"Or": [ONE, {"Not": TWO}]}, -5, False),
        ({"Not": ONE}, -5, True),
        ({"Not": {"And": [ONE, {"Not": TWO}]}}, 50, False),
        ({"And": [TWO, MISSING]}, 50, False),
        ({"Or": [TWO, MISSING]}, 5, True),
    ],
)
def test_and_or_and_not_evaluate_no_more_than_they_need(rule: Json, given: Json, expected: bool) -> None:
    assert evaluate_rule(rule, given) is expected


def test_the_first_rule_that_matches_is_used() -> None:
    rules = [{"Variable": "$", "IsNumeric": True, "Next": "A"}, {"Variable": "$", "NumericEquals": 1, "Next": "B"}]
    states = {name: {"Type": "Pass", "Result": name, "End": True} for name in "AB"}
    assert simulate({"C": {"Type": "Choice", "Choices": rules}, **states}, 1).output == "A"


def test_without_a_matching_rule_or_a_default_the_execution_fails() -> None:
    rules = [{"Variable": "$", "IsNull": True, "Next": "A"}]
    simulated = simulate({"C": {"Type": "Choice", "Choices": rules}, "A": {"Type": "Succeed"}}, 1)
    assert simulated.finish.error == "States.Runtime"
    assert simulated.finish.cause == (
        "An error occurred while executing the state 'C' (entered at the event id #2). "
        "Failed to transition out of the state. The state does not point to a next state."
    )


def test_rules_see_the_result_of_input_path_and_output_path_is_applied_after_them() -> None:
    """ "That selection is used by the state, for example in … Choices selectors in Choice States." """
    rules = [{"Variable": "$.b.c", "NumericEquals": 1, "Next": "D"}]
    state = {"Type": "Choice", "InputPath": "$.a", "OutputPath": "$.b", "Choices": rules}
    assert simulate({"C": state, "D": {"Type": "Succeed"}}, {"a": {"b": {"c": 1}}}).output == {"c": 1}


def test_a_rule_and_the_default_can_assign_different_values() -> None:
    rule = {"Variable": "$", "NumericEquals": 1, "Next": "D", "Assign": {"v": "rule"}}
    state = {"Type": "Choice", "Choices": [rule], "Default": "D", "Assign": {"v": "default"}}
    last = {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": True}
    assert [simulate({"C": state, "D": last}, n).output for n in (1, 2)] == [{"v": "rule"}, {"v": "default"}]


def test_a_jsonata_condition_must_be_boolean() -> None:
    def simulate_condition(condition: Json) -> SimulatedExecution:
        rule = {"Condition": condition, "Next": "D", "Output": "yes"}
        states = {"C": {"Type": "Choice", "Choices": [rule], "Default": "D"}, "D": {"Type": "Succeed"}}
        return simulate(states, 5, QueryLanguage="JSONata")

    assert simulate_condition("{% $states.input = 5 %}").output == "yes"
    assert simulate_condition("{% $states.input = 6 %}").output == 5
    assert simulate_condition("{% $states.input %}").finish.error == "States.QueryEvaluationError"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("log-*.txt", "log-1.txt", True),
        ("log-*.txt", "log-.txt", True),
        ("log-*.txt", "log-1.txt.gz", False),
        ("*", "two\nlines", True),
        ("a*b*c", "a--b--c", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        (r"a\\*", "a\\bc", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
    ],
)
def test_string_matches_supports_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert evaluate_rule({"Variable": "$.v", "StringMatches": pattern}, {"v": text}) is expected


def test_a_filter_that_reads_too_many_values_fails_the_execution() -> None:
    finish = simulate_choice({"Variable": "$.v[?(@ in $.v)]", "IsPresent": True}, {"v": list(range(2_000))}).finish
    assert finish.error == "States.Runtime"
    assert "reads more than" in str(finish.cause)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01t00:00:00Z",
        "2026-01-01T00:00:00z",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T24:00:01Z",
        "2026-01-01T00:00:00+99:00",
        "2026-01-01 00:00:00Z",
        "",
    ],
)
def test_an_invalid_timestamp_is_not_parsed(text: str) -> None:
    assert parse_timestamp(text) is None


@pytest.mark.parametrize(
    ("rules", "location"),
    [
        ([{"Condition": "{% $states.input.x %}", "Next": "D"}], "Choices[0]/Condition"),
        (
            [{"Condition": False, "Next": "D"}, {"Condition": True, "Output": {"v": "{% $n %}"}, "Next": "D"}],
            "Choices[1]/Output/v",
        ),
        ([{"Condition": True, "Assign": {"v": "{% $n %}"}, "Next": "D"}], "Choices[0]/Assign/v"),
    ],
)
def test_an_error_in_a_rule_is_reported_with_the_location_of_the_rule(rules: list[Json], location: str) -> None:
    state = {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": rules}
    simulated = simulate({"C": state, "D": {"Type": "Succeed"}}, {})
    assert simulated.finish.cause is not None
    assert f"specified for the field '{location}'" in simulated.finish.cause
    (failed_event,) = [each for each in simulated.history if each["type"] == "EvaluationFailed"]
    assert failed_event["evaluationFailedEventDetails"]["location"] == location
