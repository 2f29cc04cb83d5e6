"""CloudWatch Logs' errors.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html and each operation's own.
"""

from lamplighter.base.errors import ServiceError


class InvalidParameter(ServiceError, code="InvalidParameterException"):
    """A parameter says what cannot be meant."""


class NotFound(ServiceError, template="The specified {} does not exist.", code="ResourceNotFoundException"):
    """The resource is not there."""


class AlreadyExists(ServiceError, template="The specified {} already exists", code="ResourceAlreadyExistsException"):
    """The resource is there already."""


class LimitExceeded(ServiceError, template="Resource limit exceeded.", code="LimitExceededException"):
    """There are as many as there may be."""


class Protected(
    ServiceError,
    template="The log group {} has deletion protection enabled. Disable deletion protection and try again.",
    code="ValidationException",
):
    """The log group must not be deleted."""


class TooManyTags(ServiceError, template="A resource can have no more than 50 tags.", code="TooManyTagsException"):
    """A resource has 50 tags at most."""
