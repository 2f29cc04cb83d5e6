"""CloudWatch's own errors: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import AwsError


class ResourceNotFound(AwsError):
    """What was named is not there."""

    code = "ResourceNotFound"
    status = 404


class ResourceNotFoundException(AwsError):
    """What was to be tagged is not there."""

    code = "ResourceNotFoundException"
    status = 404


class InvalidParameterValue(AwsError):
    """A parameter is not what it must be."""

    code = "InvalidParameterValueException"


class InvalidCombination(AwsError):
    """Parameters do not go together."""

    code = "InvalidParameterCombinationException"


class MissingParameter(AwsError):
    """A parameter is needed and not there."""

    code = "MissingRequiredParameterException"


class InvalidNextToken(AwsError):
    """A token was not given out here."""

    code = "InvalidNextToken"


class InvalidFormat(AwsError):
    """Data is not in the form that it must have."""

    code = "InvalidFormatFault"


class InvalidRule(AwsError):
    """A composite alarm cannot be as it is asked for, or another cannot go because of one."""

    code = "ValidationError"


class LimitExceeded(AwsError):
    """There is no room for more."""

    code = "LimitExceededFault"
