"""Define SQS's errors, in SQS's own words.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html and each operation's page.
"""

from lamplighter.base.errors import AwsError, service_error
from lamplighter.base.json_text import Json

InvalidParameterValue = service_error("InvalidParameterValue")
MissingParameter = service_error("MissingParameter", "The request must contain the parameter {}.")
InvalidMessageContents = service_error(
    "InvalidMessageContents",
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
    "#x10000 to #x10FFFF",
)
InvalidAddress = service_error("InvalidAddress", "The address {} is not valid for this endpoint.", status=404)
QueueDoesNotExist = service_error("QueueDoesNotExist", "The specified queue does not exist.")
QueueNameExists = service_error(
    "QueueNameExists", "A queue already exists with the same name and a different value for attribute {}"
)
QueueDeletedRecently = service_error(
    "QueueDeletedRecently",
    "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
)
PurgeQueueInProgress = service_error(
    "PurgeQueueInProgress", "Only one PurgeQueue operation on {} is allowed every 60 seconds.", status=403
)
InvalidAttributeName = service_error("InvalidAttributeName", "Unknown Attribute {}.")
TwoEncryptions = service_error(
    "InvalidAttributeName",
    "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
)
ReceiptHandleIsInvalid = service_error(
    "ReceiptHandleIsInvalid", 'The input receipt handle "{}" is not a valid receipt handle.', status=404
)
ReceiptHandleOfAnotherQueue = service_error(
    "ReceiptHandleIsInvalid", 'The receipt handle "{}" is not valid for this queue.', status=404
)
OverLimit = service_error("OverLimit", status=403)
EmptyBatchRequest = service_error("EmptyBatchRequest", "There should be at least one {} in the request.")
TooManyEntriesInBatchRequest = service_error(
    "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent {}."
)
BatchEntryIdsNotDistinct = service_error("BatchEntryIdsNotDistinct", "Id {} repeated.")
InvalidBatchEntryId = service_error(
    "InvalidBatchEntryId",
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters "
    "long.",
)
BatchRequestTooLong = service_error(
    "BatchRequestTooLong", "Batch requests cannot be longer than {} bytes. You have sent {} bytes."
)
ResourceNotFound = service_error("ResourceNotFoundException", status=404)
UnsupportedOperation = service_error("UnsupportedOperation")


class InvalidAttributeValue(AwsError):
    """A value that the attribute does not accept."""

    code = "InvalidAttributeValue"

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"Invalid value for the parameter {name}.{f' Reason: {reason}' if reason else ''}")


WRONG_QUEUE_TYPE = "The request include parameter that is not valid for this queue type."
"""The reason for a parameter that only queues of the other type have."""


def invalid_value(value: Json, parameter: str, reason: str) -> AwsError:
    """Return the error for a value that its parameter does not accept, with the reason."""
    return InvalidParameterValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def check_range(value: int, parameter: str, low: int, high: int) -> int:
    """Return the value of a parameter. Raises `InvalidParameterValue` if it is out of range."""
    if not low <= value <= high:
        limits = f"between {low} and {high}" if low else f">= 0 and <= {high}"
        raise invalid_value(value, parameter, f"Must be {limits}, if provided.")
    return value
