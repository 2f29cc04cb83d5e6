"""SNS's own errors: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and each operation's page.

Their names are those of the model's shapes; the wire knows the codes that stand for them (`NotFound`).
"""

from lamplighter.base.errors import AwsError


class NotFound(AwsError):
    """What was named is not there."""

    code = "NotFoundException"
    status = 404


class ResourceNotFound(AwsError):
    """What was to be tagged is not there."""

    code = "ResourceNotFoundException"
    status = 404

    def __init__(self) -> None:
        super().__init__("Resource does not exist")


class InvalidParameter(AwsError):
    """A parameter is not what it must be: `Invalid parameter: TopicArn Reason: …`."""

    code = "InvalidParameterException"

    def __init__(self, what: str, reason: str | None = None) -> None:
        super().__init__(f"Invalid parameter: {what}{f' Reason: {reason}' if reason else ''}")


class InvalidAttributeValue(AwsError):
    """A message attribute is not what it must be."""

    code = "InvalidParameterValueException"


class AuthorizationError(AwsError):
    """The caller may not do this."""

    code = "AuthorizationErrorException"
    status = 403


class FilterPolicyLimitExceeded(AwsError):
    """The filter policy says too much."""

    code = "FilterPolicyLimitExceededException"
    status = 403


class TagLimitExceeded(AwsError):
    """There would be too many tags."""

    code = "TagLimitExceededException"

    def __init__(self) -> None:
        super().__init__("Could not complete request: tag quota of per resource exceeded")


class EmptyBatchRequest(AwsError):
    """A batch of nothing."""

    code = "EmptyBatchRequestException"

    def __init__(self) -> None:
        super().__init__("The batch request doesn't contain any entries.")


class TooManyEntriesInBatchRequest(AwsError):
    """A batch of more than ten."""

    code = "TooManyEntriesInBatchRequestException"

    def __init__(self) -> None:
        super().__init__("The batch request contains more entries than permissible.")


class BatchEntryIdsNotDistinct(AwsError):
    """Two entries of a batch have one Id."""

    code = "BatchEntryIdsNotDistinctException"

    def __init__(self) -> None:
        super().__init__("Two or more batch entries in the request have the same Id.")


class InvalidBatchEntryId(AwsError):
    """The Id of a batch's entry is none."""

    code = "InvalidBatchEntryIdException"

    def __init__(self) -> None:
        super().__init__("The Id of a batch entry in a batch request doesn't abide by the specification.")


class BatchRequestTooLong(AwsError):
    """The messages of a batch are too much together."""

    code = "BatchRequestTooLongException"

    def __init__(self) -> None:
        super().__init__("The length of all the batch messages put together is more than the limit.")
