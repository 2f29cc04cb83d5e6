"""Define SQS's errors, in SQS's own words.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html and each operation's page.
"""

from lamplighter.base.errors import AwsError, ServiceError
from lamplighter.base.json_text import Json


class InvalidParameterValue(ServiceError):
    """A value that the parameter does not accept."""


class MissingParameter(ServiceError, template="The request must contain the parameter {}."):
    """A required parameter that is missing."""


class InvalidMessageContents(
    ServiceError,
    template="Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
    "#xFFFD | #x10000 to #x10FFFF",
):
    """A message body with characters that XML does not allow."""


class InvalidAddress(ServiceError, template="The address {} is not valid for this endpoint."):
    """A URL that names no queue."""


class QueueDoesNotExist(ServiceError, template="The specified queue does not exist."):
    """A queue that does not exist."""


class QueueNameExists(
    ServiceError,
    template="A queue already exists with the same name and a different value for attribute {}",
):
    """A new queue whose name is taken by a queue with another value of an attribute."""


class QueueDeletedRecently(
    ServiceError,
    template="You must wait 60 seconds after deleting a queue before you can create another with the same name.",
):
    """A new queue whose name belonged to a queue deleted less than 60 seconds ago."""


class PurgeQueueInProgress(ServiceError, template="Only one PurgeQueue operation on {} is allowed every 60 seconds."):
    """A queue that was purged less than 60 seconds ago."""


class InvalidAttributeName(ServiceError, template="Unknown Attribute {}."):
    """An attribute that does not exist, or not for this type of queue."""


class InvalidAttributeValue(AwsError):
    """A value that the attribute does not accept."""

    code = "InvalidAttributeValue"

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"Invalid value for the parameter {name}.{f' Reason: {reason}' if reason else ''}")


class ReceiptHandleIsInvalid(ServiceError, template='The input receipt handle "{}" is not a valid receipt handle.'):
    """A receipt handle that this queue has not issued."""


class MessageNotInflight(ServiceError, template="The specified message isn't in flight."):
    """A message that is not in flight: it waits to be received."""


class OverLimit(ServiceError):
    """A request that exceeds a limit of SQS."""


class EmptyBatchRequest(ServiceError, template="There should be at least one {} in the request."):
    """A batch without entries."""


class TooManyEntriesInBatchRequest(
    ServiceError,
    template="Maximum number of entries per request are 10. You have sent {}.",
):
    """A batch of more than ten entries."""


class BatchEntryIdsNotDistinct(ServiceError, template="Id {} repeated."):
    """Two entries of a batch with the same id."""


class InvalidBatchEntryId(
    ServiceError,
    template="A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80"
    " letters long.",
):
    """An invalid id of a batch entry."""


class BatchRequestTooLong(
    ServiceError,
    template="Batch requests cannot be longer than {} bytes. You have sent {} bytes.",
):
    """A batch whose messages together are too long."""


class ResourceNotFound(ServiceError, code="ResourceNotFoundException"):
    """An ARN or task handle that names nothing."""


class UnsupportedOperation(ServiceError):
    """An operation that is not possible in the current state."""


def invalid_value(value: Json, parameter: str, reason: str) -> InvalidParameterValue:
    """Return the error for a value that its parameter does not accept, with the reason."""
    return InvalidParameterValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")
