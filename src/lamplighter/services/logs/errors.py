"""CloudWatch Logs' errors.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html and each operation's own.
"""

from lamplighter.base.errors import AwsError


class InvalidParameter(AwsError):
    """A parameter says what cannot be meant."""

    code = "InvalidParameterException"


class NotFound(AwsError):
    """The resource is not there."""

    code = "ResourceNotFoundException"

    def __init__(self, what: str) -> None:
        super().__init__(f"The specified {what} does not exist.")


class AlreadyExists(AwsError):
    """The resource is there already."""

    code = "ResourceAlreadyExistsException"

    def __init__(self, what: str) -> None:
        super().__init__(f"The specified {what} already exists")


class LimitExceeded(AwsError):
    """There are as many as there may be."""

    code = "LimitExceededException"

    def __init__(self) -> None:
        super().__init__("Resource limit exceeded.")


class Protected(AwsError):
    """The log group must not be deleted."""

    code = "ValidationException"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The log group {name} has deletion protection enabled. Disable deletion protection and try again."
        )


class TooManyTags(AwsError):
    """A resource has 50 tags at most."""

    code = "TooManyTagsException"

    def __init__(self) -> None:
        super().__init__("A resource can have no more than 50 tags.")
