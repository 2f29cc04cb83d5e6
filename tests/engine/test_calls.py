"""A task is not started if its parameters do not fit its API."""

import pytest

from lamplighter.base.json_text import loads
from tests.engine_harness import EngineHarness, chain


def test_a_task_whose_parameters_do_not_fit_its_call_is_not_started(harness: EngineHarness) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "QueryLanguage": "JSONata",
        "Arguments": "{% {'QueueUrl': 'u', 'MessageBody': 'a', 'Foo': 1} %}",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
    }
    execution = harness.run_machine(task, {"Type": "Succeed"})
    ended = harness.describe(execution)
    assert harness.types(execution) == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    assert ended["error"] == "States.Runtime"
    assert ended["cause"] == (
        "An error occurred while executing the state 'A' (entered at the event id #2). The Parameters "
        '\'{"QueueUrl":"u","MessageBody":"a","Foo":1}\' could not be used to start the Task: '
        '[The field "Foo" is not supported by Step Functions]'
    )


@pytest.mark.parametrize("pattern", ["sync", "sync:2"])
def test_the_work_of_a_sync_call_has_a_task_token_which_ends_the_task(harness: EngineHarness, pattern: str) -> None:
    child = harness.machine(chain({"Type": "Wait", "Seconds": 60}), "child")
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::states:startExecution.{pattern}",
        "Parameters": {"StateMachineArn": child, "Input": {"token.$": "$$.Task.Token"}},
    }
    execution = harness.run_machine(task)
    (started,) = harness.call("states", "ListExecutions", stateMachineArn=child)["executions"]
    token = loads(harness.describe(started["executionArn"])["input"])["token"]
    harness.call("states", "SendTaskSuccess", taskToken=token, output='"done"')
    harness.settle()
    ended = harness.describe(execution)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", '"done"')
    harness.advance(60_000)
    assert harness.describe(execution)["output"] == '"done"'
