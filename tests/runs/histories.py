"""Histories of executions, written as short as can be."""

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.history.story import Story, read_story

TASK = "arn:aws:ecs:us-east-1:123456789012:task/reports/"
DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/reports-nightly:1"

RESOURCE: Json = {"resourceType": "ecs", "resource": "runTask.sync"}

Entry = tuple[str, int, Json]
"""Type, the number of the event before it, and details."""


def history(*entries: Entry) -> list[Json]:
    """Events a second apart, numbered from 1; details come under the name that AWS has for them."""
    return [
        {"id": at, "timestamp": float(at), "type": kind, "previousEventId": previous, **_details(kind, details)}
        for at, (kind, previous, details) in enumerate(entries, 1)
    ]


def story(*entries: Entry, missing: int = 0) -> Story:
    """Return the story of these events without the first `missing` ones."""
    return read_story(history(*entries)[missing:])


def begun() -> Entry:
    return "ExecutionStarted", 0, {"input": "{}"}


def entered(name: str, previous: int, kind: str = "Task") -> Entry:
    return f"{kind}StateEntered", previous, {"name": name}


def exited(name: str, previous: int, kind: str = "Task", **assigned: str) -> Entry:
    return f"{kind}StateExited", previous, {"name": name, "assignedVariables": assigned}


def scheduled(previous: int) -> Entry:
    return "TaskScheduled", previous, RESOURCE | {"timeoutInSeconds": 60}


def submitted(previous: int, task: str) -> Entry:
    return "TaskSubmitted", previous, RESOURCE | {"output": dumps({"Tasks": [described(task)], "Failures": []})}


def failed(previous: int, task: str, code: int) -> Entry:
    cause = dumps(described(task, code) | {"StoppedReason": "Essential container in task exited"})
    return "TaskFailed", previous, RESOURCE | {"error": "States.TaskFailed", "cause": cause}


def succeeded(previous: int, task: str) -> Entry:
    return "TaskSucceeded", previous, RESOURCE | {"output": dumps(described(task, 0))}


def written_by_a_user(document: Json, *, assigned: Json = None) -> tuple[Entry, ...]:
    """A run whose state fails, is tried again and succeeds, all with a document that a user wrote, and then fails."""
    text = dumps(document)
    return (
        begun(), entered("Run", 0), ("ActivityScheduled", 2, {"resource": "knock"}),
        ("ActivityFailed", 3, {"error": "E", "cause": text}), scheduled(4), ("TaskSubmitted", 5, {"output": text}),
        ("TaskFailed", 6, {"error": "E", "cause": text}), scheduled(7), ("TaskSucceeded", 8, {"output": text}),
        exited("Run", 9, pause=dumps(assigned)), entered("Pause", 10, "Wait"), exited("Pause", 11, "Wait"),
        ("ExecutionFailed", 12, {"error": "E", "cause": text}),
    )  # fmt: skip


TASK_FIELDS = (
    *("TaskArn", "TaskDefinitionArn", "Tasks", "Failures", "Containers", "Name", "ExitCode", "Reason"),
    *("StoppedReason", "StopCode", "StartedAt", "ExecutionStoppedAt"),
)
"""The fields of a task's document that this program reads."""


def described(task: str, code: int | None = None) -> Json:
    """A task as ECS describes it inside of Step Functions' documents."""
    container = {"Name": "main", **({} if code is None else {"ExitCode": code})}
    return {"TaskArn": TASK + task, "TaskDefinitionArn": DEFINITION, "Containers": [container]}


def _details(kind: str, details: Json) -> Json:
    if not details:
        return {}
    name = kind[0].lower() + kind[1:]
    for end in ("StateEntered", "StateExited"):
        if kind.endswith(end):
            name = end[0].lower() + end[1:]
    return {f"{name}EventDetails": details}


RUN = (begun(), entered("Run", 0), scheduled(2), submitted(3, "a"))
"""A run whose first attempt is running."""
RETRIED = (
    *RUN, failed(4, "a", 3), scheduled(5), submitted(6, "b"), succeeded(7, "b"), exited("Run", 8),
    ("ExecutionSucceeded", 9, {"output": "{}"}),
)  # fmt: skip
"""A run whose second attempt succeeded."""
REPORTED = (
    *RUN, failed(4, "a", 3), exited("Run", 5), entered("Last lines", 6),
    ("TaskScheduled", 7, {"resourceType": "aws-sdk:cloudwatchlogs", "resource": "getLogEvents"}),
    ("TaskFailed", 8, {"error": "Cloudwatchlogs.ResourceNotFoundException", "cause": "There is no such group"}),
    exited("Last lines", 9), entered("Failed", 10, "Fail"), ("ExecutionFailed", 11, {"error": "States.TaskFailed"}),
)  # fmt: skip
"""A run whose attempt failed, and whose machine could not read the log for the alert."""
CAUGHT_BLOCK = (
    begun(), entered("Both", 0, "Parallel"), ("ParallelStateStarted", 2, None), entered("No", 3, "Fail"),
    ("ParallelStateFailed", 4, None), exited("Both", 5, "Parallel"), entered("Tell", 6, "Pass"),
)  # fmt: skip
"""A run that continues after a branch of a Parallel failed."""
