"""SQS's refusals, in its own words.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html and each operation's page.
"""

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json


class InvalidParameterValue(AwsError):
    """A value is not one that the parameter takes."""

    code = "InvalidParameterValue"


class MissingParameter(AwsError):
    """A parameter is not there."""

    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidMessageContents(AwsError):
    """The body of a message has characters that XML does not."""

    code = "InvalidMessageContents"

    def __init__(self) -> None:
        super().__init__(
            "Invalid characters found. Valid unicode characters are "
            "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
        )


class InvalidAddress(AwsError):
    """The URL names no queue."""

    code = "InvalidAddress"

    def __init__(self, url: str) -> None:
        super().__init__(f"The address {url} is not valid for this endpoint.")


class QueueDoesNotExist(AwsError):
    """There is no such queue."""

    code = "QueueDoesNotExist"

    def __init__(self) -> None:
        super().__init__("The specified queue does not exist.")


class QueueNameExists(AwsError):
    """There is a queue of this name with another value of an attribute."""

    code = "QueueNameExists"

    def __init__(self, attribute: str) -> None:
        super().__init__(f"A queue already exists with the same name and a different value for attribute {attribute}")


class QueueDeletedRecently(AwsError):
    """The name is not free yet."""

    code = "QueueDeletedRecently"

    def __init__(self) -> None:
        super().__init__(
            "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        )


class PurgeQueueInProgress(AwsError):
    """The queue was purged less than a minute ago."""

    code = "PurgeQueueInProgress"

    def __init__(self, name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.")


class InvalidAttributeName(AwsError):
    """There is no such attribute, or not for this kind of queue."""

    code = "InvalidAttributeName"

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown Attribute {name}.")


class InvalidAttributeValue(AwsError):
    """An attribute does not take this value."""

    code = "InvalidAttributeValue"

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"Invalid value for the parameter {name}.{f' Reason: {reason}' if reason else ''}")


class ReceiptHandleIsInvalid(AwsError):
    """No receive of this queue has given this handle."""

    code = "ReceiptHandleIsInvalid"

    def __init__(self, handle: str) -> None:
        super().__init__(f'The input receipt handle "{handle}" is not a valid receipt handle.')


class MessageNotInflight(AwsError):
    """The message waits to be received."""

    code = "MessageNotInflight"

    def __init__(self) -> None:
        super().__init__("The specified message isn't in flight.")


class OverLimit(AwsError):
    """There is more of something than SQS allows."""

    code = "OverLimit"


class EmptyBatchRequest(AwsError):
    """A batch without entries."""

    code = "EmptyBatchRequest"

    def __init__(self, entry: str) -> None:
        super().__init__(f"There should be at least one {entry} in the request.")


class TooManyEntriesInBatchRequest(AwsError):
    """A batch of more than ten entries."""

    code = "TooManyEntriesInBatchRequest"

    def __init__(self, count: int) -> None:
        super().__init__(f"Maximum number of entries per request are 10. You have sent {count}.")


class BatchEntryIdsNotDistinct(AwsError):
    """Two entries of a batch have one id."""

    code = "BatchEntryIdsNotDistinct"

    def __init__(self, name: str) -> None:
        super().__init__(f"Id {name} repeated.")


class InvalidBatchEntryId(AwsError):
    """The id of an entry is none."""

    code = "InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )


class BatchRequestTooLong(AwsError):
    """The messages of a batch are too long together."""

    code = "BatchRequestTooLong"

    def __init__(self, most: int, size: int) -> None:
        super().__init__(f"Batch requests cannot be longer than {most} bytes. You have sent {size} bytes.")


class ResourceNotFound(AwsError):
    """What an ARN or a handle names is not there."""

    code = "ResourceNotFoundException"


class UnsupportedOperation(AwsError):
    """That can't be done now."""

    code = "UnsupportedOperation"


def invalid_value(value: Json, parameter: str, reason: str) -> InvalidParameterValue:
    """A value that its parameter does not take, and why."""
    return InvalidParameterValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")
