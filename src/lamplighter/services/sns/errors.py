"""SNS's own errors: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and each operation's page.

Codes are those of the wire (`NotFound`, where the model's shape is NotFoundException), as Step Functions quotes them.
"""

from lamplighter.base.errors import AwsError, ServiceError


class NotFound(ServiceError, status=404):
    """What was named is not there."""


class ResourceNotFound(ServiceError, template="Resource does not exist", status=404):
    """What was to be tagged is not there."""


class InvalidParameter(AwsError):
    """A parameter is not what it must be: `Invalid parameter: TopicArn Reason: …`."""

    code = "InvalidParameter"

    def __init__(self, what: str, reason: str | None = None) -> None:
        super().__init__(f"Invalid parameter: {what}{f' Reason: {reason}' if reason else ''}")


class InvalidAttributeValue(ServiceError, code="InvalidParameterValueException"):
    """A message attribute is not what it must be: ParameterValueInvalid on the wire, by another name in SDKs."""


class AuthorizationError(ServiceError, status=403):
    """The caller may not do this."""


class FilterPolicyLimitExceeded(ServiceError, status=403):
    """The filter policy says too much."""


class TagLimitExceeded(ServiceError, template="Could not complete request: tag quota of per resource exceeded"):
    """There would be too many tags."""


class EmptyBatchRequest(ServiceError, template="The batch request doesn't contain any entries."):
    """A batch of nothing."""


class TooManyEntriesInBatchRequest(ServiceError, template="The batch request contains more entries than permissible."):
    """A batch of more than ten."""


class BatchEntryIdsNotDistinct(ServiceError, template="Two or more batch entries in the request have the same Id."):
    """Two entries of a batch have one Id."""


class InvalidBatchEntryId(
    ServiceError,
    template="The Id of a batch entry in a batch request doesn't abide by the specification.",
):
    """The Id of a batch's entry is none."""


class BatchRequestTooLong(
    ServiceError,
    template="The length of all the batch messages put together is more than the limit.",
):
    """The messages of a batch are too much together."""
