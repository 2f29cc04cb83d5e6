"""The errors of CloudFormation that its operations answer with, in AWS's words.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import AwsError


class StackValidationError(AwsError):
    """What is asked for contradicts what is there."""

    code = "ValidationError"


class NoSuchStack(StackValidationError):
    """No stack has this name or id."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Stack with id {name} does not exist")


class NoUpdateNeeded(StackValidationError):
    """The stack is so already."""

    def __init__(self) -> None:
        super().__init__("No updates are to be performed.")


class AlreadyExists(AwsError):
    """A stack, or a change set, of this name is there."""

    code = "AlreadyExistsException"


class InsufficientCapabilities(AwsError):
    """The template wants what nobody allowed it."""

    code = "InsufficientCapabilitiesException"

    def __init__(self, wanted: list[str]) -> None:
        super().__init__(f"Requires capabilities : [{', '.join(wanted)}]")


class ChangeSetNotFound(AwsError):
    """The stack has no such change set."""

    code = "ChangeSetNotFound"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"ChangeSet [{name}] does not exist")


class InvalidChangeSetStatus(AwsError):
    """The change set can't be carried out, or deleted, as it is."""

    code = "InvalidChangeSetStatus"


class ResourceFailed(AwsError):
    """A resource could not be made, changed or deleted."""

    code = "ResourceFailed"
