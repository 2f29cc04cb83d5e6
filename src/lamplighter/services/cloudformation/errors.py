"""Define the errors of CloudFormation's operations, with AWS's messages.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import ServiceError


class StackValidationError(ServiceError, code="ValidationError"):
    """The error for a request that is invalid, or that the stack's state does not allow."""


class NoSuchStack(StackValidationError, template="Stack with id {} does not exist"):
    """The error for a stack that does not exist."""


class NoUpdateNeeded(StackValidationError, template="No updates are to be performed."):
    """The error for an update that changes nothing."""


class AlreadyExists(ServiceError, code="AlreadyExistsException"):
    """The error for the name of an existing stack or change set."""


class InsufficientCapabilities(
    ServiceError, code="InsufficientCapabilitiesException", template="Requires capabilities : [{}]"
):
    """The error for a template that needs capabilities that the request does not grant."""


class ChangeSetNotFound(ServiceError, template="ChangeSet [{}] does not exist", status=404):
    """The error for a change set that does not exist."""


class InvalidChangeSetStatus(ServiceError):
    """The error for a change set that cannot be executed or deleted in its present status."""


class ResourceFailed(ServiceError):
    """The error for a resource that could not be created, updated or deleted."""
