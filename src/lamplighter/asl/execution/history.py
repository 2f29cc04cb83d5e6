"""Build the events of an execution's history and render them as JSON.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html. Documents inside events
(inputs, outputs) are JSON text in a string, as in AWS's answers.
"""

from collections.abc import Iterable
from functools import cache

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json, dump_bytes

NOT_TRUNCATED = {"truncated": False}


HistoryEvent = tuple[int, int, int, str, Json | None]
"""An event: its id, the id of the previous event on its path, its time (milliseconds since the epoch), its type, and
its details, or None if it has none."""


def render_events(events: Iterable[HistoryEvent]) -> tuple[bytes, ...]:
    """Render each event as JSON."""
    rendered = []
    for number, previous, time, kind, details in events:
        body: Json = {"timestamp": time / 1000, "type": kind, "id": number, "previousEventId": previous}
        if details is not None:
            body[_details_name(kind)] = details
        rendered.append(dump_bytes(body))
    return tuple(rendered)


@cache
def _details_name(kind: str) -> str:
    """Return the name of the details of a type: taskFailedEventDetails; all states share stateEnteredEventDetails."""
    shared = next((each for each in ("StateEntered", "StateExited") if kind.endswith(each)), kind)
    return f"{shared[0].lower()}{shared[1:]}EventDetails"


def execution_started(input: str, role: str) -> Json:  # noqa: A002 - AWS's word
    """Build executionStartedEventDetails."""
    return {"input": input, "inputDetails": NOT_TRUNCATED, "roleArn": role}


def state_entered(name: str, input: str) -> Json:  # noqa: A002 - AWS's word
    """Build stateEnteredEventDetails."""
    return {"name": name, "input": input, "inputDetails": NOT_TRUNCATED}


def state_exited(name: str, output: str, assigned: dict[str, str] | None) -> Json:
    """Build stateExitedEventDetails; `assigned` contains the assigned variables, each as JSON text."""
    details: Json = {"name": name, "output": output, "outputDetails": NOT_TRUNCATED}
    if assigned is not None:
        details |= {"assignedVariables": assigned, "assignedVariablesDetails": NOT_TRUNCATED}
    return details


def output_details(output: str) -> Json:
    """Build the details of an event that has only an output, which is JSON text."""
    return {"output": output, "outputDetails": NOT_TRUNCATED}


def failure_details(error: str | None, cause: str | None) -> Json:
    """Build the error and the cause of a failure; unknown ones are omitted."""
    return {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}


def work_scheduled(
    resource: Resource, region: str, parameters: str, timeout: int | None, heartbeat: int | None, role: str | None
) -> Json:
    """Build the details of TaskScheduled, ActivityScheduled or LambdaFunctionScheduled.

    `parameters` is JSON text, times are seconds. AWS shows no role of an activity and no heartbeat of a function.
    """
    details: Json
    if resource.kind in ("activity", "lambda"):
        details = {"resource": resource.text, "input": parameters, "inputDetails": NOT_TRUNCATED}
    else:
        details = task_details(resource) | {"region": region, "parameters": parameters}
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if heartbeat is not None and resource.kind != "lambda":
        details["heartbeatInSeconds"] = heartbeat
    if role is not None and resource.kind != "activity":
        details["taskCredentials"] = {"roleArn": role}
    return details


def task_details(resource: Resource) -> Json:
    """Build the details that all events of a task have."""
    return {"resourceType": resource.type, "resource": resource.name}
