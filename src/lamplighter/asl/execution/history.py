"""The events of an execution's history, and the entries that they become: ready-made JSON.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html. Documents inside of entries
(inputs, outputs) are JSON text in a string, as on the wire.
"""

from collections.abc import Iterable

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json, dump_bytes

TRUNCATED = {"truncated": False}


HistoryEvent = tuple[int, int, int, str, str | None, Json]
"""An event's number, the number of the one before it on its path, when it happened (milliseconds since the epoch), its
type, and the name of its details and these, if it has any."""


def render_events(events: Iterable[HistoryEvent]) -> tuple[bytes, ...]:
    """The entry of each event."""
    made = []
    for number, previous, time, kind, field, details in events:
        body: Json = {"timestamp": time / 1000, "type": kind, "id": number, "previousEventId": previous}
        if field is not None:
            body[field] = details
        made.append(dump_bytes(body))
    return tuple(made)


def execution_started(input: str, role: str) -> Json:  # noqa: A002 - AWS's word
    """executionStartedEventDetails"""
    return {"input": input, "inputDetails": TRUNCATED, "roleArn": role}


def state_entered(name: str, input: str) -> Json:  # noqa: A002 - AWS's word
    """stateEnteredEventDetails"""
    return {"name": name, "input": input, "inputDetails": TRUNCATED}


def state_exited(name: str, output: str, assigned: dict[str, str] | None) -> Json:
    """stateExitedEventDetails; variables that were assigned, as JSON text each."""
    details: Json = {"name": name, "output": output, "outputDetails": TRUNCATED}
    if assigned is not None:
        details |= {"assignedVariables": assigned, "assignedVariablesDetails": TRUNCATED}
    return details


def execution_succeeded(output: str) -> Json:
    """executionSucceededEventDetails"""
    return {"output": output, "outputDetails": TRUNCATED}


def failure_details(error: str | None, cause: str | None) -> Json:
    """Details of what failed; what is not known is not there."""
    return {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}


def task_scheduled(
    resource: Resource, region: str, parameters: str, timeout: int | None, heartbeat: int | None, role: str | None
) -> Json:
    """taskScheduledEventDetails; parameters as JSON text, times in seconds."""
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
    """What every event of a task tells."""
    return {"resourceType": resource.type, "resource": resource.name}


def task_output_details(resource: Resource, output: str) -> Json:
    """taskSubmittedEventDetails, taskSucceededEventDetails"""
    return task_details(resource) | {"output": output, "outputDetails": TRUNCATED}


def task_failed(resource: Resource, error: str | None, cause: str | None) -> Json:
    """taskFailedEventDetails, taskTimedOutEventDetails"""
    return task_details(resource) | failure_details(error, cause)


def activity_scheduled(resource: str, input: str, timeout: int | None, heartbeat: int | None) -> Json:  # noqa: A002 - AWS's word
    """activityScheduledEventDetails"""
    details: Json = {"resource": resource, "input": input, "inputDetails": TRUNCATED}
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if heartbeat is not None:
        details["heartbeatInSeconds"] = heartbeat
    return details


def lambda_scheduled(resource: str, input: str, timeout: int | None, role: str | None) -> Json:  # noqa: A002 - AWS's word
    """lambdaFunctionScheduledEventDetails"""
    details: Json = {"resource": resource, "input": input, "inputDetails": TRUNCATED}
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if role is not None:
        details["taskCredentials"] = {"roleArn": role}
    return details
