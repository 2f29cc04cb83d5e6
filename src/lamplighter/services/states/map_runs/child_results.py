"""Render the results of a Map Run's children in the form that its ResultWriter settings require.

See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html.
"""

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Finish
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import format_iso_time

INCLUDED: Json = {"Included": True}


def child_result(execution: Execution, finish: Finish, stop: int, transformation: str) -> str:
    """Return the result of one child as JSON text: its output, or its full description.

    "If a child workflow execution fails, Step Functions returns its execution result unchanged. The results would be
    equivalent to having set Transformation to NONE."
    """
    if finish.output is not None and transformation != "NONE":
        return finish.output
    outcome = {"Cause": finish.cause, "Error": finish.error, "Output": finish.output}
    record = {
        "ExecutionArn": execution.arn,
        "Input": execution.text,
        "InputDetails": INCLUDED,
        "Name": execution.name,
        "OutputDetails": INCLUDED if finish.output is not None else None,
        "RedriveCount": execution.redrives,
        "StartDate": format_iso_time(execution.start),
        "StateMachineArn": execution.machine,
        "Status": finish.status,
        "StopDate": format_iso_time(stop),
    } | _redrivable(finish.status)
    return dumps(dict(sorted((name, value) for name, value in (record | outcome).items() if value is not None)))


def _redrivable(status: str) -> dict[str, Json]:
    if status == "SUCCEEDED":
        reason = "Execution is SUCCEEDED and cannot be redriven"
        return {"RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": reason}
    return {"RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}


def pending_child_result(text: str) -> str:
    """Describe a child that was never started, by its input."""
    return dumps({"Input": text, "InputDetails": INCLUDED, "Status": "PENDING"})


def result_elements(transformation: str, status: str, body: str) -> list[str]:
    """Return the elements that a child adds to the result, as JSON texts; FLATTEN adds those of its array."""
    if transformation == "FLATTEN" and status == "SUCCEEDED" and body.lstrip().startswith("["):
        return [dumps(element) for element in loads(body)]
    return [body]
