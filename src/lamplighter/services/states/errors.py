"""Define the errors of Step Functions' operations, with AWS's wording.

See the exceptions of https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html.
"""

from lamplighter.base.errors import AwsError, ServiceError


class InvalidArn(ServiceError, template="Invalid Arn: 'Invalid ARN prefix: {}'"):
    """The error for a text that is not an ARN of the expected form."""


class WrongResource(
    ServiceError,
    template="Invalid Arn: 'Resource type not valid in this context: {}'",
    code="InvalidArn",
):
    """The error for an ARN of another kind of resource than the operation expects."""


class InvalidName(ServiceError, template="Invalid Name: '{}'"):
    """The error for a name with characters that names must not contain."""


class StateMachineDoesNotExist(ServiceError, template="State Machine Does Not Exist: '{}'"):
    """The error that no state machine has this ARN."""


class StateMachineAlreadyExists(ServiceError, template="State Machine Already Exists: '{}'"):
    """The error that a different state machine has this name."""


class ExecutionDoesNotExist(ServiceError, template="Execution Does Not Exist: '{}'"):
    """The error that no execution has this ARN."""


class ExecutionAlreadyExists(ServiceError, template="Execution Already Exists: '{}'"):
    """The error that an execution of this name exists and has another input, or has ended."""


class InvalidExecutionInput(ServiceError, template="Invalid State Machine Execution Input: '{}'"):
    """The error for an input that is not JSON."""


class InvalidOutput(ServiceError, template="Invalid Output: '{}'"):
    """The error for an output that is not JSON."""


class InvalidToken(ServiceError, template="Invalid Token: 'Invalid token'"):
    """The error for a token that this engine did not issue."""


class TaskTimedOut(ServiceError, template="Task Timed Out: 'Provided task does not exist anymore'"):
    """The error for a task token whose task has ended."""


class ActivityDoesNotExist(ServiceError, template="Activity Does Not Exist: '{}'"):
    """The error that no activity has this ARN."""


class ActivityAlreadyExists(ServiceError, template="Activity Already Exists: '{}'"):
    """The error that an activity of this name exists with another encryption configuration."""


class StateMachineTypeNotSupported(
    ServiceError,
    template="This operation is not supported by this type of state machine",
):
    """The error for an operation that this type of state machine (standard or express) does not support."""


class MissingRequiredParameter(ServiceError):
    """The error that none of several parameters is given, although one is required."""


class ResourceNotFound(AwsError):
    """The error that no resource has this ARN."""

    code = "ResourceNotFound"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Resource not found: '{arn}'")
        self.resource = arn


class TooManyTags(ServiceError, template="You've exceeded the number of tags allowed for a resource."):
    """The error that a resource would have too many tags."""


class StateMachineDeleting(ServiceError, template="State Machine is being deleted: '{}'"):
    """The error for a state machine that is being deleted: it is removed when its last execution has ended."""


class Conflict(ServiceError, code="ConflictException"):
    """The error for a request that conflicts with the current state of the resource."""


class Invalid(ServiceError, code="ValidationException"):
    """The error for parameters that fit their shapes, but not each other or the existing resources."""


class LabelledArn(Invalid, template="API does not support labeled ARNs"):
    """The error for an ARN that names a Map state of a state machine."""


class ServiceQuotaExceeded(ServiceError, code="ServiceQuotaExceededException"):
    """The error that a quota is reached."""


class InvalidLoggingConfiguration(ServiceError, template="Invalid Logging Configuration: {}"):
    """The error for a logging configuration with a missing or invalid destination, or with more than one."""


class InvalidEncryptionConfiguration(ServiceError, template="Invalid Encryption Configuration: {}"):
    """The error for a KMS key that is missing, or given although the encryption type does not use one."""
