"""Define EventBridge's errors: https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import ValidationError, service_error

ResourceNotFound = service_error("ResourceNotFoundException")
ResourceAlreadyExists = service_error("ResourceAlreadyExistsException")
LimitExceeded = service_error("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
InvalidEventPattern = service_error("InvalidEventPatternException", "Event pattern is not valid. Reason: {}")
IllegalStatus = service_error("IllegalStatusException")
BusNotFound = service_error("ResourceNotFoundException", "Event bus {} does not exist.")
RuleNotFound = service_error("ResourceNotFoundException", "Rule {} does not exist on EventBus {}.")
PolicyLengthExceeded = service_error("PolicyLengthExceededException", "The policy is longer than {} bytes.")


def invalid_parameter(name: str, reason: str) -> ValidationError:
    """Return the error for a value that a parameter does not accept, with the reason."""
    return ValidationError(f"Parameter {name} is not valid. Reason: {reason}")
