"""The context object: what a state can know of its surroundings.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import only, play

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


def test_it_tells_of_the_execution_the_machine_and_the_state() -> None:
    assert only(SHOW, [5]).output["all"] == {
        "Execution": EXECUTION,
        "StateMachine": MACHINE,
        "State": {"Name": "S", "EnteredTime": "2026-01-01T00:00:00.000Z"},
    }


def test_the_entered_time_is_when_this_state_was_entered() -> None:
    night = play({"W": {"Type": "Wait", "Seconds": 90, "Next": "S"}, "S": SHOW}, [5])
    night.fire_timer()
    assert night.output["all"]["State"] == {"Name": "S", "EnteredTime": "2026-01-01T00:01:30.000Z"}


def test_in_a_map_it_tells_of_the_item_through_the_branches_of_a_parallel() -> None:
    inner = {"Type": "Parallel", "Branches": [{"StartAt": "Show", "States": {"Show": SHOW}}], "End": True}
    night = only({"Type": "Map", "ItemProcessor": {"StartAt": "Fan", "States": {"Fan": inner}}}, [5])
    assert night.output[0][0]["all"]["Map"] == {"Item": {"Index": 0, "Value": 5}}


@pytest.mark.parametrize(("path", "expected"), [("$$.State.RetryCount", 0), ("$$.State.Name", "S")])
def test_a_task_sees_how_often_it_was_retried(path: str, expected: Json) -> None:
    night = only({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "Parameters": {"it.$": path}})
    assert night.work[night.named()].parameters == {"it": expected}


def test_jsonata_sees_the_same() -> None:
    night = only({"Type": "Pass", "Output": "{% $states.context.Execution %}"}, [5], QueryLanguage="JSONata")
    assert night.output == EXECUTION
