"""CloudWatch's own errors: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import ServiceError


class ResourceNotFound(ServiceError, status=404):
    """What was named is not there."""


class ResourceNotFoundException(ServiceError, status=404):
    """What was to be tagged is not there."""


class InvalidParameterValue(ServiceError, code="InvalidParameterValueException"):
    """A parameter is not what it must be."""


class InvalidCombination(ServiceError, code="InvalidParameterCombinationException"):
    """Parameters do not go together."""


class MissingParameter(ServiceError, code="MissingRequiredParameterException"):
    """A parameter is needed and not there."""


class InvalidNextToken(ServiceError):
    """A token was not given out here."""


class InvalidFormat(ServiceError, code="InvalidFormatFault"):
    """Data is not in the form that it must have."""


class InvalidRule(ServiceError, code="ValidationError"):
    """A composite alarm cannot be as it is asked for, or another cannot go because of one."""


class LimitExceeded(ServiceError, code="LimitExceededFault"):
    """There is no room for more."""
