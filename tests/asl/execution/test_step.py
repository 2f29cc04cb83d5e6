"""The context object, in which a state reads about its execution.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import simulate, simulate_state

SHOW: Json = {"Type": "Pass", "Parameters": {"all.$": "$$"}, "End": True}
EXECUTION: Json = {
    "Id": "arn:aws:states:eu-west-1:123456789012:execution:lamps:night",
    "Input": [5],
    "StartTime": "2026-01-01T00:00:00.000Z",
    "Name": "night",
    "RoleArn": "arn:aws:iam::123456789012:role/lamps",
    "RedriveCount": 0,
}
MACHINE: Json = {"Id": "arn:aws:states:eu-west-1:123456789012:stateMachine:lamps", "Name": "lamps"}


def test_the_context_describes_the_execution_the_machine_and_the_state() -> None:
    assert simulate_state(SHOW, [5]).output["all"] == {
        "Execution": EXECUTION,
        "StateMachine": MACHINE,
        "State": {"Name": "S", "EnteredTime": "2026-01-01T00:00:00.000Z"},
    }


def test_the_entered_time_is_when_this_state_was_entered() -> None:
    simulated = simulate({"W": {"Type": "Wait", "Seconds": 90, "Next": "S"}, "S": SHOW}, [5])
    simulated.fire_timer()
    assert simulated.output["all"]["State"] == {"Name": "S", "EnteredTime": "2026-01-01T00:01:30.000Z"}


def test_the_context_shows_the_item_of_a_map_inside_a_parallel_too() -> None:
    inner = {"Type": "Parallel", "Branches": [{"StartAt": "Show", "States": {"Show": SHOW}}], "End": True}
    simulated = simulate_state({"Type": "Map", "ItemProcessor": {"StartAt": "Fan", "States": {"Fan": inner}}}, [5])
    assert simulated.output[0][0]["all"]["Map"] == {"Item": {"Index": 0, "Value": 5}}


@pytest.mark.parametrize(("path", "expected"), [("$$.State.RetryCount", 0), ("$$.State.Name", "S")])
def test_a_task_sees_its_retry_count_and_its_name(path: str, expected: Json) -> None:
    simulated = simulate_state(
        {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "Parameters": {"it.$": path}}
    )
    assert simulated.tasks[simulated.task_key()].parameters == {"it": expected}


def test_jsonata_sees_the_same_context() -> None:
    simulated = simulate_state(
        {"Type": "Pass", "Output": "{% $states.context.Execution %}"}, [5], QueryLanguage="JSONata"
    )
    assert simulated.output == EXECUTION
