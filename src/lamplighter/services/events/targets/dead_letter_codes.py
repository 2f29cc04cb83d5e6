"""Translate the errors of targets into EventBridge's codes for dead letters (ERROR_CODE).

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html: "a sample of the error codes".
"""

from lamplighter.base.errors import AwsError
from lamplighter.delivery.retryable import THROTTLING_CODES

EVENTBRIDGE_CODES = ("INVALID_JSON", "INVALID_PARAMETER", "CONNECTION_FAILURE", "TIMEOUT", "ERROR_FROM_TARGET")
"""Error codes of the engine that are EventBridge's codes already."""
CODES_BY_PART = (
    ("SdkClient", "CONNECTION_FAILURE"),
    ("UnknownOperation", "SDK_CLIENT_ERROR"),
    ("AlreadyExist", "RESOURCE_ALREADY_EXISTS"),
    ("NotFound", "NO_RESOURCE"),
    ("NotExist", "NO_RESOURCE"),
    ("NonExistent", "NO_RESOURCE"),
    ("AccessDenied", "NO_PERMISSIONS"),
    ("Authoriz", "NO_PERMISSIONS"),
    ("LimitExceeded", "RESOURCE_LIMIT_EXCEEDED"),
    ("Internal", "INTERNAL_ERROR"),
    ("Validation", "INVALID_PARAMETER"),
    ("Serialization", "INVALID_PARAMETER"),
    ("Invalid", "INVALID_PARAMETER"),
)
"""EventBridge's codes, by a part of an error's code; the first part that occurs counts."""


def error_code(error: AwsError) -> str:
    """Return the code of a dead letter for an error."""
    if error.code in THROTTLING_CODES or error.status == 429:
        return "THROTTLING"
    if error.code in EVENTBRIDGE_CODES:
        return error.code
    found = (code for part, code in CODES_BY_PART if part.lower() in error.code.replace("DoesNot", "Not").lower())
    return next(found, "ERROR_FROM_TARGET")
