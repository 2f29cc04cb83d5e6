"""Lambda functions: how they are called, and how their answers are read.

A function that raised is answered with status 200: only FunctionError tells. A Task may name a function by its ARN, and
then its input is the payload, and the payload its result.
See https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html.
"""

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json, JsonError, dumps, loads


def invoke_parameters(resource: Resource, parameters: Json) -> Json:
    """The parameters of Invoke, the payload as it goes over the wire."""
    if resource.kind == "lambda":
        return {"FunctionName": resource.text, "Payload": dumps(parameters).encode()}
    if resource.kind == "integration" and resource.service == "lambda" and _has_payload(parameters):
        return parameters | {"Payload": dumps(parameters["Payload"]).encode()}
    return parameters


def _has_payload(parameters: Json) -> bool:
    return isinstance(parameters, dict) and "Payload" in parameters


def function_error(answer: Json) -> tuple[str, str] | None:
    """The error and the cause of a function that raised."""
    if "FunctionError" not in answer:
        return None
    cause = _text(answer.get("Payload"))
    payload = _parsed(cause)
    error = payload.get("errorType") if isinstance(payload, dict) else None
    return error or "Lambda.Unknown", cause


def function_result(resource: Resource, answer: Json) -> Json:
    """The result of a function that returned: its payload read as JSON."""
    payload = _parsed(_text(answer.get("Payload")))
    return payload if resource.kind == "lambda" else answer | {"Payload": payload}


def _text(payload: Json) -> str:
    return payload.decode(errors="replace") if isinstance(payload, bytes) else str(payload or "null")


def _parsed(text: str) -> Json:
    try:
        return loads(text)
    except JsonError:
        return text
