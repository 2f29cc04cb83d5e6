"""A task is not started if its parameters do not fit its API."""

from tests.engine_harness import EngineHarness


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
