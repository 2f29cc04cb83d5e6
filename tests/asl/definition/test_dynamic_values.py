"""Values that a state computes when it is entered, such as how long a Wait waits.

https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
"""

import pytest

from lamplighter.asl.execution.messages import SetTimer
from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import simulate_state

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, the start of the clock of a simulated execution."""


@pytest.mark.parametrize(
    ("fields", "given", "due"),
    [
        ({"Seconds": 10}, None, START + 10_000),
        ({"Seconds": 0}, None, START),
        ({"SecondsPath": "$.s"}, {"s": 3}, START + 3000),
        ({"InputPath": "$.w", "SecondsPath": "$.s"}, {"w": {"s": 3}}, START + 3000),
        ({"Timestamp": "2026-01-01T01:00:00+01:00"}, None, START),
        ({"Timestamp": "2026-01-01T00:00:00.250Z"}, None, START + 250),
        ({"Timestamp": "1999-12-31T23:59:59Z"}, None, 946_684_799_000),
        ({"TimestampPath": "$.at"}, {"at": "2026-01-01T00:01:00Z"}, START + 60_000),
    ],
)
def test_a_wait_ends_at_its_time(fields: Json, given: Json, due: int) -> None:
    simulated = simulate_state({"Type": "Wait", **fields}, given)
    (timer,) = simulated.timers.values()
    assert (timer.due, timer.elapsed) == (due, "Timestamp" not in str(fields))
    simulated.fire_timer()
    assert simulated.finish.status == "SUCCEEDED"


def test_a_wait_outputs_its_filtered_input() -> None:
    simulated = simulate_state({"Type": "Wait", "Seconds": 1, "InputPath": "$.a", "OutputPath": "$.b"}, {"a": {"b": 7}})
    simulated.fire_timer()
    assert simulated.output == 7


@pytest.mark.parametrize("field", ["SecondsPath", "TimestampPath"])
@pytest.mark.parametrize("value", [-1, "x", True, None, [], {}], ids=repr)
def test_a_path_to_an_invalid_time_fails_the_execution(field: str, value: Json) -> None:
    assert simulate_state({"Type": "Wait", field: "$.t"}, {"t": value}).finish.error == "States.Runtime"


@pytest.mark.parametrize("field", ["SecondsPath", "TimestampPath"])
def test_a_path_to_no_time_fails_the_execution_with_words_of_its_own(field: str) -> None:
    finish = simulate_state({"Type": "Wait", field: "$.t"}, {}).finish
    cause = f"The {field} parameter does not reference an input value: $.t"
    assert (finish.error, cause in (finish.cause or "")) == ("States.Runtime", True)


@pytest.mark.parametrize(
    ("field", "expression", "due"),
    [
        ("Seconds", "{% 2 * 3 %}", START + 6000),
        ("Timestamp", "{% '2026-01-01T00:00:09Z' %}", START + 9000),
    ],
)
def test_jsonata_computes_the_time(field: str, expression: str, due: int) -> None:
    simulated = simulate_state({"Type": "Wait", field: expression}, QueryLanguage="JSONata")
    assert [timer.due for timer in simulated.timers.values()] == [due]


@pytest.mark.parametrize(
    ("field", "expression"),
    [
        ("Seconds", "{% -1 %}"),
        ("Seconds", "{% 1.5 %}"),
        ("Seconds", "{% 'x' %}"),
        ("Seconds", "{% 1e9 %}"),
        ("Timestamp", "{% 'soon' %}"),
    ],
)
def test_an_invalid_time_from_jsonata_is_a_query_evaluation_error(field: str, expression: str) -> None:
    simulated = simulate_state({"Type": "Wait", field: expression}, QueryLanguage="JSONata")
    assert simulated.finish.error == "States.QueryEvaluationError"
    assert simulated.history[2]["evaluationFailedEventDetails"]["location"] == field


def test_paths_set_timeout_and_heartbeat() -> None:
    paths = {"TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h"}
    simulated = simulate_state({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", **paths}, {"t": 60, "h": 5})
    dues = [each.due - START for each in simulated.steps[-1].step.commands if isinstance(each, SetTimer)]
    assert dues == [60_000, 5000]


def test_max_concurrency_path_limits_the_items_that_run_at_the_same_time() -> None:
    processor = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    state = {"Type": "Map", "ItemsPath": "$.all", "MaxConcurrencyPath": "$.most", "ItemProcessor": processor}
    assert len(simulate_state(state, {"all": [1, 2, 3], "most": 2}).timers) == 2


PROCESSOR: Json = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
DISTRIBUTED: Json = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PROCESSOR}


@pytest.mark.parametrize(
    ("field", "value", "words", "events"),
    [
        ("MaxConcurrencyPath", "x", 'refers to value "x" which is not a valid integer: $.n', 0),
        ("MaxConcurrencyPath", 1.5, 'refers to value "1.5" which is not a valid integer: $.n', 0),
        ("MaxConcurrencyPath", {}, 'refers to value "{}" which is not a valid integer: $.n', 0),
        ("MaxConcurrencyPath", -1, "MaxConcurrency cannot be negative.", 0),
        ("ToleratedFailureCountPath", "x", 'refers to value "x" which is not a valid integer: $.n', 1),
        ("ToleratedFailureCountPath", -1, "ToleratedFailureCount cannot be negative.", 1),
        ("ToleratedFailurePercentagePath", True, 'refers to value "true" which is not a valid float: $.n', 1),
        ("ToleratedFailurePercentagePath", 100.5, "ToleratedFailurePercentage must be between 0 and 100.", 1),
    ],
)
def test_a_bad_limit_of_a_map_fails_it_in_aws_s_words(field: str, value: Json, words: str, events: int) -> None:
    """A bad tolerance fails the state after its MapStateStarted, a bad concurrency before it."""
    state = {"Type": "Map", "ItemsPath": "$.all", field: "$.n", "ItemProcessor": DISTRIBUTED}
    simulated = simulate_state(state, {"all": [1], "n": value})
    assert simulated.types[2:-1] == ["MapStateStarted"] * events
    assert simulated.finish.error == "States.Runtime"
    assert str(simulated.finish.cause).endswith(words)


@pytest.mark.parametrize("field", ["MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"])
def test_a_limit_of_a_map_may_be_a_text_with_a_number(field: str) -> None:
    state = {"Type": "Map", "ItemsPath": "$.all", field: "$.n", "ItemProcessor": DISTRIBUTED}
    assert simulate_state(state, {"all": [1], "n": "1"}).types[-1] == "MapRunStarted"


def test_a_wait_of_more_than_68_years_fails() -> None:
    end = "2094-01-19T03:14:07Z"
    assert simulate_state({"Type": "Wait", "TimestampPath": "$"}, end).timers
    simulated = simulate_state({"Type": "Wait", "TimestampPath": "$"}, end.replace("07Z", "08Z"))
    assert simulated.finish.error == "States.Runtime"
    assert str(simulated.finish.cause).endswith("Wait state delay is too long.")


@pytest.mark.parametrize("items", ["{% [1, 2] %}", [1, "{% 1 + 1 %}"]])
def test_items_can_be_an_expression_or_an_array_with_expressions(items: Json) -> None:
    processor = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    assert simulate_state(
        {"Type": "Map", "Items": items, "ItemProcessor": processor}, QueryLanguage="JSONata"
    ).output == [1, 2]
