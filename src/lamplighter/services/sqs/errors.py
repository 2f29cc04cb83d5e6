"""SQS's refusals, in its own words.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html and each operation's page.
"""

from lamplighter.base.errors import AwsError, ServiceError
from lamplighter.base.json_text import Json


class InvalidParameterValue(ServiceError):
    """A value is not one that the parameter takes."""


class MissingParameter(ServiceError, template="The request must contain the parameter {}."):
    """A parameter is not there."""


class InvalidMessageContents(
    ServiceError,
    template="Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
    "#xFFFD | #x10000 to #x10FFFF",
):
    """The body of a message has characters that XML does not."""


class InvalidAddress(ServiceError, template="The address {} is not valid for this endpoint."):
    """The URL names no queue."""


class QueueDoesNotExist(ServiceError, template="The specified queue does not exist."):
    """There is no such queue."""


class QueueNameExists(
    ServiceError,
    template="A queue already exists with the same name and a different value for attribute {}",
):
    """There is a queue of this name with another value of an attribute."""


class QueueDeletedRecently(
    ServiceError,
    template="You must wait 60 seconds after deleting a queue before you can create another with the same name.",
):
    """The name is not free yet."""


class PurgeQueueInProgress(ServiceError, template="Only one PurgeQueue operation on {} is allowed every 60 seconds."):
    """The queue was purged less than a minute ago."""


class InvalidAttributeName(ServiceError, template="Unknown Attribute {}."):
    """There is no such attribute, or not for this kind of queue."""


class InvalidAttributeValue(AwsError):
    """An attribute does not take this value."""

    code = "InvalidAttributeValue"

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"Invalid value for the parameter {name}.{f' Reason: {reason}' if reason else ''}")


class ReceiptHandleIsInvalid(ServiceError, template='The input receipt handle "{}" is not a valid receipt handle.'):
    """No receive of this queue has given this handle."""


class MessageNotInflight(ServiceError, template="The specified message isn't in flight."):
    """The message waits to be received."""


class OverLimit(ServiceError):
    """There is more of something than SQS allows."""


class EmptyBatchRequest(ServiceError, template="There should be at least one {} in the request."):
    """A batch without entries."""


class TooManyEntriesInBatchRequest(
    ServiceError,
    template="Maximum number of entries per request are 10. You have sent {}.",
):
    """A batch of more than ten entries."""


class BatchEntryIdsNotDistinct(ServiceError, template="Id {} repeated."):
    """Two entries of a batch have one id."""


class InvalidBatchEntryId(
    ServiceError,
    template="A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80"
    " letters long.",
):
    """The id of an entry is none."""


class BatchRequestTooLong(
    ServiceError,
    template="Batch requests cannot be longer than {} bytes. You have sent {} bytes.",
):
    """The messages of a batch are too long together."""


class ResourceNotFound(ServiceError, code="ResourceNotFoundException"):
    """What an ARN or a handle names is not there."""


class UnsupportedOperation(ServiceError):
    """That can't be done now."""


def invalid_value(value: Json, parameter: str, reason: str) -> InvalidParameterValue:
    """A value that its parameter does not take, and why."""
    return InvalidParameterValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")
