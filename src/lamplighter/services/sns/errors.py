"""SNS's own errors: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and each operation's page.

Codes are those of the wire (`NotFound`, where the model's shape is NotFoundException), as Step Functions quotes them.
"""

from lamplighter.base.errors import AwsError


class NotFound(AwsError):
    """What was named is not there."""

    code = "NotFound"
    status = 404


class ResourceNotFound(AwsError):
    """What was to be tagged is not there."""

    code = "ResourceNotFound"
    status = 404

    def __init__(self) -> None:
        super().__init__("Resource does not exist")


class InvalidParameter(AwsError):
    """A parameter is not what it must be: `Invalid parameter: TopicArn Reason: …`."""

    code = "InvalidParameter"

    def __init__(self, what: str, reason: str | None = None) -> None:
        super().__init__(f"Invalid parameter: {what}{f' Reason: {reason}' if reason else ''}")


class InvalidAttributeValue(AwsError):
    """A message attribute is not what it must be: ParameterValueInvalid on the wire, by another name in SDKs."""

    code = "InvalidParameterValueException"


class AuthorizationError(AwsError):
    """The caller may not do this."""

    code = "AuthorizationError"
    status = 403


class FilterPolicyLimitExceeded(AwsError):
    """The filter policy says too much."""

    code = "FilterPolicyLimitExceeded"
    status = 403


class TagLimitExceeded(AwsError):
    """There would be too many tags."""

    code = "TagLimitExceeded"

    def __init__(self) -> None:
        super().__init__("Could not complete request: tag quota of per resource exceeded")


class EmptyBatchRequest(AwsError):
    """A batch of nothing."""

    code = "EmptyBatchRequest"

    def __init__(self) -> None:
        super().__init__("The batch request doesn't contain any entries.")


class TooManyEntriesInBatchRequest(AwsError):
    """A batch of more than ten."""

    code = "TooManyEntriesInBatchRequest"

    def __init__(self) -> None:
        super().__init__("The batch request contains more entries than permissible.")


class BatchEntryIdsNotDistinct(AwsError):
    """Two entries of a batch have one Id."""

    code = "BatchEntryIdsNotDistinct"

    def __init__(self) -> None:
        super().__init__("Two or more batch entries in the request have the same Id.")


class InvalidBatchEntryId(AwsError):
    """The Id of a batch's entry is none."""

    code = "InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__("The Id of a batch entry in a batch request doesn't abide by the specification.")


class BatchRequestTooLong(AwsError):
    """The messages of a batch are too much together."""

    code = "BatchRequestTooLong"

    def __init__(self) -> None:
        super().__init__("The length of all the batch messages put together is more than the limit.")
