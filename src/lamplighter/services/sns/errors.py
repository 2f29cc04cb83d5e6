"""Define the errors of SNS: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and each operation's page.

The codes are those sent over HTTP (`NotFound`, where the model's shape is NotFoundException), as Step Functions quotes
them.
"""

from lamplighter.base.errors import AwsError, ServiceError


class NotFound(ServiceError, status=404):
    """The topic or subscription does not exist."""


class ResourceNotFound(ServiceError, template="Resource does not exist", status=404):
    """The resource that a tag operation names does not exist."""


class InvalidParameter(AwsError):
    """A parameter is invalid: `Invalid parameter: TopicArn Reason: …`."""

    code = "InvalidParameter"

    def __init__(self, what: str, reason: str | None = None) -> None:
        super().__init__(f"Invalid parameter: {what}{f' Reason: {reason}' if reason else ''}")


class InvalidAttributeValue(ServiceError, code="InvalidParameterValueException"):
    """A message attribute is invalid. AWS sends the code ParameterValueInvalid over HTTP; SDKs call the error
    InvalidParameterValueException.
    """


class AuthorizationError(ServiceError, status=403):
    """The caller may not do this."""


class FilterPolicyLimitExceeded(ServiceError, status=403):
    """The filter policy is too complex."""


class TagLimitExceeded(ServiceError, template="Could not complete request: tag quota of per resource exceeded"):
    """The request would give the resource too many tags."""


class EmptyBatchRequest(ServiceError, template="The batch request doesn't contain any entries."):
    """The batch has no entries."""


class TooManyEntriesInBatchRequest(ServiceError, template="The batch request contains more entries than permissible."):
    """The batch has more than ten entries."""


class BatchEntryIdsNotDistinct(ServiceError, template="Two or more batch entries in the request have the same Id."):
    """Two entries of the batch have the same Id."""


class InvalidBatchEntryId(
    ServiceError,
    template="The Id of a batch entry in a batch request doesn't abide by the specification.",
):
    """The Id of a batch entry is malformed."""


class BatchRequestTooLong(
    ServiceError,
    template="The length of all the batch messages put together is more than the limit.",
):
    """The messages of the batch are too large together."""
