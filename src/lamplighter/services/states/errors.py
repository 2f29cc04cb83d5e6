"""The errors of Step Functions that its operations answer with, in AWS's words.

See the exceptions of https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html.
"""

from lamplighter.base.errors import AwsError, ServiceError


class InvalidArn(ServiceError, template="Invalid Arn: 'Invalid ARN prefix: {}'"):
    """The text is no ARN of the kind that is wanted."""


class WrongResource(
    ServiceError,
    template="Invalid Arn: 'Resource type not valid in this context: {}'",
    code="InvalidArn",
):
    """The ARN is of another kind of resource than the one that is wanted."""


class InvalidName(ServiceError, template="Invalid Name: '{}'"):
    """The name has characters that names may not have."""


class StateMachineDoesNotExist(ServiceError, template="State Machine Does Not Exist: '{}'"):
    """No state machine has this ARN."""


class StateMachineAlreadyExists(ServiceError, template="State Machine Already Exists: '{}'"):
    """A state machine of this name is there, and is another."""


class ExecutionDoesNotExist(ServiceError, template="Execution Does Not Exist: '{}'"):
    """No execution has this ARN."""


class ExecutionAlreadyExists(ServiceError, template="Execution Already Exists: '{}'"):
    """An execution of this name is there, has another input, or has ended."""


class InvalidExecutionInput(ServiceError, template="Invalid State Machine Execution Input: '{}'"):
    """The input is not JSON."""


class InvalidOutput(ServiceError, template="Invalid Output: '{}'"):
    """The output is not JSON."""


class InvalidToken(ServiceError, template="Invalid Token: 'Invalid token'"):
    """The token is none of ours."""


class TaskTimedOut(ServiceError, template="Task Timed Out: 'Provided task does not exist anymore'"):
    """The token was good once; nobody waits for it any more."""


class ActivityDoesNotExist(ServiceError, template="Activity Does Not Exist: '{}'"):
    """No activity has this ARN."""


class ActivityAlreadyExists(ServiceError, template="Activity Already Exists: '{}'"):
    """An activity of this name is there, encrypted in another way."""


class StateMachineTypeNotSupported(
    ServiceError,
    template="This operation is not supported by this type of state machine",
):
    """The state machine is of the other kind."""


class MissingRequiredParameter(ServiceError):
    """Something that one of several parameters would say is said by none."""


class ResourceNotFound(AwsError):
    """No resource has this ARN."""

    code = "ResourceNotFound"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Resource not found: '{arn}'")
        self.resource = arn


class TooManyTags(ServiceError, template="You've exceeded the number of tags allowed for a resource."):
    """A resource would have more tags than it may."""


class StateMachineDeleting(ServiceError, template="State Machine is being deleted: '{}'"):
    """The state machine goes as soon as its last execution has ended."""


class Conflict(ServiceError, code="ConflictException"):
    """What is asked for contradicts what is there."""


class Invalid(ServiceError, code="ValidationException"):
    """The parameters fit their shapes, but not each other or what is there."""


class LabelledArn(Invalid, template="API does not support labeled ARNs"):
    """The ARN names a Map state inside of a state machine."""


class ServiceQuotaExceeded(ServiceError, code="ServiceQuotaExceededException"):
    """There are as many as there may be."""


class InvalidLoggingConfiguration(ServiceError, template="Invalid Logging Configuration: {}"):
    """Logs would go nowhere, or to too many places."""


class InvalidEncryptionConfiguration(ServiceError, template="Invalid Encryption Configuration: {}"):
    """The key is missing, or not wanted."""
