"""The rules of a Choice.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

import pytest

from lamplighter.asl.definition.choice_rules import parse_timestamp
from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import SimulatedExecution, play

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+01:00"
"""The second is later by an hour, and smaller as text."""


def choose(rule: Json, given: Json) -> SimulatedExecution:
    return play(
        {
            "C": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
            "Yes": {"Type": "Pass", "Result": True, "End": True},
            "No": {"Type": "Pass", "Result": False, "End": True},
        },
        given,
    )


def holds(rule: Json, given: Json) -> Json:
    return choose(rule, given).output


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
def test_each_comparison_with_a_constant_and_with_a_path(
    operator: str, left: Json, right: Json, expected: bool
) -> None:
    assert holds({"Variable": "$.l", operator: right}, {"l": left}) is expected
    assert holds({"Variable": "$.l", f"{operator}Path": "$.r"}, {"l": left, "r": right}) is expected


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
    assert holds({"Variable": "$", operator: operand}, value) is False


TESTS: dict[str, list[Json]] = {
    "IsNull": [None],
    "IsString": ["x", "", EARLY],
    "IsNumeric": [0, 1.5],
    "IsBoolean": [True, False],
    "IsTimestamp": [EARLY],
}
VALUES: list[Json] = [None, "x", "", EARLY, 0, 1.5, True, False, [], {}]


@pytest.mark.parametrize("operator", TESTS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_each_test_of_a_type(operator: str, value: Json) -> None:
    expected = any(value is each or (value == each and type(value) is type(each)) for each in TESTS[operator])
    assert holds({"Variable": "$.v", operator: True}, {"v": value}) is expected
    assert holds({"Variable": "$.v", operator: False}, {"v": value}) is not expected


@pytest.mark.parametrize(("given", "expected"), [({"v": None}, True), ({}, False)])
def test_is_present_asks_for_the_variable_and_not_for_its_value(given: Json, expected: bool) -> None:
    assert holds({"Variable": "$.v", "IsPresent": True}, given) is expected
    assert holds({"Variable": "$.v", "IsPresent": False}, given) is not expected


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$.missing", "IsNull": True},
        {"Variable": "$.missing", "StringEquals": "x"},
        {"Variable": "$.missing", "StringMatches": "x"},
        {"Variable": "$.v", "NumericEqualsPath": "$.missing"},
    ],
)
def test_a_variable_that_is_missing_ends_the_execution(rule: Json) -> None:
    assert choose(rule, {"v": 1}).finish.error == "States.Runtime"


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
def test_and_or_and_not_look_no_further_than_they_must(rule: Json, given: Json, expected: bool) -> None:
    assert holds(rule, given) is expected


def test_the_first_rule_that_holds_is_taken() -> None:
    rules = [{"Variable": "$", "IsNumeric": True, "Next": "A"}, {"Variable": "$", "NumericEquals": 1, "Next": "B"}]
    states = {name: {"Type": "Pass", "Result": name, "End": True} for name in "AB"}
    assert play({"C": {"Type": "Choice", "Choices": rules}, **states}, 1).output == "A"


def test_no_rule_and_no_default_leads_nowhere() -> None:
    rules = [{"Variable": "$", "IsNull": True, "Next": "A"}]
    night = play({"C": {"Type": "Choice", "Choices": rules}, "A": {"Type": "Succeed"}}, 1)
    assert night.finish.error == "States.Runtime"
    assert night.finish.cause == (
        "An error occurred while executing the state 'C' (entered at the event id #2). "
        "Failed to transition out of the state. The state does not point to a next state."
    )


def test_rules_see_what_input_path_selects_and_output_path_comes_after_them() -> None:
    """ "That selection is used by the state, for example in … Choices selectors in Choice States." """
    rules = [{"Variable": "$.b.c", "NumericEquals": 1, "Next": "D"}]
    state = {"Type": "Choice", "InputPath": "$.a", "OutputPath": "$.b", "Choices": rules}
    assert play({"C": state, "D": {"Type": "Succeed"}}, {"a": {"b": {"c": 1}}}).output == {"c": 1}


def test_a_rule_can_set_variables_and_the_default_others() -> None:
    rule = {"Variable": "$", "NumericEquals": 1, "Next": "D", "Assign": {"v": "rule"}}
    state = {"Type": "Choice", "Choices": [rule], "Default": "D", "Assign": {"v": "default"}}
    last = {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": True}
    assert [play({"C": state, "D": last}, n).output for n in (1, 2)] == [{"v": "rule"}, {"v": "default"}]


def test_a_condition_of_jsonata_must_be_boolean() -> None:
    def ended(condition: Json) -> SimulatedExecution:
        rule = {"Condition": condition, "Next": "D", "Output": "yes"}
        states = {"C": {"Type": "Choice", "Choices": [rule], "Default": "D"}, "D": {"Type": "Succeed"}}
        return play(states, 5, QueryLanguage="JSONata")

    assert ended("{% $states.input = 5 %}").output == "yes"
    assert ended("{% $states.input = 6 %}").output == 5
    assert ended("{% $states.input %}").finish.error == "States.QueryEvaluationError"


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
def test_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert holds({"Variable": "$.v", "StringMatches": pattern}, {"v": text}) is expected


def test_a_filter_that_would_take_too_long_ends_the_execution() -> None:
    ended = choose({"Variable": "$.v[?(@ in $.v)]", "IsPresent": True}, {"v": list(range(2_000))}).finish
    assert ended.error == "States.Runtime"
    assert "reads more than" in str(ended.cause)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01t00:00:00Z",
        "2026-01-01T00:00:00z",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:01Z",
        "2026-01-01T00:00:00+99:00",
        "2026-01-01 00:00:00Z",
        "",
    ],
)
def test_what_is_no_timestamp(text: str) -> None:
    assert parse_timestamp(text) is None


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ([{"Condition": "{% $states.input.x %}", "Next": "D"}], "Choices[0]/Condition"),
        (
            [{"Condition": False, "Next": "D"}, {"Condition": True, "Output": {"v": "{% $n %}"}, "Next": "D"}],
            "Choices[1]/Output/v",
        ),
        ([{"Condition": True, "Assign": {"v": "{% $n %}"}, "Next": "D"}], "Choices[0]/Assign/v"),
    ],
)
def test_a_fault_in_a_rule_is_told_with_the_place_of_the_rule(rules: list[Json], place: str) -> None:
    state = {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": rules}
    night = play({"C": state, "D": {"Type": "Succeed"}}, {})
    assert night.finish.cause is not None
    assert f"specified for the field '{place}'" in night.finish.cause
    (told,) = [each for each in night.history if each["type"] == "EvaluationFailed"]
    assert told["evaluationFailedEventDetails"]["location"] == place
