"""Define the errors of CloudFormation's operations, with AWS's messages.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html.
"""

from lamplighter.base.errors import ServiceError, service_error

NoSuchStack = service_error("ValidationError", "Stack with id {} does not exist")
NoUpdateNeeded = service_error("ValidationError", "No updates are to be performed.")
AlreadyExists = service_error("AlreadyExistsException")
ChangeSetNotFound = service_error("ChangeSetNotFound", "ChangeSet [{}] does not exist", status=404)
StackSetNotFound = service_error("StackSetNotFoundException", "StackSet {} not found", status=404)
InvalidChangeSetStatus = service_error("InvalidChangeSetStatus")
InsufficientCapabilities = service_error("InsufficientCapabilitiesException", "Requires capabilities : [{}]")


class StackValidationError(ServiceError, code="ValidationError"):
    """The error for a request that is invalid, or that the stack's state does not allow."""


class TransformUnavailable(StackValidationError):
    """The error for a template whose transform this installation cannot run; the template is not at fault."""


class ResourceFailed(ServiceError):
    """The error for a resource that could not be created, updated or deleted."""
