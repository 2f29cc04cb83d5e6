"""What a definition states about its tasks before it runs."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.task_states import dynamic_states, static_definition, task_states
from lamplighter.jobs.iam.required_calls import CallContext, required_calls
from tests.served_engine import one_state, run_task

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:batch"


def task(**parameters: Json) -> Json:
    return {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters, "End": True}


@pytest.mark.parametrize(
    "state",
    [
        task(**{"TaskDefinition.$": "$.task"}),
        task(**{"TaskDefinition": "report", "Cluster.$": "$.cluster"}),
        {**task(), "Parameters": {}},
        {**task(), "QueryLanguage": "JSONata", "Arguments": "{% $states.input %}"},
        {**task(), "QueryLanguage": "JSONata", "Arguments": {"TaskDefinition": "{% $states.input.task %}"}},
    ],
)
def test_a_state_whose_task_depends_on_its_input_is_named_and_left_out(state: Json) -> None:
    definition: Json = {
        "StartAt": "Each",
        "States": {
            "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": state}}, "Next": "Both"},
            "Both": {"Type": "Parallel", "Branches": [one_state(state)], "End": True},
        },
    }
    assert dynamic_states(definition) == ["Inner", "Job"]
    assert task_states(definition) == []
    assert required_calls(static_definition(definition), CallContext(MACHINE)) == []


def test_a_state_with_a_fixed_task_is_read_with_its_network() -> None:
    definition = one_state(run_task("report:1"))
    (run,) = task_states(definition)
    assert (run.state, run.definition, run.public, run.subnets) == ("Job", "report:1", True, ("subnet-1",))
    assert static_definition(definition) is definition


def test_subnets_of_an_expression_are_unknown() -> None:
    network = {"AwsvpcConfiguration": {"Subnets": "{% $split('a,b', ',') %}", "AssignPublicIp": "DISABLED"}}
    (run,) = task_states(one_state(task(TaskDefinition="report", NetworkConfiguration=network)))
    assert (run.subnets, run.public) == ((), False)


def test_machines_without_containers_have_no_task_states() -> None:
    states = [
        {"Type": "Pass", "End": True},
        {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True},
        {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "End": True},
    ]
    assert [task_states(one_state(state)) for state in states] == [[], [], []]
