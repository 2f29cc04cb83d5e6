"""Executions that run real processes while their engine is killed, and checks of their results."""

import json
from collections import Counter
from pathlib import Path

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, run_task

NAME_VARIABLE = {"Name": "NAME", "Value.$": "$$.Execution.Name"}
NAME_OVERRIDES = {"Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": [NAME_VARIABLE]}]}}
RETRY = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1}]
DONE: Json = {"Type": "Pass", "Result": "done", "End": True}


def create_machines(served: ServedEngine, folder: Path) -> dict[str, tuple[str, Json]]:
    """Create state machines; return, by kind, a machine's ARN and the output that it must have."""
    record_run = f'echo "$LAMPLIGHTER_TASK_ARN" >> {folder}/runs'
    works = served.task("works", ["sh", "-c", f"{record_run}; sleep 0.1"])
    flaky = served.task(
        "flaky", ["sh", "-c", f'{record_run}; mkdir "{folder}/tried-$NAME" 2>/dev/null && exit 7; exit 0']
    )
    retry = run_task(flaky, Retry=RETRY, ResultPath=None, Next="Done")
    retry["Parameters"] |= NAME_OVERRIDES
    wait: Json = {"Type": "Wait", "Seconds": 2, "Next": "Done"}
    branch = {"StartAt": "Run", "States": {"Run": run_task(works, ResultPath=None)}}
    short_wait = {"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 1, "End": True}}}
    item = {"StartAt": "Each", "States": {"Each": run_task(works, ResultPath=None)}}
    definitions: dict[str, tuple[Json, Json]] = {
        "retry": ({"StartAt": "Job", "States": {"Job": retry, "Done": DONE}}, "done"),
        "wait": ({"StartAt": "Wait", "States": {"Wait": wait, "Done": DONE}}, "done"),
        "parallel": (
            {"StartAt": "All", "States": {"All": {"Type": "Parallel", "Branches": [branch, short_wait], "End": True}}},
            None,
        ),
        "map": (
            {
                "StartAt": "Each one",
                "States": {
                    "Each one": {
                        "Type": "Map",
                        "ItemsPath": "$.items",
                        "MaxConcurrency": 2,
                        "ItemProcessor": item,
                        "End": True,
                    }
                },
            },
            [1, 2, 3],
        ),
    }
    return {kind: (served.machine(definition, kind), output) for kind, (definition, output) in definitions.items()}


def check_output(kind: str, expected: Json, output: Json) -> None:
    if kind == "map":
        assert output == expected
    elif kind == "parallel":
        assert len(output) == 2
    else:
        assert output == expected


def check_history(served: ServedEngine, execution: str) -> list[str]:
    """Check that the ids are consecutive, previous ids are lower, and each task ends once; return the tasks' ARNs."""
    events = served.history(execution)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert all(event["previousEventId"] < event["id"] for event in events)
    assert events[0]["type"] == "ExecutionStarted"
    assert events[-1]["type"] == "ExecutionSucceeded"
    event_types = Counter(event["type"] for event in events)
    assert (
        event_types["TaskScheduled"]
        == event_types["TaskSubmitted"]
        == event_types["TaskSucceeded"] + event_types["TaskFailed"]
    )
    assert event_types["TaskStateEntered"] == event_types["TaskStateExited"]
    outputs = [event["taskSubmittedEventDetails"]["output"] for event in events if event["type"] == "TaskSubmitted"]
    return [json.loads(output)["Tasks"][0]["TaskArn"] for output in outputs]
