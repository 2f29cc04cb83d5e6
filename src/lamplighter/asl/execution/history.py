"""Build the events of an execution's history and render them as JSON.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html. Documents inside events
(inputs, outputs) are JSON text in a string, as in AWS's answers.
"""

from collections.abc import Iterable

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json, dump_bytes

NOT_TRUNCATED = {"truncated": False}


HistoryEvent = tuple[int, int, int, str, str | None, Json]
"""An event: its id, the id of the previous event on its path, its time (milliseconds since the epoch), its type, the
name of its details, and the details. The name is None if the event has no details."""


def render_events(events: Iterable[HistoryEvent]) -> tuple[bytes, ...]:
    """Render each event as JSON."""
    rendered = []
    for number, previous, time, kind, field, details in events:
        body: Json = {"timestamp": time / 1000, "type": kind, "id": number, "previousEventId": previous}
        if field is not None:
            body[field] = details
        rendered.append(dump_bytes(body))
    return tuple(rendered)


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


def execution_succeeded(output: str) -> Json:
    """Build executionSucceededEventDetails."""
    return {"output": output, "outputDetails": NOT_TRUNCATED}


def failure_details(error: str | None, cause: str | None) -> Json:
    """Build the error and the cause of a failure; unknown ones are omitted."""
    return {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}


def task_scheduled(
    resource: Resource, region: str, parameters: str, timeout: int | None, heartbeat: int | None, role: str | None
) -> Json:
    """Build taskScheduledEventDetails; `parameters` is JSON text, times are seconds."""
    details: Json = {
        "resourceType": resource.type,
        "resource": resource.name,
        "region": region,
        "parameters": parameters,
    }
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if heartbeat is not None:
        details["heartbeatInSeconds"] = heartbeat
    if role is not None:
        details["taskCredentials"] = {"roleArn": role}
    return details


def task_details(resource: Resource) -> Json:
    """Build the details that all events of a task have."""
    return {"resourceType": resource.type, "resource": resource.name}


def task_output_details(resource: Resource, output: str) -> Json:
    """Build taskSubmittedEventDetails or taskSucceededEventDetails."""
    return task_details(resource) | {"output": output, "outputDetails": NOT_TRUNCATED}


def activity_scheduled(resource: str, input: str, timeout: int | None, heartbeat: int | None) -> Json:  # noqa: A002 - AWS's word
    """Build activityScheduledEventDetails."""
    details: Json = {"resource": resource, "input": input, "inputDetails": NOT_TRUNCATED}
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if heartbeat is not None:
        details["heartbeatInSeconds"] = heartbeat
    return details


def lambda_scheduled(resource: str, input: str, timeout: int | None, role: str | None) -> Json:  # noqa: A002 - AWS's word
    """Build lambdaFunctionScheduledEventDetails."""
    details: Json = {"resource": resource, "input": input, "inputDetails": NOT_TRUNCATED}
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if role is not None:
        details["taskCredentials"] = {"roleArn": role}
    return details
