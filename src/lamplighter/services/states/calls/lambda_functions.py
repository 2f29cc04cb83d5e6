"""Convert the parameters and answers of calls to Lambda functions.

A function that raised is answered with status 200; only FunctionError shows the failure. A Task may name a function by
its ARN: then the task's input is the payload, and the returned payload is the task's result.
See https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html.
"""

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json, dumps, loads_or


def invoke_parameters(resource: Resource, parameters: Json) -> Json:
    """Return the parameters of Invoke, with the payload as bytes."""
    if resource.kind == "lambda":
        return {"FunctionName": resource.text, "Payload": dumps(parameters).encode()}
    is_invoke = resource.kind == "integration" and resource.service == "lambda"
    if is_invoke and isinstance(parameters, dict) and "Payload" in parameters:
        return parameters | {"Payload": dumps(parameters["Payload"]).encode()}
    return parameters


def function_error(answer: Json) -> tuple[str, str] | None:
    """Return the error and the cause of a function that raised, or None if it returned."""
    if "FunctionError" not in answer:
        return None
    cause = _payload_text(answer.get("Payload"))
    payload = loads_or(cause, cause)
    error = payload.get("errorType") if isinstance(payload, dict) else None
    return error or "Lambda.Unknown", cause


def function_result(resource: Resource, answer: Json) -> Json:
    """Return the task's result for a function that returned; its payload is parsed as JSON."""
    text = _payload_text(answer.get("Payload"))
    payload = loads_or(text, text)
    return payload if resource.kind == "lambda" else answer | {"Payload": payload}


def _payload_text(payload: Json) -> str:
    return payload.decode(errors="replace") if isinstance(payload, bytes) else str(payload or "null")
