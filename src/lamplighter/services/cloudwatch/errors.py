"""Define the errors of CloudWatch.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import ServiceError


class ResourceNotFound(ServiceError, status=404):
    """The error for an alarm that does not exist."""


class ResourceNotFoundException(ServiceError, status=404):
    """The error of the tag operations for a resource that does not exist."""


class InvalidParameterValue(ServiceError, code="InvalidParameterValueException"):
    """The error for a parameter with an invalid value."""


class InvalidCombination(ServiceError, code="InvalidParameterCombinationException"):
    """The error for parameters that exclude each other."""


class MissingParameter(ServiceError, code="MissingRequiredParameterException"):
    """The error for a missing parameter."""


class InvalidNextToken(ServiceError):
    """The error for a page token that the engine did not issue."""


class InvalidFormat(ServiceError, code="InvalidFormatFault"):
    """The error for data in the wrong format."""


class InvalidRule(ServiceError, code="ValidationError"):
    """The error for an invalid composite alarm, or for deleting an alarm on which one depends."""


class LimitExceeded(ServiceError, code="LimitExceededFault"):
    """The error for an alarm beyond the allowed number."""
