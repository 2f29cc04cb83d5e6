"""EventBridge's own errors: https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import AwsError


class ResourceNotFound(AwsError):
    """There is nothing of this name."""

    code = "ResourceNotFoundException"


class ResourceAlreadyExists(AwsError):
    """There is something of this name."""

    code = "ResourceAlreadyExistsException"


class LimitExceeded(AwsError):
    """There is no room for more."""

    code = "LimitExceededException"

    def __init__(self) -> None:
        super().__init__("The requested resource exceeds the maximum number allowed.")


class InvalidEventPattern(AwsError):
    """The event pattern is none."""

    code = "InvalidEventPatternException"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")


class IllegalStatus(AwsError):
    """What is asked for cannot be done to something that is in this state."""

    code = "IllegalStatusException"


class BusNotFound(ResourceNotFound):
    """There is no bus of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Event bus {name} does not exist.")


class RuleNotFound(ResourceNotFound):
    """There is no rule of this name on the bus."""

    def __init__(self, name: str, bus: str) -> None:
        super().__init__(f"Rule {name} does not exist on EventBus {bus}.")
