"""The errors of Step Functions that its operations answer with, in AWS's words.

See the exceptions of https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html.
"""

from lamplighter.base.errors import AwsError


class InvalidArn(AwsError):
    """The text is no ARN of the kind that is wanted."""

    code = "InvalidArn"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Invalid Arn: 'Invalid ARN prefix: {arn}'")


class WrongResource(AwsError):
    """The ARN is of another kind of resource than the one that is wanted."""

    code = "InvalidArn"

    def __init__(self, kind: str) -> None:
        super().__init__(f"Invalid Arn: 'Resource type not valid in this context: {kind}'")


class InvalidName(AwsError):
    """The name has characters that names may not have."""

    code = "InvalidName"

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid Name: '{name}'")


class StateMachineDoesNotExist(AwsError):
    """No state machine has this ARN."""

    code = "StateMachineDoesNotExist"

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Does Not Exist: '{arn}'")


class StateMachineAlreadyExists(AwsError):
    """A state machine of this name is there, and is another."""

    code = "StateMachineAlreadyExists"

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Already Exists: '{arn}'")


class ExecutionDoesNotExist(AwsError):
    """No execution has this ARN."""

    code = "ExecutionDoesNotExist"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Execution Does Not Exist: '{arn}'")


class ExecutionAlreadyExists(AwsError):
    """An execution of this name is there, has another input, or has ended."""

    code = "ExecutionAlreadyExists"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Execution Already Exists: '{arn}'")


class InvalidExecutionInput(AwsError):
    """The input is not JSON."""

    code = "InvalidExecutionInput"

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid State Machine Execution Input: '{why}'")


class InvalidOutput(AwsError):
    """The output is not JSON."""

    code = "InvalidOutput"

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid Output: '{why}'")


class InvalidToken(AwsError):
    """The token is none of ours."""

    code = "InvalidToken"

    def __init__(self) -> None:
        super().__init__("Invalid Token: 'Invalid token'")


class TaskTimedOut(AwsError):
    """The token was good once; nobody waits for it any more."""

    code = "TaskTimedOut"

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


class ActivityDoesNotExist(AwsError):
    """No activity has this ARN."""

    code = "ActivityDoesNotExist"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Activity Does Not Exist: '{arn}'")


class ActivityAlreadyExists(AwsError):
    """An activity of this name is there, encrypted in another way."""

    code = "ActivityAlreadyExists"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Activity Already Exists: '{arn}'")


class StateMachineTypeNotSupported(AwsError):
    """The state machine is of the other kind."""

    code = "StateMachineTypeNotSupported"

    def __init__(self) -> None:
        super().__init__("This operation is not supported by this type of state machine")


class MissingRequiredParameter(AwsError):
    """Something that one of several parameters would say is said by none."""

    code = "MissingRequiredParameter"


class ResourceNotFound(AwsError):
    """No resource has this ARN."""

    code = "ResourceNotFound"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Resource not found: '{arn}'")
        self.resource = arn


class TooManyTags(AwsError):
    """A resource would have more tags than it may."""

    code = "TooManyTags"

    def __init__(self) -> None:
        super().__init__("You've exceeded the number of tags allowed for a resource.")


class StateMachineDeleting(AwsError):
    """The state machine goes as soon as its last execution has ended."""

    code = "StateMachineDeleting"

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine is being deleted: '{arn}'")


class Conflict(AwsError):
    """What is asked for contradicts what is there."""

    code = "ConflictException"


class Invalid(AwsError):
    """The parameters fit their shapes, but not each other or what is there."""

    code = "ValidationException"


class LabelledArn(Invalid):
    """The ARN names a Map state inside of a state machine."""

    def __init__(self) -> None:
        super().__init__("API does not support labeled ARNs")


class ServiceQuotaExceeded(AwsError):
    """There are as many as there may be."""

    code = "ServiceQuotaExceededException"


class InvalidLoggingConfiguration(AwsError):
    """Logs would go nowhere, or to too many places."""

    code = "InvalidLoggingConfiguration"

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid Logging Configuration: {why}")


class InvalidEncryptionConfiguration(AwsError):
    """The key is missing, or not wanted."""

    code = "InvalidEncryptionConfiguration"

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid Encryption Configuration: {why}")
