"""What EventBridge calls the errors of targets in a dead letter (ERROR_CODE).

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html: "a sample of the error codes".
"""

from lamplighter.base.errors import AwsError
from lamplighter.delivery.retryable import THROTTLED

OURS = ("INVALID_JSON", "INVALID_PARAMETER", "CONNECTION_FAILURE", "TIMEOUT", "ERROR_FROM_TARGET")
"""Codes that are such codes already."""
BY_PART = (
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
"""By what an error's code contains, the first that fits."""


def error_code(error: AwsError) -> str:
    """The code of a dead letter."""
    if error.code in THROTTLED or error.status == 429:
        return "THROTTLING"
    if error.code in OURS:
        return error.code
    found = (told for part, told in BY_PART if part.lower() in error.code.replace("DoesNot", "Not").lower())
    return next(found, "ERROR_FROM_TARGET")
