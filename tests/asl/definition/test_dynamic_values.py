"""How long a Wait waits.

https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
"""

import pytest

from lamplighter.asl.execution.messages import SetTimer
from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import only

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when the clock of a play begins."""


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
def test_when_a_wait_is_over(fields: Json, given: Json, due: int) -> None:
    night = only({"Type": "Wait", **fields}, given)
    (timer,) = night.timers.values()
    assert (timer.due, timer.elapsed) == (due, "Timestamp" not in str(fields))
    night.fire_timer()
    assert night.finish.status == "SUCCEEDED"


def test_a_wait_hands_its_input_on() -> None:
    night = only({"Type": "Wait", "Seconds": 1, "InputPath": "$.a", "OutputPath": "$.b"}, {"a": {"b": 7}})
    night.fire_timer()
    assert night.output == 7


@pytest.mark.parametrize("field", ["SecondsPath", "TimestampPath"])
@pytest.mark.parametrize("value", [-1, "x", True, None, [], {}], ids=repr)
def test_a_path_to_no_time_ends_the_execution(field: str, value: Json) -> None:
    assert only({"Type": "Wait", field: "$.t"}, {"t": value}).finish.error == "States.Runtime"


@pytest.mark.parametrize(
    ("field", "expression", "due"),
    [
        ("Seconds", "{% 2 * 3 %}", START + 6000),
        ("Timestamp", "{% '2026-01-01T00:00:09Z' %}", START + 9000),
    ],
)
def test_jsonata_works_the_time_out(field: str, expression: str, due: int) -> None:
    night = only({"Type": "Wait", field: expression}, QueryLanguage="JSONata")
    assert [timer.due for timer in night.timers.values()] == [due]


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
def test_jsonata_that_is_no_time_is_an_error_of_the_query(field: str, expression: str) -> None:
    night = only({"Type": "Wait", field: expression}, QueryLanguage="JSONata")
    assert night.finish.error == "States.QueryEvaluationError"
    assert night.history[2]["evaluationFailedEventDetails"]["location"] == field


def test_paths_give_timeouts_and_heartbeats() -> None:
    paths = {"TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h"}
    night = only({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", **paths}, {"t": 60, "h": 5})
    dues = [each.due - START for each in night.scenes[-1].step.commands if isinstance(each, SetTimer)]
    assert dues == [60_000, 5000]


def test_a_path_limits_the_items_at_once() -> None:
    processor = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    state = {"Type": "Map", "ItemsPath": "$.all", "MaxConcurrencyPath": "$.most", "ItemProcessor": processor}
    assert len(only(state, {"all": [1, 2, 3], "most": 2}).timers) == 2


@pytest.mark.parametrize("items", ["{% [1, 2] %}", [1, "{% 1 + 1 %}"]])
def test_items_are_an_expression_or_a_list_with_expressions(items: Json) -> None:
    processor = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    assert only({"Type": "Map", "Items": items, "ItemProcessor": processor}, QueryLanguage="JSONata").output == [1, 2]
