"""Define the errors of CloudWatch Logs.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html and the page of each
operation.
"""

from lamplighter.base.errors import ServiceError


class InvalidParameter(ServiceError, code="InvalidParameterException"):
    """The error for a parameter with an invalid value."""


class NotFound(ServiceError, template="The specified {} does not exist.", code="ResourceNotFoundException"):
    """The error for a resource that does not exist."""


class AlreadyExists(ServiceError, template="The specified {} already exists", code="ResourceAlreadyExistsException"):
    """The error for a resource that already exists."""


class LimitExceeded(ServiceError, template="Resource limit exceeded.", code="LimitExceededException"):
    """The error for a resource beyond the allowed number."""


class Protected(
    ServiceError,
    template="The log group {} has deletion protection enabled. Disable deletion protection and try again.",
    code="ValidationException",
):
    """The error for deleting a protected log group."""


class NotForDelivery(
    ServiceError, template="This operation is not supported for Delivery log class", code="ValidationException"
):
    """The error for an operation that log groups of the Delivery class do not have."""


class TooManyTags(ServiceError, template="A resource can have no more than 50 tags.", code="TooManyTagsException"):
    """The error for more than 50 tags on a resource."""
