"""Define EventBridge's errors: https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import ServiceError


class ResourceNotFound(ServiceError, code="ResourceNotFoundException"):
    """The error that no resource has this name."""


class ResourceAlreadyExists(ServiceError, code="ResourceAlreadyExistsException"):
    """The error that a resource already has this name."""


class LimitExceeded(
    ServiceError,
    template="The requested resource exceeds the maximum number allowed.",
    code="LimitExceededException",
):
    """The error that a rule would have too many targets."""


class InvalidEventPattern(
    ServiceError,
    template="Event pattern is not valid. Reason: {}",
    code="InvalidEventPatternException",
):
    """The error that an event pattern is invalid."""


class IllegalStatus(ServiceError, code="IllegalStatusException"):
    """The error that the resource's state does not allow the operation."""


class BusNotFound(ResourceNotFound, template="Event bus {} does not exist."):
    """The error that no bus has this name."""


class RuleNotFound(ResourceNotFound, template="Rule {} does not exist on EventBus {}."):
    """The error that no rule of the bus has this name."""
