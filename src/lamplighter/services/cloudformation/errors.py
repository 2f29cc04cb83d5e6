"""The errors of CloudFormation that its operations answer with, in AWS's words.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import AwsError, ServiceError


class StackValidationError(ServiceError, code="ValidationError"):
    """What is asked for contradicts what is there."""


class NoSuchStack(StackValidationError, template="Stack with id {} does not exist"):
    """No stack has this name or id."""


class NoUpdateNeeded(StackValidationError, template="No updates are to be performed."):
    """The stack is so already."""


class AlreadyExists(ServiceError, code="AlreadyExistsException"):
    """A stack, or a change set, of this name is there."""


class InsufficientCapabilities(AwsError):
    """The template wants what nobody allowed it."""

    code = "InsufficientCapabilitiesException"

    def __init__(self, wanted: list[str]) -> None:
        super().__init__(f"Requires capabilities : [{', '.join(wanted)}]")


class ChangeSetNotFound(ServiceError, template="ChangeSet [{}] does not exist", status=404):
    """The stack has no such change set."""


class InvalidChangeSetStatus(ServiceError):
    """The change set can't be carried out, or deleted, as it is."""


class ResourceFailed(ServiceError):
    """A resource could not be made, changed or deleted."""
