"""EventBridge's own errors: https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import ServiceError


class ResourceNotFound(ServiceError, code="ResourceNotFoundException"):
    """There is nothing of this name."""


class ResourceAlreadyExists(ServiceError, code="ResourceAlreadyExistsException"):
    """There is something of this name."""


class LimitExceeded(
    ServiceError,
    template="The requested resource exceeds the maximum number allowed.",
    code="LimitExceededException",
):
    """There is no room for more."""


class InvalidEventPattern(
    ServiceError,
    template="Event pattern is not valid. Reason: {}",
    code="InvalidEventPatternException",
):
    """The event pattern is none."""


class IllegalStatus(ServiceError, code="IllegalStatusException"):
    """What is asked for cannot be done to something that is in this state."""


class BusNotFound(ResourceNotFound, template="Event bus {} does not exist."):
    """There is no bus of this name."""


class RuleNotFound(ResourceNotFound, template="Rule {} does not exist on EventBus {}."):
    """There is no rule of this name on the bus."""
